// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "command_line/terminal.h"
#include "crash/power/commands.h"
#include "crash/power/control.h"
#include "crash/power/control_client.h"

namespace beach::crash {
namespace {

using nlohmann::json;

constexpr char kExamples[] =
    "VERB is one of\n"
    "  cut                     power is lost now\n"
    "  cut-at N                right before the N-th operation from now that changes or syncs\n"
    "                          something; 0: never\n"
    "  wait-cut MS             waits until power is lost; exit code 1: it was not, in that time\n"
    "  power-on                what waits fails, and the disk works again\n"
    "  fault SITE PER_MILLION  how often a fault strikes where it could\n"
    "  faults                  which there are, and how often each has struck\n"
    "  status, pending         how it is; what a power loss now would choose from\n"
    "  quit                    unmounts\n"
    "Example: beachcrash disk /tmp/disk.socket cut\n"
    "Exit codes: 0 done, 1 wait-cut waited in vain, 2 usage, 3 no such mount.";

struct Arguments {
  std::string socket;
  std::string verb;
  std::vector<std::string> words;
  bool json = false;
};

int Complain(int code, const std::string& message) {
  fmt::print(stderr, "beachcrash: {}\n", message);
  return code;
}

std::string WordsOf(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// One "name: value" a line, of a list one line an entry.
void PrintText(const json& answer) {
  for (const auto& [name, value] : answer.items()) {
    if (name == "ok") continue;
    if (!value.is_array()) {
      fmt::print("{}: {}\n", name, WordsOf(value));
      continue;
    }
    for (const json& entry : value) {
      if (!entry.is_object()) {
        fmt::print("{}\n", WordsOf(entry));
        continue;
      }
      fmt::print("{:<28} {:<7} {:>8} in a million, struck {}\n", WordsOf(entry["site"]),
                 WordsOf(entry["label"]), WordsOf(entry["per_million"]), WordsOf(entry["strikes"]));
    }
  }
}

int RunDisk(const Arguments& arguments) {
  const auto line = ControlLine(arguments.verb, arguments.words);
  if (!line) return Complain(command_line::kExitUsage, line.error().message());
  const auto reply = AskControl(arguments.socket, *line);
  if (!reply) return Complain(command_line::kExitEnvironment, reply.error().ToString());
  const json answer = json::parse(*reply, nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object() || !answer.contains("ok")) {
    return Complain(command_line::kExitEnvironment, "what listens there is no mount of ours");
  }
  if (arguments.json) fmt::print("{}\n", *reply);
  if (answer["ok"] != true)
    return Complain(command_line::kExitUsage, answer.value("error", "no reason given"));
  if (!arguments.json) PrintText(answer);
  return answer.value("lost", true) ? command_line::kExitFine : command_line::kExitFound;
}

}  // namespace

void AddDiskCommand(const command_line::Command& root) {
  auto arguments = std::make_shared<Arguments>();
  const command_line::Command command =
      root.Add("disk", "Take power from a mounted disk, give it back, make it fail");
  command.Text("SOCKET", arguments->socket, "Its control socket", command_line::Need::kRequired);
  command.Text("VERB", arguments->verb, "What to do", command_line::Need::kRequired);
  command.Texts("ARGUMENTS", arguments->words, "What it takes");
  command.Flag("--json", arguments->json, "Print the answer as it came");
  command.Examples(kExamples);
  command.Does([arguments] { return RunDisk(*arguments); });
}

}  // namespace beach::crash
