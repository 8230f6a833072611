// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/cluster_judge.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/random.h"
#include "env/marks.h"
#include "oracle/index_table.h"
#include "oracle/linearizability.h"
#include "sim/system_scope.h"

namespace beach::sim::scenarios::cluster {

using raft::LogIndex;

namespace {

// Of the search in one part of a history; what is beyond takes longer than all the rest of the run.
constexpr oracle::LinearLimits kLimits{.configurations_max = 50'000};

// Of what is applied up to there, for the oracle: one entry may be durable in a state machine that
// died before anybody was told its answer. So answers are judged apart.
std::uint64_t StateAt(LogIndex index, raft::Term term) {
  return Mix64(Mix64(index.value) ^ term.value);
}

}  // namespace

class Judge::Watcher final : public raft::NodeWatcher {
 public:
  Watcher(Judge& judge, std::uint64_t place) : judge_(judge), place_(place) {}

  void Started(const raft::Core& core) override {
    const SystemScope system;
    judge_.Started(place_, core);
  }

  void Looked(const raft::Core& core) override {
    const SystemScope system;
    // First, because a leader counts its own disk, and commits, in one step.
    const LogIndex told(judge_.watch_.terms(place_).size());
    judge_.watch_.Durable(place_, std::min(core.durable(), told));
    judge_.watch_.Look(place_, core);
    judge_.LookAtMembers(core);
    judge_.nodes_[place_].incomplete = core.state_lost() || !core.log().whole();
  }

  void Heard(const raft::Message& message) override {
    const SystemScope system;
    judge_.watch_.Heard(message);
  }

  void Turned(const raft::Core& core, const raft::Output& output) override {
    const SystemScope system;
    judge_.watch_.Look(place_, core);
    if (output.persist.id != raft::PersistId{}) {
      judge_.nodes_[place_].unsaid.push_back(
          {.id = output.persist.id, .state = output.persist.hard_state});
    }
    for (const raft::Message& message : output.messages) judge_.watch_.Speaks(place_, message);
    const LogIndex applied = judge_.nodes_[place_].applied;
    judge_.ExpectOfCalls(place_, judge_.calls_[place_].Turned(output.fates, output.reads, applied));
  }

  void Persisted(raft::PersistId id) override {
    const SystemScope system;
    auto& unsaid = judge_.nodes_[place_].unsaid;
    while (!unsaid.empty() && unsaid.front().id <= id) {
      if (unsaid.front().state) judge_.watch_.HardState(place_, *unsaid.front().state);
      unsaid.pop_front();
    }
  }

  void Applied(const raft::Entry& entry, ByteView answer) override {
    const SystemScope system;
    judge_.Applied(place_, entry, answer);
  }

  void Compacted(LogIndex upto) override {
    const SystemScope system;
    judge_.watch_.Compacted(place_, upto);
  }

  void Installed(const raft::LogReplacement& replacement, const raft::DiskLogRange& log) override {
    const SystemScope system;
    judge_.Installed(place_, replacement.meta, log);
  }

  void Asked(raft::CallId call, std::uint64_t now_ns) override {
    const SystemScope system;
    judge_.calls_[place_].Asked(call, now_ns);
  }

  void Answered(raft::CallId call) override {
    const SystemScope system;
    judge_.ExpectOfCalls(place_, judge_.calls_[place_].Answered(call));
  }

