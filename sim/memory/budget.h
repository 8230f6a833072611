// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "sim/memory/process_memory.h"

namespace beach::sim::memory {

// How much an owner may have. Counts what was asked for, which no build changes.
class Budget {
 public:
  // Whether an allocation of that size may be refused: ask Refuses. The check that every allocation
  // makes.
  bool IsNear(std::size_t size) const { return live_bytes_ + size > threshold_; }
  // REQUIRES: IsNear. Once for each allocation.
  bool Refuses(std::size_t size) {
    Refusal why = Refusal::kLimit;
    if (passes_ > 0 && --passes_ == 0) {
      threshold_ = limit_;
      why = Refusal::kDrawn;
    } else if (live_bytes_ + size <= limit_) {
      return false;
    }
    ++refusals_;
    if (listener_ != nullptr) listener_->OnRefusal(why);
    return true;
  }
  void Take(std::size_t size) { live_bytes_ += size; }
  void Return(std::size_t size) { live_bytes_ -= size; }

  void SetLimit(std::uint64_t bytes, RefusalListener* listener) {
    limit_ = bytes;
    listener_ = listener;
    threshold_ = passes_ == 0 ? limit_ : 0;
  }
  void RefuseAfter(std::uint64_t allocations) {
    passes_ = allocations + 1;
    threshold_ = 0;
  }

  std::uint64_t live_bytes() const { return live_bytes_; }
  std::uint64_t refusals() const { return refusals_; }

 private:
  std::uint64_t live_bytes_ = 0;
  std::uint64_t threshold_ = std::numeric_limits<std::uint64_t>::max();  // beyond: look closer
  std::uint64_t limit_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t passes_ = 0;  // allocations until the drawn refusal, that one included; 0: none
  std::uint64_t refusals_ = 0;
  RefusalListener* listener_ = nullptr;
};

}  // namespace beach::sim::memory
