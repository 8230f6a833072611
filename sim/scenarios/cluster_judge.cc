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
  }

  void Turned(const raft::Core& core, const raft::Output& output) override {
    const SystemScope system;
    judge_.watch_.Look(place_, core);
    if (output.persist.id != raft::PersistId{}) {
      judge_.nodes_[place_].unsaid.push_back(
          {.id = output.persist.id, .state = output.persist.hard_state});
    }
    for (const raft::Message& message : output.messages) judge_.watch_.Speaks(place_, message);
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

  void Installed(const raft::LogReplacement& replacement) override {
    const SystemScope system;
    judge_.Installed(place_, replacement.meta);
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
      gone_(plan.nodes, 1),
      asked_(plan.clients) {
  for (std::uint64_t place = 0; place < plan.nodes; ++place) {
    watchers_.push_back(std::make_unique<Watcher>(*this, place));
  }
}

Judge::~Judge() = default;

raft::NodeWatcher& Judge::watcher(std::uint64_t place) { return *watchers_[place]; }

// --- Nodes.

void Judge::Began(std::uint64_t place) { gone_[place] = 0; }

void Judge::Died(std::uint64_t place) {
  gone_[place] = 1;
  if (std::exchange(nodes_[place].watched, false)) watch_.Stopped(place);
}

void Judge::Left(std::uint64_t place, const std::string& why) {
  const SystemScope system;
  simulation_.Trace("node.left", "node " + std::to_string(place + 1) + ": " + why);
  Died(place);
}

// What it has applied durably stands for the log up to there: whoever looks at it later wants no
// more.
void Judge::Started(std::uint64_t place, const raft::Core& core) {
  Node& node = nodes_[place];
  const LogIndex applied = core.applied();
  oracle::RaftRecovery found{.term = Said(core.term()), .applied = Said(applied)};
  if (core.vote() != raft::NodeId{}) found.vote = oracle::RaftNode(core.vote().value);
  node.watched = true;
  node.unsaid.clear();
  node.applied = applied;
  node.digest = 0;
  if (applied != LogIndex{}) {
    const auto term = core.log().TermAt(applied);
    BEACH_CHECK(term.has_value());
    found.base = oracle::RaftBase{.index = Said(applied),
                                  .term = Said(*term),
                                  .configuration = Said(core.configurations().At(applied))};
    const auto digest = digests_.find(applied);
    if (digest == digests_.end()) {
      simulation_.Fail("applied-unknown",
                       "node " + std::to_string(place + 1) + " holds all up to index " +
                           std::to_string(applied.value) + ", which nobody has applied");
    }
    node.digest = digest->second;
  }
  for (LogIndex index = applied.Next(); index <= core.log().last(); index = index.Next()) {
    found.entries.push_back(Said(core.log().tail().At(index)));
  }
  watch_.Started(place, core, found);
}

void Judge::Applied(std::uint64_t place, const raft::Entry& entry, ByteView answer) {
  Node& node = nodes_[place];
  BEACH_CHECK_EQ(entry.index.value, node.applied.value + 1);
  node.applied = entry.index;
  node.digest = oracle::HashOfBytes(node.digest ^ Mix64(Said(entry).digest), answer);
  watch_.Applied(place, entry, node.digest);
  digests_.emplace(entry.index, node.digest);
}

// What it holds from then on is what whoever applied that entry had.
void Judge::Installed(std::uint64_t place, const raft::SnapshotMeta& meta) {
  Node& node = nodes_[place];
  const auto digest = digests_.find(meta.index);
  if (digest == digests_.end()) {
    simulation_.Fail("installed-unknown",
                     "node " + std::to_string(place + 1) + " has a snapshot of index " +
                         std::to_string(meta.index.value) + ", which nobody has applied");
  }
  BEACH_SOMETIMES("cluster.snapshot_installed", true);
  node.applied = meta.index;
  node.digest = digest->second;
  watch_.SnapshotInstalled(place,
                           {.index = Said(meta.index),
                            .term = Said(meta.term),
                            .configuration = Said(meta.configuration)},
                           node.digest);
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

void Judge::Digest(std::uint64_t place, LogIndex index, std::uint64_t digest) {
  const SystemScope system;
  if (machine_digests_.emplace(index, digest).first->second == digest) return;
  simulation_.Fail("digests-differ", "node " + std::to_string(place + 1) +
                                         " has another digest of what was applied up to index " +
                                         std::to_string(index.value) + " than was seen before");
}

void Judge::Contents(std::uint64_t place, std::uint64_t digest) {
  const SystemScope system;
  nodes_[place].contents = digest;
}

void Judge::ExpectEqualContents() const {
  std::map<LogIndex, std::uint64_t> first;  // at each index, the place
  for (std::uint64_t place = 0; place < nodes_.size(); ++place) {
    const Node& node = nodes_[place];
    if (!node.contents) continue;  // it was struck and left out
    const auto [other, is_first] = first.emplace(node.applied, place);
    if (is_first || nodes_[other->second].contents == node.contents) continue;
    simulation_.Fail("replicas-differ", "nodes " + std::to_string(other->second + 1) + " and " +
                                            std::to_string(place + 1) + " have applied " +
                                            std::to_string(node.applied.value) +
                                            " entries, and hold different data");
  }
}

// --- Clients.

void Judge::Called(std::uint64_t client, oracle::ClientOperation operation) {
  const SystemScope system;
  Forget(client);
  operation.client = client;
  operation.called_at = simulation_.Now();
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
  if (operation.answered()) ++answered_;
  history_.push_back(std::move(operation));
  simulation_.CountOperation();
}

void Judge::Refused(std::uint64_t client) {
  const SystemScope system;
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
