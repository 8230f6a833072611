// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>

#include "engine/expiry.h"
#include "engine/types.h"

namespace beach::engine {

// The database's time over the stretch of the log that a memtable holds, beside its entries. One
// writer at a time; readers need no lock and may run beside the writer: they see every mark that
// was added before they began, and each says what held before it.
class TimeList {
 public:
  // `begin`: the last mark below the stretch.
  explicit TimeList(TimeMark begin = {}) : begin_(begin) {}
  TimeList(const TimeList&) = delete;
  TimeList& operator=(const TimeList&) = delete;

  // The time is no less from there on. REQUIRES: no other writer; above all that were added.
  void Add(SequenceNumber sequence, std::uint64_t time);

  const TimeMark& begin() const { return begin_; }
  // The last mark, which may be `begin`.
  TimeMark end() const;
  // The time as of that number. REQUIRES: not below begin(). The work is that of the marks above
  // it, which for a read of now are those of writes under way.
  std::uint64_t At(SequenceNumber sequence) const;

  // As of a memtable. Safe beside the writer.
  std::uint64_t size_bytes() const { return count() * sizeof(Node); }
  std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }

 private:
  struct Node {
    TimeMark mark;
    const Node* older = nullptr;
  };

  const TimeMark begin_;
  std::atomic<const Node*> newest_{nullptr};
  std::atomic<std::uint64_t> count_{0};
  std::deque<Node> nodes_;  // of the writer alone: what the above points to
};

}  // namespace beach::engine
