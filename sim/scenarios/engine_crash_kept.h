// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>

#include "engine/sst/table_info.h"
#include "engine/stats.h"
#include "oracle/violation.h"

// What a database keeps for longer than one call: as much of it as it said, as long as somebody has
// it, and under a name that stays its own.

namespace beach::sim::scenarios::engine_crash {

// How many there may be at most while a call is made, or how much: those that there were when it
// began, and all that others have begun since. What is over by the time when it returns may not
// have been so when the database decided.
class CallWatch {
 public:
  struct Call {
    std::uint64_t size = 1;
    std::uint64_t others = 0;
    std::uint64_t begun = 0;  // it included
  };

  void Reset() { there_ = 0; }
  Call Begin(std::uint64_t size = 1) {
    begun_ += size;
    there_ += size;
    return {.size = size, .others = there_ - size, .begun = begun_};
  }
  // It has not come to be.
  std::uint64_t MostBeside(const Call& call) const { return call.others + (begun_ - call.begun); }
  void End(std::uint64_t size = 1) { there_ -= size; }
  std::uint64_t there() const { return there_; }

 private:
  std::uint64_t there_ = 0;
  std::uint64_t begun_ = 0;
};

// Rule 21 of snapshots, and what is left of them and of views when nobody reads. The memory of the
// simulation; one for a run.
class SnapshotWatch {
 public:
  explicit SnapshotWatch(std::uint64_t most) : most_(most) {}

  void BeginProcess() {
    begun_.Reset();
    held_ = 0;
  }
  // Around a call that takes one: before it, and what it said.
  CallWatch::Call Begin() { return begun_.Begin(); }
  oracle::Judgement Took();
  oracle::Judgement Refused(const CallWatch::Call& call);
  // Around the release.
  void BeginRelease() { --held_; }
  void Released() { begun_.End(); }

  // Of a moment at which no thread reads, nor has an iterator or a snapshot.
  oracle::Judgement AtRest(const engine::DbStats& stats) const;

 private:
  const std::uint64_t most_;
  CallWatch begun_;         // no more than so many live
  std::uint64_t held_ = 0;  // no fewer
};

// Rule 35: an asynchronous write is answered once, before a close has returned, and as many wait as
// may, of so many bytes; one that is larger waits alone. The memory of the simulation; one for a
// run.
class AsyncWatch {
 public:
  struct Limits {
    std::uint64_t writes = 0;
    std::uint64_t bytes = 0;
  };
  struct Call {
    CallWatch::Call write;
    CallWatch::Call bytes;
  };

  explicit AsyncWatch(const Limits& most) : most_(most) {}

  void BeginProcess() {
    begun_.Reset();
    begun_bytes_.Reset();
    queued_ = 0;
    queued_bytes_ = 0;
  }
  // Around the call: before it, and what it said.
  Call Begin(std::uint64_t bytes);
  oracle::Judgement Took(const Call& call);
  oracle::Judgement Refused(const Call& call);
  // It is being answered, which may be before the call has returned.
  void Answer(const Call& call);
  // Some are not.
  bool waiting() const { return begun_.there() > 0; }
  // Of a handle that is closed.
  oracle::Judgement Closed() const;

 private:
  const Limits most_;
  CallWatch begun_;  // no more than so many wait
  CallWatch begun_bytes_;
  std::int64_t queued_ = 0;  // no fewer, but for one that has left and not been answered yet
  std::int64_t queued_bytes_ = 0;
  std::uint64_t largest_ = 0;  // write so far
};

// Rule 17: a table's number is never another's, whatever happens between.
class NumberWatch {
 public:
  // The tables of a closed database.
  oracle::Judgement Look(std::span<const engine::TableInfo> tables);

 private:
  std::map<engine::FileNumber, engine::TableInfo> seen_;
};

}  // namespace beach::sim::scenarios::engine_crash
