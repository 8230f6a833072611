// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/wal/log.h"
#include "env/files.h"
#include "raft/disk/register.h"

namespace beach::raft {

// A segment's file, open for the flights of the log.
struct FlightFile {
  std::unique_ptr<env::File> file;
  bool direct = false;  // else the file system refuses it, or it is not wanted
};
Result<FlightFile> OpenFlightFile(env::FileSystem& files, const std::string& path, bool direct);

// Makes, lists and drops the files of segments. Blocking: all calls but bytes_on_disk are made on
// one thread, the log's helper. An error of Enter or Retire leaves it unknown what the register
// says: nothing may be written to the log any more. But for kNoSpace: nothing has changed.
class SegmentKeeper {
 public:
  struct Options {
    env::FileSystem* files = nullptr;
    std::string directory;
    std::uint64_t segment_size_bytes = 0;
    std::uint64_t recycled_max = 0;
    bool direct = true;
  };
  // `content` is what the register says. The log is in the last segment.
  SegmentKeeper(Options options, Register content);

  // Makes the next segment ahead of its time, durable and not listed. What fails is tried again by
  // Enter.
  void Prepare();

  struct Entered {
    engine::wal::Segment segment;
    FlightFile file;
  };
  // The log leaves its segment at `end`, below which all is durable and comes to `head`, for the
  // next one, which has room for a flight of that payload: lists both facts by one change.
  Result<Entered> Enter(std::uint64_t end, const LogHead& head, std::uint64_t payload_bytes);

  // Segments below `oldest` are not needed any more: the log begins behind the base of `head`. All
  // below `durable` is, and comes to that head.
  Status Retire(engine::SegmentOrdinal oldest, engine::LogPosition durable, const LogHead& head,
                Term base_term);

  // From any thread. Segments and what is kept to become one.
  std::uint64_t bytes_on_disk() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  std::string PathOf(const engine::wal::Segment& segment) const;
  // Durable, and not listed.
  Result<engine::wal::Segment> Make(std::uint64_t size_bytes);
  Status MakeFile(const engine::wal::Segment& segment,
                  const std::optional<engine::wal::Segment>& former,
                  const engine::wal::SegmentHeader& header);
  void Remove(const engine::wal::Segment& segment);
  // Keeps the file of a segment that is not listed to become another, or removes it.
  void LetGo(const engine::wal::Segment& segment);

  const Options options_;
  Register content_;
  std::optional<engine::wal::Segment> prepared_;
  std::vector<engine::wal::Segment> spare_;  // not listed, of the usual size
  std::atomic<std::uint64_t> bytes_ = 0;
};

}  // namespace beach::raft
