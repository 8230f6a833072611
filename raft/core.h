// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <vector>

#include "raft/configuration.h"
#include "raft/lease.h"
#include "raft/log.h"
#include "raft/message.h"
#include "raft/options.h"
#include "raft/output.h"
#include "raft/persist_queue.h"
#include "raft/progress.h"
#include "raft/proposals.h"
#include "raft/quorum.h"
#include "raft/read_rounds.h"
#include "raft/request_window.h"
#include "raft/types.h"

namespace beach::raft {

// A stretch of a log whose entries have one term.
struct StoredRun {
  Term term;
  std::uint64_t count = 0;
};

// What a start found on disk.
struct Restored {
  HardState hard_state;
  LogIndex base;  // the last entry that the log no longer has
  Term base_term;
  LogIndex applied;                      // durably; base or above
  std::vector<StoredRun> applied_terms;  // of (base, applied]
  std::vector<Entry> entries;            // all above `applied`, lost ones among them
  // The state machine has lost what was applied up to the base, and `applied` is the base all the
  // same: a snapshot has to come before anything is applied.
  bool state_lost = false;
  // In force at `applied`, and the index of its entry.
  LogIndex configuration_index;
  Configuration configuration;
};

enum class ReadMode : std::uint8_t {
  kRound,  // a majority confirms the leader (6.4): no clock matters
  kLease,  // at once while the lease lasts, else by a round (6.4.1)
};
enum class ChangeMode : std::uint8_t {
  kSimple,  // one voter at a time (4.1)
  kJoint,   // through a joint configuration, which the leader leaves by itself (4.3)
  kJointAndStay,
  kLeaveJoint,
};
enum class TransferError : std::uint8_t { kNotLeader, kNotVoter, kTransferring };

// One node's part of Raft: a state machine without I/O, clock, thread or randomness of its own. A
// driver feeds it inputs, each with the node's monotonic time, and takes its output after one or
// several of them; what they brought leaves in one message to each node. Not thread-safe.
//
// An input is trusted where it is the driver's own: a broken rule stops the process. A message is
// not: what cannot be is ignored, with an event.
class Core {
 public:
  // `restored.entries` and configuration are sound; a decoder has judged them.
  Core(const Options& options, Restored restored, std::uint64_t now_ns);

  // --- Inputs.

  void Step(std::uint64_t now_ns, Message&& message);
  // Nothing happens before NextDeadlineNs; a tick at any other time does no harm.
  void Tick(std::uint64_t now_ns);
  std::uint64_t NextDeadlineNs() const;

  // To the log, or to the leader, whose log it enters once at most. `request` comes back with its
  // fate, unless it is refused here. Exactly once is for sessions of the state machine.
  std::expected<Proposed, ProposeError> Propose(std::uint64_t now_ns, Payload payload,
                                                RequestId request);
  // On the leader alone.
  std::expected<Proposed, ProposeError> ProposeConfiguration(std::uint64_t now_ns,
                                                             std::span<const Change> changes,
                                                             ChangeMode mode, RequestId request);
  // Answered by Output::reads: granted once what it must see is applied here.
  std::expected<void, ReadError> Read(std::uint64_t now_ns, ReadContext context, ReadMode mode);
  std::expected<void, TransferError> TransferLeadership(std::uint64_t now_ns, NodeId target);

  // All work of Output::persist up to this id is durable.
  void Persisted(std::uint64_t now_ns, PersistId id);
  // The state machine has applied all up to `index` of what it was handed.
  void Applied(std::uint64_t now_ns, LogIndex index);
  // The log has been dropped up to `index`, which the state machine holds durably.
  void Compacted(LogIndex index);
  // The answer to a LoadRequest: entries from `first` on, as many as there are and are not lost.
  void Loaded(std::uint64_t now_ns, NodeId peer, LogIndex first, std::vector<Entry>&& entries);

  // The snapshot to be sent is this one. Its bytes may leave.
  void SnapshotPinned(std::uint64_t now_ns, NodeId peer, SnapshotId id, const SnapshotMeta& meta);
  // Its bytes have all arrived; the follower installs it, or has.
  void SnapshotSent(NodeId peer, SnapshotId id);
  void SnapshotFailed(NodeId peer, SnapshotId id);
  // All bytes of an Output::snapshot_to_receive are here and durable. False: nobody wants them now.
  bool SnapshotReceived(std::uint64_t now_ns, NodeId from, SnapshotId id);
  void SnapshotReceiveFailed(std::uint64_t now_ns, NodeId from, SnapshotId id);
  // An Output::replace_log is done and durable, state machine and log.
  void SnapshotInstalled(std::uint64_t now_ns, SnapshotId install);

  // --- Output. What `output` held is gone.

  void TakeOutput(std::uint64_t now_ns, Output& output);

