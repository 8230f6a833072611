// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "base/error.h"
#include "engine/types.h"
#include "engine/wal/log.h"
#include "env/threads.h"

namespace beach::engine {

// A place of the log where a cursor may begin to read.
struct LogEntry {
  LogPosition at;  // of a record, or where the next one will be
  // All operations above it stand behind `at`, none of them before. Nothing: not known yet; what
  // the first record says, less one.
  std::optional<SequenceNumber> floor;
};

// What cursors may read of the log that an open has found or begun.
struct LogStart {
  std::vector<wal::Segment> segments;  // the last one is that which the log goes on in
  std::vector<LogEntry> entries;       // by position
  // Below it nobody has looked: what is missing there need never have been durable, because tables
  // had it.
  LogPosition sound_from;
};

// The segments that cursors may read, and where each cursor is. Always one stretch of the log
// without a gap, up to the segment that it is in: segments go at its lower end alone. A segment is
// listed (the manifest names it: recovery needs it, or it is kept), or pinned: not listed any more,
// and still there for the cursors that are in it or below. Outlives the handle where a cursor does.
//
// Thread-safe. Its mutex is the innermost: nothing is called and no I/O done under it.
class LogShelf {
 public:
  struct Limits {
    std::uint64_t cursors_max = 1;
    std::uint64_t pinned_size_max = 0;
    std::uint64_t kept_size = 0;
  };
  explicit LogShelf(const Limits& limits) : limits_(limits) {}

  // --- The handle's side.

  void Begin(LogStart start);
  // The log was left at `end`, below which all is durable, and goes on at the head of `next`;
  // `floor`: as in LogEntry.
  void Enter(LogPosition end, const wal::Segment& next, SequenceNumber floor);
  // Whether any cursor lives. Without one nobody need call Show.
  bool watched() const { return watched_.load(std::memory_order_relaxed); }
  // All below `end` is durable, and readers see it.
  void Show(LogPosition end);
  // The listed ones below that segment that are not to be kept, for an edit of the manifest.
  std::vector<wal::Segment> ToUnlist(SegmentOrdinal replay_from) const;
  struct Freed {
    std::vector<wal::Segment> unread;    // nobody has them open: the files may be used again
    std::vector<wal::Segment> given_up;  // somebody may: they may only be removed
  };
  // The edit that unlists them is durable.
  Freed Unlisted(const std::vector<wal::Segment>& segments);
  // Takes from cursors what is there for them alone: the room is needed.
  Freed GiveUpPinned();
  // Every cursor says kClosed from now on. The pinned ones.
  Freed Close();
  std::uint64_t cursors() const;
  std::uint64_t pinned_bytes() const;

  // --- A cursor's side.

  using CursorId = std::uint64_t;
  // Begins at the lowest entry, and pins from there on. kOverloaded, kClosed.
  Result<CursorId> Add();
  // What may be removed now.
  std::vector<wal::Segment> Remove(CursorId id);
  std::vector<LogEntry> entries() const;
  void SetFloor(LogPosition at, SequenceNumber floor);
  // Stands at the lowest entry again, as if it were new.
  Status Restart(CursorId id);
  // Whether it was given up, or the handle is closed.
  Status Check(CursorId id) const;
  // Goes on from `at`, which is not below where the cursor is; what may be removed then.
  Result<std::vector<wal::Segment>> Move(CursorId id, LogPosition at);

  // Where to read on.
  struct Stretch {
    wal::Segment segment;
    std::uint64_t from = 0;
    std::uint64_t end = 0;              // all below it is durable, and records end there
    std::vector<wal::Segment> freed{};  // may be removed now
  };
  // The cursor has read all before `at`. Waits until there is more, or `deadline_ns`: nothing.
  Result<std::optional<Stretch>> Await(CursorId id, LogPosition at, std::uint64_t deadline_ns);
  // Of a segment that is on the shelf, as it is to be read now.
  std::optional<Stretch> StretchAt(LogPosition at) const;

  // Whether what is missing there need never have been durable.
  bool MayLack(LogPosition at) const;

 private:
  struct Shelved {
    wal::Segment segment;
    bool listed = true;
  };
  struct Cursor {
    SegmentOrdinal segment;  // that it is in
    bool given_up = false;
  };

  // All under mutex_.
  std::optional<std::size_t> Find(SegmentOrdinal ordinal) const;  // in segments_
  std::uint64_t ReadableEnd(const wal::Segment& segment) const;
  std::uint64_t PinnedBytes() const;
  // Drops the lowest segment.
  wal::Segment PopFront();
  // Takes off what is pinned for nobody.
  std::vector<wal::Segment> TakeUnread();
  // And what is pinned beyond `most` bytes.
  std::vector<wal::Segment> TakeBeyond(std::uint64_t most);
  Status CheckLocked(CursorId id) const;

  const Limits limits_;
  std::atomic<bool> watched_{false};

  mutable env::Mutex mutex_;
  // All below under mutex_.
  env::CondVar shown_more_;
  std::deque<Shelved> segments_;  // by ordinal; the last one is that which the log is in
  std::deque<LogEntry> entries_;  // by position
  LogPosition sound_from_;
  LogPosition shown_;  // while anybody watches
  std::map<CursorId, Cursor> cursors_;
  CursorId last_id_ = 0;
  bool closed_ = false;
};

}  // namespace beach::engine
