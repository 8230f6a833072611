// SPDX-License-Identifier: Apache-2.0
#include "engine/range_cover.h"

#include <algorithm>

namespace beach::engine {

void RangeCover::Add(const RangeTombstones& ranges) {
  if (!ranges.empty()) sources_.push_back({.ranges = &ranges});
}

void RangeCover::Add(const Version& version) {
  for (const TablePointer& table : version.levels[0]) Add(table->ranges);
  for (std::uint32_t level = 1; level < kLevelCount; ++level) {
    if (version.has_ranges[level]) sources_.push_back({.level = &version.levels[level]});
  }
}

SequenceNumber RangeCover::NewestOver(ByteView key) {
  SequenceNumber newest;
  for (Source& source : sources_) {
    if (!source.asked || !source.span.Contains(key)) {
      source.span = source.level == nullptr ? source.ranges->Search(key, at_)
                                            : SearchLevel(*source.level, key);
      source.asked = true;
    }
    newest = std::max(newest, source.span.newest);
  }
  return newest;
}

RangeTombstones::Span RangeCover::SearchLevel(const Version::Level& level, ByteView key) const {
  const Table* const table = TableOver(level, key);
  // Between tables. Said of no key, since how far it holds is not looked for.
  if (table == nullptr) return {.newest = {}, .begin = {}, .end = ByteView()};
  RangeTombstones::Span span = table->ranges.Search(key, at_);
  const ByteView smallest = SmallestKeyOf(*table);
  const ByteView largest = LargestKeyOf(*table);
  if (!span.begin || *span.begin < smallest) span.begin = smallest;
  if (!span.end || *span.end > largest) span.end = largest;
  return span;
}

}  // namespace beach::engine
