// SPDX-License-Identifier: Apache-2.0
#include "raft/testing/random_cluster.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <utility>

#include "base/site.h"
#include "raft/testing/text.h"

namespace beach::raft::testing {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kDriftPpm = 100'000;
constexpr std::size_t kNetworkMax = 400;

Configuration Voters(std::uint64_t count) {
  Configuration configuration;
  for (std::uint64_t i = 1; i <= count; ++i) configuration.voters.emplace_back(i);
  return configuration;
}

}  // namespace

void RandomCluster::Counts::Add(const Counts& other) {
  committed += other.committed;
  leaders += other.leaders;
  reads += other.reads;
  lease_reads += other.lease_reads;
  snapshots += other.snapshots;
  kept_suffixes += other.kept_suffixes;
  truncations += other.truncations;
  configurations += other.configurations;
  transfers += other.transfers;
  delivered += other.delivered;
  applied += other.applied;
  crashes += other.crashes;
  followed_reads += other.followed_reads;
  loads += other.loads;
  overtaken += other.overtaken;
}

std::string RandomCluster::Counts::Text() const {
  std::string text;
  const auto add = [&](const char* name, std::uint64_t count) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + name;
  };
  add("messages", delivered);
  add("entries committed", committed);
  add("applied", applied);
  add("leaders", leaders);
  add("crashes", crashes);
  add("truncations", truncations);
  add("reads", reads);
  add("by lease", lease_reads);
  add("by followers", followed_reads);
  add("snapshots", snapshots);
  add("keeping a suffix", kept_suffixes);
  add("overtaken", overtaken);
  add("changes of configuration", configurations);
  add("transfers", transfers);
  add("loads", loads);
  return text;
}

RandomCluster::RandomCluster(std::uint64_t seed, bool verbose)
    : random_(RandomValue(seed, Site::Hash("raft random cluster"))), verbose_(verbose) {
  static constexpr std::uint64_t kVoters[] = {1, 2, 3, 3, 3, 3, 3, 4, 4, 5, 5};
  const std::uint64_t voters = kVoters[random_.Below(std::size(kVoters))];
  const std::uint64_t spares = random_.Between(0, 2);
  options_.cluster = ClusterId(7);
  options_.election_timeout_ns = 100 * kMillisecond;
  options_.heartbeat_interval_ns = 20 * kMillisecond;
  options_.clock_drift_ppm = kDriftPpm;
  options_.message_bytes_max = random_.Between(1, 6) * 40;
  options_.in_flight_count_max = random_.Between(1, 4);
  options_.in_flight_bytes_max = random_.Between(1, 8) * 40;
  options_.uncommitted_bytes_max = random_.Between(1, 20) * 40;
  options_.tail_bytes_max = random_.Between(0, 10) * 40;
  options_.apply_count_max = random_.Between(1, 4);
  options_.held_messages_max = random_.Between(4, 20);
  options_.proposal_timeout_ns = 300 * kMillisecond;
  nodes_.reserve(voters + spares + 1);
  for (std::uint64_t i = 0; i <= voters + spares; ++i) {
    options_.id = NodeId(i);
    options_.random_key = random_.Next();
    nodes_.emplace_back(options_, i <= voters ? Voters(voters) : Configuration());
    drift_ppm_.push_back(static_cast<std::int64_t>(random_.Below(kDriftPpm + 1)) -
                         static_cast<std::int64_t>(kDriftPpm / 2));
    groups_.push_back(0);
    all_.push_back(&nodes_.back());
  }
  for (std::size_t i = 1; i < nodes_.size(); ++i) nodes_[i].Start(TimeOf(i));
  if (random_.Chance(1, 3)) slow_disk_ = 1 + random_.Below(voters);
  // Who follows may have more of the log than who leads.
  if (random_.Chance(1, 2)) compactor_ = 1 + random_.Below(voters);
  slow_snapshots_ = random_.Chance(1, 2);
  static constexpr std::uint64_t kSteps[] = {150'000, 400'000, 1'000'000};
  step_ns_ = kSteps[random_.Below(std::size(kSteps))];
  DrawWeights();
}

