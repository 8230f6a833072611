// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "engine/sst/range_deletes.h"
#include "engine/types.h"

namespace beach::engine {

// The range deletes of one source, made ready for reads: the keys cut into fragments, each with the
// newest range delete over it. Immutable: any number of threads may ask. What it is made of belongs
// to its owner and must live longer.
class RangeTombstones {
 public:
  using Pointers = std::vector<const sst::RangeDelete*>;

  // Up to where the next one begins; over the last one, and in front of the first, is nothing.
  // Neighbours differ in `newest`.
  struct Fragment {
    ByteView begin;
    SequenceNumber newest;  // 0: none
  };
  // An answer that holds for all keys of [begin, end); unset: without bound.
  struct Span {
    SequenceNumber newest;
    std::optional<ByteView> begin;
    std::optional<ByteView> end;

    bool Contains(ByteView key) const { return (!begin || *begin <= key) && (!end || key < *end); }
  };

  RangeTombstones() = default;
  // In any order.
  explicit RangeTombstones(Pointers ranges);
  static RangeTombstones Of(const sst::RangeDeletes& ranges);

  bool empty() const { return all_.empty(); }
  // In their order (sst::InOrder).
  const Pointers& all() const { return all_; }
  const std::vector<Fragment>& fragments() const { return fragments_; }

  // The newest over the key of those at or below `at`; 0: there is none. The work is that of a
  // binary search, but for those in the past: a read below the newest one over the key looks at
  // all.
  SequenceNumber NewestOver(ByteView key, SequenceNumber at) const {
    return all_.empty() ? SequenceNumber() : Search(key, at).newest;
  }
  // The same, and where else it holds.
  Span Search(ByteView key, SequenceNumber at) const;

 private:
  Span SearchAll(ByteView key, SequenceNumber at) const;

  Pointers all_;
  std::vector<Fragment> fragments_;
};

}  // namespace beach::engine
