// SPDX-License-Identifier: Apache-2.0
#include "mirror_world.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/coding.h"
#include "sim/system_scope.h"

namespace mirrored_log {

using namespace beach;  // NOLINT

namespace {

constexpr std::uint64_t kItemMax = 600;  // bytes; a few make a sector

const char* NameOf(Kind kind) {
  return kind == Kind::kAppend ? "append" : kind == Kind::kRead ? "read" : "lead";
}

std::optional<std::uint64_t> ParseNumber(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Operation> Parse(const artifacts::Operation& operation) {
  Operation parsed{.id = operation.id};
  for (const Kind kind : {Kind::kAppend, Kind::kRead, Kind::kLead}) {
    if (operation.kind == NameOf(kind)) parsed.kind = kind;
  }
  if (parsed.kind == Kind{} || operation.arguments.size() != 3) return std::nullopt;
  const auto node = ParseNumber(operation.arguments[0]);
  const auto number = ParseNumber(operation.arguments[1]);
  const auto pause = ParseNumber(operation.arguments[2]);
  if (!node || *node > 1 || !number || *number > kItemMax || !pause) return std::nullopt;
  parsed.node = *node;
  parsed.number = *number;
  parsed.pause_ms = *pause;
  return parsed;
}

}  // namespace

void World::AddFaults(const std::vector<sim::FaultRate>& faults) {
  faults_.insert(faults_.end(), faults.begin(), faults.end());
}

void World::SetFaults(bool on) { sim::SetFaults(simulation_, faults_, on); }

std::vector<std::vector<Operation>> World::DrawWorkload(const WorkloadOptions& options) {
  RandomStream stream = simulation_.Stream("mirror.workload");
  std::vector<artifacts::Operation> drawn;
  for (std::uint64_t client = 0; client < options.clients; ++client) {
    for (std::uint64_t i = 0; i < options.operations; ++i) {
      const char* const kind = sim::DrawKind(stream, options.kinds);
      const std::uint64_t node = stream.Below(2);
      const std::uint64_t number = sim::DrawLog(stream, 1, kItemMax);
      const std::uint64_t pause_ms = sim::DrawLog(stream, 1, options.pause_max_ms);
      drawn.push_back(
          {.id = NextId(),
           .client = client,
           .kind = kind,
           .arguments = {std::to_string(node), std::to_string(number), std::to_string(pause_ms)}});
    }
  }
  std::vector<std::vector<Operation>> operations(options.clients);
  for (const artifacts::Operation& operation : simulation_.Workload(std::move(drawn))) {
    const std::optional<Operation> parsed = Parse(operation);
    if (!parsed || operation.client >= options.clients) {
      simulation_.Fail("bad-workload", "operation " + std::to_string(operation.id) +
                                           " is not one of this scenario");
    }
    operations[operation.client].push_back(*parsed);
    last_id_ = std::max(last_id_, operation.id);
  }
  return operations;
}

// Its id, and so many times a letter.
Bytes World::MakeItem(std::uint64_t id, std::uint64_t size) {
  Bytes item;
  Encoder(item).Fixed64(id);
  item.append(size, static_cast<char>('a' + id % 26));
  return item;
}

void World::Appends(std::uint64_t id) {
  const sim::SystemScope system;
  asked_.insert(id);
}

void World::Answered(const Operation& operation, const Result<Message>& answer) {
  const sim::SystemScope system;
  simulation_.CountOperation();
  std::string text =
      std::string(NameOf(operation.kind)) + " at node " + std::to_string(operation.node) + ": ";
  if (!answer) {
    text += answer.error().message();
  } else if (answer->kind == Kind::kDone) {
    text += "done, " + std::to_string(answer->number);
  } else {
    text += "not now";
  }
  simulation_.Trace("operation", text + ", epoch " + std::to_string(answer ? answer->epoch : 0));
}

void World::Found(std::uint64_t number, const Bytes& item) {
  const std::string place = "number " + std::to_string(number);
  const std::uint64_t id = Decoder(item).Fixed64();
  if (!asked_.contains(id) || item != MakeItem(id, item.size() - sizeof id)) {
    simulation_.Fail("invented", place + " is nothing that was asked for");
  }
  const auto [known, is_new] = found_.emplace(number, item);
  if (!is_new && known->second != item) {
    simulation_.Fail("two-items", place + " was another item before");
  }
  const auto [where, is_first] = place_.emplace(id, number);
  if (!is_first && where->second != number) {
    simulation_.Fail("twice", place + " has the item of number " + std::to_string(where->second));
  }
}

void World::Acknowledged(std::uint64_t number, const Bytes& item) {
  const sim::SystemScope system;
  Found(number, item);
  acknowledged_ = std::max(acknowledged_, number + 1);
}

void World::Read(const Operation& operation, std::uint64_t acknowledged, std::uint64_t count,
                 const Bytes& item) {
  const sim::SystemScope system;
  if (count < acknowledged) {
    simulation_.Fail("lost", "node " + std::to_string(operation.node) + " has " +
                                 std::to_string(count) + " items; acknowledged were " +
                                 std::to_string(acknowledged));
  }
  if (operation.number < count) Found(operation.number, item);
}

void World::Stopped(const std::string& node, const Error& error) {
  const sim::SystemScope system;
  simulation_.Trace("node", node + " stopped: " + error.ToString());
  std::uint64_t faults = 0;
  for (const sim::FaultRate& fault : faults_) faults += simulation_.FaultCount(fault.site);
  if (error.code() != ErrorCode::kCorruption && faults > 0) return;
  simulation_.Fail("unexplained-error", "node " + node + " stopped: " + error.ToString());
}

void World::DoesNotServe(const Operation& operation) {
  const sim::SystemScope system;
  simulation_.Fail("does-not-serve", "nothing goes wrong any more, and nobody does this: " +
                                         std::string(NameOf(operation.kind)));
}

}  // namespace mirrored_log
