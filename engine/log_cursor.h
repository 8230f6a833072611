// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/error.h"
#include "engine/types.h"
#include "engine/write_batch.h"

namespace beach::engine {

// One committed batch, as it was written.
struct LogBatch {
  SequenceNumber first;  // of its operations, which are numbered from here on
  WriteBatch batch;      // one operation or more

  SequenceNumber last() const { return SequenceNumber(first.value + batch.count() - 1); }
};

// The committed batches of a database in the order of their sequence numbers, each once and whole:
// for replicas and change feeds (Db::NewLogCursor). A follower that has applied all up to n goes on
// with a cursor after n, on this handle or, where the log is kept (Options::log_kept_size), on a
// later one.
//
// Shows what readers see and no power loss takes back, and nothing else: a write that asked for no
// sync comes when a later synced one, an empty batch with sync, or the log's going on in its next
// segment has made it durable. (What the newest record's rot may do: rule 13.)
//
// Holding one never makes a writer wait. It keeps the log from its position on, as far as
// Options::log_pinned_size_max goes, and no further where the disk is full.
//
// Of one thread at a time; cursors do not disturb each other. One that outlives the handle says
// kClosed.
class LogCursor {
 public:
  virtual ~LogCursor() = default;

  // The next batch; waits for one until the clock is at `deadline_ns` (env::kNoDeadline: for ever;
  // 0: not at all), and then returns nothing. Errors, after which the cursor is where it was:
  //   kCompactedAway  the log that it was to read is gone, for good: copy the database
  //                   (Db::PinFiles, a checkpoint) and go on after the number of that
  //   kCorruption     the log is damaged there; file and offset
  //   kIo             it could not be read; may be tried again
  //   kClosed         also when it waits while the handle is closed
  virtual Result<std::optional<LogBatch>> Next(std::uint64_t deadline_ns) = 0;

  // All operations up to this one were shown, or are below where it began.
  virtual SequenceNumber position() const = 0;
};

}  // namespace beach::engine
