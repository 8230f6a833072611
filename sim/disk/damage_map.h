// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "sim/disk/atlas.h"
#include "sim/disk/extents.h"

namespace beach::sim {

// What is wrong with the sectors of one file, kept apart from its bytes: those stay as they should
// be, so that damage can be looked away from.
class DamageMap {
 public:
  struct Altered {
    DiskFault fault;
    std::uint64_t operation;
    Slice shown;  // one sector that is read instead; without a buffer the sector is unreadable
  };
  struct Range {
    DiskFault fault;
    std::uint64_t operation;
    std::uint64_t first;  // sectors
    std::uint64_t count;
  };
  using AlteredSectors = std::map<std::uint64_t, Altered>;

  // A sector reads as something else, or not at all (`shown` without a buffer).
  void Alter(std::uint64_t sector, DiskFault fault, std::uint64_t operation, const Slice& shown);
  // Acknowledged by operation `operation`, but not durable.
  void MarkUnkept(const Range& range);
  // Writes of it fail as long as the file has these sectors.
  void MarkUnwritable(const Range& range);

  // What an operation has made durable is whole again.
  void Written(std::uint64_t first, std::uint64_t count, std::uint64_t operation);
  // The sectors are written or gone, but not what was acknowledged for them.
  void ClearAltered(std::uint64_t first, std::uint64_t count);

  bool IsUnwritable(std::uint64_t first, std::uint64_t count) const;
  bool empty() const { return altered_.empty() && unkept_.empty() && unwritable_.empty(); }
  const AlteredSectors& altered() const { return altered_; }
  const std::vector<Range>& unkept() const { return unkept_; }
  const std::vector<Range>& unwritable() const { return unwritable_; }

 private:
  AlteredSectors altered_;
  std::vector<Range> unkept_;
  std::vector<Range> unwritable_;
};

}  // namespace beach::sim
