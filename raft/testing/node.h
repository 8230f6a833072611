// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "raft/core.h"

namespace beach::raft::testing {

// What a node's state machine is after an entry: a digest of all it applied.
struct State {
  LogIndex index;
  Term term;
  std::uint64_t digest = 0;
  LogIndex configuration_index;
  Configuration configuration;

  void Apply(const Entry& entry);
  SnapshotMeta meta() const;
};

// A snapshot on its way: InstallSnapshot names it by (from, id).
struct Transfer {
  NodeId from;
  NodeId to;
  SnapshotId id;
  State state;
};

// A core with what a driver gives it: a disk that does its work when it is told to and loses what
// it has not done in a crash, a state machine, a place for snapshots. What the core says comes back
// to whoever owns the node.
class Node {
 public:
  Node(const Options& options, const Configuration& configuration);

  // From what is on disk.
  void Start(std::uint64_t now_ns);
  // The disk does its next piece of work, and the core does not hear of it: a crash comes first.
  void FinishUnreported();
  // Of the work that the disk has not reported, the first `done` pieces are there all the same, and
  // of the next one `entries` of its entries.
  void Crash(std::size_t done, std::size_t entries);
  bool up() const { return core_ != nullptr; }
  Core& core() { return *core_; }
  const Core& core() const { return *core_; }

  // Takes the core's output.
  void Pump(std::uint64_t now_ns);

  std::size_t disk_work() const { return disk_work_.size(); }
  void FinishDiskWork(std::uint64_t now_ns);
  std::size_t apply_work() const { return apply_.size(); }
  void ApplyOne(std::uint64_t now_ns);
  std::size_t loads() const { return loads_.size(); }
  void AnswerLoad(std::uint64_t now_ns);
  // What is applied is durable from now on; the log is dropped up to `log_kept` before it.
  void Flush();
  void Compact(LogIndex upto);
  // The next one that the core asked for and that the state machine has come to.
  std::optional<Transfer> PinSnapshot(std::uint64_t now_ns);
  std::size_t snapshots_to_send() const { return to_send_.size(); }
  void Receive(std::uint64_t now_ns, const Transfer& transfer);
  // What the core waits for.
  const std::optional<SnapshotToReceive>& wanted() const { return to_receive_; }

  const State& state() const { return state_; }
  const State& flushed() const { return flushed_; }
  // Of the log on disk.
  LogIndex disk_base() const { return base_; }
  LogIndex disk_last() const { return base_ + entries_.size(); }
  Term disk_base_term() const { return base_term_; }
  // REQUIRES: above the base, and there.
  Term disk_term(LogIndex index) const { return entries_[index.value - base_.value - 1].term; }
  const std::vector<Entry>& disk_entries() const { return entries_; }
  const HardState& disk_hard_state() const { return hard_state_; }

  // As no disk may: the last entry is gone. False: there is none. REQUIRES: down.
  bool LoseLastEntry();
  // Damage, as it is found at a start. False: the entry is not there. REQUIRES: down.
  bool LoseEntry(LogIndex index);
  // All of the state machine. False: there is none. REQUIRES: down.
  bool LoseState();
  bool state_lost() const { return state_lost_; }
  // REQUIRES: above the base, and there.
  bool IsLost(LogIndex index) const {
    return entries_[index.value - base_.value - 1].kind == EntryKind::kLost;
  }
  bool IsDamaged() const;
  // Whether another node can have the entry from here.
  bool CanGive(LogIndex index, Term term) const;

  // Said by the core since the owner looked.
  std::vector<Message> messages;
  std::vector<ReadAnswer> reads;
  std::vector<ProposalFate> fates;
  std::vector<Event> events;
  std::vector<Entry> applied;
  bool installed = false;    // a snapshot took the state's place
  bool suffix_kept = false;  // and the log went on behind it

 private:
  struct DiskWork {
    Persist persist;
    std::optional<LogReplacement> replacement;
    State state;  // of the replacement
  };
  void Do(const DiskWork& work);
  void Write(const Persist& persist, std::size_t entries_max);
  void Replace(const LogReplacement& replacement, const State& state);
  void TakeReceived(std::uint64_t now_ns);

  Options options_;
  Configuration first_;
  std::uint64_t starts_ = 0;
  std::unique_ptr<Core> core_;
  Output output_;

  // Disk.
  HardState hard_state_;
  LogIndex base_;
  Term base_term_;
  std::vector<Entry> entries_;  // from base_ on
  State flushed_;
  bool state_lost_ = false;
  std::vector<StoredRun> TermsUpTo(LogIndex index) const;

  // Memory.
  std::deque<DiskWork> disk_work_;
  State state_;
  std::deque<Entry> apply_;
  std::deque<LoadRequest> loads_;
  std::deque<SnapshotToSend> to_send_;
  std::optional<SnapshotToReceive> to_receive_;
  std::vector<Transfer> received_;
  State installing_;
};

}  // namespace beach::raft::testing
