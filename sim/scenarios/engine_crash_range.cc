// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_crash_range.h"

#include <algorithm>

#include "base/random.h"

namespace beach::sim::scenarios::engine_crash {

Result<std::vector<oracle::KeyValue>> ReadRange(engine::Iterator& iterator,
                                                const oracle::KeyRange& range, bool backward) {
  std::vector<oracle::KeyValue> entries;
  entries.reserve(64);
  if (!backward) {
    iterator.Seek(range.from);
    while (iterator.Valid() && range.Contains(iterator.key())) {
      entries.emplace_back(Bytes(iterator.key()), Bytes(iterator.value()));
      iterator.Next();
    }
  } else {
    if (range.to) {
      iterator.SeekForPrevious(*range.to);
      if (iterator.Valid() && iterator.key() == *range.to) iterator.Previous();
    } else {
      iterator.SeekToLast();
    }
    while (iterator.Valid() && range.Contains(iterator.key())) {
      entries.emplace_back(Bytes(iterator.key()), Bytes(iterator.value()));
      iterator.Previous();
    }
    std::reverse(entries.begin(), entries.end());
  }
  BEACH_TRY(iterator.status());
  return entries;
}

namespace {

// Empty, or what does not stand where it should.
Result<std::string> TurnAt(engine::Iterator& iterator, const std::vector<oracle::KeyValue>& entries,
                           std::size_t i) {
  const auto stands_at = [&](std::size_t index) {
    if (index >= entries.size()) return !iterator.Valid();
    return iterator.Valid() && iterator.key() == entries[index].first &&
           iterator.value() == entries[index].second;
  };
  const char* move = "a seek";
  iterator.Seek(entries[i].first);
  bool right = stands_at(i);
  if (right && i > 0) {
    move = "a step back after a seek";
    iterator.Previous();
    right = stands_at(i - 1);
    if (right) {
      move = "a step ahead after one back";
      iterator.Next();
      right = stands_at(i);
    }
  }
  if (right) {
    move = "a step ahead";
    iterator.Next();
    right = stands_at(i + 1);
  }
  if (right && i + 1 < entries.size()) {
    move = "a step back after one ahead";
    iterator.Previous();
    right = stands_at(i);
  }
  BEACH_TRY(iterator.status());
  if (right) return std::string();
  return std::string(move) + " at entry " + std::to_string(i) + " of " +
         std::to_string(entries.size()) + " stands " +
         (iterator.Valid() ? "at key \"" + Printable(iterator.key(), 32) + "\""
                           : std::string("nowhere"));
}

}  // namespace

Result<std::string> CheckTurns(engine::Iterator& iterator,
                               const std::vector<oracle::KeyValue>& entries, std::uint64_t pick) {
  if (entries.empty()) return std::string();
  switch (pick % 4) {
    case 0: return TurnAt(iterator, entries, 0);
    case 1: return TurnAt(iterator, entries, entries.size() - 1);
    default: return TurnAt(iterator, entries, RandomBelow(Mix64(pick), entries.size()));
  }
}

}  // namespace beach::sim::scenarios::engine_crash
