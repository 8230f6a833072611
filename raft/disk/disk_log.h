// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "env/env.h"
#include "raft/core.h"
#include "raft/output.h"
#include "raft/types.h"

namespace beach::raft {

struct DiskLogOptions {
  ClusterId cluster{};  // whose log it is: that of another is refused
  NodeId node{};
  // A log is made where there is none. Else that is refused: a node whose disk is empty has
  // forgotten what it promised, and is not the node that it was.
  bool create = false;
  // Of a segment's file; an entry that is larger gets a larger one. 64 KiB to 4 GiB, whole blocks.
  std::uint64_t segment_size_bytes = std::uint64_t{16} << 20;
  std::uint64_t flights_max = 2;  // under way at once; 1 where the files are not direct
  std::uint64_t flight_bytes_max = std::uint64_t{4} << 20;  // one entry always fits
  std::uint64_t recycled_max = 2;  // files of old segments kept to become new ones
  bool direct = true;              // falls back where the file system refuses it
};

// What an open found. All of it is durable.
struct DiskLogContents {
  std::uint64_t starts = 0;  // how often this log was opened, this time included
  HardState hard_state;
  LogIndex base;  // the last entry that the log no longer has
  Term base_term;
  std::vector<StoredRun> terms;  // of all entries behind the base
  LogIndex last;
  std::uint64_t lost = 0;       // entries behind the base whose bytes are to be had from peers
  std::optional<Error> damage;  // what was met, and mended but for the lost entries
};

// What the state machine holds durably.
struct HeldState {
  LogIndex index;
  Term term;
  // It may have held more, and lost it: a log that begins behind the index is taken as it is, and a
  // snapshot has to come. Else that is damage.
  bool may_be_lost = false;
};

// Of a log: the entries behind `base`, up to `last`.
struct DiskLogRange {
  LogIndex base;
  LogIndex last;
};

// A node's durable log, in a directory of its own: what a core hands out to be persisted, in the
// segments of engine/wal, by a driver that never blocks its loop. docs/formats/raft_log.md has the
// bytes; docs/formats/wal.md the rule.
//
// What is queued while as many flights are under way as may be shares the next one: one sync for
// all. Files are made, listed and dropped on a thread of the log's own, entries are read on
// another. Damage does not make it forget what it promised: its hard state, and which entries it
// has. Some of these may be lost: EntryKind::kLost, until they are filled. After Start all calls
// are made on the loop's thread, and all callbacks come there, never from inside a call. One of
// them may destroy the log. It goes before its loop.
class DiskLog {
 public:
  struct Callbacks {
    // All work up to this id is durable. In order; one id may stand for many.
    std::function<void(PersistId)> on_persisted;
    // Once. Nothing that was not reported will be; what is asked for from here on is dropped, but
    // for loads. The node has to go, and start again from what is there.
    std::function<void(const Error&)> on_failed;
  };

  // Blocking. A log without the very entry up to which the state machine holds all is replaced by
  // an empty one behind it: a crash came between a snapshot's install and this log's part of it.
  // kBusy: it is open elsewhere. kCorruption, with file and offset: it is damaged so that it is not
  // known what it was, or it begins behind what the state machine holds. kRefused: the directory is
  // not ours, or another node's, or empty.
  static Result<std::unique_ptr<DiskLog>> Open(const env::Env& env, const std::string& directory,
                                               const DiskLogOptions& options,
                                               const HeldState& held);
  // Waits for what its threads do at this moment, and, when nothing is under way, vouches for the
  // newest flight. What is under way still may become durable, or may not.
  ~DiskLog();

  const DiskLogContents& contents() const;
  // Blocking, before Start: all entries from there on. REQUIRES: above the base.
  Result<std::vector<Entry>> ReadFrom(LogIndex first) const;

  void Start(env::Loop& loop, Callbacks callbacks);

  // REQUIRES: the entries follow each other, and what the log holds then.
  void Write(Persist&& persist);
  // Behind all that is queued: a snapshot holds all up to `index`, which is the log's base once
  // `done` is called. Entries above it stay, or all are void. REQUIRES: not below the base; where
  // they stay, the log holds the very entry.
  void Replace(LogIndex index, Term term, bool keep_suffix, std::function<void()> done);
  // What is durable of [first, last], from `first` on; one entry at least, if it is there.
  void Load(LogIndex first, LogIndex last, std::uint64_t bytes_max,
            std::function<void(Result<std::vector<Entry>>)> done);
  // Entries up to there may go: the state machine holds them durably. Not below the base, not above
  // what is durable: else nothing happens.
  void Compact(LogIndex upto);

  LogIndex base() const;
  // What a start would find, as far as that is known to be durable.
  DiskLogRange durable() const;
  std::uint64_t bytes_on_disk() const;
  // It has something to write, and has found no space for another segment.
  bool awaits_space() const;

 private:
  class Impl;
  explicit DiskLog(std::shared_ptr<Impl> impl);

  // Shared with writes, reads and timers that are under way, which may outlive the log.
  std::shared_ptr<Impl> impl_;
};

}  // namespace beach::raft
