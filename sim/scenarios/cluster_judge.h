// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "oracle/history.h"
#include "raft/node/node.h"
#include "sim/scenarios/call_watch.h"
#include "sim/scenarios/cluster_plan.h"
#include "sim/scenarios/raft_watch.h"
#include "sim/simulation.h"

namespace beach::sim::scenarios::cluster {

// What outlives the processes of a cluster: looks at their cores, keeps what clients asked and were
// told, and judges both. Nodes are named by place, from 0. Each function opens a SystemScope where
// a process may call it.
class Judge {
 public:
  Judge(Simulation& simulation, const Plan& plan);
  ~Judge();

  // --- Nodes.

  // For that node's lives, all of them.
  raft::NodeWatcher& watcher(std::uint64_t place);
  void Began(std::uint64_t place);
  // Killed, or without power.
  void Died(std::uint64_t place);
  // Its process ended by itself: it could not start, or stepped aside.
  void Left(std::uint64_t place, const Error& why, bool ran);
  bool IsGone(std::uint64_t place) const { return gone_[place] != 0; }
  // Nobody waits for it any more: it is left out at the end.
  void Excuse(std::uint64_t place) { nodes_[place].excused = true; }
  bool IsExcused(std::uint64_t place) const { return nodes_[place].excused; }
  void LogIsDamaged(std::uint64_t place) { nodes_[place].damaged = true; }
  // Another disk is in its place: it must not take part again.
  void DiskIsEmpty(std::uint64_t place);
  // Its log was made, some time: it may only be opened.
  void LogIsMade(std::uint64_t place);
  bool HasLog(std::uint64_t place) const { return nodes_[place].has_log; }
  // Entries are lost, or all of its state machine.
  bool IsIncomplete(std::uint64_t place) const { return nodes_[place].incomplete; }
  // All nodes that belong to the cluster have applied all that any has committed.
  bool AllApplied() const;
  std::string AppliedText() const;
  // Its driver does what it may not.
  void Misused(std::uint64_t place, const std::string& what);
  // Of its state machine, at an index.
  void Digest(std::uint64_t place, raft::LogIndex index, std::uint64_t digest);
  // Now and then, by its clock.
  void LookAtCalls(std::uint64_t place, std::uint64_t now_ns);
  // All that a node's state machine holds, when the run ends.
  void Contents(std::uint64_t place, raft::LogIndex index, std::uint64_t digest);
  void ExpectEqualContents() const;

  // --- Operators.

  // What is to be ordered by whoever leads; nothing: nothing, or it has been done.
  void Give(const Blow& order) { order_ = order; }
  const std::optional<Blow>& order() const { return order_; }
  void OrderDone() { order_.reset(); }

  // --- Clients.

  // What it asks for. Until it is answered, it may take effect at any time.
  void Called(std::uint64_t client, oracle::ClientOperation operation);
  // The answer names the entry that did it: no other write can have it.
  void DoneAt(std::uint64_t client, std::uint64_t index);
  // As the client saw it; without an answer: it gave up.
  void Returned(std::uint64_t client, oracle::ClientOperation operation);
  // It was told that it never takes effect.
  void Refused(std::uint64_t client);
  void ClientDone() { ++clients_done_; }
  std::uint64_t clients_done() const { return clients_done_; }
  std::uint64_t answered() const { return answered_; }
  void ExpectLinearizable();

  // Nothing goes wrong any more.
  bool calm = false;
  // The processes are to end.
  bool stop = false;

 private:
  class Watcher;
  struct HeldAtEnd {  // by a state machine, which has applied all up to `index`
    raft::LogIndex index;
    std::uint64_t digest = 0;
  };
  struct Node {
    raft::LogIndex applied;
    struct Unsaid {
      raft::PersistId id;
      std::optional<raft::HardState> state;
    };
    std::deque<Unsaid> unsaid;  // handed to the log
    bool watched = false;       // its core runs
    bool excused = false;
    bool damaged =
        false;  // its log, since a process of it began last: that may have read it before
    bool was_damaged = false;  // before that, and nobody has started on it since
    bool has_log = false;
    bool has_lost_log = false;
    bool incomplete = false;
    std::optional<HeldAtEnd> contents;
  };

  void Started(std::uint64_t place, const raft::Core& core);
  void LookAtMembers(const raft::Core& core);
  bool IsExpected(std::uint64_t place) const;
  void Forget(std::uint64_t client);
  void Applied(std::uint64_t place, const raft::Entry& entry, ByteView answer);
  void Installed(std::uint64_t place, const raft::SnapshotMeta& meta,
                 const raft::DiskLogRange& log);
  void ExpectOfCalls(std::uint64_t place, const oracle::Judgement& judgement);

  Simulation& simulation_;
  const Plan& plan_;
  RaftWatch watch_;
  std::vector<Node> nodes_;
  std::vector<CallWatch> calls_;  // by node
  std::vector<std::uint8_t> gone_;
  std::vector<std::unique_ptr<Watcher>> watchers_;
  std::map<raft::LogIndex, std::uint64_t> answers_;  // hashes: to each entry, of whoever was first
  // In force at the greatest index that a leader has committed.
  raft::LogIndex members_at_;
  raft::Configuration members_;
  std::optional<Blow> order_;
  std::map<raft::LogIndex, std::uint64_t> machine_digests_;  // as their machines say
  std::map<std::uint64_t, std::uint64_t> done_by_;           // index to client
  std::vector<oracle::ClientOperation> history_;
  std::vector<std::optional<oracle::ClientOperation>> asked_;  // by client
  std::uint64_t clients_done_ = 0;
  std::uint64_t answered_ = 0;
};

}  // namespace beach::sim::scenarios::cluster
