// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/bytes.h"
#include "raft/core.h"
#include "raft/node/entry_times.h"
#include "raft/output.h"
#include "raft/types.h"

namespace beach::raft {

// How a proposal ended, for whoever made it.
struct Outcome {
  Fate fate = Fate::kUnknown;
  ProposeError error{};  // of a refused one
  LogIndex index;        // of a committed one, which is applied here:
  Bytes answer;          // what the state machine said
};

// A node of a cluster, as those see it who serve clients. Of one loop, and on its thread.
class Replica {
 public:
  using ProposeDone = std::function<void(const Outcome&)>;
  using ReadDone = std::function<void(std::optional<ReadError>)>;

  virtual ~Replica() = default;

  // Here or by way of the leader. `done` is called once, never from inside this call; not at all
  // when the node goes first.
  virtual void Propose(Payload payload, ProposeDone done) = 0;
  // With no error: whatever was acknowledged by any node before the call is applied here.
  virtual void Read(ReadMode mode, ReadDone done) = 0;

  virtual NodeId id() const = 0;
  virtual NodeId leader() const = 0;  // 0: none is known
  virtual Role role() const = 0;
  virtual Term term() const = 0;
  virtual LogIndex commit() const = 0;
  virtual LogIndex applied() const = 0;
  // Of an entry that an outcome has named, soon after.
  virtual EntryTimes TimesOf(LogIndex index) const = 0;
};

}  // namespace beach::raft
