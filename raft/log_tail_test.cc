// SPDX-License-Identifier: Apache-2.0
#include "raft/log_tail.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <deque>

namespace beach::raft {
namespace {

Entry EntryOf(std::uint64_t index, std::uint64_t size) {
  return {.term = Term(1),
          .index = LogIndex(index),
          .kind = EntryKind::kNormal,
          .payload = Payload::Copy(Bytes(size, 'x'))};
}

RC_GTEST_PROP(LogTailProperty, BytesAndPlacesAreThoseOfAList, ()) {
  LogTail tail(LogIndex(5));
  std::uint64_t first = 5;
  std::deque<std::uint64_t> sizes;
  for (int step = 0; step < 60; ++step) {
    const std::uint64_t next = first + sizes.size();
    switch (*rc::gen::inRange(0, 7)) {
      case 6: {
        if (sizes.empty()) break;
        const std::uint64_t at = *rc::gen::inRange<std::uint64_t>(0, sizes.size());
        const std::uint64_t size = *rc::gen::inRange<std::uint64_t>(0, 50);
        tail.Replace({EntryOf(first + at, size)});
        sizes[at] = size + kEntryOverhead;
        break;
      }
      case 0: {
        const std::uint64_t from = *rc::gen::inRange<std::uint64_t>(first, next + 1);
        tail.TruncateFrom(LogIndex(from));
        sizes.resize(from - first);
        break;
      }
      case 1: {
        const std::uint64_t upto = *rc::gen::inRange<std::uint64_t>(first - 1, next);
        tail.DropUpTo(LogIndex(upto));
        for (; first <= upto; ++first) sizes.pop_front();
        break;
      }
      default: {
        const std::uint64_t size = *rc::gen::inRange<std::uint64_t>(0, 50);
        tail.Append(EntryOf(next, size));
        sizes.push_back(size + kEntryOverhead);
      }
    }
    RC_ASSERT(tail.first().value == first);
    RC_ASSERT(tail.next().value == first + sizes.size());
    std::uint64_t bytes = 0;
    for (const std::uint64_t size : sizes) bytes += size;
    RC_ASSERT(tail.bytes() == bytes);
    if (sizes.empty()) continue;
    const std::uint64_t most = *rc::gen::inRange<std::uint64_t>(0, 300);
    const std::uint64_t fit =
        tail.Fit(LogIndex(first - 1), tail.next() - 1, most).value - (first - 1);
    RC_ASSERT(fit >= 1);
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < fit; ++i) sum += sizes[i];
    RC_ASSERT(fit == 1 || sum <= most);
    RC_ASSERT(fit == sizes.size() || sum + sizes[fit] > most);
  }
}

TEST(LogTail, EntriesShareTheirBytes) {
  LogTail tail(LogIndex(1));
  tail.Append(EntryOf(1, 100));
  std::vector<Entry> copies;
  tail.CopyTo(LogIndex{}, LogIndex(1), copies);
  EXPECT_EQ(copies[0].payload.view().data(), tail.At(LogIndex(1)).payload.view().data());
  tail.TruncateFrom(LogIndex(1));
  EXPECT_EQ(copies[0].payload.view(), ByteView(Bytes(100, 'x')));
}

TEST(LogTail, IsEmptyWhereAllOfItIsCut) {
  LogTail tail(LogIndex(10));
  tail.TruncateFrom(LogIndex(7));
  EXPECT_EQ(tail.next(), LogIndex(7));
  tail.Append(EntryOf(7, 1));
  EXPECT_TRUE(tail.Holds(LogIndex(7)));
}

}  // namespace
}  // namespace beach::raft
