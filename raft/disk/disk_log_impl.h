// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/wal/log_core.h"
#include "raft/disk/disk_log.h"
#include "raft/disk/entry_reader.h"
#include "raft/disk/flight_queue.h"
#include "raft/disk/log_map.h"
#include "raft/disk/recover.h"
#include "raft/disk/segment_keeper.h"
#include "raft/disk/worker.h"

namespace beach::raft {

// The log of one loop. What is under way (a flight, a job of a thread, a timer) holds it weakly, or
// is dropped: once it is closed nothing comes back to it.
//
// In each state what may be written:
//   - usual: flights, as many as may be;
//   - rotating_: the next flight does not fit. What is under way lands, a vouch is written, then
//     the helper thread lists the end of this segment and enters the next one;
//   - failed_: nothing.
class DiskLog::Impl final : public std::enable_shared_from_this<DiskLog::Impl> {
 public:
  Impl(const env::Env& env, std::string directory, const DiskLogOptions& options,
       RecoveredLog recovered, FlightFile file);

  // disk_log.cc
  const DiskLogContents& contents() const { return contents_; }
  Result<std::vector<Entry>> ReadFrom(LogIndex first) const;
  void Start(env::Loop& loop, Callbacks callbacks);
  void Write(Persist&& persist);
  bool CutsAcrossSegments(const Persist& persist) const;
  void Replace(LogIndex index, Term term, bool keep_suffix, std::function<void()> done);
  void Close();
  LogIndex base() const { return map_.base(); }
  DiskLogRange durable() const { return durable_; }
  std::uint64_t bytes_on_disk() const { return keeper_.bytes_on_disk(); }
  bool awaits_space() const { return space_timer_.has_value(); }

  // load.cc
  void Load(LogIndex first, LogIndex last, std::uint64_t bytes_max,
            std::function<void(Result<std::vector<Entry>>)> done);

  // rotate.cc
  void Compact(LogIndex upto);

 private:
  using LoadDone = std::function<void(Result<std::vector<Entry>>)>;
  // Lives until its write has ended, whatever becomes of the log: lock and file as well.
  struct Flight {
    engine::wal::PlannedItem item;
    engine::wal::AlignedBuffer image;
    std::shared_ptr<env::File> file;
    std::shared_ptr<env::FileLock> lock;
  };
  struct Unacknowledged {
    engine::LogPosition end;
    DiskLogRange range;  // of the log with it
    std::vector<Completion> completions;
  };

  bool usable() const { return !closed_ && !failed_; }
  std::string PathOf(const engine::wal::Segment& segment) const;

  // fly.cc: flights go out and land.
  void Pump();
  std::uint64_t StagedBytesMax() const;
  Bytes StagedPayload() const;
  void SubmitStaged(const Bytes& payload);
  void Submit(engine::wal::ItemKind kind, ByteView payload, std::uint32_t count,
              std::vector<Completion>&& completions);
  void Landed(const Flight& flight, const Status& status);
  void Acknowledge();
  void Rest();
  void SetVouchTimer();
  void VouchIfDue();
  void VouchBlocking();
  void FailWith(const Error& error);

  // rotate.cc: segments come and go.
  void Rotate();
  void Entered(Result<SegmentKeeper::Entered>&& entered);
  void AwaitSpace();
  void RetireSegments();
  void OnHelper(std::function<void(Impl&, SegmentKeeper&)> job);

  // load.cc
  std::vector<EntryPlace> PlacesOf(LogIndex first, LogIndex last, std::size_t places_max) const;
  Result<std::vector<Entry>> Judge(const std::vector<EntryPlace>& places,
                                   Result<std::vector<Entry>>&& read) const;

  const env::Env env_;
  const std::string directory_;
  const DiskLogOptions options_;
  DiskLogContents contents_;
  std::shared_ptr<env::FileLock> lock_;

  LogMap map_;  // of all that was submitted
  DiskLogRange durable_;
  std::deque<engine::wal::Segment> listed_;
  engine::wal::LogCore core_;
  std::shared_ptr<env::File> file_;  // of the segment that the log is in
  bool direct_ = false;
  bool segment_begun_ = true;  // there is something in it
  std::vector<engine::wal::AlignedBuffer> spare_images_;

  FlightQueue queue_;
  std::optional<StagedFlight> staged_;  // does not fit the segment
  std::deque<Unacknowledged> unacknowledged_;
  bool rotating_ = false;
  bool entering_ = false;  // the helper thread has been asked
  bool retire_wanted_ = false;
  std::optional<env::Loop::TimerId> space_timer_;  // of a rotation that found none
  std::optional<env::Loop::TimerId> vouch_timer_;
  std::uint64_t vouch_due_ns_ = 0;
  std::uint64_t vouch_set_ns_ = 0;  // what vouch_timer_ was set to

  bool failed_ = false;
  bool closed_ = false;
  env::Loop* loop_ = nullptr;  // null before Start
  Callbacks callbacks_;

  SegmentKeeper keeper_;            // the helper thread's
  std::unique_ptr<Worker> helper_;  // null before Start and after Close
  std::unique_ptr<Worker> reader_;  // the same
};

}  // namespace beach::raft
