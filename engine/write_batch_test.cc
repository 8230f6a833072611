// SPDX-License-Identifier: Apache-2.0
#include "engine/write_batch.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <fstream>
#include <functional>
#include <sstream>
#include <tuple>
#include <vector>

#include "base/coding.h"
#include "engine/expiry.h"
#include "engine/tables/stored_key.h"

namespace beach::engine {
namespace {

using Operation = std::tuple<bool, std::string, std::string>;  // put?, key, value

TEST(WriteBatch, ReadsBackWhatWasPutInIt) {
  EXPECT_TRUE(rc::check([](const std::vector<Operation>& operations) {
    WriteBatch batch;
    for (const auto& [put, key, value] : operations) {
      put ? batch.Put(key, value) : batch.Delete(key);
    }
    RC_ASSERT(batch.count() == operations.size());
    RC_ASSERT(batch.size_bytes() == batch.encoding().size());

    BatchReader reader(batch.encoding());
    BatchOperation read;
    for (const auto& [put, key, value] : operations) {
      RC_ASSERT(reader.Next(read));
      RC_ASSERT((read.kind == ValueKind::kPut) == put);
      RC_ASSERT(read.key == ByteView(StoredKey({}, key)));
      RC_ASSERT(read.value == (put ? value : ""));
    }
    RC_ASSERT(!reader.Next(read));
    RC_ASSERT(reader.ok());
  }));
}

// Whatever the bytes: the walk ends, and every view lies inside them.
TEST(WriteBatch, KeepsTheSetOfTablesThatItWasGiven) {
  const NamedTable two{TableNumber(2)};
  const NamedTable three{TableNumber(3)};
  WriteBatch batch;
  batch.Put("k", "v");
  EXPECT_TRUE(batch.tables().empty());
  batch.Delete("k", three);
  batch.DeleteRange("k", "k", two);  // adds nothing, and is for a table all the same
  batch.Put("k", "v", three);
  EXPECT_EQ(batch.tables(), (std::vector<TableNumber>{two.number, three.number}));
  EXPECT_EQ(batch.count(), 3U);
  BatchReader reader(batch.encoding());
  BatchOperation operation;
  ASSERT_TRUE(reader.Next(operation) && reader.Next(operation));
  EXPECT_EQ(operation.key, ByteView(StoredKey(three, "k")));
  batch.Clear();
  EXPECT_TRUE(batch.tables().empty());
}

TEST(WriteBatch, ATableThatNobodyGaveMakesItMalformed) {
  for (const std::uint64_t number : {kTableNumberMax.value, ~std::uint64_t{0}}) {
    const NamedTable forged{TableNumber(number)};
    const std::function<void(WriteBatch&)> operations[] = {
        [=](WriteBatch& batch) { batch.Put("k", "v", forged); },
        [=](WriteBatch& batch) { batch.PutUntil("k", "v", 7, forged); },
        [=](WriteBatch& batch) { batch.Delete("k", forged); },
        [=](WriteBatch& batch) { batch.DeleteRange("a", "k", forged); },
        [=](WriteBatch& batch) { batch.DeleteAll(forged); },
        [=](WriteBatch& batch) { batch.Merge("k", MergeOperator::kMax, "v", forged); },
    };
    for (const auto& operation : operations) {
      WriteBatch batch;
      operation(batch);
      EXPECT_TRUE(batch.malformed());
      EXPECT_EQ(batch.count(), 0U);
      EXPECT_TRUE(batch.tables().empty());
    }
  }
}

TEST(WriteBatch, ADecodedOneIsWhatWasEncodedAndACutOneIsDamage) {
  WriteBatch batch;
  batch.PutUntil("key", "value", 7);
  const ByteView encoding = batch.encoding();
  const auto whole = WriteBatch::Decode(encoding);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->encoding(), encoding);
  EXPECT_EQ(whole->count(), 1U);
  EXPECT_EQ(whole->value_size_max(), 5U);
  for (std::size_t length = 1; length < encoding.size(); ++length) {
    const auto cut = WriteBatch::Decode(encoding.substr(0, length));
    ASSERT_FALSE(cut) << length;
    EXPECT_EQ(cut.error().code(), ErrorCode::kCorruption) << length;
  }
}

TEST(WriteBatch, WhatWasMovedFromIsEmpty) {
  WriteBatch batch;
  batch.Put("key", "value", NamedTable{TableNumber(7)});
  batch.DeleteRange("a", "b");
  batch.AdvanceTime(9);
  const auto is_empty = [](const WriteBatch& empty) {
    return empty.count() == 0 && empty.encoding().empty() && empty.tables().empty() &&
           empty.deletes_only() && !empty.has_range_deletes() && !empty.advances_time() &&
           empty.key_size_max() == 0 && empty.value_size_max() == 0;
  };
  WriteBatch made = std::move(batch);
  EXPECT_TRUE(is_empty(batch));  // NOLINT: what this is about
  EXPECT_EQ(made.count(), 3U);
  batch = std::move(made);
  EXPECT_TRUE(is_empty(made));  // NOLINT
  EXPECT_EQ(batch.count(), 3U);
  EXPECT_EQ(batch.value_size_max(), 5U);
}

TEST(WriteBatch, OneWithAKeyOfATableThatNobodyCanHaveIsDamage) {
  // The key's prefix is that of the greatest number, where only ranges end.
  const Bytes forged = "\xff\xfe" + Bytes(7, '\xff') + "a";
  Bytes encoding;
  Encoder encoder(encoding);
  encoder.Fixed8(static_cast<std::uint8_t>(ValueKind::kPut));
  encoder.LengthPrefixed(forged);
  encoder.LengthPrefixed("value");
  const auto batch = WriteBatch::Decode(encoding);
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().code(), ErrorCode::kCorruption);
}