  // --- What is seen of it.

  const Options& options() const { return options_; }
  Role role() const { return role_; }
  Term term() const { return term_; }
  NodeId vote() const { return vote_; }
  NodeId leader() const { return leader_; }
  const Log& log() const { return log_; }
  LogIndex durable() const { return storage_.durable(); }
  LogIndex commit() const { return commit_; }
  LogIndex applied() const { return applied_; }
  const ConfigurationHistory& configurations() const { return configurations_; }
  const Configuration& configuration() const { return configurations_.current(); }
  std::span<const Progress> progress() const { return progress_; }  // of a leader; by id
  NodeId transfer_target() const { return transfer_.target; }
  bool LeaseValid(std::uint64_t now_ns) const;
  std::uint64_t uncommitted_bytes() const;
  std::uint64_t held_messages() const { return held_.size(); }
  // Nothing is applied before a snapshot has come.
  bool state_lost() const { return state_lost_; }

  // All that must hold between two inputs; stops the process if it does not.
  void CheckInvariants() const;

 private:
  struct Held {
    PersistId after;
    Message message;
  };
  struct Ballot {
    NodeId node;
    Vote vote = Vote::kPending;
  };
  struct Transfer {
    NodeId target;  // 0: none is under way
    std::uint64_t deadline_ns = 0;
    bool asked = false;  // TimeoutNow has been sent
  };
  struct GrantedRead {
    ReadContext context;
    LogIndex index;
  };
  struct Receiving {  // a snapshot
    NodeId from;
    Term term;
    SnapshotId id;
    SnapshotMeta meta;
  };
  struct Fetching {  // entries are loaded for a node that has lost them
    NodeId node;
    LogIndex first;
  };
  struct Origin {  // of forwarded proposals
    NodeId node;
    RequestWindow seen;
  };

  // core.cc
  void Restore(Restored& restored);
  void TickLeader(std::uint64_t now_ns);
  bool TakesTerm(std::uint64_t now_ns, const Message& message);
  void AnswerStale(const Message& message);
  void Send(NodeId to, Body body, PersistId after = {});
  void ReleaseHeld();
  void Tell(EventKind kind, Reason reason, NodeId node = {}, LogIndex index = {});
  void SetTerm(Term term, NodeId vote);
  void HandOutCommitted();

  // elect.cc
  bool LeaderIsLive(std::uint64_t now_ns) const;
  void DrawElectionTimeout(std::uint64_t now_ns);
  void RestartElectionTimer(std::uint64_t now_ns);
  void BecomeFollower(std::uint64_t now_ns, Term term, NodeId leader, Reason reason);
  void LeaveRole(Reason reason);
  bool FollowLeader(std::uint64_t now_ns, NodeId leader);
  bool MayCampaign() const;
  void CampaignPreVote(std::uint64_t now_ns, Reason reason);
  void Campaign(std::uint64_t now_ns, Reason reason, bool transfer);
  void BecomeLeader(std::uint64_t now_ns);
  void BeginBallots();
  void CountOwnVote(std::uint64_t now_ns);
  void CountBallot(std::uint64_t now_ns, NodeId node, bool granted);
  void On(std::uint64_t now_ns, NodeId from, Term term, PreVote& request);
  void On(std::uint64_t now_ns, NodeId from, Term term, PreVoteReply& reply);
  void On(std::uint64_t now_ns, NodeId from, Term term, RequestVote& request);
  void On(std::uint64_t now_ns, NodeId from, Term term, VoteReply& reply);
  void CheckQuorum(std::uint64_t now_ns);

  // replicate.cc: a leader's side
  Progress* Find(NodeId node);
  const Progress* Find(NodeId node) const;
  void ResetProgress(std::uint64_t now_ns);
  LogIndex AppendOwn(std::uint64_t now_ns, EntryKind kind, Payload payload);
  void SendAppends(Progress& peer);
  void SendAppend(Progress& peer, std::vector<Entry>&& entries, std::uint64_t bytes);
  void BroadcastHeartbeat(std::uint64_t now_ns);
  void AskForSnapshot(Progress& peer);
  void RequestLoad(Progress& peer);
  void On(std::uint64_t now_ns, NodeId from, Term term, AppendReply& reply);
  void On(std::uint64_t now_ns, NodeId from, Term term, HeartbeatReply& reply);

  // follow.cc: a follower's side
  void On(std::uint64_t now_ns, NodeId from, Term term, Append& request);
  void On(std::uint64_t now_ns, NodeId from, Term term, Heartbeat& request);
  bool WellFormed(const Append& request, Term term) const;
  bool Merge(std::uint64_t now_ns, NodeId from, std::vector<Entry>& entries);
  void Truncate(NodeId from_node, LogIndex from);
  void Refuse(NodeId from, const Append& request);

