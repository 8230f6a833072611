// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>

#include "base/check.h"
#include "base/random.h"
#include "sim/memory/size_class.h"

namespace beach::sim::memory {

// Blocks out of one range of memory: from the free list of their size class, else from the
// untouched rest. In front of each block lies a header of 16 bytes. Nothing is ever merged or given
// back.
class Arena {
 public:
  // What lies in front of `used_end` may hold anything, the rest zeros; what is handed out for the
  // first time is zero. Not so when stirred, by a number that is not 0: then each block is full of
  // some byte, and blocks of a size come in another order.
  void Start(char* begin, char* end, char* used_end, std::uint64_t salt) {
    next_ = begin;
    end_ = end;
    used_end_ = used_end;
    std::fill(std::begin(free_), std::end(free_), nullptr);
    Stir(salt);
  }
  void Stir(std::uint64_t salt) { stir_ = salt; }

  // Running out of the range is a failed check.
  [[gnu::always_inline]] void* Take(std::size_t size, std::size_t alignment) {
    const std::size_t extra = alignment <= 16 ? 0 : alignment;
    BEACH_CHECK_LT(size, kBlockMax - extra - Header::kSize);
    // A free block holds a pointer behind its header.
    const std::uint32_t size_class =
        SizeClass(std::max(size, sizeof(FreeBlock)) + extra + Header::kSize);
    if (stir_ != 0) [[unlikely]]
      Reorder(size_class);
    char* block;
    if (FreeBlock* const free = free_[size_class]) {
      free_[size_class] = free->next;
      __builtin_prefetch(free->next);  // most of what an allocation costs is to wait for that
      block = reinterpret_cast<char*>(free) - Header::kSize;
    } else {
      block = Carve(size_class);
    }
    auto user = reinterpret_cast<std::uintptr_t>(block) + Header::kSize;
    if (extra != 0) user = (user + alignment - 1) & ~(alignment - 1);
    auto* const header = reinterpret_cast<Header*>(user - Header::kSize);
    header->size_class = size_class;
    header->mark = kLiveMark;
    header->offset = static_cast<std::uint32_t>(user - reinterpret_cast<std::uintptr_t>(block));
    header->size = static_cast<std::uint32_t>(size);
    if (stir_ != 0) [[unlikely]]
      std::memset(reinterpret_cast<void*>(user), static_cast<int>(stir_ >> 56), size);
    return reinterpret_cast<void*>(user);
  }

  // Of a live block, as asked for.
  static std::size_t SizeOf(const char* user) {
    const auto* const header = reinterpret_cast<const Header*>(user - Header::kSize);
    BEACH_CHECK_EQ(header->mark, kLiveMark);  // else: deleted twice, or never allocated
    return header->size;
  }

  // Returns the size that was asked for.
  std::size_t Return(char* user) {
    auto* const header = reinterpret_cast<Header*>(user - Header::kSize);
    BEACH_CHECK_EQ(header->mark, kLiveMark);  // else: deleted twice, or never allocated
    const std::uint32_t size_class = header->size_class;
    const std::size_t size = header->size;
    header->mark = kFreeMark;
    auto* const free = reinterpret_cast<FreeBlock*>(user - header->offset + Header::kSize);
    BEACH_CHECK_LT(size_class, kClasses);
    AddFree(size_class, free);
    return size;
  }

  // Everything behind was neither handed out nor used before.
  char* used_end() const { return std::max(used_end_, next_); }
  std::size_t untouched() const { return Distance(next_, end_); }

 private:
  struct Header {
    std::uint32_t size_class;
    std::uint32_t mark;
    std::uint32_t offset;  // from the block's begin to this header's end
    std::uint32_t size;    // as asked for
    static constexpr std::size_t kSize = 16;
  };
  static_assert(sizeof(Header) == Header::kSize);
  struct FreeBlock {
    FreeBlock* next;
  };
  static constexpr std::uint32_t kLiveMark = 0x5eabed01;
  static constexpr std::uint32_t kFreeMark = 0x5eabed02;
  static constexpr std::size_t kBlockMax = std::size_t{1} << 30;

  static std::size_t Distance(const char* from, const char* to) {
    return static_cast<std::size_t>(to - from);
  }

  char* Carve(std::uint32_t size_class) {
    const std::size_t block_size = ClassSize(size_class);
    BEACH_CHECK_LE(block_size, Distance(next_, end_));
    char* const block = next_;
    next_ += block_size;
    if (block < used_end_) std::memset(block, 0, std::min(block_size, Distance(block, used_end_)));
    return block;
  }

  void AddFree(std::uint32_t size_class, FreeBlock* free) {
    free->next = free_[size_class];
    free_[size_class] = free;
  }

  // Half of the times, the block that would come next comes after the one behind it.
  [[gnu::noinline]] void Reorder(std::uint32_t size_class) {
    stir_ = Mix64(stir_) | 1;
    const bool later = (stir_ & 2) != 0;
    if (!later) return;
    FreeBlock* const first = free_[size_class];
    if (first == nullptr) {
      if (2 * ClassSize(size_class) > Distance(next_, end_)) return;
      for (int i = 0; i < 2; ++i) {
        AddFree(size_class, reinterpret_cast<FreeBlock*>(Carve(size_class) + Header::kSize));
      }
    } else if (FreeBlock* const second = first->next) {
      first->next = second->next;
      free_[size_class] = second;
      second->next = first;
    }
  }

  char* next_ = nullptr;
  char* end_ = nullptr;
  char* used_end_ = nullptr;
  std::uint64_t stir_ = 0;
  FreeBlock* free_[kClasses] = {};
};

}  // namespace beach::sim::memory
