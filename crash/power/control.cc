// SPDX-License-Identifier: Apache-2.0
#include "crash/power/control.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

namespace beach::crash {
namespace {

using nlohmann::json;

struct Verb {
  std::string_view name;
  std::vector<std::string_view> numbers;  // its arguments that are numbers
  std::string_view text;                  // the one before them that is not, if there is any
  ControlReply (*answer)(Machine& machine, const json& request);
};

std::string LineOf(const json& document) {
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

ControlReply Fine(json fields = json::object()) {
  fields["ok"] = true;
  return {.line = LineOf(fields), .wait_ms = {}, .quit = false};
}

ControlReply Refuse(const std::string& message) {
  return {.line = ErrorReply(message), .wait_ms = {}, .quit = false};
}

json CutJson(const sim::CutSummary& cut) {
  return {{"pending", cut.operations_pending},
          {"kept", cut.operations_kept},
          {"torn", cut.sectors_torn}};
}

ControlReply Cut(Machine& machine, const json&) {
  const auto cut = machine.Cut();
  return cut ? Fine(CutJson(*cut)) : Refuse(cut.error().message());
}

ControlReply CutAt(Machine& machine, const json& request) {
  const auto at = machine.CutAt(request["n"].get<std::uint64_t>());
  return at ? Fine({{"at", *at}}) : Refuse(at.error().message());
}

ControlReply WaitCut(Machine& machine, const json& request) {
  const auto wait_ms = request["ms"].get<std::uint64_t>();
  if (wait_ms > kControlWaitMsMax) return Refuse("nobody waits for more than a day");
  if (!machine.powered()) return {.line = WaitReply(true), .wait_ms = {}, .quit = false};
  return {.line = {}, .wait_ms = wait_ms, .quit = false};
}

ControlReply PowerOn(Machine& machine, const json&) {
  const auto released = machine.PowerOn();
  return released ? Fine({{"released", *released}}) : Refuse(released.error().message());
}

ControlReply SetFault(Machine& machine, const json& request) {
  const Status set = machine.SetFaultRate(request["site"].get<std::string>(),
                                          request["per_million"].get<std::uint64_t>());
  return set ? Fine() : Refuse(set.error().message());
}

ControlReply ListFaults(Machine& machine, const json&) {
  json faults = json::array();
  for (const FaultRate& fault : machine.Faults()) {
    faults.push_back({{"site", fault.site},
                      {"label", fault.label},
                      {"per_million", fault.per_million},
                      {"strikes", fault.strikes}});
  }
  return Fine({{"faults", std::move(faults)}});
}

ControlReply TellStatus(Machine& machine, const json&) {
  const MachineStatus status = machine.GetStatus();
  json fields = {{"powered", status.powered},
                 {"operations", status.operations},
                 {"pending", status.pending},
                 {"used_bytes", status.used_bytes},
                 {"capacity_bytes", status.capacity_bytes},
                 {"open_files", status.open_files},
                 {"waiting", status.waiting},
                 {"cuts", status.cuts},
                 {"last_cut", CutJson(status.last_cut)}};
  if (status.cut_at) fields["cut_at"] = *status.cut_at;
  return Fine(std::move(fields));
}

ControlReply ListPending(Machine& machine, const json&) {
  json pending = json::array();
  for (const sim::PendingOperation& operation : machine.Pending()) {
    pending.push_back(operation.text);
  }
  return Fine({{"pending", std::move(pending)}});
}

ControlReply Quit(Machine&, const json&) {
  ControlReply reply = Fine();
  reply.quit = true;
  return reply;
}

std::vector<Verb> Verbs() {
  return {{"cut", {}, "", Cut},
          {"cut-at", {"n"}, "", CutAt},
          {"wait-cut", {"ms"}, "", WaitCut},
          {"power-on", {}, "", PowerOn},
          {"fault", {"per_million"}, "site", SetFault},
          {"faults", {}, "", ListFaults},
          {"status", {}, "", TellStatus},
          {"pending", {}, "", ListPending},
          {"quit", {}, "", Quit}};
}

Result<Verb> FindVerb(std::string_view name) {
  const std::vector<Verb> verbs = Verbs();
  const auto found = std::ranges::find(verbs, name, &Verb::name);
  if (found != verbs.end()) return *found;
  std::string known;
  for (const Verb& verb : verbs) known += (known.empty() ? "" : ", ") + std::string(verb.name);
  return Fail(ErrorCode::kInvalidArgument,
              "no such command: '" + std::string(name) + "'; there are " + known);
}

bool ParseNumber(const std::string& text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

// An empty text: all that the verb takes is there.
std::string MissingArgument(const Verb& verb, const json& request) {
  if (!verb.text.empty()) {
    const auto text = request.find(verb.text);
    if (text == request.end() || !text->is_string()) {
      return "'" + std::string(verb.text) + "' is to be a text";
    }
  }
  for (const std::string_view name : verb.numbers) {
    const auto number = request.find(name);
    if (number == request.end() || !number->is_number_unsigned()) {
      return "'" + std::string(name) + "' is to be a number, 0 or more";
    }
  }
  return {};
}

}  // namespace

std::string WaitReply(bool lost) { return LineOf({{"ok", true}, {"lost", lost}}); }

std::string ErrorReply(const std::string& message) {
  return LineOf({{"ok", false}, {"error", message}});
}

ControlReply AnswerControl(Machine& machine, std::string_view line) {
  const json request = json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (request.is_discarded()) return Refuse("the line is not JSON");
  if (!request.is_object()) return Refuse("the line is no JSON object");
  const auto name = request.find("do");
  if (name == request.end() || !name->is_string()) {
    return Refuse("'do' is to name what to do");
  }
  const auto verb = FindVerb(name->get_ref<const std::string&>());
  if (!verb) return Refuse(verb.error().message());
  const std::string missing = MissingArgument(*verb, request);
  if (!missing.empty()) return Refuse(missing);
  return verb->answer(machine, request);
}

Result<std::string> ControlLine(const std::string& verb, const std::vector<std::string>& words) {
  BEACH_TRY_ASSIGN(const Verb found, FindVerb(verb));
  const std::size_t texts = found.text.empty() ? 0 : 1;
  if (words.size() != texts + found.numbers.size()) {
    return Fail(ErrorCode::kInvalidArgument, verb + " takes " +
                                                 std::to_string(texts + found.numbers.size()) +
                                                 " arguments, not " + std::to_string(words.size()));
  }
  json request = {{"do", verb}};
  if (texts > 0) request[std::string(found.text)] = words[0];
  for (std::size_t i = 0; i < found.numbers.size(); ++i) {
    std::uint64_t number = 0;
    if (!ParseNumber(words[texts + i], number)) {
      return Fail(ErrorCode::kInvalidArgument, "'" + words[texts + i] + "' is no number");
    }
    request[std::string(found.numbers[i])] = number;
  }
  return LineOf(request);
}

}  // namespace beach::crash
