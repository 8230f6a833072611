// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/raft_core_workload.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string>
#include <utility>

#include "sim/swarm.h"

namespace beach::sim::scenarios::raft_core {
namespace {

constexpr std::uint64_t kPauseMaxUs = 1'000'000;
constexpr std::uint64_t kFirstPauseMaxUs = 400'000;
constexpr std::uint64_t kChangesMax = 3;
constexpr std::uint64_t kChangeKinds = 3;
constexpr std::uint64_t kModes = 4;

// Operations before a partition is healed: long enough that others elect a leader while one that is
// cut off takes itself for one.
constexpr std::uint64_t kPartMax = 1'000;

struct Kind {
  const char* name;
  ActionKind kind;
  std::uint64_t weight;
  std::uint64_t numbers;  // beside the pause; of a change: the fewest
  std::uint64_t first_max;
  std::uint64_t second_max;
};
constexpr Kind kKinds[] = {
    {"propose", ActionKind::kPropose, 400, 1, kPayloadMax - 8, 0},
    {"read", ActionKind::kRead, 120, 1, 1, 0},
    {"crash", ActionKind::kCrash, 24, 2, 8, 8},
    {"start", ActionKind::kStart, 4, 0, 0, 0},
    {"change", ActionKind::kChange, 24, 2, kModes - 1, ~std::uint64_t{0}},
    {"transfer", ActionKind::kTransfer, 16, 1, ~std::uint64_t{0}, 0},
    {"flush", ActionKind::kFlush, 40, 0, 0, 0},
    {"compact", ActionKind::kCompact, 30, 1, 8, 0},
    {"partition", ActionKind::kPartition, 16, 2, ~std::uint64_t{0}, 1},
    {"cut_off", ActionKind::kCutOff, 12, 0, 0, 0},
    {"heal", ActionKind::kHeal, 4, 0, 0, 0},
    {"pause", ActionKind::kPause, 12, 1, 400'000, 0},
    {"damage", ActionKind::kDamage, 24, 2, 64, 8},
};

const Kind* FindKind(const std::string& name) {
  const auto* const found =
      std::ranges::find_if(kKinds, [&](const Kind& kind) { return name == kind.name; });
  return found == std::end(kKinds) ? nullptr : found;
}

std::uint64_t SlowestOf(const Plan& plan) {
  const auto slowest = std::ranges::min_element(plan.nodes, {}, &NodePlan::drift_ppm);
  return static_cast<std::uint64_t>(slowest - plan.nodes.begin());
}

// Draws operations; remembers what has to be undone some time.
class Maker {
 public:
  Maker(const Plan& plan, RandomStream stream)
      : plan_(plan), stream_(stream), nodes_(plan.nodes.size()), slowest_(SlowestOf(plan)) {
    static constexpr std::uint64_t kTimes[] = {0, 1, 1, 2, 6};
    for (const Kind& kind : kKinds) {
      const std::uint64_t times = kTimes[stream_.Below(std::size(kTimes))];
      const bool needed = kind.kind == ActionKind::kPropose;
      const bool damages = plan.damages != Damages::kNone;
      const bool excluded =
          kind.kind == (damages ? ActionKind::kChange : ActionKind::kDamage) ||
          (kind.kind == ActionKind::kCompact && plan.damages == Damages::kEverywhere);
      weights_.push_back(
          {kind.name,
           excluded ? 0 : kind.weight * (needed ? std::max<std::uint64_t>(times, 1) : times)});
    }
  }

  std::vector<artifacts::Operation> Make() {
    while (operations_.size() < plan_.operations) {
      if (Undo()) continue;
      if (stream_.Chance(1, 150)) DeposeTheSlowest();
      const Kind& kind = *FindKind(DrawKind(stream_, weights_));
      // Half of all is for who leads, where there is something to see.
      const bool leader = stream_.Chance(1, 2) && kind.kind != ActionKind::kStart;
      Add(kind.name, leader ? nodes_ : stream_.Below(nodes_), Numbers(kind));
    }
    return std::move(operations_);
  }

 private:
  struct Due {
    std::uint64_t at = 0;  // operations
    const char* kind = nullptr;
    std::uint64_t node = 0;
  };

  // It leads, is cut off, and is asked all the time what it takes to be true.
  void DeposeTheSlowest() {
    Add("transfer", nodes_, {slowest_});
    for (std::uint64_t i = stream_.Between(4, 16); i > 0; --i) Add("propose", slowest_, {0});
    Add("cut_off", slowest_, {});
    UndoLater("heal", 0, kPartMax);
    for (std::uint64_t i = stream_.Between(8, 64); i > 0; --i) Add("read", slowest_, {1});
  }

  void Add(const char* kind, std::uint64_t node, const std::vector<std::uint64_t>& numbers) {
    artifacts::Operation operation{
        .id = operations_.size() + 1, .life = 0, .client = node, .kind = kind, .arguments = {}};
    const ActionKind is = FindKind(kind)->kind;
    const bool is_client = is == ActionKind::kPropose || is == ActionKind::kRead ||
                           is == ActionKind::kFlush || is == ActionKind::kCompact;
    // Things that happen at once are as frequent as those that happen apart.
    const bool is_first = operations_.empty();  // there is to be somebody who leads
    const std::uint64_t pause =
        is_first ? stream_.Between(1, kFirstPauseMaxUs)
                 : DrawLog(stream_, 1, is_client ? plan_.pause_max_us : plan_.trouble_pause_max_us);
    operation.arguments.push_back(std::to_string(pause));
    for (const std::uint64_t number : numbers)
      operation.arguments.push_back(std::to_string(number));
    operations_.push_back(std::move(operation));
  }

  // All that is down comes up again some time, and links heal.
  bool Undo() {
    const auto due =
        std::ranges::find_if(due_, [&](const Due& one) { return one.at <= operations_.size(); });
    if (due == due_.end()) return false;
    const Due now = *due;
    due_.erase(due);
    Add(now.kind, now.node, {});
    return true;
  }

  void UndoLater(const char* kind, std::uint64_t node, std::uint64_t within = 64) {
    due_.push_back({operations_.size() + DrawLog(stream_, 1, within), kind, node});
  }

  std::vector<std::uint64_t> Numbers(const Kind& kind) {
    switch (kind.kind) {
      case ActionKind::kPropose: return {DrawLog(stream_, 1, 64) - 1};
      case ActionKind::kRead: return {stream_.Below(2)};
      case ActionKind::kCrash: {
        for (std::uint64_t node = 0; node < nodes_; ++node) UndoLater("start", node);
        const std::uint64_t pieces = stream_.Below(4);
        const std::uint64_t entries = stream_.Below(4);
        return {pieces, entries};
      }
      case ActionKind::kDamage: {
        for (std::uint64_t node = 0; node < nodes_; ++node) UndoLater("start", node);
        return {DrawLog(stream_, 1, 64) - 1, stream_.Below(9)};
      }
      case ActionKind::kChange: {
        std::vector<std::uint64_t> numbers{stream_.Below(kModes)};
        const std::uint64_t count = 1 + stream_.Below(kChangesMax);
        for (std::uint64_t i = 0; i < count; ++i) {
          const std::uint64_t change = stream_.Below(kChangeKinds);
          numbers.push_back(change * 8 + stream_.Below(nodes_));
        }
        return numbers;
      }
      case ActionKind::kTransfer: return {stream_.Below(nodes_)};
      case ActionKind::kCompact: return {stream_.Chance(1, 2) ? 0 : stream_.Below(8)};
      case ActionKind::kPartition: UndoLater("heal", 0, kPartMax); return DrawPartition();
      case ActionKind::kCutOff: UndoLater("heal", 0, kPartMax); return {};
      case ActionKind::kPause: return {DrawLog(stream_, 100, kind.first_max)};
      case ActionKind::kStart:
      case ActionKind::kFlush:
      case ActionKind::kHeal: return {};
    }
    return {};
  }

  // One node alone is as frequent as any halves.
  std::vector<std::uint64_t> DrawPartition() {
    const bool alone = stream_.Chance(1, 2);
    const std::uint64_t halves = std::uint64_t{1} << nodes_;
    const std::uint64_t drawn = stream_.Below(alone ? nodes_ : halves);
    const std::uint64_t one_way = stream_.Chance(1, 3) ? 1 : 0;
    return {alone ? std::uint64_t{1} << drawn : drawn, one_way};
  }

  const Plan& plan_;
  RandomStream stream_;
  const std::uint64_t nodes_;
  // By its clock: it is elected rarely, and takes itself for a leader longest.
  const std::uint64_t slowest_;
  std::vector<KindWeight> weights_;
  std::vector<artifacts::Operation> operations_;
  std::vector<Due> due_;
};

std::optional<std::uint64_t> ParseNumber(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::vector<raft::Change>> ParseChanges(const std::vector<std::uint64_t>& numbers,
                                                      std::uint64_t nodes) {
  std::vector<raft::Change> changes;
  for (std::size_t i = 2; i < numbers.size(); ++i) {
    const std::uint64_t kind = numbers[i] / 8;
    const std::uint64_t node = numbers[i] % 8;
    if (kind >= kChangeKinds || node >= nodes) return std::nullopt;
    changes.push_back(
        {.kind = static_cast<raft::ChangeKind>(kind), .node = raft::NodeId(node + 1)});
  }
  return changes;
}

}  // namespace

std::vector<artifacts::Operation> MakeWorkload(const Plan& plan, RandomStream stream) {
  return Maker(plan, stream).Make();
}

std::optional<Action> Parse(const artifacts::Operation& operation, std::uint64_t nodes) {
  const Kind* const kind = FindKind(operation.kind);
  if (kind == nullptr || operation.client > nodes) return std::nullopt;
  std::vector<std::uint64_t> numbers;
  for (const std::string& argument : operation.arguments) {
    const auto number = ParseNumber(argument);
    if (!number) return std::nullopt;
    numbers.push_back(*number);
  }
  const bool is_change = kind->kind == ActionKind::kChange;
  const std::uint64_t most = 1 + (is_change ? 1 + kChangesMax : kind->numbers);
  if (numbers.size() < 1 + kind->numbers || numbers.size() > most) return std::nullopt;
  Action action{.kind = kind->kind,
                .node = operation.client,
                .pause_us = numbers[0],
                .first = numbers.size() > 1 ? numbers[1] : 0,
                .second = numbers.size() > 2 ? numbers[2] : 0,
                .changes = {}};
  if (action.pause_us > kPauseMaxUs || action.first > kind->first_max ||
      action.second > kind->second_max) {
    return std::nullopt;
  }
  if (kind->kind == ActionKind::kTransfer && action.first >= nodes) return std::nullopt;
  if (kind->kind == ActionKind::kPartition && action.first >> nodes != 0) return std::nullopt;
  if (is_change) {
    auto changes = ParseChanges(numbers, nodes);
    if (!changes) return std::nullopt;
    action.changes = std::move(*changes);
  }
  return action;
}

std::vector<Action> TakeWorkload(Simulation& simulation, const Plan& plan) {
  std::vector<Action> actions;
  for (const artifacts::Operation& operation :
       simulation.Workload(MakeWorkload(plan, simulation.Stream("raft.workload")))) {
    auto action = Parse(operation, plan.nodes.size());
    if (!action) {
      simulation.Fail("bad-workload",
                      "operation " + std::to_string(operation.id) + " is not one of this scenario");
    }
    actions.push_back(std::move(*action));
  }
  return actions;
}

}  // namespace beach::sim::scenarios::raft_core