TEST(WriteBatch, HostileBytesNeverLeadOutsideOfThem) {
  const auto walk = [](const Bytes& bytes) {
    BatchReader reader(bytes);
    BatchOperation operation;
    std::size_t operations = 0;
    const auto inside = [&](ByteView view) {
      if (view.empty()) return true;
      const char* const end = bytes.data() + bytes.size();
      return view.data() >= bytes.data() && view.data() + view.size() <= end;
    };
    while (reader.Next(operation)) {
      ++operations;
      RC_ASSERT(inside(operation.key));
      RC_ASSERT(inside(operation.value));
    }
    RC_ASSERT(operations <= bytes.size() / 2);
    RC_ASSERT(!reader.Next(operation));
  };
  EXPECT_TRUE(rc::check(
      "garbage", [&](const std::vector<char>& noise) { walk(Bytes(noise.begin(), noise.end())); }));
  EXPECT_TRUE(rc::check("a batch with one byte changed", [&](const std::string& key) {
    WriteBatch batch;
    batch.Put(key, "value");
    batch.Delete(key);
    Bytes bytes(batch.encoding());
    const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
    bytes[at] = *rc::gen::arbitrary<char>();
    walk(bytes);
  }));
}

TEST(WriteBatch, EveryTruncationWithinAnOperationIsSeen) {
  WriteBatch batch;
  batch.Put("key", "value");
  for (std::size_t length = 1; length < batch.encoding().size(); ++length) {
    BatchReader reader(batch.encoding().substr(0, length));
    BatchOperation operation;
    EXPECT_FALSE(reader.Next(operation)) << length;
    EXPECT_FALSE(reader.ok()) << length;
  }
}

TEST(WriteBatch, LengthsBeyondTheBytesAndUnknownKindsAreDamage) {
  for (const char* bytes : {"\x02\x01k", "\xff\x01k", "\x01\xff\xff\xff\xff\xff\xff\xff\xff\x7f"}) {
    BatchReader reader{ByteView(bytes)};
    BatchOperation operation;
    EXPECT_FALSE(reader.Next(operation));
    EXPECT_FALSE(reader.ok());
    EXPECT_FALSE(reader.Next(operation)) << "damage is for good";
  }
}

TEST(WriteBatch, ClearLeavesNothing) {
  WriteBatch batch;
  batch.Put("a", "b");
  batch.Clear();
  EXPECT_EQ(batch.count(), 0U);
  EXPECT_EQ(batch.size_bytes(), 0U);
}

