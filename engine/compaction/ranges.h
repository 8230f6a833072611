// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "engine/compaction/merge.h"
#include "engine/compaction/picker.h"
#include "engine/range_tombstones.h"
#include "engine/sst/range_deletes.h"

namespace beach::engine {

// The range deletes of a job's inputs: what they hide, and what must be left of them. Those of one
// stripe (merge.cc) show alike to everybody, so that of several over a key the newest is enough.
class JobRanges {
 public:
  // The job's tables live longer.
  JobRanges(const CompactionJob& job, const KeepRules& rules);

  // Whether one of the version's own stripe is newer than it: nobody sees it then.
  bool Hide(ByteView user_key, SequenceNumber sequence) const;

  struct Left {
    sst::RangeDeletes ranges;   // in their order
    std::uint64_t dropped = 0;  // pieces: nothing is left for them to delete
  };
  Left WhatIsLeft(const OlderTables& older) const;

 private:
  const KeepRules rules_;
  std::map<std::size_t, RangeTombstones> stripes_;
};

}  // namespace beach::engine
