// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/recovery_mode.h"
#include "engine/types.h"
#include "env/files.h"

// The embedded engine's driver of the log: blocking, called by the leader of a write group. The
// rule itself is in docs/formats/wal.md and, without I/O, in engine/wal/log_core.h.

namespace beach::engine::wal {

// A segment as the manifest lists it. It exists, is zero-filled and durable before it is listed.
struct Segment {
  SegmentOrdinal ordinal;
  FileNumber file;
  std::uint64_t size_bytes = 0;
  // Where the log leaves this segment for the next one, or kOpenEnd for the last.
  static constexpr std::uint64_t kOpenEnd = ~std::uint64_t{0};
  std::uint64_t end = kOpenEnd;

  friend bool operator==(const Segment&, const Segment&) = default;
};

// "000012.wal".
std::string SegmentFileName(FileNumber file);

struct SegmentHeader {
  SegmentOrdinal ordinal;
  OpenEpoch epoch;              // the open that created it
  LogPosition predecessor_end;  // where the log was left to enter this one; zero for the first,
                                // offset 0 where it is not known yet
  LogSalt salt{};               // of the log
};

// Creates the file of a segment, zero-filled, with its header, and syncs it. The caller syncs the
// directory and registers it in the manifest before use.
Status CreateSegment(env::FileSystem& files, const std::string& path, std::uint64_t size_bytes,
                     const SegmentHeader& header);

// Makes the file `from` of a segment that no manifest lists any more, `former`, into the file
// `path` of another, of the same size, and syncs it. Its blocks are not written over: what they
// hold names another ordinal. After an error either name, or both, may be there, as debris. The
// caller syncs the directory and registers the segment before use. REQUIRES: header.ordinal is
// above `former`.
Status RecycleSegment(env::FileSystem& files, const std::string& from, const std::string& path,
                      const Segment& former, const SegmentHeader& header);

struct LogWrite {
  ByteView payload;
  SequenceNumber first_sequence;
  std::uint32_t count = 0;  // operations in it
  bool sync = true;
};

struct LogOptions {
  env::FileSystem* files = nullptr;
  std::string directory;
  bool direct = true;  // falls back where the file system refuses it
  OpenEpoch epoch;
  // Gives the segment that follows: durable, registered in the manifest, and there `end`, where the
  // log leaves the segment before. Called by Rotate, without locks held here, when all below `end`
  // is durable: a registered end vouches for its segment. kNoSpace says that nothing was
  // registered, and the append may be tried again; any other error poisons the log.
  std::function<Result<Segment>(LogPosition end)> next_segment;
  // Synced flights under way at once; 1 where the files are not direct.
  std::uint64_t flights_max = 1;
  LogSalt salt = {};  // of the log
};

// A synced write under way. It goes before its log does.
class PendingFlight {
 public:
  virtual ~PendingFlight() = default;

  // Returns when the flight is durable, or has failed; those below it may still be under way. From
  // any thread, once.
  virtual Status Await() = 0;
  virtual LogPosition end() const = 0;
};

struct LogState {
  LogPosition end;      // behind the last appended
  LogPosition durable;  // below it all is durable
  // Everything appended is durable, nothing on disk says so of the newest, and a record that does
  // has room. False while un-synced records are open: to vouch for them would mean a sync that
  // nobody asked for.
  bool needs_vouch = false;
};

// Appends flights, in order, one at a time, several of them under way. One caller at a time, but
// that PendingFlight::Await, state, end, durable and NeedsVouch may run beside it. Any failed write
// or sync poisons it: the same error for every later call, and never kNoSpace, because it had
// begun. kNoSpace comes from next_segment alone, and then nothing of the append was written.
class Log {
 public:
  // Goes on in `segment` (this epoch's own: fresh, or re-logged into by RecoverLog's caller) at
  // `end`; everything below `end` is durable.
  static Result<std::unique_ptr<Log>> Open(LogOptions options, const Segment& segment,
                                           LogPosition end);
  virtual ~Log() = default;

  // With sync: returns when it and all before it is durable. Without: when the OS has it. Returns
  // the position behind it. REQUIRES: the payload fits a segment (PayloadSizeMax).
  // REQUIRES, like all calls here but Submit and the reading ones: no flight is under way. It
  // rotates where need be; the next three do not.
  virtual Result<LogPosition> Append(const LogWrite& write) = 0;

