// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/site.h"

// The fault atlas of a disk: which faults there are, what an oracle may demand where they have
// struck, and what is damaged now. docs/internals/disk.md tells what each does.

namespace beach::sim {

// What one node may be asked for where a fault has struck.
enum class ContractLabel : std::uint8_t {
  kMask,    // nobody may notice
  kDetect,  // an error or unavailability is fine, wrong data are not
  kBeyond,  // out of contract; still never silently wrong where a checksum could tell
};
const char* ContractLabelName(ContractLabel label);

// The faults that leave something behind. Their order is that of KnownDiskFaults, which has the
// others after them.
enum class DiskFault : std::uint8_t {
  kLyingSync,
  kFailedSync,  // that a profile reports late
  kLatentSector,
  kStickyWriteError,
  kBitRot,
  kLostWrite,
  kMisdirectedWrite,
  kSwapped,
};

struct KnownDiskFault {
  Site site;
  ContractLabel label;
};

// Every site of the disk, the counted ones included. By DiskFault, then the transient ones.
std::span<const KnownDiskFault> KnownDiskFaults();
Site SiteOf(DiskFault fault);
// Null for a site that is none of the disk's.
const KnownDiskFault* FindDiskFault(Site site);

// One range that is not what it should be. It stays so until it is written anew and durably, or the
// file is gone.
struct Damage {
  DiskFault fault{};
  ContractLabel label{};
  // As programs see the file now, sorted; none: it is open, or a power loss may bring it back.
  std::vector<std::string> paths;
  bool is_directory = false;  // names, without a range
  std::uint64_t offset = 0;   // bytes, whole sectors; may reach beyond the end of the file
  std::uint64_t length = 0;
  std::uint64_t operation = 0;  // of the disk, when it struck: ascends with time
  // What a read of the range would meet now: false where newer data in the cache hide it, or where
  // it shows only after a power loss (an acknowledged write that is not durable).
  bool readable_now = false;

  bool Touches(std::uint64_t first, std::uint64_t count) const {
    return is_directory || (first < offset + length && offset < first + count);
  }
};

}  // namespace beach::sim
