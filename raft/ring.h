// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/check.h"

namespace beach::raft {

// A queue with access by position that keeps its memory: what comes and goes with every entry
// allocates only while it grows. T has a default value, which freed places hold.
template <class T>
class Ring {
 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  T& operator[](std::size_t position) { return slots_[Place(position)]; }
  const T& operator[](std::size_t position) const { return slots_[Place(position)]; }
  T& front() { return (*this)[0]; }
  const T& front() const { return (*this)[0]; }
  T& back() { return (*this)[size_ - 1]; }
  const T& back() const { return (*this)[size_ - 1]; }

  void push_back(T value) {
    if (size_ == slots_.size()) Grow();
    ++size_;
    back() = std::move(value);
  }
  void pop_front() {
    front() = T{};
    begin_ = (begin_ + 1) & (slots_.size() - 1);
    --size_;
  }
  void pop_back() {
    back() = T{};
    --size_;
  }
  void clear() {
    while (size_ > 0) pop_back();
  }

 private:
  std::size_t Place(std::size_t position) const {
    BEACH_CHECK(position < size_);
    return (begin_ + position) & (slots_.size() - 1);
  }
  void Grow() {
    std::vector<T> larger(slots_.empty() ? 8 : slots_.size() * 2);  // powers of two
    for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move((*this)[i]);
    slots_.swap(larger);
    begin_ = 0;
  }

  std::vector<T> slots_;
  std::size_t begin_ = 0;
  std::size_t size_ = 0;
};

}  // namespace beach::raft