  // Submits a synced write. It is acknowledged when it and all flights below it are durable, and
  // durable() says so; when one fails, it and all above it have failed. REQUIRES: it fits
  // (WantsRotation); fewer than flights_max() are under way.
  virtual Result<std::unique_ptr<PendingFlight>> Submit(const LogWrite& write) = 0;
  // An un-synced write. REQUIRES: it fits; no flight is under way. Returns the state behind it.
  virtual Result<LogState> AppendRun(const LogWrite& write) = 0;
  // How many flights may be under way at once.
  virtual std::uint64_t flights_max() const = 0;
  // Whether a write of this size must go to the next segment, or had better.
  virtual bool WantsRotation(std::uint64_t payload_size, bool sync) = 0;
  // Whether it has room in this segment.
  virtual bool Fits(std::uint64_t payload_size, bool sync) const = 0;
  // Goes on in the next segment.
  virtual Status Rotate() = 0;
  // What end() is to the caller, who alone moves it: without a lock.
  virtual LogPosition CallersEnd() const = 0;

  // Makes all that was appended durable.
  virtual Status Sync() = 0;
  // Syncs, and writes a vouch record for all of it where none says so yet.
  virtual Status Vouch() = 0;
  // Vouch, and every later call but state(), end() and durable() fails with kClosed.
  virtual Status Close() = 0;

  // As of one moment.
  virtual LogState state() const = 0;
  LogPosition end() const { return state().end; }
  LogPosition durable() const { return state().durable; }
  bool NeedsVouch() const { return state().needs_vouch; }
};

// The largest payload that a segment of this size can take.
std::uint64_t PayloadSizeMax(std::uint64_t segment_size_bytes);

// What a flight of the log is to its reader. Views live during the call.
struct Flight {
  LogPosition begin;
  LogPosition end;
  SequenceNumber first_sequence;
  std::uint32_t count = 0;
  ByteView payload;
};

struct RecoveryInput {
  std::string directory;
  // All that are registered, in ordinal order. The first with an open end is the last that the log
  // has entered.
  std::vector<Segment> segments;
  LogPosition replay_from;  // the first flight that tables do not hold; zero: all of them
  LogPosition durable;      // the manifest's watermark
  RecoveryMode mode = RecoveryMode::kTornTail;
  LogSalt salt{};  // of the log: a segment that has another is not of it
  // Gets each sound flight behind the damage at which kPointInTime ends the log; may be null.
  std::function<void(const Flight&)> lost{};
};

// What kPointInTime gave up.
struct LogLoss {
  LogPosition to;  // all below it was durable, as far as can be told
  Error damage{ErrorCode::kCorruption, {}};
  std::uint64_t flights = 0;  // sound ones behind the damage, and
  std::uint64_t operations = 0;
  SequenceNumber last_sequence;  // the greatest in them
};

struct Recovery {
  LogPosition end;      // e: the log ends here
  LogPosition durable;  // V: damage below it would have been an error; `end` after a loss
  std::optional<LogLoss> loss;
  std::uint64_t flights = 0;
  std::uint64_t bytes_beyond_end = 0;  // valid-looking bytes cut off: the torn tail
  bool torn = false;  // bytes that are no whole item stand at `end`: a write was cut there
  // Copies of the flights in [V, e), which the disk may lack: to be made durable by RelogTail.
  struct TailFlight {
    SequenceNumber first_sequence;
    std::uint32_t count = 0;
    Bytes payload;
  };
  std::vector<TailFlight> tail;
  // What the edit of step 5 lists in place of all former segments, before the fresh one that holds
  // the tail: those up to V, the last of them with its end at V. So the tail is replayed once, from
  // its copy. The fresh segment's header names `durable` as its predecessor_end.
  std::vector<Segment> kept;
};

// Steps 1-4 of the rule: reads the registered segments, replays every flight from `replay_from` to
// the end of the log in order, and says where it ends. kCorruption (file, offset) for damage below
// V unless the mode takes it; a read error is an error in every mode. Changes nothing on disk.
Result<Recovery> RecoverLog(env::FileSystem& files, const RecoveryInput& input,
                            const std::function<Status(const Flight&)>& replay);

// Packed, as un-synced records are, a tail of many small ones stays small. Spread, each begins a
// block: damage to one leaves those behind it where a reader looks for them.
enum class TailLayout : std::uint8_t { kPacked, kSpread };

// Step 5: writes the tail into the fresh segment in `path` (just created, this epoch's), synced.
// Returns the position behind it. May not be used before the manifest lists the segment.
// REQUIRES: the tail fits; TailSegmentSize says how large the segment must be.
Result<LogPosition> RelogTail(env::FileSystem& files, const std::string& path,
                              const Segment& segment, OpenEpoch epoch,
                              const std::vector<Recovery::TailFlight>& tail,
                              TailLayout layout = TailLayout::kPacked, LogSalt salt = {});
std::uint64_t TailSegmentSize(const std::vector<Recovery::TailFlight>& tail,
                              std::uint64_t segment_size_bytes,
                              TailLayout layout = TailLayout::kPacked);

}  // namespace beach::engine::wal