// Rare things are rare, and each kind is left out of a quarter of the runs.
void RandomCluster::DrawWeights() {
  if (random_.Chance(1, 4)) return HuntStaleReads();
  constexpr std::pair<Action, std::uint64_t> kUsual[] = {
      {kDeliver, 5000}, {kDrop, 100},    {kDuplicate, 100}, {kTick, 2000},   {kDisk, 1500},
      {kApply, 900},    {kPropose, 700}, {kRead, 250},      {kCrash, 12},    {kStart, 60},
      {kPartition, 30}, {kHeal, 30},     {kChange, 50},     {kTransfer, 30}, {kFlush, 150},
      {kCompact, 80},   {kLoad, 300},    {kPin, 300},       {kSnapshot, 80}, {kSnapshotFails, 20},
      {kPause, 25},
  };
  static_assert(std::size(kUsual) == kActions);
  for (const auto& [action, usual] : kUsual) {
    static constexpr std::uint64_t kTimes[] = {0, 1, 2, 8};
    const std::uint64_t times = kTimes[random_.Below(4)];
    const bool needed = action == kDeliver || action == kTick || action == kDisk ||
                        action == kApply || action == kStart || action == kHeal ||
                        action == kLoad || action == kPropose;
    weights_[action] = usual * (needed ? std::max<std::uint64_t>(times, 1) : times);
    weights_sum_ += weights_[action];
  }
}

// A quick network, leaders that are cut off again and again, and reads all the time: what is wrong
// with a lease or a round shows in the moment between two leaders.
void RandomCluster::HuntStaleReads() {
  step_ns_ = 150'000;
  slow_disk_ = 0;
  for (std::int64_t& drift : drift_ppm_) {  // as far as it may go
    const auto most = static_cast<std::int64_t>(kDriftPpm / 2);
    drift = random_.Chance(1, 2) ? most : -most;
  }
  constexpr std::pair<Action, std::uint64_t> kHunt[] = {
      {kDeliver, 6000}, {kDuplicate, 50}, {kTick, 3000}, {kDisk, 3000}, {kApply, 2000},
      {kPropose, 600},  {kRead, 1500},    {kStart, 300}, {kHeal, 4},    {kChange, 3}};
  for (const auto& [action, weight] : kHunt) weights_sum_ += weights_[action] = weight;
  for (const Action action : {kPartition, kCrash, kTransfer}) {
    static constexpr std::uint64_t kRates[] = {2, 8, 40};
    weights_sum_ += weights_[action] = kRates[random_.Below(std::size(kRates))];
  }
}

RandomCluster::Action RandomCluster::DrawAction() {
  std::uint64_t drawn = random_.Below(weights_sum_);
  std::size_t action = 0;
  while (drawn >= weights_[action]) drawn -= weights_[action++];
  return static_cast<Action>(action);
}

// Each clock runs at its own speed, within the stated drift.
std::uint64_t RandomCluster::TimeOf(std::size_t node) const {
  const auto parts = static_cast<std::uint64_t>(1'000'000 + drift_ppm_[node]);
  return now_ns_ / 1000 * parts / 1000 + node;
}

std::size_t RandomCluster::AnyUp() {
  const std::size_t node = 1 + random_.Below(nodes_.size() - 1);
  return nodes_[node].up() ? node : 0;
}

bool RandomCluster::Linked(NodeId from, NodeId to) const {
  const std::uint32_t sender = groups_[from.value];
  return sender == groups_[to.value] || (one_way_ && sender == 0);
}

void RandomCluster::Say(const std::string& what) const {
  if (verbose_) std::printf("%6llu %s\n", static_cast<unsigned long long>(steps_), what.c_str());
}

std::string RandomCluster::Run() {
  const std::uint64_t steps = random_.Between(1000, 12000);
  for (steps_ = 0; steps_ < steps && history_.broken.empty(); ++steps_) {
    now_ns_ += random_.Below(step_ns_);
    Do(DrawAction());
  }
  if (history_.broken.empty() && !HealAndServe() && history_.broken.empty()) {
    history_.broken = "does not serve once all faults have ended";
  }
  for (std::size_t i = 1; i < nodes_.size() && !history_.broken.empty(); ++i) {
    Say(StatusLine(NodeId(i), nodes_[i]));
    if (nodes_[i].up()) Say(ProgressLines(nodes_[i]));
  }
  counts_.committed = history_.committed();
  counts_.leaders = history_.leaders();
  counts_.reads = history_.reads_granted();
  return history_.broken;
}