 private:
  Judge& judge_;
  const std::uint64_t place_;
};

Judge::Judge(Simulation& simulation, const Plan& plan)
    : simulation_(simulation),
      plan_(plan),
      watch_(simulation, Said(VotersOf(plan)), plan.nodes),
      nodes_(plan.nodes),
      calls_(plan.nodes, CallWatch(plan.call_max_ns)),
      gone_(plan.nodes, 1),
      asked_(plan.clients) {
  for (std::uint64_t place = 0; place < plan.nodes; ++place) {
    watchers_.push_back(std::make_unique<Watcher>(*this, place));
  }
}

Judge::~Judge() = default;

raft::NodeWatcher& Judge::watcher(std::uint64_t place) { return *watchers_[place]; }

// --- Nodes.

void Judge::Began(std::uint64_t place) {
  gone_[place] = 0;
  Node& node = nodes_[place];
  node.was_damaged = std::exchange(node.damaged, false) || node.was_damaged;
}

void Judge::Died(std::uint64_t place) {
  gone_[place] = 1;
  if (std::exchange(nodes_[place].watched, false)) watch_.Stopped(place);
}

// Where there is no space nothing has begun, and a node that runs waits for some.
void Judge::Left(std::uint64_t place, const Error& why, bool ran) {
  const SystemScope system;
  const std::string told = "node " + std::to_string(place + 1) + ": " + why.ToString();
  simulation_.Trace("node.left", told);
  if (ran && why.code() == ErrorCode::kNoSpace) simulation_.Fail("gave-up-for-space", told);
  Died(place);
}

// What it has applied durably stands for the log up to there: whoever looks at it later wants no
// more.
void Judge::Started(std::uint64_t place, const raft::Core& core) {
  Node& node = nodes_[place];
  if (node.has_lost_log) {
    simulation_.Fail("started-on-an-empty-disk",
                     "node " + std::to_string(place + 1) +
                         " had a log, has another disk without one, and takes part");
  }
  const LogIndex applied = core.applied();
  oracle::RaftRecovery found{.term = Said(core.term()),
                             .applied = Said(applied),
                             .is_state_lost = core.state_lost(),
                             .is_damaged = std::exchange(node.was_damaged, false) || node.damaged};
  if (core.vote() != raft::NodeId{}) found.vote = oracle::RaftNode(core.vote().value);
  node.watched = true;
  calls_[place].Begin();
  node.unsaid.clear();
  node.applied = applied;
  if (applied != LogIndex{}) {
    const auto term = core.log().TermAt(applied);
    BEACH_CHECK(term.has_value());
    found.base = oracle::RaftBase{.index = Said(applied),
                                  .term = Said(*term),
                                  .configuration = Said(core.configurations().At(applied))};
    if (applied > watch_.committed()) {
      simulation_.Fail("applied-unknown",
                       "node " + std::to_string(place + 1) + " holds all up to index " +
                           std::to_string(applied.value) + ", which nobody has committed");
    }
  }
  for (LogIndex index = applied.Next(); index <= core.log().last(); index = index.Next()) {
    found.entries.push_back(Said(core.log().tail().At(index)));
  }
  if (core.state_lost()) node.applied = {};
  node.incomplete = core.state_lost() || !core.log().whole();
  watch_.Started(place, core, found);
}

void Judge::DiskIsEmpty(std::uint64_t place) {
  nodes_[place].has_lost_log = nodes_[place].has_log;
  nodes_[place].excused = true;
}

void Judge::LogIsMade(std::uint64_t place) {
  const SystemScope system;
  nodes_[place].has_log = true;
}

void Judge::Applied(std::uint64_t place, const raft::Entry& entry, ByteView answer) {
  Node& node = nodes_[place];
  BEACH_CHECK_EQ(entry.index.value, node.applied.value + 1);
  node.applied = entry.index;
  watch_.Applied(place, entry, StateAt(entry.index, entry.term));
  const std::uint64_t told = oracle::HashOfBytes(0, answer);
  if (answers_.emplace(entry.index, told).first->second == told) return;
  simulation_.Fail("answers-differ", "node " + std::to_string(place + 1) + " answers entry " +
                                         std::to_string(entry.index.value) +
                                         " otherwise than who applied it first");
}

void Judge::Installed(std::uint64_t place, const raft::SnapshotMeta& meta,
                      const raft::DiskLogRange& log) {
  Node& node = nodes_[place];
  BEACH_SOMETIMES("cluster.snapshot_installed", true);
  BEACH_SOMETIMES("cluster.state_fetched_anew", node.applied == LogIndex{} && node.incomplete);
  node.applied = meta.index;
  const oracle::RaftBase base{.index = Said(meta.index),
                              .term = Said(meta.term),
                              .configuration = Said(meta.configuration)};
  watch_.LogReplaced(place, base, log.base, log.last);
  watch_.SnapshotInstalled(place, base, StateAt(meta.index, meta.term));
}

void Judge::LookAtCalls(std::uint64_t place, std::uint64_t now_ns) {
  const SystemScope system;
  ExpectOfCalls(place, calls_[place].Look(now_ns));
}

void Judge::ExpectOfCalls(std::uint64_t place, const oracle::Judgement& judgement) {
  if (!judgement) return;
  simulation_.Fail(judgement->rule,
                   "on node " + std::to_string(place + 1) + " " + judgement->message);
}

void Judge::LookAtMembers(const raft::Core& core) {
  if (core.role() != raft::Role::kLeader || core.commit() <= members_at_) return;
  members_at_ = core.commit();
  members_ = core.configurations().At(core.commit());
}

bool Judge::IsExpected(std::uint64_t place) const {
  return !nodes_[place].excused && members_.IsMember(NodeOf(place));
}

bool Judge::AllApplied() const {
  for (std::uint64_t place = 0; place < nodes_.size(); ++place) {
    if (!IsExpected(place)) continue;
    if (IsGone(place) || nodes_[place].applied < watch_.committed()) return false;
  }
  return true;
}

std::string Judge::AppliedText() const {
  std::string text = "committed " + std::to_string(watch_.committed().value);
  for (std::uint64_t place = 0; place < nodes_.size(); ++place) {
    text += ", node " + std::to_string(place + 1) +
            (IsGone(place) ? " is gone" : " " + std::to_string(nodes_[place].applied.value));
  }
  return text;
}

void Judge::Misused(std::uint64_t place, const std::string& what) {
  const SystemScope system;
  simulation_.Fail("machine-misused", "on node " + std::to_string(place + 1) + " " + what);
}

void Judge::Digest(std::uint64_t place, LogIndex index, std::uint64_t digest) {
  const SystemScope system;
  if (machine_digests_.emplace(index, digest).first->second == digest) return;
  simulation_.Fail("digests-differ", "node " + std::to_string(place + 1) +
                                         " has another digest of what was applied up to index " +
                                         std::to_string(index.value) + " than was seen before");
}

void Judge::Contents(std::uint64_t place, LogIndex index, std::uint64_t digest) {
  const SystemScope system;
  nodes_[place].contents = {.index = index, .digest = digest};
}

void Judge::ExpectEqualContents() const {
  std::map<LogIndex, std::uint64_t> first;  // at each index, the place
  for (std::uint64_t place = 0; place < nodes_.size(); ++place) {
    const Node& node = nodes_[place];
    if (!node.contents) continue;  // it was struck and left out
    const auto [other, is_first] = first.emplace(node.contents->index, place);
    if (is_first || nodes_[other->second].contents->digest == node.contents->digest) continue;
    simulation_.Fail("replicas-differ", "nodes " + std::to_string(other->second + 1) + " and " +
                                            std::to_string(place + 1) + " have applied " +
                                            std::to_string(node.contents->index.value) +
                                            " entries, and hold different data");
  }
}

// --- Clients.

void Judge::Called(std::uint64_t client, oracle::ClientOperation operation) {
  const SystemScope system;
  Forget(client);
  operation.client = client;
  operation.called_at = simulation_.Now();
  watch_.told().Asked(operation);
  asked_[client] = std::move(operation);
}

void Judge::DoneAt(std::uint64_t client, std::uint64_t index) {
  const SystemScope system;
  const auto [other, is_first] = done_by_.emplace(index, client);
  if (is_first) return;
  simulation_.Fail("answer-of-another", "clients " + std::to_string(other->second) + " and " +
                                            std::to_string(client) + " are both told that entry " +
                                            std::to_string(index) + " is theirs");
}

void Judge::Returned(std::uint64_t client, oracle::ClientOperation operation) {
  const SystemScope system;
  BEACH_CHECK(asked_[client].has_value());
  operation.client = client;
  operation.called_at = asked_[client]->called_at;
  operation.returned_at = simulation_.Now();
  asked_[client].reset();
  watch_.told().Answered(operation);
  if (operation.answered()) ++answered_;
  history_.push_back(std::move(operation));
  simulation_.CountOperation();
}

void Judge::Refused(std::uint64_t client) {
  const SystemScope system;
  watch_.told().Refused(client);
  asked_[client].reset();
}

// Who asked has died, or died with the node that it asked.
void Judge::Forget(std::uint64_t client) {
  if (asked_[client]) history_.push_back(*std::exchange(asked_[client], std::nullopt));
}

// A client that has given up asks on under another name: its last request may take effect later.
void Judge::ExpectLinearizable() {
  for (std::uint64_t client = 0; client < plan_.clients; ++client) Forget(client);
  std::vector<std::uint64_t> names(plan_.clients);
  for (std::uint64_t client = 0; client < plan_.clients; ++client) names[client] = client;
  std::uint64_t next = plan_.clients;
  for (oracle::ClientOperation& operation : history_) {
    std::uint64_t& name = names[operation.client];
    operation.client = name;
    if (!operation.answered()) name = next++;
  }
  const auto misuse = oracle::FindMisuse(history_);
  BEACH_CHECK(!misuse);
  const oracle::LinearReport report = oracle::CheckLinearizable(history_, kLimits);
  BEACH_SOMETIMES("cluster.history_undecided", report.verdict == oracle::LinearVerdict::kUndecided);
  if (report.violation) simulation_.Fail(report.violation->rule, report.violation->message);
}

}  // namespace beach::sim::scenarios::cluster
