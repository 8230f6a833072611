// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "engine/range_tombstones.h"
#include "engine/version.h"

namespace beach::engine {

// The range deletes of all sources that an iterator reads. Keys mostly come in order, so that each
// source keeps its last answer and where it holds. Not thread-safe. The sources live longer.
class RangeCover {
 public:
  // For reads at that number.
  explicit RangeCover(SequenceNumber at) : at_(at) {}

  void Add(const RangeTombstones& ranges);
  // All that the tables hold.
  void Add(const Version& version);

  SequenceNumber at() const { return at_; }
  bool empty() const { return sources_.empty(); }
  // The newest range delete over the key that the read may see; 0: there is none.
  SequenceNumber NewestOver(ByteView key);

 private:
  struct Source {
    const RangeTombstones* ranges = nullptr;
    const Version::Level* level = nullptr;  // or of these tables, sorted and disjoint
    bool asked = false;
    RangeTombstones::Span span = {};
  };
  RangeTombstones::Span SearchLevel(const Version::Level& level, ByteView key) const;

  const SequenceNumber at_;
  std::vector<Source> sources_;
};

}  // namespace beach::engine