void RandomCluster::Do(Action action) {
  const std::size_t node = AnyUp();
  const std::uint64_t position = random_.Next();
  const auto any = [&](std::size_t size) { return RandomBelow(position, size); };
  switch (action) {
    case kDeliver:
      if (!late_.empty() && random_.Chance(1, 200)) {
        std::swap(late_[any(late_.size())], late_.back());
        network_.insert(network_.begin(), std::move(late_.back()));
        late_.pop_back();
        return Deliver(0);
      }
      if (!network_.empty()) Deliver(random_.Chance(1, 2) ? 0 : any(network_.size()));
      return;
    case kDrop:
      if (!network_.empty())
        network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(any(network_.size())));
      return;
    case kDuplicate:
      if (!network_.empty()) network_.push_back(Message(network_[any(network_.size())]));
      return;
    case kPartition: return Partition();
    case kHeal: return groups_.assign(groups_.size(), 0);
    case kSnapshot:
    case kSnapshotFails:
      if (slow_snapshots_ && random_.Chance(9, 10)) return;
      if (!transfers_.empty()) DeliverSnapshot(any(transfers_.size()), action == kSnapshotFails);
      return;
    case kPause: now_ns_ += random_.Below(300 * kMillisecond); return;
    case kStart: {
      const std::size_t down = 1 + random_.Below(nodes_.size() - 1);
      if (!nodes_[down].up()) Start(down);
      return;
    }
    default: break;
  }
  if (node == 0) return;
  Node& at = nodes_[node];
  switch (action) {
    case kTick: at.core().Tick(TimeOf(node)); break;
    case kDisk:
      if (node == slow_disk_ && random_.Chance(19, 20)) return;
      if (at.disk_work() > 0) at.FinishDiskWork(TimeOf(node));
      break;
    case kApply:
      if (at.apply_work() > 0) at.ApplyOne(TimeOf(node));
      break;
    case kPropose: Propose(node); break;
    case kRead: return Read(node);
    case kCrash: return Crash(node);
    case kChange: Change(node); break;
    case kTransfer: TransferLeadership(node); break;
    case kFlush: at.Flush(); break;
    case kCompact: Compact(node); break;
    case kLoad:
      if (at.loads() == 0) break;
      ++counts_.loads;
      at.AnswerLoad(TimeOf(node));
      break;
    case kPin:
      if (at.snapshots_to_send() == 0) break;
      if (auto transfer = at.PinSnapshot(TimeOf(node))) transfers_.push_back(std::move(*transfer));
      break;
    default: return;
  }
  MaybePump(node);
}

void RandomCluster::Deliver(std::size_t position) {
  Message message = std::move(network_[position]);
  network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(position));
  const std::size_t to = message.to.value;
  if (!nodes_[to].up()) return;
  ++counts_.delivered;
  nodes_[to].core().Step(TimeOf(to), std::move(message));
  MaybePump(to);
}

void RandomCluster::DeliverSnapshot(std::size_t position, bool fails) {
  const testing::Transfer transfer = transfers_[position];
  const std::size_t from = transfer.from.value;
  const std::size_t to = transfer.to.value;
  if (nodes_[to].up() && nodes_[to].core().commit() >= transfer.state.index) ++counts_.overtaken;
  if (fails || !nodes_[to].up() || !Linked(transfer.from, transfer.to)) {
    transfers_.erase(transfers_.begin() + static_cast<std::ptrdiff_t>(position));
    if (nodes_[from].up()) nodes_[from].core().SnapshotFailed(transfer.to, transfer.id);
    return;
  }
  if (random_.Chance(2, 3)) {
    transfers_.erase(transfers_.begin() + static_cast<std::ptrdiff_t>(position));
  }
  nodes_[to].Receive(TimeOf(to), transfer);
  MaybePump(to);
  if (nodes_[from].up() && random_.Chance(1, 2)) {
    nodes_[from].core().SnapshotSent(transfer.to, transfer.id);
  }
}

void RandomCluster::Propose(std::size_t node) {
  const RequestId request(++next_request_);
  const auto proposed = nodes_[node].core().Propose(TimeOf(node), PayloadOf(request), request);
  if (!proposed) history_.Refused(request);
}

// Half of them where a leader is, or believes to be.
void RandomCluster::Read(std::size_t node) {
  const std::size_t first = random_.Below(nodes_.size());
  for (std::size_t i = 0; i < nodes_.size() && random_.Chance(1, 2); ++i) {
    const std::size_t other = 1 + (first + i) % (nodes_.size() - 1);
    if (!nodes_[other].up() || nodes_[other].core().role() != Role::kLeader) continue;
    node = other;
    break;
  }
  const ReadContext context(++next_read_);
  const ReadMode mode = random_.Chance(1, 2) ? ReadMode::kLease : ReadMode::kRound;
  Core& core = nodes_[node].core();
  if (mode == ReadMode::kLease && core.LeaseValid(TimeOf(node))) ++counts_.lease_reads;
  history_.ReadAsked(context);
  const auto asked = core.Read(TimeOf(node), context, mode);
  static_cast<void>(asked);
  MaybePump(node);
}

