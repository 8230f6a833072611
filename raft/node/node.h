// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <variant>

#include "base/error.h"
#include "env/env.h"
#include "raft/core.h"
#include "raft/disk/disk_log.h"
#include "raft/node/applier.h"
#include "raft/node/entry_times.h"
#include "raft/node/peers.h"
#include "raft/node/pending_calls.h"
#include "raft/node/replica.h"
#include "raft/node/snapshot_driver.h"
#include "raft/node/state_machine.h"
#include "wire/hello.h"

namespace beach::raft {

// A call on a node, as the node numbers it: in each of its lives from the beginning.
using CallId = std::variant<RequestId, ReadContext>;

// Looks at a node from outside, while it runs: for oracles and tests. Called on the loop's thread;
// it may call nothing of the node.
class NodeWatcher {
 public:
  virtual ~NodeWatcher() = default;
  virtual void Started(const Core& core) = 0;
  // After each input.
  virtual void Looked(const Core& core) = 0;
  // A message has come; the core takes it next.
  virtual void Heard(const Message& message) = 0;
  // What a turn has brought; nothing of it has happened yet.
  virtual void Turned(const Core& core, const Output& output) = 0;
  // Before the core is told.
  virtual void Persisted(PersistId id) = 0;
  virtual void Applied(const Entry& entry, ByteView answer) = 0;
  virtual void Compacted(LogIndex upto) = 0;
  // A snapshot took the place of log and state, durably, which left of the log what is said. Before
  // the core is told.
  virtual void Installed(const LogReplacement& replacement, const DiskLogRange& log) = 0;
  // A call of a client, by the node's clock, and that it is being answered.
  virtual void Asked(CallId call, std::uint64_t now_ns) = 0;
  virtual void Answered(CallId call) = 0;
};

struct NodeOptions {
  // The incarnation is the log's to say, the cluster's number that of `cluster`.
  Options core;
  wire::ClusterId cluster{};
  AddressBook addresses;    // of all nodes, this one included
  Configuration bootstrap;  // in force before the first entry: the same on all nodes
  wire::LinkOptions links;
  PendingLimits pending;
  // A call that waits longer is answered: unknown, or unanswered.
  std::uint64_t call_max_ns = 10'000'000'000;
  // How often it looks whether calls wait too long and the log may be dropped.
  std::uint64_t housekeeping_ns = 100'000'000;
  // A log larger than this asks the state machine to become durable, and is dropped as far as that
  // allows, but for the newest entries, which those who lag behind may still want: unless it is
  // twice as large.
  std::uint64_t log_bytes_max = std::uint64_t{256} << 20;
  std::uint64_t log_entries_kept = 4096;
  SnapshotOptions snapshots;
  NodeWatcher* watcher = nullptr;
};

// The number by which messages of the core name a cluster.
ClusterId ClusterNumber(const wire::ClusterId& cluster);

// A node of a cluster: gives a core its log, its state machine, its peers and its time. Of one
// loop, and on its thread; it never blocks it.
//
// When the log or the state machine fails, the node steps aside: it says nothing more, and every
// call is answered unknown or unanswered.
class Node final : public Replica {
 public:
  // `log` was opened for what `machine` holds durably, and is not started yet; both outlive the
  // node. A machine that holds nothing while the log begins later has lost its state: it is fetched
  // from the leader. Reads what of the log is not durable in the machine: blocking.
  static Result<std::unique_ptr<Node>> Start(env::Loop& loop, const env::Env& env,
                                             const NodeOptions& options, DiskLog& log,
                                             StateMachine& machine,
                                             std::function<void(const Error&)> on_failed);
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node() override;

  // From the connection of a node that was welcomed. An error: the connection is not to be kept.
  Status Received(const wire::Frame& frame, NodeId from);

  void Propose(Payload payload, ProposeDone done) override;
  void Read(ReadMode mode, ReadDone done) override;
  // On the leader alone; the outcome has no answer.
  void ProposeConfiguration(std::span<const Change> changes, ChangeMode mode, ProposeDone done);
  std::expected<void, TransferError> TransferLeadership(NodeId target);
  // Offers leadership to the voter that has most of the log, for who is about to go. False: it does
  // not lead, or there is nobody to take over.
  bool HandOver();

  NodeId id() const override { return core_.options().id; }
  NodeId leader() const override { return core_.leader(); }
  Role role() const override { return core_.role(); }
  Term term() const override { return core_.term(); }
  LogIndex commit() const override { return core_.commit(); }
  LogIndex applied() const override { return core_.applied(); }
  EntryTimes TimesOf(LogIndex index) const override { return marks_.Of(index); }
  const Core& core() const { return core_; }
  const DiskLog& log() const { return log_; }
  const StateMachine& machine() const { return machine_; }
  bool failed() const { return failed_; }

 private:
  Node(env::Loop& loop, const env::Env& env, const NodeOptions& options, const Options& core,
       DiskLog& log, StateMachine& machine, Restored restored,
       std::function<void(const Error&)> on_failed);

  std::uint64_t Now() { return clock_.MonotonicNow(); }
  // After each input. What it brings is taken at the end of the loop's turn, with that of others.
  void Look();
  void Wake();
  void Turn();
  void Take(std::uint64_t now_ns);
  void Mark(std::uint64_t now_ns);
  void Load(const LoadRequest& request);
  void Applied(std::span<const Entry> entries, std::span<const Bytes> answers);
  void Persisted(PersistId id);
  void Installed(const LogReplacement& replacement);
  SnapshotDriver::Callbacks ForSnapshots();
  void SetTimer(std::uint64_t now_ns);
  void Housekeeping();
  void DropLog();
  void HandOverForSpace();
  void Report(const Event& event);
  void StepAside(const Error& error);
  RequestId Await(std::uint64_t now_ns, ProposeDone done);
  ReadContext Await(std::uint64_t now_ns, ReadDone done);
  template <class Done>
  Done Watched(std::uint64_t now_ns, CallId call, Done done) const;
  // A function of the loop's that does nothing once the node is gone.
  template <class Then>
  auto IfAlive(Then then);

  env::Loop& loop_;
  env::Clock& clock_;
  env::EventSink* const events_;  // may be null
  const NodeOptions options_;
  DiskLog& log_;
  StateMachine& machine_;
  const std::function<void(const Error&)> on_failed_;
  Core core_;
  Output output_;
  PendingCalls pending_;
  EntryMarks marks_;
  std::unique_ptr<Peers> peers_;  // none: it has stepped aside
  std::unique_ptr<Applier> applier_;
  std::unique_ptr<SnapshotDriver> snapshots_;
  env::Loop::TimerId timer_ = 0;
  std::uint64_t timer_ns_ = 0;
  env::Loop::TimerId housekeeping_ = 0;
  bool awake_ = false;
  bool failed_ = false;
  std::shared_ptr<Node*> self_;  // what is posted has it weakly
};

}  // namespace beach::raft
