// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

#include "base/bytes.h"

namespace beach::engine {

// A key that changes with each step of a walk; that of an entry is made from the one before it: its
// first bytes stay, others follow.
// Keys of up to kInline bytes take no memory but its own. Not to be copied or moved.
class KeyBuffer {
 public:
  static constexpr std::size_t kInline = 120;
  static constexpr std::size_t kStep = 16;

  KeyBuffer() = default;
  KeyBuffer(const KeyBuffer&) = delete;
  KeyBuffer& operator=(const KeyBuffer&) = delete;

  ByteView view() const { return {bytes_, size_}; }
  std::size_t size() const { return size_; }
  void Clear() { size_ = 0; }

  // Another key, of other memory than this one's. One of kStep to twice that is two moves
  // that may overlap: wider ones of what Build has just written piece by piece wait until it has
  // reached the cache, and with it each step of a walk for the memory of the step before.
  void Assign(ByteView key) {
    if (key.size() + kStep > capacity_) [[unlikely]]
      Grow(0, key.size());
    if (key.size() >= kStep && key.size() <= 2 * kStep) {
      const std::size_t last = key.size() - kStep;
      std::memcpy(bytes_ + last, key.data() + last, kStep);
      std::memcpy(bytes_, key.data(), kStep);
    } else {
      std::memcpy(bytes_, key.data(), key.size());
    }
    size_ = key.size();
  }

  // Keeps the first `shared` bytes. `room`: bytes that may be read from where `rest` begins; with
  // kStep or more of them a short rest is one move, not a call. REQUIRES: shared <= size().
  void Build(std::size_t shared, ByteView rest, std::size_t room) {
    const std::size_t size = shared + rest.size();
    if (size + kStep > capacity_) [[unlikely]]
      Grow(shared, size);
    if (rest.size() <= kStep && room >= kStep) {
      std::memcpy(bytes_ + shared, rest.data(), kStep);
    } else {
      std::memcpy(bytes_ + shared, rest.data(), rest.size());
    }
    size_ = size;
  }

 private:
  void Grow(std::size_t shared, std::size_t size) {
    capacity_ = size * 2 + kStep;
    std::unique_ptr<char[]> grown = std::make_unique_for_overwrite<char[]>(capacity_);
    std::memcpy(grown.get(), bytes_, shared);
    large_ = std::move(grown);
    bytes_ = large_.get();
  }

  char* bytes_ = inline_;
  std::size_t size_ = 0;
  std::size_t capacity_ = kInline;
  std::unique_ptr<char[]> large_;
  char inline_[kInline];
};

}  // namespace beach::engine
