// SPDX-License-Identifier: Apache-2.0
#include "engine/memtable/range_list.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace beach::engine {
namespace {

// What a range delete takes in each part that has it, about: its place, and two fragments.
constexpr std::uint64_t kBytesInPart = 64;
constexpr std::uint64_t kBytesOfRange = 80;
constexpr std::uint64_t kBytesOfPointer = 8;

}  // namespace

void RangeList::Add(SequenceNumber sequence, ByteView begin, ByteView end) {
  BEACH_CHECK(begin < end);
  BEACH_CHECK_LE(sequence.value, kMaxSequence.value);
  ranges_.push_back({.begin = Bytes(begin), .end = Bytes(end), .sequence = sequence});
  RangeTombstones::Pointers taken{&ranges_.back()};
  State next = states_.empty() ? State() : states_.back();
  while (!next.empty() && next.back()->all().size() <= taken.size()) {
    const RangeTombstones::Pointers& more = next.back()->all();
    taken.insert(taken.end(), more.begin(), more.end());
    next.pop_back();
  }
  const std::uint64_t size = begin.size() + end.size() + kBytesOfRange +
                             taken.size() * kBytesInPart + (next.size() + 1) * kBytesOfPointer;
  next.push_back(&parts_.emplace_back(std::move(taken)));
  size_bytes_.store(size_bytes_.load(std::memory_order_relaxed) + size, std::memory_order_relaxed);
  count_.store(count_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  // Only here do readers come to it.
  state_.store(&states_.emplace_back(std::move(next)), std::memory_order_release);
}

SequenceNumber RangeList::NewestOver(ByteView key, SequenceNumber at) const {
  const State* const state = state_.load(std::memory_order_acquire);
  SequenceNumber newest;
  if (state == nullptr) return newest;
  for (const RangeTombstones* const part : *state) {
    newest = std::max(newest, part->NewestOver(key, at));
  }
  return newest;
}

RangeList::Parts RangeList::parts() const {
  const State* const state = state_.load(std::memory_order_acquire);
  return state == nullptr ? Parts() : *state;
}

}  // namespace beach::engine
