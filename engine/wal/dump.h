// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "engine/wal/log.h"
#include "env/files.h"

namespace beach::engine::wal {

using DumpSink = std::function<void(const std::string& line)>;
// Tells a flight's payload in lines; what it cannot decode it says.
using DumpPayload = std::function<void(const Flight& flight, const DumpSink& sink)>;

enum class SegmentState {
  kSound,     // items up to the end, blank behind it
  kTornTail,  // behind the end lies what was never known durable: recovery cuts it
  kDamaged,   // an item is bad below what a later one knew to be durable, or the header block is
};

struct SegmentDump {
  SegmentState state = SegmentState::kSound;
  std::uint64_t end = 0;    // where the items that follow each other from the start end
  std::uint64_t items = 0;  // sound ones, those behind `end` included
};

// Prints a segment, one line an item, all that is sound in it whatever is not. The file alone does
// not say where the log leaves the segment, nor what the manifest knows to be durable.
Result<SegmentDump> DumpSegment(env::FileSystem& files, const std::string& path,
                                const DumpSink& sink, const DumpPayload& payload = {});

}  // namespace beach::engine::wal
