// SPDX-License-Identifier: Apache-2.0
#include "server/machine/digest.h"

#include <gtest/gtest.h>

#include <set>

namespace beach::server {
namespace {

raft::Entry EntryOf(std::uint64_t term, std::uint64_t index, raft::EntryKind kind,
                    ByteView payload) {
  return {.term = raft::Term(term),
          .index = raft::LogIndex(index),
          .kind = kind,
          .payload = raft::Payload::Copy(payload)};
}

TEST(Digest, EachPartOfAnEntryMatters) {
  constexpr auto kNormal = raft::EntryKind::kNormal;
  const std::set<std::uint64_t> digests = {
      RollDigest(0, EntryOf(1, 1, kNormal, "p"), "a", "b"),
      RollDigest(1, EntryOf(1, 1, kNormal, "p"), "a", "b"),
      RollDigest(0, EntryOf(2, 1, kNormal, "p"), "a", "b"),
      RollDigest(0, EntryOf(1, 2, kNormal, "p"), "a", "b"),
      RollDigest(0, EntryOf(1, 1, raft::EntryKind::kNoOp, "p"), "a", "b"),
      RollDigest(0, EntryOf(1, 1, kNormal, "q"), "a", "b"),
      RollDigest(0, EntryOf(1, 1, kNormal, "p"), "b", "b"),
      RollDigest(0, EntryOf(1, 1, kNormal, "p"), "a", "a"),
      RollDigest(0, EntryOf(1, 1, kNormal, "a"), "p", "b"),
      RollDigest(0, EntryOf(1, 1, kNormal, "p"), "b", "a"),
  };
  EXPECT_EQ(digests.size(), 10U);
}

// Marks in tables have it: it may not be another one tomorrow.
TEST(Digest, IsWhatItWas) {
  EXPECT_EQ(RollDigest(7, EntryOf(3, 64, raft::EntryKind::kNormal, "payload"), "answer", "batch"),
            4472886855381664441U);
}

TEST(Digest, TheRingKeepsTheNewestOfAgreedIndexes) {
  DigestRing ring;
  EXPECT_TRUE(ring.All().empty());
  const auto expect = [&](std::uint64_t first, std::uint64_t last) {
    std::vector<DigestAt> expected;
    for (std::uint64_t i = first; i <= last; i += DigestRing::kStride) {
      expected.push_back({.index = raft::LogIndex(i), .digest = i + 1});
    }
    EXPECT_EQ(ring.All(), expected);
  };
  const auto add = [&](std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t i = first; i <= last; ++i) {
      ring.Add({.index = raft::LogIndex(i), .digest = i + 1});
    }
  };
  add(1, 200);
  expect(64, 192);
  add(201, 64 * 64 + 130);
  expect(64 * 3, 64 * 66);
  ring = {};
  add(64 * 62 + 1, 64 * 65);
  expect(64 * 63, 64 * 65);
}

}  // namespace
}  // namespace beach::server
