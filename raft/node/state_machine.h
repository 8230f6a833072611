// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "raft/configuration.h"
#include "raft/message.h"
#include "raft/transfer/snapshot_store.h"
#include "raft/types.h"

namespace beach::raft {

// What the log is for, as its node sees it: applies entries in order, each node the same ones, and
// makes them durable when it likes. What it is after an entry is a function of the entries up to
// there.
class StateMachine : public SnapshotStore {
 public:
  // The newest entry whose effect, with that of all before it, survives a power loss, and the
  // configuration in force there. Any thread.
  virtual SnapshotMeta durable() const = 0;

  // Applies the entries from the front, in order, all kinds: those that change nothing move its
  // place too. Returns how many. It stops before the first that there is no space for, and without
  // `may_block` before the first that cannot be had from memory alone, having done nothing of it:
  // it may be handed in again. `answers` gets one more for each that is applied, empty where there
  // is nothing to say. Any failure is for good: the node steps aside.
  // One caller at a time; reads may run beside it.
  virtual Result<std::size_t> Apply(std::span<const Entry> entries, bool may_block,
                                    std::vector<Bytes>& answers) = 0;

  // Why it can take no more, for good: what is applied will never be durable. Does not block.
  virtual Status Health() const = 0;

  // Let what is applied become durable soon: the log waits for it. Does not block.
  virtual void WantDurable() = 0;

  // Whoever has no snapshots leaves behind those who lag too far.
  Result<std::unique_ptr<PinnedSnapshot>> Pin() override {
    return Fail(ErrorCode::kUnsupported, "this state machine has no snapshots");
  }
  Status Check(ByteView, const std::vector<std::string>&) override {
    return Fail(ErrorCode::kUnsupported, "this state machine has no snapshots");
  }
  // Not while Apply runs; afterwards durable() is `meta`. But for kNoSpace, where
  // nothing has changed and it may be called again, any failure is for good: the node steps
  // aside.
  Status Install(const SnapshotMeta&, ByteView, const std::vector<std::string>&) override {
    return Fail(ErrorCode::kUnsupported, "this state machine has no snapshots");
  }
};

}  // namespace beach::raft
