// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/disk/disk.h"

namespace beach::sim {

constexpr std::uint64_t SectorsFor(std::uint64_t bytes) {
  return (bytes + kSectorSize - 1) / kSectorSize;
}

// Whole sectors of immutable data, shared by every view that holds them. No buffer: zeros.
struct Slice {
  static constexpr std::uint64_t kAll = ~std::uint64_t{0};

  std::shared_ptr<const char[]> buffer;
  std::uint64_t buffer_sector = 0;    // where in the buffer the slice begins
  std::uint64_t buffer_count = kAll;  // sectors in the buffer; those of the slice behind are zeros

  const char* data() const { return buffer.get() + buffer_sector * kSectorSize; }
  // From its begin on, what the buffer holds; kAll: all that the slice has.
  std::uint64_t held() const { return buffer_count == kAll ? kAll : buffer_count - buffer_sector; }
  Slice Skip(std::uint64_t sectors) const {
    if (buffer == nullptr || sectors >= held()) return Slice{};
    return Slice{buffer, buffer_sector + sectors, buffer_count};
  }
};

// One view of a file's data: disjoint extents of whole sectors, by first sector. What no extent
// covers is a hole: it reads as zeros and takes no space. Never holds less than a sector, so that a
// version of a sector is always one pointer. All calls are O(log n + extents touched), and those
// that change something move what lies behind: files grow at their end.
class ExtentMap {
 public:
  // Replaces sectors [first, first + count).
  void Put(std::uint64_t first, std::uint64_t count, const Slice& slice);
  // Makes a hole.
  void Remove(std::uint64_t first, std::uint64_t count);
  // Turns holes into zeros that take space.
  void FillHoles(std::uint64_t first, std::uint64_t count);
  std::uint64_t CountHoles(std::uint64_t first, std::uint64_t count) const;
  // Whether any extent covers the sector.
  bool Holds(std::uint64_t sector) const { return CountHoles(sector, 1) == 0; }
  // Byte range; holes give zeros.
  void Read(std::uint64_t offset, char* target, std::uint64_t length) const;

  std::uint64_t allocated() const { return allocated_; }  // sectors
  // One past the last sector that an extent covers.
  std::uint64_t end() const;

 private:
  struct Extent {
    std::uint64_t first;
    std::uint64_t count;
    Slice slice;

    std::uint64_t end() const { return first + count; }
    // Gives up what lies in front of `sector`.
    void BeginAt(std::uint64_t sector) {
      slice = slice.Skip(sector - first);
      count = end() - sector;
      first = sector;
    }
  };

  // Where the first extent stands that ends after `sector`.
  std::size_t FirstAfter(std::uint64_t sector) const;
  std::vector<Extent>::iterator At(std::size_t place) {
    return extents_.begin() + static_cast<std::ptrdiff_t>(place);
  }
  // The same as Remove; where an extent that begins at `first` would stand.
  std::size_t Clear(std::uint64_t first, std::uint64_t count);

  std::vector<Extent> extents_;  // by first
  std::uint64_t allocated_ = 0;
};

}  // namespace beach::sim