  // commit.cc
  void AdvanceCommit(std::uint64_t now_ns);
  void CommitTo(LogIndex index);
  bool CommittedInTerm() const;
  void AfterLeaderCommit(std::uint64_t now_ns);

  // propose.cc
  std::optional<ProposeError> Admit(std::uint64_t bytes) const;
  std::expected<Proposed, ProposeError> Forward(std::uint64_t now_ns, Payload payload,
                                                RequestId request);
  RequestWindow* WindowOf(NodeId origin);
  void LoseForwarded();
  void ExpireForwarded(std::uint64_t now_ns);
  ForwardId NextForward();
  void On(std::uint64_t now_ns, NodeId from, Term term, ProposeForward& request);
  void On(std::uint64_t now_ns, NodeId from, Term term, ProposeForwardReply& reply);

  // read.cc
  void AnswerRead(const PendingRead& read);
  void RefuseRead(const PendingRead& read);
  void Grant(ReadContext context, LogIndex index);
  void GrantApplied();
  void ResolveRounds();
  void RefuseReads();
  void On(std::uint64_t now_ns, NodeId from, Term term, ReadForward& request);
  void On(std::uint64_t now_ns, NodeId from, Term term, ReadForwardReply& reply);

  // reconfigure.cc
  std::optional<ProposeError> MayChange() const;
  ChangeResult Changed(std::span<const Change> changes, ChangeMode mode) const;
  void ConfigurationAppended(std::uint64_t now_ns, LogIndex index, Configuration configuration);
  void MatchProgressToMembers(std::uint64_t now_ns, LogIndex index);
  void LeaveJointIfDue(std::uint64_t now_ns);
  void StepDownIfRemoved(std::uint64_t now_ns);

  // repair.cc
  void AskForLost();
  void FillFrom(std::vector<Entry>& entries);
  void AnswerFetch(NodeId node, LogIndex first, std::vector<Entry>&& entries);
  void Give(NodeId to, LogIndex first, LogIndex last);
  void HandOn(NodeId candidate, LogEnd end);
  bool MayTakeOver(const FetchReply& reply) const;
  void On(std::uint64_t now_ns, NodeId from, Term term, Fetch& request);
  void On(std::uint64_t now_ns, NodeId from, Term term, FetchReply& reply);

  // transfer.cc
  void AskToCampaign(const Progress& peer);
  void EndTransfer(Reason reason);
  void EndTransferIfDue(std::uint64_t now_ns);
  void On(std::uint64_t now_ns, NodeId from, Term term, TimeoutNow& request);

  // snapshot.cc
  void BeginSnapshot(Progress& peer);
  bool IsHeld(const SnapshotMeta& meta) const;
  Progress* AwaitsSnapshot(NodeId peer, SnapshotId id);
  void AnswerSnapshot(NodeId to, SnapshotId id, SnapshotReplyKind kind, LogIndex index);
  void On(std::uint64_t now_ns, NodeId from, Term term, InstallSnapshot& request);
  void On(std::uint64_t now_ns, NodeId from, Term term, InstallSnapshotReply& reply);

  const Options options_;

  Role role_ = Role::kFollower;
  Term term_;
  NodeId vote_;
  NodeId leader_;

  Log log_;
  PersistQueue storage_;
  ConfigurationHistory configurations_;
  LogIndex commit_;
  LogIndex handed_;  // to be applied
  LogIndex applied_;

  // Follower and candidate.
  std::uint64_t election_timeout_ns_ = 0;  // as drawn, in [T, 2T)
  std::uint64_t election_deadline_ns_ = 0;
  // When a leader was last heard of; the start counts, since what an earlier life heard is unknown.
  std::uint64_t leader_heard_ns_ = 0;
  std::uint64_t timeouts_drawn_ = 0;
  RoundId pre_vote_round_;
  std::vector<Ballot> ballots_;
  Forwards<RequestId> forwarded_;
  Forwards<ReadContext> forwarded_reads_;
  std::uint64_t forward_counter_ = 0;
  std::optional<Receiving> receiving_;
  std::optional<LogReplacement> installing_;
  bool state_lost_ = false;
  std::vector<Fetching> fetches_;
  SnapshotId last_install_;

  // Leader; anew with each leadership.
  std::vector<Progress> progress_;  // by id
  std::uint64_t heartbeat_deadline_ns_ = 0;
  RoundId timed_round_;  // the last that was due, not asked for by a read
  ReadRounds rounds_;
  Lease lease_;
  Transfer transfer_;
  std::vector<Origin> origins_;  // by id
  SnapshotId last_snapshot_;

  Proposals proposals_;
  Ring<GrantedRead> granted_;  // until they are applied here; indexes do not fall
  std::vector<Held> held_;
  Output output_;
};

}  // namespace beach::raft