void RandomCluster::Crash(std::size_t node) {
  ++counts_.crashes;
  Say("crash " + std::to_string(node));
  const std::size_t done = random_.Below(nodes_[node].disk_work() + 1);
  nodes_[node].Crash(done, random_.Below(3));
  history_.Crashed(NodeId(node));
}

void RandomCluster::Start(std::size_t node) {
  Say("start " + std::to_string(node));
  nodes_[node].Start(TimeOf(node));
  Pump(node);
}

void RandomCluster::Partition() {
  one_way_ = random_.Chance(1, 3);
  const std::uint64_t alone = random_.Chance(1, 2) ? LeaderNode() : 0;
  const bool with_another = random_.Chance(1, 2);
  for (std::uint32_t& group : groups_) group = static_cast<std::uint32_t>(random_.Below(2));
  if (alone == 0) return;
  groups_.assign(groups_.size(), 0);
  groups_[alone] = 1;
  if (with_another) groups_[1 + random_.Below(groups_.size() - 1)] = 1;
}

void RandomCluster::Change(std::size_t node) {
  std::vector<raft::Change> changes;
  const std::uint64_t count = random_.Between(1, 3);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto kind = static_cast<ChangeKind>(random_.Below(3));
    changes.push_back({.kind = kind, .node = NodeId(1 + random_.Below(nodes_.size() - 1))});
  }
  const auto mode = static_cast<ChangeMode>(random_.Below(4));
  const auto proposed = nodes_[node].core().ProposeConfiguration(TimeOf(node), changes, mode,
                                                                 RequestId(++next_request_));
  if (proposed) {
    ++counts_.configurations;
    Say("change by " + std::to_string(node));
  }
}

void RandomCluster::TransferLeadership(std::size_t node) {
  const NodeId target(1 + random_.Below(nodes_.size() - 1));
  if (nodes_[node].core().TransferLeadership(TimeOf(node), target)) ++counts_.transfers;
}

void RandomCluster::Compact(std::size_t node) {
  if (compactor_ != 0 && node != compactor_) return;
  const std::uint64_t flushed = nodes_[node].flushed().index.value;
  const std::uint64_t kept = random_.Chance(1, 2) ? 0 : random_.Below(5);
  if (flushed > kept) nodes_[node].Compact(LogIndex(flushed - kept));
}

// A driver may feed several inputs before it takes output.
void RandomCluster::MaybePump(std::size_t node) {
  history_.Look(NodeId(node), nodes_[node], all_);
  if (random_.Chance(4, 5)) Pump(node);
}

void RandomCluster::Pump(std::size_t node) {
  Node& at = nodes_[node];
  const NodeId id(node);
  at.Pump(TimeOf(node));
  history_.Look(id, at, all_);
  for (Message& message : at.messages) {
    history_.Speaks(id, at, message);
    // What is under way when a link breaks still arrives, some of it very late.
    if (!Linked(message.from, message.to)) continue;
    std::vector<Message>& way = random_.Chance(1, 40) && late_.size() < 50 ? late_ : network_;
    way.push_back(std::move(message));
  }
  at.messages.clear();
  while (network_.size() > kNetworkMax) network_.erase(network_.begin());
  for (const Entry& entry : std::exchange(at.applied, {})) {
    ++counts_.applied;
    history_.Applies(id, at, entry);
  }
  if (std::exchange(at.installed, false)) {
    ++counts_.snapshots;
    if (at.suffix_kept) ++counts_.kept_suffixes;
    history_.Installs(id, at);
  }
  for (const ReadAnswer& answer : std::exchange(at.reads, {})) {
    if (!answer.error && at.core().role() != Role::kLeader) ++counts_.followed_reads;
    history_.ReadAnswered(id, at, answer);
  }
  for (const ProposalFate& fate : std::exchange(at.fates, {})) history_.FateTold(id, fate);
  for (const Event& event : std::exchange(at.events, {})) {
    if (event.kind == EventKind::kConflict) ++counts_.truncations;
    if (event.kind == EventKind::kRole) {
      Say("node " + std::to_string(node) + " is " + RoleName(event.role) + " of term " +
          std::to_string(event.term.value) + ": " + ReasonName(event.reason));
    }
  }
}

