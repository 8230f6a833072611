// SPDX-License-Identifier: Apache-2.0
#include "engine/range_tombstones.h"

#include <algorithm>
#include <queue>
#include <utility>

#include "base/check.h"

namespace beach::engine {
namespace {

struct ByAge {
  bool operator()(const sst::RangeDelete* left, const sst::RangeDelete* right) const {
    return left->sequence < right->sequence;
  }
};

}  // namespace

// From edge to edge, with those that were entered and not left in a heap, the newest first. Who is
// left goes when it comes to the front.
RangeTombstones::RangeTombstones(Pointers ranges) : all_(std::move(ranges)) {
  std::ranges::sort(all_, [](const auto* a, const auto* b) { return sst::InOrder(*a, *b); });
  std::vector<ByteView> edges;
  edges.reserve(2 * all_.size());
  for (const sst::RangeDelete* const range : all_) {
    BEACH_CHECK(range->begin < range->end);
    edges.emplace_back(range->begin);
    edges.emplace_back(range->end);
  }
  std::ranges::sort(edges);
  const auto repeated = std::ranges::unique(edges);
  edges.erase(repeated.begin(), repeated.end());
  std::priority_queue<const sst::RangeDelete*, Pointers, ByAge> over;
  auto next = all_.begin();
  for (const ByteView edge : edges) {
    for (; next != all_.end() && (*next)->begin == edge; ++next) over.push(*next);
    while (!over.empty() && over.top()->end <= edge) over.pop();
    const SequenceNumber newest = over.empty() ? SequenceNumber() : over.top()->sequence;
    if (!fragments_.empty() && fragments_.back().newest == newest) continue;
    fragments_.push_back({.begin = edge, .newest = newest});
  }
}

RangeTombstones RangeTombstones::Of(const sst::RangeDeletes& ranges) {
  Pointers pointers;
  pointers.reserve(ranges.size());
  for (const sst::RangeDelete& range : ranges) pointers.push_back(&range);
  return RangeTombstones(std::move(pointers));
}

RangeTombstones::Span RangeTombstones::Search(ByteView key, SequenceNumber at) const {
  const auto after = std::ranges::upper_bound(fragments_, key, {}, &Fragment::begin);
  Span span;
  if (after != fragments_.end()) span.end = after->begin;
  if (after == fragments_.begin()) return span;
  const Fragment& fragment = *(after - 1);
  if (fragment.newest > at) return SearchAll(key, at);
  span.begin = fragment.begin;
  span.newest = fragment.newest;
  return span;
}

RangeTombstones::Span RangeTombstones::SearchAll(ByteView key, SequenceNumber at) const {
  Span span;
  const auto edge = [&](ByteView at_edge) {
    if (at_edge <= key) {
      if (!span.begin || *span.begin < at_edge) span.begin = at_edge;
    } else if (!span.end || at_edge < *span.end) {
      span.end = at_edge;
    }
  };
  for (const sst::RangeDelete* const range : all_) {
    if (range->sequence > at) continue;
    edge(range->begin);
    edge(range->end);
    if (range->begin <= key && key < range->end) {
      span.newest = std::max(span.newest, range->sequence);
    }
  }
  return span;
}

}  // namespace beach::engine
