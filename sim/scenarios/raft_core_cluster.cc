// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/raft_core_cluster.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/check.h"
#include "base/random.h"
#include "env/marks.h"
#include "raft/testing/text.h"

namespace beach::sim::scenarios::raft_core {
namespace {

constexpr std::uint64_t kStepNs = 10 * kMillisecond;
constexpr Latency kCalmLatency{.min_ns = 10 * kMicrosecond, .max_ns = kMillisecond};
constexpr std::uint64_t kDownNs = 300 * kMillisecond;
constexpr std::uint64_t kNobody = ~std::uint64_t{0};

raft::Configuration Members(std::uint64_t voters) {
  raft::Configuration configuration;
  for (std::uint64_t i = 1; i <= voters; ++i) configuration.voters.emplace_back(i);
  return configuration;
}

}  // namespace

Cluster::Cluster(Simulation& simulation, const Plan& plan, std::vector<Action> actions)
    : simulation_(simulation),
      plan_(plan),
      actions_(std::move(actions)),
      judge_(simulation, plan),
      halves_(plan.nodes.size()),
      last_arrival_ns_(plan.nodes.size() * plan.nodes.size()) {
  RandomStream keys = simulation.Stream("raft.timeouts");
  for (std::uint64_t place = 0; place < plan.nodes.size(); ++place) {
    raft::Options options = plan.options;
    options.id = raft::NodeId(place + 1);
    options.random_key = keys.Next();
    const bool votes = place < plan.voters;
    machines_.push_back({.node = {options, votes ? Members(plan.voters) : raft::Configuration()}});
  }
  const Decisions& decisions = simulation.decisions();
  drops_ = decisions.Planned("raft.drop");
  repeats_ = decisions.Planned("raft.duplicate");
  delays_ = decisions.Planned("raft.delay");
  fails_senders_ = decisions.Planned("raft.sender_crashes");
  fails_snapshots_ = decisions.Planned("raft.snapshot_fails");
}

// --- Time.

std::uint64_t Cluster::ClockOf(std::uint64_t place) const {
  const NodePlan& plan = plan_.nodes[place];
  const auto now = static_cast<std::int64_t>(now_ns_);
  return plan.origin_ns + now_ns_ + static_cast<std::uint64_t>(now * plan.drift_ppm / 1'000'000);
}

// Or a little later.
std::uint64_t Cluster::WhenClockShows(std::uint64_t place, std::uint64_t clock_ns) const {
  const std::uint64_t clock = ClockOf(place);
  if (clock_ns <= clock) return now_ns_;
  const auto rate = static_cast<std::uint64_t>(1'000'000 + plan_.nodes[place].drift_ppm);
  return now_ns_ + (clock_ns - clock) / rate * 1'000'000 +
         (clock_ns - clock) % rate * 1'000'000 / rate + 2;
}

void Cluster::AdvanceTo(std::uint64_t now_ns) {
  now_ns_ = now_ns;
  if (now_ns_ - slept_ns_ >= kStepNs) {
    simulation_.SleepFor(now_ns_ - slept_ns_);
    slept_ns_ = now_ns_;
  }
  judge_.told().SetAhead(now_ns_ - slept_ns_);
}

void Cluster::RunFor(std::uint64_t time_ns) {
  const std::uint64_t end = now_ns_ + time_ns;
  while (!events_.empty() && events_.next_ns() <= end) {
    const Event event = events_.Take();
    AdvanceTo(event.at_ns);
    Happen(event);
  }
  AdvanceTo(end);
}

std::uint64_t Cluster::Draw(Site site, const Latency& latency, std::uint64_t times) {
  const Latency& drawn = is_calm_ ? kCalmLatency : latency;
  const std::uint64_t value = simulation_.decisions().Draw(site);
  const std::uint64_t wait = drawn.min_ns + RandomBelow(value, drawn.max_ns - drawn.min_ns + 1);
  return is_calm_ ? wait : wait * times;
}

// --- The run.

void Cluster::Run() {
  for (std::uint64_t place = 0; place < machines_.size(); ++place) Start(place);
  if (!actions_.empty()) After(actions_[0].pause_us * kMicrosecond, EventKind::kOperation, 0);
  while (next_action_ < actions_.size()) {
    const Event event = events_.Take();
    AdvanceTo(event.at_ns);
    Happen(event);
  }
}

void Cluster::Calm() {
  is_calm_ = true;
  drops_ = repeats_ = delays_ = fails_snapshots_ = fails_senders_ = false;
  Part(std::vector<bool>(halves_.size()), one_way_);
  if (plan_.few_come_back) LeaveAMajority();
  for (std::uint64_t place = 0; place < machines_.size(); ++place) {
    machines_[place].paused_until_ns = now_ns_;
    if (!machines_[place].node.up() && !machines_[place].is_gone) Start(place);
  }
  // Heartbeats that come late are faults too: they keep voters still.
  if (late_until_ns_ > now_ns_) RunFor(late_until_ns_ - now_ns_);
}

void Cluster::ExpectService() {
  const std::uint64_t timeout_ns = plan_.options.election_timeout_ns;
  std::uint64_t proposed = 0;  // 0: nothing
  for (std::uint64_t idle = 0; proposed == 0 || !AllHold(proposed);) {
    const std::uint64_t before = HeldByAll();
    RunFor(timeout_ns);
    idle = HeldByAll() > before ? 0 : idle + 1;
    if (idle > 10) {
      Describe();
      simulation_.Fail("not-live",
                       "nothing goes wrong any more, and for ten election timeouts nothing has "
                       "been applied; committed are all up to index " +
                           std::to_string(judge_.committed()));
    }
    const std::uint64_t place = Leader();
    if (place == kNobody) continue;
    raft::Core& core = machines_[place].node.core();
    if (proposed != 0 && core.log().last().value >= proposed) continue;
    const raft::RequestId request = judge_.NewRequest(place, false);
    const auto taken = core.Propose(ClockOf(place), PayloadOf(request, 0), request);
    if (!taken) judge_.Refused(request);
    proposed = taken ? taken->index.value : 0;
    AfterInput(place);
  }
  RunFor(2 * (timeout_ns + plan_.options.proposal_timeout_ns));
  // One that served may have been removed since, by the second half of a change.
  for (std::uint64_t idle = 0; Leader() == kNobody; RunFor(timeout_ns)) {
    if (++idle > 10) simulation_.Fail("not-live", "nobody follows the last leader");
  }
  judge_.ExpectAllAnswered(machines_[Leader()].node.core().configuration());
}

// For whoever reads the trace of a failure.
void Cluster::Describe() {
  for (std::uint64_t place = 0; place < machines_.size(); ++place) {
    const raft::testing::Node& node = machines_[place].node;
    if (!node.up()) continue;
    simulation_.Trace("raft", raft::testing::StatusLine(raft::NodeId(place + 1), node));
    simulation_.Trace("raft", raft::testing::ProgressLines(node));
  }
}

bool Cluster::AllHold(std::uint64_t index) const {
  const std::uint64_t leader = Leader();
  if (leader == kNobody) return false;
  const raft::Core& core = machines_[leader].node.core();
  for (std::uint64_t place = 0; place < machines_.size(); ++place) {
    if (machines_[place].is_gone) continue;
    const bool needed = place == leader || core.configuration().IsMember(raft::NodeId(place + 1));
    if (needed && machines_[place].node.core().applied().value < index) return false;
  }
  return true;
}

// Grows while who lacks something is sent it.
std::uint64_t Cluster::HeldByAll() const {
  std::uint64_t held = 0;
  for (const Machine& machine : machines_) {
    if (!machine.is_gone) held += machine.node.core().applied().value;
  }
  return held;
}

std::uint64_t Cluster::Leader() const { return FindLeader(std::greater<raft::Term>()); }

std::uint64_t Cluster::OldestLeader() const { return FindLeader(std::less<raft::Term>()); }

std::uint64_t Cluster::FindLeader(const auto& is_better) const {
  std::uint64_t leader = kNobody;
  for (std::uint64_t place = 0; place < machines_.size(); ++place) {
    const raft::testing::Node& node = machines_[place].node;
    if (!node.up() || node.core().role() != raft::Role::kLeader) continue;
    if (leader == kNobody || is_better(node.core().term(), machines_[leader].node.core().term())) {
      leader = place;
    }
  }
  return leader;
}

// --- Events.

void Cluster::After(std::uint64_t wait_ns, EventKind kind, std::uint64_t place,
                    std::uint32_t what) {
  events_.Add({.at_ns = now_ns_ + wait_ns,
               .what = what,
               .life = machines_[place].life,
               .node = static_cast<std::uint8_t>(place),
               .kind = kind});
}

void Cluster::Happen(const Event& event) {
  if (event.kind == EventKind::kOperation) return DoNext();
  const std::uint64_t place = event.node;
  Machine& machine = machines_[place];
  if (machine.paused_until_ns > now_ns_) {
    Event later = event;
    later.at_ns = machine.paused_until_ns;
    return events_.Add(later);
  }
  if (event.kind == EventKind::kMessage) return Deliver(event.what);
  if (event.kind == EventKind::kStart) {
    if (!machine.node.up()) Start(place);
    return;
  }
  if (event.kind == EventKind::kSnapshot) return DeliverSnapshot(event.what);
  if (event.life != machine.life || !machine.node.up()) return;
  const std::uint64_t clock_ns = ClockOf(place);
  switch (event.kind) {
    case EventKind::kTick:
      if (event.at_ns < machine.tick_ns) return;
      machine.tick_ns = ~std::uint64_t{0};
      machine.node.core().Tick(clock_ns);
      break;
    case EventKind::kOutput: machine.gathers = false; return TakeOutput(place);
    case EventKind::kDisk: return FinishDisk(place, event.what);
    case EventKind::kApply: return Apply(place);
    case EventKind::kLoad:
      machine.load = false;
      machine.node.AnswerLoad(clock_ns);
      BEACH_SOMETIMES("raft_core.entries_loaded", true);
      break;
    case EventKind::kPin: return Pin(place);
    case EventKind::kCrash:
      if (!is_calm_) Crash(place, 0, 0);
      return;
    default: return;
  }
  AfterInput(place);
}

// An operation: one message that reaches a node, whatever becomes of it.
void Cluster::Deliver(std::uint32_t slot) {
  raft::Message message = messages_.Take(slot);
  const std::uint64_t place = message.to.value - 1;
  Machine& machine = machines_[place];
  if (!machine.node.up() || !Linked(message.from, message.to)) return;
  simulation_.CountOperation();
  judge_.Heard(message);
  machine.node.core().Step(ClockOf(place), std::move(message));
  AfterInput(place);
}

void Cluster::DeliverSnapshot(std::uint32_t slot) {
  const raft::testing::Transfer transfer = transfers_.Take(slot);
  Machine& from = machines_[transfer.from.value - 1];
  const std::uint64_t place = transfer.to.value - 1;
  Machine& to = machines_[place];
  const bool fails =
      !to.node.up() || !Linked(transfer.from, transfer.to) ||
      (fails_snapshots_ && simulation_.decisions().Fault("raft.snapshot_fails") != 0);
  if (!fails) {
    simulation_.CountOperation();
    to.node.Receive(ClockOf(place), transfer);
    AfterInput(place);
  }
  if (!from.node.up()) return;
  if (fails) {
    from.node.core().SnapshotFailed(transfer.to, transfer.id);
  } else {
    from.node.core().SnapshotSent(transfer.to, transfer.id);
  }
  AfterInput(transfer.from.value - 1);
}

void Cluster::FinishDisk(std::uint64_t place, std::uint32_t pieces) {
  Machine& machine = machines_[place];
  machine.disk = false;
  for (; pieces > 0; --pieces) {
    machine.node.FinishDiskWork(ClockOf(place));
    judge_.DiskDone(place, machine.node);
    judge_.Look(place, machine.node);
  }
  AfterInput(place);
}

void Cluster::Apply(std::uint64_t place) {
  Machine& machine = machines_[place];
  machine.apply = false;
  if (machine.node.apply_work() == 0) return;  // a snapshot has taken its place
  machine.node.ApplyOne(ClockOf(place));
  judge_.Applied(place, machine.node, machine.node.applied.back());
  machine.node.applied.clear();
  AfterInput(place);
  const std::uint64_t every = plan_.nodes[place].compact_every;
  if (every > 0 && machine.node.state().index.value % every == 0) Compact(place, 0);
}

void Cluster::Pin(std::uint64_t place) {
  Machine& machine = machines_[place];
  machine.pin = false;
  auto transfer = machine.node.PinSnapshot(ClockOf(place));
  if (transfer) {
    const std::uint64_t to = transfer->to.value - 1;
    const std::uint64_t wait_ns = Draw("raft.latency.snapshot", plan_.snapshot);
    After(wait_ns, EventKind::kSnapshot, to, transfers_.Put(std::move(*transfer)));
    // So another leads when it arrives, whose log need not be cut.
    if (fails_senders_ && simulation_.decisions().Fault("raft.sender_crashes") != 0) {
      const std::uint64_t after_ns =
          simulation_.decisions().Choose("raft.sender_crashes.after", wait_ns + 1);
      After(after_ns, EventKind::kCrash, place);
      After(after_ns + kDownNs, EventKind::kStart, place);
    }
  }
  AfterInput(place);
}

}  // namespace beach::sim::scenarios::raft_core
