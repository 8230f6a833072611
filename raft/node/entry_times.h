// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "raft/types.h"

namespace beach::raft {

// When an entry came how far on this node, on the monotonic clock. 0: it has not, or that is not
// known any more.
struct EntryTimes {
  std::uint64_t written_ns = 0;    // handed to the log's file
  std::uint64_t durable_ns = 0;    // there
  std::uint64_t committed_ns = 0;  // known to be
  std::uint64_t applied_ns = 0;
};

// Of the newest entries. Entries come on in order and together, so that a mark for each turn is
// enough. Not thread-safe.
class EntryMarks {
 public:
  void Written(LogIndex upto, std::uint64_t now_ns) { Add(written_, upto, now_ns); }
  void Durable(LogIndex upto, std::uint64_t now_ns) { Add(durable_, upto, now_ns); }
  void Committed(LogIndex upto, std::uint64_t now_ns) { Add(committed_, upto, now_ns); }
  void Applied(LogIndex upto, std::uint64_t now_ns) { Add(applied_, upto, now_ns); }
  // Entries from here on were others.
  void Cut(LogIndex from) {
    for (Marks* const marks : {&written_, &durable_}) {
      while (!marks->empty() && marks->back().upto >= from) marks->pop_back();
    }
  }

  EntryTimes Of(LogIndex index) const {
    return {.written_ns = Find(written_, index),
            .durable_ns = Find(durable_, index),
            .committed_ns = Find(committed_, index),
            .applied_ns = Find(applied_, index)};
  }

 private:
  static constexpr std::size_t kMarksMax = 1024;
  struct Mark {
    LogIndex upto;  // from behind the mark before
    std::uint64_t at_ns = 0;
  };
  using Marks = std::deque<Mark>;

  static void Add(Marks& marks, LogIndex upto, std::uint64_t now_ns) {
    if (!marks.empty() && upto <= marks.back().upto) return;
    marks.push_back({.upto = upto, .at_ns = now_ns});
    if (marks.size() > kMarksMax) marks.pop_front();
  }
  static std::uint64_t Find(const Marks& marks, LogIndex index) {
    const auto found = std::ranges::lower_bound(marks, index, {}, &Mark::upto);
    // What the oldest one begins with is not known.
    const bool known = found != marks.end() && (found != marks.begin() || found->upto == index);
    return known ? found->at_ns : 0;
  }

  Marks written_;
  Marks durable_;
  Marks committed_;
  Marks applied_;
};

}  // namespace beach::raft
