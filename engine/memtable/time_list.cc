// SPDX-License-Identifier: Apache-2.0
#include "engine/memtable/time_list.h"

#include <algorithm>

#include "base/check.h"

namespace beach::engine {

void TimeList::Add(SequenceNumber sequence, std::uint64_t time) {
  const TimeMark last = end();
  BEACH_CHECK_GT(sequence.value, last.sequence.value);
  const Node& node =
      nodes_.emplace_back(Node{.mark = {.sequence = sequence, .time = std::max(time, last.time)},
                               .older = newest_.load(std::memory_order_relaxed)});
  count_.store(nodes_.size(), std::memory_order_relaxed);
  // Only here do readers come to it.
  newest_.store(&node, std::memory_order_release);
}

TimeMark TimeList::end() const {
  const Node* const newest = newest_.load(std::memory_order_acquire);
  return newest == nullptr ? begin_ : newest->mark;
}

std::uint64_t TimeList::At(SequenceNumber sequence) const {
  BEACH_CHECK_GE(sequence.value, begin_.sequence.value);
  const Node* node = newest_.load(std::memory_order_acquire);
  while (node != nullptr && node->mark.sequence > sequence) node = node->older;
  return node == nullptr ? begin_.time : node->mark.time;
}

}  // namespace beach::engine
