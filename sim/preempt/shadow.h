// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "sim/preempt/vector_clock.h"

namespace beach::sim::preempt {

// Where code stands: its address and that of the call of its function, both counted from the
// program's begin, so that they are equal wherever it was loaded. 0: unknown.
struct Place {
  std::uint32_t at = 0;
  std::uint32_t caller = 0;
};

// One access to some of the eight bytes of a cell.
struct Access {
  static constexpr std::uint8_t kIsWrite = 1;
  static constexpr std::uint8_t kIsAtomic = 2;
  static constexpr std::uint8_t kIsFree = 4;  // the block was given back: a write of all of it
  static constexpr std::uint8_t kUsed = 8;

  Epoch epoch = 0;
  Place place;
  ThreadIndex thread = 0;
  std::uint8_t bytes = 0;  // one bit each
  std::uint8_t kind = 0;   // 0: none

  bool write() const { return (kind & kIsWrite) != 0; }
  bool atomic() const { return (kind & kIsAtomic) != 0; }
};
static_assert(sizeof(Access) == 16);

// The last accesses to eight bytes of memory.
struct Cell {
  std::array<Access, 4> accesses;
};

// The cells of a process, in pages that come to be when they are touched. Bounded: beyond its limit
// the oldest page is forgotten, and with it what a race could have been seen by. Below it, nothing
// that it tells depends on where memory lies.
class Shadow {
 public:
  static constexpr std::size_t kCellBytes = 8;
  static constexpr std::size_t kPageBytes = 256;
  static constexpr std::size_t kPagesMax = std::size_t{1} << 15;  // 64 MiB of cells, 8 MiB watched

  struct Page {
    std::array<Cell, kPageBytes / kCellBytes> cells;
  };

  // The page that holds the address; a fresh one where there was none.
  Page& At(std::uintptr_t address) {
    const std::uintptr_t number = address / kPageBytes;
    const Recent& recent = recent_[number % kRecent];
    return recent.number == number ? *recent.page : Look(number);
  }
  // Null where none was touched.
  Page* Find(std::uintptr_t address);

  // Forgets what was done to those bytes. Half a cell is forgotten whole.
  void Clear(std::uintptr_t begin, std::size_t size);

 private:
  static constexpr std::size_t kRecent = 64;
  struct Recent {
    std::uintptr_t number = ~std::uintptr_t{0};  // no page
    Page* page = nullptr;
  };

  Page& Look(std::uintptr_t number);

  std::array<Recent, kRecent> recent_;
  std::map<std::uintptr_t, std::unique_ptr<Page>> pages_;
  std::vector<std::uintptr_t> order_;  // in which they came, a ring once full
  std::size_t oldest_ = 0;
};

}  // namespace beach::sim::preempt
