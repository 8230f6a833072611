// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <vector>

#include "base/bytes.h"
#include "engine/range_tombstones.h"
#include "engine/sst/range_deletes.h"
#include "engine/types.h"

namespace beach::engine {

// The range deletes of a memtable, beside its entries. One writer at a time; readers need no lock
// and may run beside the writer: they see every one that was added before they began.
//
// What readers see is a state that never changes: parts (engine/range_tombstones.h) of which each
// is more than the next. A range delete becomes a part, which takes in those in front of it that
// are not larger; then the new state is published. So a read asks a logarithm of parts, and each
// range delete is taken in a logarithm of times. States and parts stay until the list goes.
class RangeList {
 public:
  RangeList() = default;
  RangeList(const RangeList&) = delete;
  RangeList& operator=(const RangeList&) = delete;

  // REQUIRES: no other writer; begin < end; the sequence number was not added before.
  void Add(SequenceNumber sequence, ByteView begin, ByteView end);

  bool empty() const { return state_.load(std::memory_order_acquire) == nullptr; }
  // The newest over the key of those at or below `at`; 0: there is none.
  SequenceNumber NewestOver(ByteView key, SequenceNumber at) const;
  // Those there are now. They live as long as the list.
  using Parts = std::vector<const RangeTombstones*>;
  Parts parts() const;

  // Requested bytes, as of a memtable, of all states too: many range deletes fill it sooner than
  // their keys do. Safe beside the writer.
  std::uint64_t size_bytes() const { return size_bytes_.load(std::memory_order_relaxed); }
  std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }

 private:
  using State = Parts;  // the largest part first

  std::atomic<const State*> state_{nullptr};
  std::atomic<std::uint64_t> size_bytes_{0};
  std::atomic<std::uint64_t> count_{0};
  // Of the writer alone: what the above points to.
  std::deque<sst::RangeDelete> ranges_;
  std::deque<RangeTombstones> parts_;
  std::deque<State> states_;
};

}  // namespace beach::engine