// --- The end of a run.

std::size_t RandomCluster::LeaderNode() const {
  std::size_t leader = 0;
  for (std::size_t i = 1; i < nodes_.size(); ++i) {
    if (!nodes_[i].up() || nodes_[i].core().role() != Role::kLeader) continue;
    if (leader == 0 || nodes_[i].core().term() > nodes_[leader].core().term()) leader = i;
  }
  return leader;
}

// All that is under way comes to its end, in order, and clocks go on.
void RandomCluster::SettleFor(std::uint64_t time_ns) {
  for (const std::uint64_t end = now_ns_ + time_ns; now_ns_ < end && history_.broken.empty();) {
    now_ns_ += 2 * kMillisecond;
    for (std::size_t i = 1; i < nodes_.size(); ++i) {
      Node& at = nodes_[i];
      at.core().Tick(TimeOf(i));
      Pump(i);
      while (at.disk_work() > 0) at.FinishDiskWork(TimeOf(i));
      while (at.apply_work() > 0) at.ApplyOne(TimeOf(i));
      while (at.loads() > 0) at.AnswerLoad(TimeOf(i));
      while (auto pinned = at.PinSnapshot(TimeOf(i))) {
        transfers_.push_back(std::move(*pinned));
      }
      Pump(i);
    }
    for (std::size_t count = network_.size(); count > 0 && !network_.empty(); --count) Deliver(0);
    while (!transfers_.empty()) {
      const testing::Transfer transfer = transfers_.front();
      transfers_.erase(transfers_.begin());
      const std::size_t to = transfer.to.value;
      nodes_[to].Receive(TimeOf(to), transfer);
      Pump(to);
      const std::size_t from = transfer.from.value;
      nodes_[from].core().SnapshotSent(transfer.to, transfer.id);
    }
  }
}

bool RandomCluster::AllServed(LogIndex index) const {
  const std::size_t leader = LeaderNode();
  if (leader == 0) return false;
  const Core& core = nodes_[leader].core();
  for (std::size_t i = 1; i < nodes_.size(); ++i) {
    if (core.configuration().IsMember(NodeId(i)) && nodes_[i].core().applied() < index)
      return false;
  }
  return core.applied() >= index;
}

// Contract, rule 28: a majority that can talk serves within ten election timeouts, beside the time
// in which it is sent what it lacks.
bool RandomCluster::HealAndServe() {
  Say("heals");
  groups_.assign(groups_.size(), 0);
  for (std::size_t i = 1; i < nodes_.size(); ++i) {
    if (!nodes_[i].up()) Start(i);
  }
  for (const testing::Transfer& lost : std::exchange(transfers_, {})) {
    nodes_[lost.from.value].core().SnapshotFailed(lost.to, lost.id);
  }
  // Those whose fate nobody will ever report end as a driver's time limit would end them.
  for (std::size_t i = 1; i < nodes_.size(); ++i) {
    for (const Progress& peer : nodes_[i].core().progress()) {
      if (peer.state != ProgressState::kSnapshot) continue;
      nodes_[i].core().SnapshotFailed(peer.id, peer.snapshot);
    }
  }
  LogIndex proposed;
  std::uint64_t left = 1000;
  for (std::uint64_t idle = 0; idle < 10 && left > 0; --left) {
    const std::uint64_t before = HeldByAll();
    SettleFor(options_.election_timeout_ns);
    if (!history_.broken.empty() || (proposed != LogIndex{} && AllServed(proposed))) return true;
    idle = HeldByAll() > before ? 0 : idle + 1;
    const std::size_t leader = LeaderNode();
    if (leader == 0) continue;
    Core& core = nodes_[leader].core();
    if (proposed != LogIndex{} && core.log().last() >= proposed) continue;
    const RequestId request(++next_request_);
    const auto taken = core.Propose(TimeOf(leader), PayloadOf(request), request);
    proposed = taken ? taken->index : LogIndex{};
  }
  return false;
}

// Grows while who lacks something is sent it.
std::uint64_t RandomCluster::HeldByAll() const {
  std::uint64_t held = 0;
  for (std::size_t i = 1; i < nodes_.size(); ++i) held += nodes_[i].core().applied().value;
  return held;
}

}  // namespace beach::raft::testing
