// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/bytes.h"
#include "base/error.h"
#include "env/env.h"
#include "raft/core.h"
#include "raft/disk/disk_log.h"
#include "raft/node/applier.h"
#include "raft/node/state_machine.h"
#include "raft/transfer/helper.h"
#include "raft/transfer/receiver.h"
#include "raft/transfer/sender.h"
#include "wire/link.h"

namespace beach::raft {

struct SnapshotOptions {
  SnapshotSenderOptions sender;
  SnapshotReceiverOptions receiver;  // without a directory none are received

  // That may be queued for one node at once.
  std::uint64_t BulkBytes() const;
};

// A node's snapshots: sends and receives them for its core, and installs them. Of one loop, and on
// its thread; what blocks is done on one of its own.
//
// An install takes three steps, each when the one before is done: the applier is idle, and what it
// was handed is void; the state machine has the snapshot, durably; the log begins behind it. A
// crash before the second leaves all as it was. One before the third leaves a log that ends before
// the snapshot, or has it inside: the next start drops what the snapshot holds (DiskLog::Open).
class SnapshotDriver {
 public:
  // None of them may destroy the driver. All but the first two may follow an input to the core.
  struct Callbacks {
    std::function<bool(NodeId)> is_up;
    // False: it cannot be sent now, and is dropped.
    std::function<bool(NodeId to, wire::Lane lane, ByteView payload)> send;
    std::function<void()> on_input;  // the core was told something, or Look is wanted
    // Durable, state machine and log; the core is not told yet.
    std::function<void(const LogReplacement&)> on_installed;
    std::function<void(const Error&)> on_failed;
  };

  // All that it is given outlives it.
  SnapshotDriver(env::Loop& loop, const env::Env& env, const SnapshotOptions& options, Core& core,
                 StateMachine& machine, Applier& applier, DiskLog& log, Callbacks callbacks);
  SnapshotDriver(const SnapshotDriver&) = delete;
  SnapshotDriver& operator=(const SnapshotDriver&) = delete;
  // Waits for the work under way.
  ~SnapshotDriver();

  // Before the core's output is taken.
  void Look();
  // Of an output: what it says of snapshots.
  void Take(const Output& output, std::uint64_t now_ns);
  // kCorruption: no frame of a transfer.
  Status Received(ByteView payload, NodeId from);
  void LinkUp(NodeId node) { sender_.LinkUp(node); }

  bool installing() const { return installing_; }

 private:
  SnapshotSender::Callbacks ForSender();
  SnapshotReceiver::Callbacks ForReceiver();
  void Install(const LogReplacement& replacement);
  void ReplaceLog(const LogReplacement& replacement, const Status& installed);
  void AwaitSpace(const LogReplacement& replacement);
  void Finish(const LogReplacement& replacement);

  env::Loop& loop_;
  env::Clock& clock_;
  Core& core_;
  StateMachine& machine_;
  Applier& applier_;
  DiskLog& log_;
  const Callbacks callbacks_;
  const bool receives_;
  bool installing_ = false;
  std::unique_ptr<ThreadHelper> helper_;  // goes first
  SnapshotSender sender_;
  SnapshotReceiver receiver_;
  std::shared_ptr<SnapshotDriver*> self_;  // what others call later has it weakly
};

}  // namespace beach::raft
