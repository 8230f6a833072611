// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>

#include "base/coding.h"
#include "engine/sst/block.h"
#include "engine/sst/block_io.h"
#include "engine/sst/format.h"
#include "engine/sst/properties.h"
#include "engine/sst/table.h"
#include "engine/sst/table_index.h"
#include "engine/sst/table_testing.h"

// What a table does when its bytes are not the ones written: an error that names file and offset,
// never another value.

namespace beach::engine::sst {
namespace {

using testing::FileCall;
using testing::FileEvent;
using testing::MemoryFiles;

class TableDamage : public ::testing::Test {
 protected:
  TableDamage() {
    options_.block_size = 100;
    options_.block_restart_interval = 3;
    for (std::uint64_t i = 0; i < 30; ++i) {
      const Bytes user_key = "key" + std::to_string(10 + i);
      entries_.emplace(KeyAt(user_key, 100 + i), "new" + std::to_string(10 + i));
      entries_.emplace(KeyAt(user_key, 10 + i), "old" + std::to_string(10 + i));
    }
    info_ = BuildTable(files_, kPath, entries_, options_);
    good_ = files_.Content(kPath);
  }

  Result<std::unique_ptr<TableReader>> Open() {
    return TableReader::Open(files_, kPath, kDatabase, info_);
  }

  void ExpectOpenFails(ErrorCode code, const std::string& why) {
    const auto reader = Open();
    ASSERT_FALSE(reader.has_value()) << why;
    EXPECT_EQ(reader.error().code(), code) << why << ": " << reader.error().ToString();
    EXPECT_EQ(reader.error().path(), kPath) << why;
    EXPECT_NE(reader.error().offset(), Error::kNoOffset) << why;
  }

  // Every read through this reader is either right or a corruption error.
  void ExpectRightOrError(TableReader& reader, std::size_t at) {
    for (const auto& [key, value] : entries_) {
      InternalKey wanted;
      ASSERT_TRUE(ParseInternalKey(key, wanted));
      const auto found = reader.Get(wanted.user_key, wanted.sequence);
      if (!found) {
        EXPECT_EQ(found.error().code(), ErrorCode::kCorruption) << at;
        continue;
      }
      ASSERT_TRUE(found->has_value()) << at;
      EXPECT_EQ((*found)->value, value) << at;
    }
    const auto iterator = reader.NewIterator();
    auto expected = entries_.begin();
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next(), ++expected) {
      ASSERT_NE(expected, entries_.end()) << at;
      EXPECT_EQ(iterator->key(), expected->first) << at;
      EXPECT_EQ(iterator->value(), expected->second) << at;
    }
    EXPECT_EQ(iterator->status().has_value(), expected == entries_.end()) << at;
  }

  Footer GoodFooter() {
    const auto footer = DecodeFooter(ByteView(good_).substr(good_.size() - kFooterSize), kPath, 0);
    EXPECT_TRUE(footer.has_value());
    return footer.value_or(Footer());
  }
  TableIndex GoodIndex() {
    const Footer footer = GoodFooter();
    auto index = TableIndex::Parse(GoodContent(footer.index), footer.filter.offset, kPath,
                                   footer.index.offset);
    EXPECT_TRUE(index.has_value());
    return index.value_or(TableIndex());
  }
  Bytes GoodContent(const BlockHandle& block) { return good_.substr(block.offset, block.size); }
  // The table as it was written, but for one block, which has a good checksum too.
  void ChangeBlock(const BlockHandle& block, Bytes content) {
    ASSERT_EQ(content.size(), block.size);
    content += BlockTrailer({.database = kDatabase, .file = kFile}, block.offset, content);
    Bytes bad = good_;
    bad.replace(block.offset, content.size(), content);
    files_.SetContent(kPath, bad);
  }

