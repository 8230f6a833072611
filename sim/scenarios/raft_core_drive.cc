// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "base/random.h"
#include "env/marks.h"
#include "sim/scenarios/raft_core_cluster.h"

// A node's driver, the network, and the workload.

namespace beach::sim::scenarios::raft_core {

// --- A node.

void Cluster::Start(std::uint64_t place) {
  Machine& machine = machines_[place];
  ++machine.life;
  machine.tick_ns = ~std::uint64_t{0};
  machine.gathers = machine.disk = machine.apply = machine.load = machine.pin = false;
  machine.node.Start(ClockOf(place));
  judge_.Started(place, machine.node);
  AfterInput(place);
}

void Cluster::Crash(std::uint64_t place, std::uint64_t pieces, std::uint64_t entries) {
  raft::testing::Node& node = machines_[place].node;
  BEACH_SOMETIMES("raft_core.crash_with_work_outstanding", node.disk_work() > pieces);
  for (; pieces > 0 && node.disk_work() > 0; --pieces) {
    node.FinishUnreported();
    judge_.DiskDone(place, node);
  }
  node.Crash(0, entries);
  judge_.Stopped(place);
  machines_[place].paused_until_ns = now_ns_;
  if (plan_.loses_entries) node.LoseLastEntry();
}

// A driver may take several inputs before it takes output.
void Cluster::AfterInput(std::uint64_t place) {
  Machine& machine = machines_[place];
  judge_.Look(place, machine.node);
  if (machine.gathers) return;
  if (plan_.gather_percent > 0 && !is_calm_) {
    const std::uint64_t value = simulation_.decisions().Draw("raft.gather");
    if (RandomBelow(value, 100) < plan_.gather_percent) {
      machine.gathers = true;
      return After(RandomBelow(Mix64(value), plan_.gather_ns + 1), EventKind::kOutput, place);
    }
  }
  TakeOutput(place);
}

void Cluster::TakeOutput(std::uint64_t place) {
  raft::testing::Node& node = machines_[place].node;
  node.Pump(ClockOf(place));
  judge_.Look(place, node);
  for (raft::Message& message : node.messages) {
    judge_.Speaks(place, message);
    Send(std::move(message));
  }
  node.messages.clear();
  TakeAnswers(place);
  Arrange(place);
}

void Cluster::TakeAnswers(std::uint64_t place) {
  raft::testing::Node& node = machines_[place].node;
  for (const raft::ReadAnswer& answer : node.reads) judge_.ReadAnswered(place, node, answer);
  node.reads.clear();
  for (const raft::ProposalFate& fate : node.fates) judge_.FateTold(place, fate);
  node.fates.clear();
  for (const raft::Event& event : node.events) judge_.Told(place, event);
  node.events.clear();
}

void Cluster::Arrange(std::uint64_t place) {
  Machine& machine = machines_[place];
  const raft::testing::Node& node = machine.node;
  const NodePlan& plan = plan_.nodes[place];
  if (!machine.disk && node.disk_work() > 0) {
    machine.disk = true;  // all that is there becomes durable together
    After(Draw("raft.latency.disk", plan_.disk, plan.disk_times), EventKind::kDisk, place,
          static_cast<std::uint32_t>(node.disk_work()));
  }
  if (!machine.apply && node.apply_work() > 0) {
    machine.apply = true;
    After(Draw("raft.latency.apply", plan_.apply, plan.apply_times), EventKind::kApply, place);
  }
  if (!machine.load && node.loads() > 0) {
    machine.load = true;
    After(Draw("raft.latency.load", plan_.load), EventKind::kLoad, place);
  }
  if (!machine.pin && node.snapshots_to_send() > 0) {
    machine.pin = true;
    After(Draw("raft.latency.pin", plan_.load), EventKind::kPin, place);
  }
  const std::uint64_t tick_ns = WhenClockShows(place, node.core().NextDeadlineNs());
  if (tick_ns >= machine.tick_ns) return;  // a tick too early does no harm
  machine.tick_ns = tick_ns;
  After(tick_ns - now_ns_, EventKind::kTick, place);
}

// --- The network.

bool Cluster::Linked(raft::NodeId from, raft::NodeId to) const {
  const bool sender = halves_[from.value - 1];
  return sender == halves_[to.value - 1] || (one_way_ && !sender);
}

void Cluster::Part(std::vector<bool> halves, bool one_way) {
  const auto ways = [this] {
    std::vector<bool> linked;
    for (std::uint64_t from = 1; from <= machines_.size(); ++from) {
      for (std::uint64_t to = 1; to <= machines_.size(); ++to) {
        linked.push_back(Linked(raft::NodeId(from), raft::NodeId(to)));
      }
    }
    return linked;
  };
  const std::vector<bool> before = ways();
  halves_ = std::move(halves);
  one_way_ = one_way;
  const std::vector<bool> after = ways();
  for (std::size_t way = 0; way < after.size(); ++way) {
    if (after[way] == before[way]) continue;
    judge_.told().Way(before[way], way / machines_.size(), way % machines_.size());
  }
}

void Cluster::Send(raft::Message&& message) {
  Decisions& decisions = simulation_.decisions();
  const std::uint64_t from = message.from.value - 1;
  const std::uint64_t to = message.to.value - 1;
  std::uint64_t wait_ns = Draw("raft.latency.message", plan_.message);
  if (drops_ && decisions.Fault("raft.drop") != 0) return;
  if (repeats_ && decisions.Fault("raft.duplicate") != 0) {
    const std::uint64_t later_ns = decisions.Choose("raft.duplicate.after", plan_.late_max_ns);
    late_until_ns_ = std::max(late_until_ns_, now_ns_ + later_ns);
    After(later_ns, EventKind::kMessage, to, messages_.Put(raft::Message(message)));
  }
  const bool late = delays_ && decisions.Fault("raft.delay") != 0;
  if (late) {
    wait_ns += decisions.Choose("raft.delay.by", plan_.late_max_ns);
    late_until_ns_ = std::max(late_until_ns_, now_ns_ + wait_ns);
  }
  if (plan_.in_order && !late) {
    std::uint64_t& last_ns = last_arrival_ns_[from * machines_.size() + to];
    last_ns = std::max(last_ns, now_ns_ + wait_ns);
    wait_ns = last_ns - now_ns_;
  }
  After(wait_ns, EventKind::kMessage, to, messages_.Put(std::move(message)));
}

// --- The workload.

void Cluster::DoNext() {
  const Action& action = actions_[next_action_];
  // Who leads is asked to read something as long as it can be wrong.
  const std::uint64_t leader = action.kind == ActionKind::kRead ? OldestLeader() : Leader();
  const std::uint64_t place = action.node < machines_.size() ? action.node : leader;
  if (place < machines_.size() || action.kind == ActionKind::kPartition ||
      action.kind == ActionKind::kHeal) {
    Do(action, place);
  }
  if (++next_action_ == actions_.size()) return;
  After(actions_[next_action_].pause_us * kMicrosecond, EventKind::kOperation, 0);
}

void Cluster::Do(const Action& action, std::uint64_t place) {
  if (action.kind == ActionKind::kPartition) {
    std::vector<bool> halves(halves_.size());
    for (std::uint64_t i = 0; i < halves.size(); ++i) halves[i] = (action.first >> i & 1) != 0;
    return Part(std::move(halves), action.second != 0);
  }
  if (action.kind == ActionKind::kCutOff) {
    std::vector<bool> alone(halves_.size());
    alone[place] = true;
    return Part(std::move(alone), false);
  }
  if (action.kind == ActionKind::kHeal) return Part(std::vector<bool>(halves_.size()), one_way_);
  Machine& machine = machines_[place];
  if (action.kind == ActionKind::kStart) {
    if (!machine.node.up()) Start(place);
    return;
  }
  if (action.kind == ActionKind::kDamage) return DamageDisk(place, action.first, action.second);
  if (!machine.node.up()) return;
  switch (action.kind) {
    case ActionKind::kCrash: return Crash(place, action.first, action.second);
    case ActionKind::kPause:
      machine.paused_until_ns = now_ns_ + action.first * kMicrosecond;
      judge_.told().Paused(place, action.first * kMicrosecond);
      return;
    default: break;
  }
  if (machine.paused_until_ns > now_ns_) return;  // nobody is there to take it
  switch (action.kind) {
    case ActionKind::kPropose: return Propose(place, action.first);
    case ActionKind::kRead: return Read(place, action.first != 0);
    case ActionKind::kChange: return Change(place, action);
    case ActionKind::kTransfer: {
      const raft::NodeId target(action.first + 1);
      const auto begun = machine.node.core().TransferLeadership(ClockOf(place), target);
      if (begun) AfterInput(place);
      return;
    }
    case ActionKind::kFlush: return machine.node.Flush();
    case ActionKind::kCompact: return Compact(place, action.first);
    default: return;
  }
}

// Whether it would be one of few: the others are a majority that lacks nothing.
bool Cluster::IsOneOfFew(std::uint64_t place) const {
  std::uint64_t damaged = 1;
  for (std::uint64_t other = 0; other < plan_.voters; ++other) {
    if (other != place && machines_[other].node.IsDamaged()) ++damaged;
  }
  return damaged * 2 < plan_.voters;
}

// Never more than the cluster must get over.
void Cluster::DamageDisk(std::uint64_t place, std::uint64_t behind, std::uint64_t count) {
  if (plan_.damages == Damages::kNone || place >= plan_.voters) return;
  if (machines_[place].node.up()) Crash(place, 0, 0);
  raft::testing::Node& node = machines_[place].node;
  const bool few = plan_.damages == Damages::kMinority;
  if (few && !IsOneOfFew(place)) return;
  judge_.Damaged(place);
  if (count == 0 && few) node.LoseState();
  for (; count > 0 && node.disk_last().value > behind + node.disk_base().value; ++behind, --count) {
    const raft::LogIndex index = node.disk_last() - behind;
    bool whole = few;
    for (std::uint64_t other = 0; other < plan_.voters; ++other) {
      if (other == place) continue;
      whole = whole || machines_[other].node.CanGive(index, node.disk_term(index));
    }
    if (whole) node.LoseEntry(index);
  }
}

void Cluster::Propose(std::uint64_t place, std::uint64_t size) {
  const raft::RequestId request = judge_.NewRequest(place, false);
  const auto taken =
      machines_[place].node.core().Propose(ClockOf(place), PayloadOf(request, size), request);
  if (!taken) judge_.Refused(request);
  AfterInput(place);
}

// Whether a voter's clock runs faster by half of what cores are told to expect, or more.
bool Cluster::IsOutrun(std::uint64_t place) const {
  const std::int64_t own_ppm = plan_.nodes[place].drift_ppm;
  const auto much_ppm = static_cast<std::int64_t>(plan_.options.clock_drift_ppm / 2);
  for (std::uint64_t other = 0; other < plan_.voters; ++other) {
    if (plan_.nodes[other].drift_ppm - own_ppm >= much_ppm) return true;
  }
  return false;
}

void Cluster::Read(std::uint64_t place, bool lease) {
  raft::Core& core = machines_[place].node.core();
  const std::uint64_t clock_ns = ClockOf(place);
  BEACH_SOMETIMES("raft_core.lease_read", lease && core.LeaseValid(clock_ns));
  BEACH_SOMETIMES("raft_core.deposed_leader_read",
                  core.role() == raft::Role::kLeader && Leader() != place);
  BEACH_SOMETIMES("raft_core.lease_under_drift",
                  lease && core.LeaseValid(clock_ns) && IsOutrun(place));
  const raft::ReadContext context = judge_.NewRead(place);
  const auto mode = lease ? raft::ReadMode::kLease : raft::ReadMode::kRound;
  if (!core.Read(clock_ns, context, mode)) judge_.ReadRefused(context);
  AfterInput(place);
}

void Cluster::Change(std::uint64_t place, const Action& action) {
  const raft::RequestId request = judge_.NewRequest(place, true);
  const auto mode = static_cast<raft::ChangeMode>(action.first);
  const auto taken = machines_[place].node.core().ProposeConfiguration(
      ClockOf(place), action.changes, mode, request);
  if (!taken) judge_.Refused(request);
  AfterInput(place);
}

// What the state machine holds durably may be dropped from the log, all but `kept` entries.
void Cluster::Compact(std::uint64_t place, std::uint64_t kept) {
  raft::testing::Node& node = machines_[place].node;
  node.Flush();
  const std::uint64_t flushed = node.flushed().index.value;
  if (flushed <= kept || raft::LogIndex(flushed - kept) > node.disk_last()) return;
  const raft::LogIndex upto(flushed - kept);
  judge_.Compacted(place, upto);
  node.Compact(upto);
  AfterInput(place);
}

}  // namespace beach::sim::scenarios::raft_core