// The block that begins with "```hex" in the document: two digits a byte, then a remark after '#'.
TEST(WriteBatch, TheWorkedExampleOfTheDocumentIsWhatWeWrite) {
  std::ifstream file(BEACH_SOURCE_DIR "/docs/formats/write_batch.md");
  Bytes example;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("```")) inside = line == "```hex";
    if (!inside || line.starts_with("```")) continue;
    std::istringstream words(line.substr(0, line.find('#')));
    for (std::string word; words >> word;) {
      example.push_back(static_cast<char>(std::stoi(word, nullptr, 16)));
    }
  }
  WriteBatch batch;
  batch.Put("beach", "sand");
  batch.Delete("pier");
  batch.Put("", "");
  batch.DeleteRange("a", "c");
  batch.Merge("n", MergeOperator::kAdd, ByteView("\2\0\0\0\0\0\0\0", 8));
  batch.AdvanceTime(256);
  batch.PutUntil("t", "v", 258);
  EXPECT_EQ(Bytes(batch.encoding()), example);
}

TEST(WriteBatch, WhatCannotBeAddedMakesItMalformed) {
  WriteBatch batch;
  batch.DeleteRange("a", "a");
  EXPECT_FALSE(batch.malformed());
  EXPECT_EQ(batch.count(), 0U);
  batch.DeleteRange("b", "a");
  EXPECT_TRUE(batch.malformed());
  batch.Clear();
  EXPECT_FALSE(batch.malformed());
  batch.Merge("n", MergeOperator::kAdd, "seven");
  EXPECT_TRUE(batch.malformed());
  EXPECT_EQ(batch.count(), 0U);
}

TEST(WriteBatch, DeletesAndRangesAloneAreDeletes) {
  WriteBatch batch;
  batch.Delete("a");
  batch.DeleteRange("a", "b");
  batch.AdvanceTime(7);  // by which keys go
  EXPECT_TRUE(batch.deletes_only());
  EXPECT_TRUE(batch.advances_time());
  batch.Merge("a", MergeOperator::kMax, "x");
  EXPECT_FALSE(batch.deletes_only());
}

TEST(WriteBatch, TimesAndWhatExpiresAreReadAsTheyWereWritten) {
  WriteBatch batch;
  batch.PutUntil("k", "", ~std::uint64_t{0});
  batch.AdvanceTime(~std::uint64_t{0});
  BatchReader reader(batch.encoding());
  BatchOperation operation;
  ASSERT_TRUE(reader.Next(operation));
  ExpiringValue expiring;
  ASSERT_TRUE(ParseExpiring(operation.value, expiring));
  EXPECT_EQ(expiring.expires_at, ~std::uint64_t{0});
  EXPECT_EQ(expiring.value, "");
  EXPECT_FALSE(expiring.IsExpired(~std::uint64_t{0} - 1));
  EXPECT_TRUE(expiring.IsExpired(~std::uint64_t{0}));
  ASSERT_TRUE(reader.Next(operation));
  EXPECT_EQ(operation.kind, ValueKind::kTime);
  EXPECT_EQ(operation.time, ~std::uint64_t{0});
  EXPECT_TRUE(operation.key.empty());
  EXPECT_FALSE(reader.Next(operation));
  EXPECT_TRUE(reader.ok());
}

TEST(WriteBatch, RangesAndOperandsThatNobodyMadeAreDamage) {
  for (const ByteView bytes :
       {ByteView("\2\1b\1a", 5), ByteView("\2\1a\1a", 5), ByteView("\2\1a", 3),
        ByteView("\3\1a\0", 4), ByteView("\3\1a\1\4", 5), ByteView("\3\1a\2\0x", 6),
        ByteView("\4\1a", 3),
        ByteView("\4\1a\7"
                 "1234567",
                 11),
        ByteView("\5", 1),
        ByteView("\5"
                 "1234567",
                 8),
        ByteView("\6\1a\1b", 5)}) {
    BatchReader reader(bytes);
    BatchOperation operation;
    EXPECT_FALSE(reader.Next(operation));
    EXPECT_FALSE(reader.ok());
  }
}

}  // namespace
}  // namespace beach::engine