  static constexpr const char* kPath = "000007.sst";
  MemoryFiles files_;
  Options options_;
  Entries entries_;
  TableInfo info_;
  Bytes good_;
};

TEST_F(TableDamage, EveryChangedByteIsFoundAndNeverRead) {
  ASSERT_TRUE(Open().value()->Verify().has_value());
  for (std::size_t at = 0; at < good_.size(); ++at) {
    Bytes bad = good_;
    bad[at] = static_cast<char>(bad[at] ^ (at % 2 == 0 ? 0x01 : 0x80));
    files_.SetContent(kPath, bad);
    const auto reader = Open();
    if (!reader) {
      EXPECT_EQ(reader.error().code(), ErrorCode::kCorruption) << at;
      EXPECT_EQ(reader.error().path(), kPath) << at;
      continue;
    }
    const Status verified = (*reader)->Verify();
    ASSERT_FALSE(verified.has_value()) << at;
    EXPECT_EQ(verified.error().code(), ErrorCode::kCorruption) << at;
    EXPECT_EQ(verified.error().path(), kPath) << at;
    EXPECT_LE(verified.error().offset(), at);
    ExpectRightOrError(**reader, at);
  }
}

// The same of a table with all that a table can have.
TEST_F(TableDamage, EveryChangedByteIsFoundUnderCompressionAndRangeDeletes) {
  for (const Compression compression : {Compression::kLz4, Compression::kZstd}) {
    static_cast<void>(files_.Remove(kPath));
    options_.compression = compression;
    options_.block_size = 400;
    info_ = BuildTable(files_, kPath, entries_, options_, kFile,
                       {{.begin = "a", .end = "b", .sequence = SequenceNumber(1)}});
    const Bytes good = files_.Content(kPath);
    ASSERT_EQ(Open().value()->properties().compression, compression);
    ASSERT_LT(Open().value()->properties().data_size, Open().value()->properties().raw_data_size);
    for (std::size_t at = 0; at < good.size(); ++at) {
      Bytes bad = good;
      bad[at] = static_cast<char>(bad[at] ^ 0x10);
      files_.SetContent(kPath, bad);
      const auto reader = Open();
      if (!reader) {
        EXPECT_EQ(reader.error().code(), ErrorCode::kCorruption) << at;
        EXPECT_EQ(reader.error().path(), kPath) << at;
        continue;
      }
      const Status verified = (*reader)->Verify();
      ASSERT_FALSE(verified.has_value()) << at;
      EXPECT_EQ(verified.error().code(), ErrorCode::kCorruption) << at;
      ExpectRightOrError(**reader, at);
    }
  }
}

// What is changed under a checksum made right: only Verify can tell, and does.
TEST_F(TableDamage, AFilterThatLacksAKeyIsFoundByVerifyUnderAGoodChecksum) {
  const BlockHandle place = GoodFooter().filter;
  Bytes filter(place.size, '\0');
  filter.back() = GoodContent(place).back();
  ChangeBlock(place, filter);
  const auto reader = Open();
  ASSERT_TRUE(reader.has_value());
  const Status verified = (*reader)->Verify();
  ASSERT_FALSE(verified.has_value());
  EXPECT_EQ(verified.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(verified.error().offset(), place.offset);
}

TEST_F(TableDamage, AFilterOfAnotherSizeOrShapeIsRefusedAtOpenUnderAGoodChecksum) {
  Footer footer = GoodFooter();
  Bytes filter = GoodContent(footer.filter);
  filter.back() = static_cast<char>(filter.back() + 1);  // probes
  ChangeBlock(footer.filter, filter);
  ExpectOpenFails(ErrorCode::kCorruption, "probes");
  // No filter, though the properties say that there is one.
  footer.filter = {};
  files_.SetContent(kPath, good_.substr(0, good_.size() - kFooterSize) + EncodeFooter(footer));
  ExpectOpenFails(ErrorCode::kCorruption, "no filter");
}

TEST_F(TableDamage, BlocksThatDoNotFollowOneAnotherAreRefusedAtOpen) {
  const Footer footer = GoodFooter();
  const Bytes blocks = good_.substr(0, good_.size() - kFooterSize);
  for (BlockHandle Footer::*const part :
       {&Footer::index, &Footer::properties, &Footer::filter, &Footer::range_deletes}) {
    for (const BlockHandle change :
         {BlockHandle{1, 0}, BlockHandle{0, 1}, BlockHandle{~std::uint64_t{0}, 1},
          BlockHandle{0, ~std::uint64_t{0} / 2}, BlockHandle{~std::uint64_t{0} / 2, 0}}) {
      Footer changed = footer;
      (changed.*part).offset += change.offset;
      (changed.*part).size += change.size;
      files_.SetContent(kPath, blocks + EncodeFooter(changed));
      ExpectOpenFails(ErrorCode::kCorruption, std::to_string(change.offset));
    }
  }
}

TEST_F(TableDamage, RestartsThatLeadAstrayAreFoundByVerifyUnderAGoodChecksum) {
  const BlockHandle data = GoodIndex().handle(0);
  Bytes content = GoodContent(data);
  const std::size_t tail = content.size() - kBlockTailSize;
  const auto count = LoadFixed<std::uint32_t>(content.data() + tail + kBlockRestartCountOffset);
  const auto buckets = LoadFixed<std::uint32_t>(content.data() + tail + kBlockBucketCountOffset);
  ASSERT_GT(count, 1U);
  char* const second = content.data() + tail - buckets - (count - 1) * kRestartSize;
  StoreFixed(second, LoadFixed<std::uint32_t>(second) + 1);
  ChangeBlock(data, content);
  const auto reader = Open();
  ASSERT_TRUE(reader.has_value());
  const Status verified = (*reader)->Verify();
  ASSERT_FALSE(verified.has_value());
  EXPECT_EQ(verified.error().code(), ErrorCode::kCorruption);
  EXPECT_GE(verified.error().offset(), data.offset);
}

TEST_F(TableDamage, PropertiesOfOtherBlocksAreRefusedAtOpenUnderAGoodChecksum) {
  const BlockHandle place = GoodFooter().properties;
  const auto properties = DecodeProperties(GoodContent(place), kPath, place.offset);
  ASSERT_TRUE(properties.has_value());
  Properties other = *properties;
  ++other.data_blocks;
  ChangeBlock(place, EncodeProperties(other));
  ExpectOpenFails(ErrorCode::kCorruption, "a block more");
  other = *properties;
  ++other.range_deletes;
  --other.entries;  // as the manifest counts them, it is as many
  ChangeBlock(place, EncodeProperties(other));
  ExpectOpenFails(ErrorCode::kCorruption, "a range delete more");
}

// An index key behind the last key of its block: between the two nothing may be said to be absent.
TEST_F(TableDamage, ASearchThatTheIndexLeadsBehindItsBlockIsDamageUnderAGoodChecksum) {
  const BlockHandle place = GoodFooter().index;
  const TableIndex good = GoodIndex();
  InternalKey last;
  ASSERT_TRUE(ParseInternalKey(good.last_key(0), last));
  const Bytes behind = KeyAt(last.user_key, last.sequence.value - 1);
  TableIndexBuilder builder;
  for (std::size_t block = 0; block < good.count(); ++block) {
    builder.Add(block == 0 ? behind : Bytes(good.last_key(block)), good.handle(block).size);
  }
  ChangeBlock(place, builder.Finish());
  const auto reader = Open();
  ASSERT_TRUE(reader.has_value());
  const auto iterator = (*reader)->NewIterator();
  iterator->Seek(behind);
  EXPECT_FALSE(iterator->Valid());
  ASSERT_FALSE(iterator->status());
  EXPECT_EQ(iterator->status().error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(iterator->status().error().path(), kPath);
  EXPECT_EQ(iterator->status().error().offset(), place.offset);
  EXPECT_FALSE((*reader)->Verify());
}

TEST_F(TableDamage, EveryOtherLengthIsRefusedAtOpen) {
  for (std::size_t length = 0; length < good_.size(); ++length) {
    files_.SetContent(kPath, good_.substr(0, length));
    ExpectOpenFails(ErrorCode::kCorruption, "cut to " + std::to_string(length));
    // Also when the manifest were to say this size.
    TableInfo info = info_;
    info.size_bytes = length;
    EXPECT_FALSE(TableReader::Open(files_, kPath, kDatabase, info).has_value()) << length;
  }
  files_.SetContent(kPath, good_ + "x");
  ExpectOpenFails(ErrorCode::kCorruption, "a byte more");
  files_.SetContent(kPath, Bytes(good_.size(), '\0'));
  ExpectOpenFails(ErrorCode::kCorruption, "zeros");
}

TEST_F(TableDamage, AMissingFileIsNotFound) {
  ASSERT_TRUE(files_.Remove(kPath).has_value());
  EXPECT_EQ(Open().error().code(), ErrorCode::kNotFound);
}

TEST_F(TableDamage, AnotherTableInItsPlaceIsFound) {
  MemoryFiles others;
  const TableInfo other = BuildTable(others, "o", entries_, options_, FileNumber(8));
  ASSERT_EQ(other.size_bytes, info_.size_bytes);
  files_.SetContent(kPath, others.Content("o"));
  ExpectOpenFails(ErrorCode::kCorruption, "another number");

  files_.SetContent(kPath, good_);
  DatabaseId other_database = kDatabase;
  other_database.high ^= 1;
  const auto reader = TableReader::Open(files_, kPath, other_database, info_);
  ASSERT_FALSE(reader.has_value());
  EXPECT_EQ(reader.error().code(), ErrorCode::kCorruption);
}

// Blocks of equal size, each with a checksum that was right where it came from.
TEST_F(TableDamage, BlocksOfAnotherFileOrPlaceNeverPass) {
  Entries even;
  Entries odd;
  for (std::uint64_t i = 0; i < 20; ++i) {
    even.emplace(KeyAt("k" + std::to_string(10 + i), 1 + i), Bytes(200, 'e'));
    odd.emplace(KeyAt("k" + std::to_string(10 + i), 1 + i), Bytes(200, 'o'));
  }
  MemoryFiles others;
  const TableInfo info = BuildTable(files_, "even", even, options_, FileNumber(20));
  BuildTable(others, "odd", odd, options_, FileNumber(21));
  const Bytes good = files_.Content("even");
  // One entry a block, so that blocks lie as far apart as values.
  const std::size_t first_value = good.find(Bytes(200, 'e'));
  const std::size_t second_value = good.find(Bytes(200, 'e'), first_value + 200);
  const std::size_t stride = second_value - first_value;
  ASSERT_GT(stride, 200U);

  Bytes foreign = good;
  foreign.replace(0, stride, others.Content("odd").substr(0, stride));
  Bytes swapped = good;
  swapped.replace(0, stride, good.substr(stride, stride));
  swapped.replace(stride, stride, good.substr(0, stride));
  for (const Bytes& bad : {foreign, swapped}) {
    files_.SetContent("even", bad);
    const auto reader = TableReader::Open(files_, "even", kDatabase, info);
    ASSERT_TRUE(reader.has_value());
    const auto found = (*reader)->Get("k10", kMaxSequence);
    ASSERT_FALSE(found.has_value());
    EXPECT_EQ(found.error().code(), ErrorCode::kCorruption);
    EXPECT_EQ(found.error().offset(), 0U);
    EXPECT_FALSE((*reader)->Verify().has_value());
  }
}

TEST_F(TableDamage, WhatTheManifestSaysMustBeTrue) {
  const auto open = [&](void (*change)(TableInfo&)) {
    TableInfo info = info_;
    change(info);
    const auto reader = TableReader::Open(files_, kPath, kDatabase, info);
    return !reader && reader.error().code() == ErrorCode::kCorruption;
  };
  EXPECT_TRUE(open([](TableInfo& info) { ++info.entries; }));
  EXPECT_TRUE(open([](TableInfo& info) { info.file = FileNumber(9); }));
  EXPECT_TRUE(open([](TableInfo& info) { ++info.size_bytes; }));
  EXPECT_TRUE(open([](TableInfo& info) { info.smallest = KeyAt("a", 1); }));
  EXPECT_TRUE(open([](TableInfo& info) { info.largest = KeyAt("z", 1); }));
  EXPECT_TRUE(open([](TableInfo& info) { --info.sequence_min.value; }));
  EXPECT_TRUE(open([](TableInfo& info) { ++info.sequence_max.value; }));
  EXPECT_FALSE(open([](TableInfo&) {}));
}

TEST_F(TableDamage, ADamagedBlockEndsAWalkAtItsEdgeBothWays) {
  Bytes bad = good_;
  const std::size_t at = bad.find("new25");
  ASSERT_NE(at, Bytes::npos);
  bad[at] = 'N';
  files_.SetContent(kPath, bad);
  const auto reader = Open();
  ASSERT_TRUE(reader.has_value());
  const auto iterator = (*reader)->NewIterator();
  std::size_t seen = 0;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) ++seen;
  EXPECT_GT(seen, 0U);
  EXPECT_EQ(iterator->status().error().code(), ErrorCode::kCorruption);
  const std::size_t forward = seen;
  for (iterator->SeekToLast(); iterator->Valid(); iterator->Previous()) ++seen;
  EXPECT_GT(seen, forward);
  EXPECT_LT(seen, entries_.size());
  EXPECT_EQ(iterator->status().error().code(), ErrorCode::kCorruption);
  iterator->Seek(KeyAt("key25", 200));
  EXPECT_FALSE(iterator->Valid());
  EXPECT_FALSE(iterator->status().has_value());
  iterator->SeekForPrevious(KeyAt("key25", 1));
  EXPECT_FALSE(iterator->Valid());
  EXPECT_FALSE(iterator->status().has_value());
  iterator->SeekToFirst();
  EXPECT_TRUE(iterator->Valid());
  EXPECT_TRUE(iterator->status().has_value());
}

TEST_F(TableDamage, AFailedReadIsAnErrorNotAnAbsence) {
  const auto reader = Open();
  ASSERT_TRUE(reader.has_value());
  files_.set_hook([](const FileEvent& event) -> Status {
    if (event.call != FileCall::kRead) return {};
    return Fail(ErrnoError(EIO, "read", event.path, event.offset));
  });
  EXPECT_EQ((*reader)->Get("key20", kMaxSequence).error().code(), ErrorCode::kIo);
  EXPECT_EQ((*reader)->Verify().error().code(), ErrorCode::kIo);
  const auto iterator = (*reader)->NewIterator();
  iterator->SeekToFirst();
  EXPECT_FALSE(iterator->Valid());
  EXPECT_EQ(iterator->status().error().code(), ErrorCode::kIo);
  EXPECT_EQ(Open().error().code(), ErrorCode::kIo);
  files_.set_hook(nullptr);
  EXPECT_TRUE((*reader)->Get("key20", kMaxSequence).has_value());
}

}  // namespace
}  // namespace beach::engine::sst
