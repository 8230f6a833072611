// SPDX-License-Identifier: Apache-2.0
#include "engine/compaction/merge.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "engine/compaction/test_tables.h"
#include "engine/expiry.h"
#include "engine/merge_operator.h"
#include "engine/merging_iterator.h"
#include "engine/testing/vector_iterator.h"

namespace beach::engine {
namespace {

using testing::EntryList;
using testing::MakeVersion;
using testing::TableShape;
using testing::VectorIterator;

struct Write {
  std::string key;
  std::uint64_t sequence = 0;
  bool deletes = false;
  std::optional<std::uint64_t> until = {};  // of a value that expires
  std::optional<std::string> operand = {};  // of a merge that appends
};

ValueKind KindOf(const Write& write) {
  if (write.deletes) return ValueKind::kDelete;
  if (write.operand) return ValueKind::kMerge;
  return write.until ? ValueKind::kPutUntil : ValueKind::kPut;
}

Bytes ValueOf(const Write& write) {
  const std::string number = std::to_string(write.sequence);
  switch (KindOf(write)) {
    case ValueKind::kDelete: return {};
    case ValueKind::kMerge: return EncodeOperand(MergeOperator::kAppend, *write.operand);
    case ValueKind::kPutUntil: return EncodeExpiring(*write.until, number);
    default: return number;
  }
}

EntryList EntriesOf(const std::vector<Write>& writes) {
  EntryList entries;
  for (const Write& write : writes) {
    Bytes key;
    AppendInternalKey(
        key,
        {.user_key = write.key, .sequence = SequenceNumber(write.sequence), .kind = KindOf(write)});
    entries.emplace_back(key, ValueOf(write));
  }
  testing::SortEntries(entries);
  return entries;
}

std::vector<SequenceNumber> Numbers(const std::vector<std::uint64_t>& values) {
  std::vector<SequenceNumber> numbers;
  for (const std::uint64_t value : values) numbers.emplace_back(value);
  return numbers;
}

// Moments at these numbers, at which the time is 0.
std::vector<TimeMark> Moments(const std::vector<std::uint64_t>& values) {
  std::vector<TimeMark> moments;
  for (const std::uint64_t value : values) moments.push_back({SequenceNumber(value), 0});
  return moments;
}

CompactionJob ToLevel(std::uint32_t level) {
  CompactionJob job;
  job.input_level = level - 1;
  job.output_level = level;
  return job;
}

// "a9 a5x a4u a3m" is key a at 9, its tombstone at 5, a value that expires, an operand.
std::string Left(const std::vector<Write>& writes, const KeepRules& rules,
                 const Version& version = {}, const CompactionJob& job = ToLevel(6)) {
  OlderTables older(version, job);
  MergeIterator entry(std::make_unique<VectorIterator>(EntriesOf(writes)), rules, older);
  std::string text;
  for (entry.SeekToFirst(); entry.Valid(); entry.Next()) {
    InternalKey key;
    EXPECT_TRUE(ParseInternalKey(entry.key(), key));
    text += (text.empty() ? "" : " ") + Bytes(key.user_key) + std::to_string(key.sequence.value) +
            (key.kind == ValueKind::kDelete     ? "x"
             : key.kind == ValueKind::kPutUntil ? "u"
             : key.kind == ValueKind::kMerge    ? "m"
                                                : "");
  }
  EXPECT_TRUE(entry.status());
  return text;
}

KeepRules At(const std::vector<std::uint64_t>& snapshots, std::uint64_t visible) {
  return KeepRules::Of(Moments(snapshots), {SequenceNumber(visible), 0}, std::nullopt,
                       SequenceNumber(1000));
}

TEST(KeepRules, BoundariesAreSnapshotsAndWhatIsVisibleOrSafe) {
  const auto of = [](std::optional<std::uint64_t> safe) {
    std::optional<TimeMark> mark;
    if (safe) mark = {SequenceNumber(*safe), 0};
    return KeepRules::Of(Moments({0, 3, 3, 7}), {SequenceNumber(9), 0}, mark, {}).boundaries;
  };
  EXPECT_EQ(of({}), Numbers({0, 3, 7, 9}));
  EXPECT_EQ(of(5), Numbers({0, 3, 5}));
  EXPECT_EQ(of(7), Numbers({0, 3, 7}));
  EXPECT_EQ(of(50), Numbers({0, 3, 7, 9}));
  EXPECT_EQ(of(0), Numbers({0}));
}

TEST(MergeIterator, KeepsTheNewestOfEachStripe) {
  const std::vector<Write> writes = {{"a", 1}, {"a", 3}, {"a", 4}, {"a", 7}, {"a", 9}, {"b", 2}};
  EXPECT_EQ(Left(writes, At({}, 20)), "a9 b2");
  EXPECT_EQ(Left(writes, At({3}, 20)), "a9 a3 b2");
  EXPECT_EQ(Left(writes, At({2}, 20)), "a9 a1 b2");
  EXPECT_EQ(Left(writes, At({3, 4, 6, 8}, 20)), "a9 a7 a4 a3 b2");
  EXPECT_EQ(Left(writes, At({0}, 20)), "a9 b2");
  // What is above the last boundary nobody may judge yet.
  EXPECT_EQ(Left(writes, At({}, 4)), "a9 a7 a4 b2");
}

TEST(MergeIterator, ATombstoneGoesOnlyWithAllThatItHides) {
  const std::vector<Write> writes = {{"a", 1}, {"a", 5, true}, {"b", 2}, {"b", 6, true}, {"b", 8}};
  EXPECT_EQ(Left(writes, At({}, 20)), "b8");
  EXPECT_EQ(Left(writes, At({3}, 20)), "a5x a1 b8 b2");
  EXPECT_EQ(Left(writes, At({7}, 20)), "b8");
  EXPECT_EQ(Left(writes, At({5}, 20)), "b8 b2");
  EXPECT_EQ(Left(writes, At({}, 4)), "a5x a1 b8 b6x b2");
}

TEST(MergeIterator, ATombstoneStaysWhileAnOlderVersionMayBeDeeper) {
  const std::vector<Write> writes = {{"a", 5, true}, {"c", 6, true}, {"e", 7, true}};
  const Version version = MakeVersion({{.level = 5, .file = 1, .smallest = "c", .largest = "d"},
                                       {.level = 6, .file = 2, .smallest = "e", .largest = "e"},
                                       {.level = 2, .file = 3, .smallest = "a", .largest = "z"}});
  EXPECT_EQ(Left(writes, At({}, 20), version, ToLevel(3)), "c6x e7x");
  EXPECT_EQ(Left(writes, At({}, 20), version, ToLevel(5)), "e7x");
  EXPECT_EQ(Left(writes, At({}, 20), version, ToLevel(6)), "");
}

// A run of level 0 that is made of others lies above older tables of the same level.
TEST(MergeIterator, ATombstoneStaysWhileAnOlderTableOfLevel0MayHoldItsKey) {
  const Version version = MakeVersion({{.level = 0,
                                        .file = 1,
                                        .smallest = "a",
                                        .largest = "b",
                                        .sequence_min = 1,
                                        .sequence_max = 2},
                                       {.level = 0,
                                        .file = 2,
                                        .smallest = "a",
                                        .largest = "z",
                                        .sequence_min = 5,
                                        .sequence_max = 6},
                                       {.level = 0,
                                        .file = 3,
                                        .smallest = "a",
                                        .largest = "z",
                                        .sequence_min = 7,
                                        .sequence_max = 9},
                                       {.level = 0,
                                        .file = 4,
                                        .smallest = "c",
                                        .largest = "z",
                                        .sequence_min = 20,
                                        .sequence_max = 30}});
  CompactionJob job;
  job.inputs = {version.levels[0][1], version.levels[0][2]};
  ASSERT_EQ(job.inputs[1]->info.file, FileNumber(2));
  EXPECT_EQ(Left({{"a", 5, true}, {"d", 6, true}, {"z", 7, true}}, At({}, 40), version, job),
            "a5x");
}

TEST(MergeIterator, TheNewestOperationOfAllStays) {
  KeepRules rules = At({}, 20);
  rules.newest = SequenceNumber(6);
  EXPECT_EQ(Left({{"a", 5, true}, {"c", 6, true}}, rules), "c6x");
}

TEST(MergeIterator, AnErrorOfTheSourceIsNoEnd) {
  const EntryList entries = EntriesOf({{"a", 1}, {"b", 2}, {"c", 3}});
  for (std::size_t failing = 0; failing < entries.size(); ++failing) {
    const Version version;
    OlderTables older(version, ToLevel(6));
    MergeIterator entry(std::make_unique<VectorIterator>(entries, failing), At({}, 20), older);
    std::size_t seen = 0;
    for (entry.SeekToFirst(); entry.Valid(); entry.Next()) ++seen;
    EXPECT_EQ(seen, failing);
    ASSERT_FALSE(entry.status());
    EXPECT_EQ(entry.status().error().code(), ErrorCode::kCorruption);
  }
}

// At the last moment the time is 20, at the snapshot at sequence 5 it is 10.
KeepRules WithTimes() {
  return KeepRules::Of({{SequenceNumber(5), 10}}, {SequenceNumber(20), 20}, std::nullopt,
                       SequenceNumber(1000));
}

TEST(KeepRules, TimesNeverGoBackThoughThatOfTheSafeNumberIsNotKnown) {
  const KeepRules rules = KeepRules::Of({{SequenceNumber(2), 7}}, {SequenceNumber(9), 30},
                                        TimeMark{SequenceNumber(4), 0}, {});
  EXPECT_EQ(rules.boundaries, Numbers({2, 4}));
  EXPECT_EQ(rules.times, (std::vector<std::uint64_t>{7, 7}));
}

TEST(MergeIterator, WhatHasExpiredForAllWhoMaySeeItGoesAsATombstoneDoes) {
  EXPECT_EQ(Left({{"a", 8, false, 20}, {"b", 8, false, 21}}, WithTimes()), "a8x b8u");
  // Of the stripe below all: nothing is left that it could hide.
  EXPECT_EQ(Left({{"a", 4, false, 10}, {"b", 4, false, 11}, {"c", 4, false, 0}}, WithTimes()),
            "b4u");
  // A deeper table may hold an older version, which must not show through.
  const Version deeper = MakeVersion({{.level = 6, .file = 1, .smallest = "a", .largest = "a"}});
  EXPECT_EQ(Left({{"a", 4, false, 10}}, WithTimes(), deeper, ToLevel(5)), "a4x");
}

TEST(MergeIterator, WhatAnOlderSnapshotSeesAliveStays) {
  EXPECT_EQ(Left({{"a", 4, false, 15}, {"a", 3}}, WithTimes()), "a4u");
}

TEST(MergeIterator, TheNewestOperationOfAllStaysAsATombstone) {
  KeepRules rules = WithTimes();
  rules.newest = SequenceNumber(4);
  EXPECT_EQ(Left({{"a", 4, false, 0}}, rules), "a4x");
}

TEST(MergeIterator, AboveTheLastBoundaryNothingHasExpired) {
  EXPECT_EQ(Left({{"a", 25, false, 0}, {"a", 24, false, 0}}, WithTimes()), "a25u a24u");
}

TEST(MergeIterator, OperandsAreNeverAppliedToWhatCanStillExpire) {
  const auto operand = [](std::uint64_t sequence) {
    return Write{.key = "a", .sequence = sequence, .operand = "x"};
  };
  EXPECT_EQ(Left({operand(9), operand(8), {"a", 7, false, 21}, {"a", 6}}, WithTimes()), "a9m a7u");
  EXPECT_EQ(Left({operand(9), operand(8), {"a", 7, false, 20}, {"a", 6}}, WithTimes()), "a9");
  // The base is needed, what is in front of the next operands is not.
  EXPECT_EQ(Left({operand(9), {"a", 8, false, 21}, operand(7), {"a", 6, false, 30}}, WithTimes()),
            "a9m a8u");
}

Bytes KeyOf(ByteView user_key, std::uint64_t sequence, ValueKind kind) {
  Bytes key;
  AppendInternalKey(key, {user_key, SequenceNumber(sequence), kind});
  return key;
}

// Shows none of them, and says that they are damaged.
void ExpectCorruption(const EntryList& entries) {
  const Version version;
  OlderTables older(version, ToLevel(6));
  MergeIterator entry(std::make_unique<VectorIterator>(entries), WithTimes(), older);
  entry.SeekToFirst();
  EXPECT_FALSE(entry.Valid());
  ASSERT_FALSE(entry.status());
  EXPECT_EQ(entry.status().error().code(), ErrorCode::kCorruption);
}

TEST(MergeIterator, AMalformedValueThatExpiresIsAnError) {
  const Bytes key = KeyOf("a", 3, ValueKind::kPutUntil);
  ExpectCorruption({{key, "short"}});
  const Bytes newer = KeyOf("a", 4, ValueKind::kMerge);  // which would be applied to it
  ExpectCorruption({{newer, EncodeOperand(MergeOperator::kMax, "m")}, {key, "short"}});
}

TEST(MergeIterator, AMalformedKeyIsAnErrorAlsoBehindAnOperand) {
  const Bytes malformed = Bytes("k") + Bytes(8, '\xff');  // of kind 255
  ExpectCorruption({{malformed, "v"}});
  const Bytes newer = KeyOf("a", 4, ValueKind::kMerge);
  ExpectCorruption({{newer, EncodeOperand(MergeOperator::kMax, "m")}, {malformed, "v"}});
}

TEST(MergeIterator, AMalformedOperandIsAnErrorAlsoBehindOthers) {
  const Bytes key = KeyOf("a", 3, ValueKind::kMerge);
  ExpectCorruption({{key, "\x07"}});
  const Bytes newer = KeyOf("a", 4, ValueKind::kMerge);
  ExpectCorruption({{newer, EncodeOperand(MergeOperator::kMax, "m")}, {key, "\x07"}});
}

// What a reader at a sequence number and a time sees of a key: the sequence number of the value, or
// with operands on it the value that they make.
std::map<std::string, std::string> Seen(const EntryList& entries, std::uint64_t at,
                                        std::uint64_t time) {
  std::map<std::string, std::string> seen;
  std::set<Bytes> decided;
  std::map<std::string, std::string> operands;  // not yet applied, the oldest first
  for (const auto& [bytes, value] : entries) {
    InternalKey key;
    EXPECT_TRUE(ParseInternalKey(bytes, key));
    if (key.sequence.value > at || decided.contains(Bytes(key.user_key))) continue;
    const std::string name(key.user_key);
    if (key.kind == ValueKind::kMerge) {
      MergeOperand operand;
      EXPECT_TRUE(ParseOperand(value, operand));
      operands[name] = Bytes(operand.operand) + operands[name];
      continue;
    }
    decided.insert(Bytes(key.user_key));
    ExpiringValue expiring;
    if (key.kind == ValueKind::kPut) seen[name] = value;
    if (key.kind == ValueKind::kPutUntil && ParseExpiring(value, expiring) &&
        time < expiring.expires_at) {
      seen[name] = expiring.value;
    }
  }
  for (const auto& [name, text] : operands) seen[name] += text;
  return seen;
}

RC_GTEST_PROP(MergeIteratorProperty, ReadersAtEveryBoundaryAndAboveSeeTheSame, ()) {
  const std::uint64_t count = *rc::gen::inRange<std::uint64_t>(1, 40);
  std::vector<Write> upper;
  std::vector<Write> lower;  // stays where it is, below
  for (std::uint64_t i = 1; i <= count; ++i) {
    const std::string key(1, static_cast<char>('a' + *rc::gen::inRange(0, 5)));
    // Of one key, what is deeper is older.
    const bool above = std::ranges::any_of(upper, [&](const Write& w) { return w.key == key; });
    const bool deeper = !above && i < count / 3 && *rc::gen::arbitrary<bool>();
    Write write{.key = key, .sequence = i};
    switch (*rc::gen::inRange(0, 6)) {
      case 0:
      case 1: write.deletes = true; break;
      case 2: write.until = *rc::gen::inRange<std::uint64_t>(0, count + 3); break;
      case 3: write.operand = "+" + std::to_string(i); break;
      default: break;
    }
    (deeper ? lower : upper).push_back(write);
  }
  // The time is half the sequence number.
  const auto moment = [](std::uint64_t number) {
    return TimeMark{SequenceNumber(number), number / 2};
  };
  std::set<std::uint64_t> chosen;
  for (int i = *rc::gen::inRange(0, 5); i > 0; --i) {
    chosen.insert(*rc::gen::inRange<std::uint64_t>(0, count + 1));
  }
  const std::uint64_t visible = *rc::gen::inRange<std::uint64_t>(0, count + 1);
  std::erase_if(chosen, [&](std::uint64_t snapshot) { return snapshot > visible; });
  std::optional<TimeMark> safe;
  if (*rc::gen::arbitrary<bool>()) {
    safe = moment(*rc::gen::inRange<std::uint64_t>(0, count + 1));
  }
  std::vector<TableShape> shapes;
  for (const Write& write : lower) {
    const bool known = std::ranges::any_of(
        shapes, [&](const TableShape& shape) { return shape.smallest == write.key; });
    if (known) continue;
    shapes.push_back(
        {.level = 6, .file = write.sequence, .smallest = write.key, .largest = write.key});
  }
  const Version version = MakeVersion(shapes);
  std::vector<TimeMark> snapshots;
  for (const std::uint64_t number : chosen) snapshots.push_back(moment(number));
  const KeepRules rules =
      KeepRules::Of(snapshots, moment(visible), safe, SequenceNumber(count + 1));
  OlderTables older(version, ToLevel(5));
  MergeIterator entry(std::make_unique<VectorIterator>(EntriesOf(upper)), rules, older);
  EntryList after = EntriesOf(lower);
  for (entry.SeekToFirst(); entry.Valid(); entry.Next()) {
    after.emplace_back(entry.key(), entry.value());
  }
  RC_ASSERT(entry.status().has_value());
  testing::SortEntries(after);
  std::vector<Write> all = upper;
  all.insert(all.end(), lower.begin(), lower.end());
  const EntryList before = EntriesOf(all);
  std::set<std::uint64_t> readers(chosen.begin(), chosen.end());
  const std::uint64_t from = safe ? std::min(safe->sequence.value, visible) : visible;
  for (std::uint64_t at = from; at <= count; ++at) readers.insert(at);
  for (const std::uint64_t at : readers) {
    for (const std::uint64_t late : {0U, 3U, 100U}) {
      RC_ASSERT(Seen(after, at, at / 2 + late) == Seen(before, at, at / 2 + late));
    }
  }
}

}  // namespace
}  // namespace beach::engine
