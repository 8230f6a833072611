// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/table.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <sys/mman.h>

#include <iterator>
#include <map>

#include "engine/internal_key.h"
#include "engine/sst/format.h"
#include "engine/sst/table_testing.h"
#include "engine/testing/memory_files.h"

namespace beach::engine {
namespace {

using sst::BuildTable;
using sst::Entries;
using sst::kDatabase;
using sst::KeyAt;
using testing::FileCall;
using testing::FileEvent;
using testing::MemoryFiles;

Options SmallBlocks(std::uint64_t block_size, std::uint64_t restart_interval) {
  Options options;
  options.block_size = block_size;
  options.block_restart_interval = restart_interval;
  return options;
}

Bytes SomeKey() {
  const auto number = *rc::gen::inRange(0, 24);
  if (number == 0) return Bytes();
  return Bytes(static_cast<std::size_t>(number % 3), '\xfe') + "key" + std::to_string(number);
}

Entries SomeEntries() {
  Entries entries;
  const auto count = *rc::gen::inRange<std::uint64_t>(1, 120);
  for (std::uint64_t sequence = 1; sequence <= count; ++sequence) {
    const bool put = *rc::gen::inRange(0, 4) != 0;
    const auto length = *rc::gen::inRange<std::size_t>(0, 40);
    const Bytes value = put ? Bytes(length, static_cast<char>('a' + sequence % 26)) : Bytes();
    entries.emplace(KeyAt(SomeKey(), sequence, put ? ValueKind::kPut : ValueKind::kDelete), value);
  }
  return entries;
}

struct Opened {
  MemoryFiles files;
  TableInfo info;
  std::unique_ptr<TableReader> reader;
};

std::unique_ptr<Opened> MakeTable(const Entries& entries, const Options& options) {
  auto made = std::make_unique<Opened>();
  made->info = BuildTable(made->files, "t.sst", entries, options);
  auto reader = TableReader::Open(made->files, "t.sst", kDatabase, made->info);
  if (!reader) ADD_FAILURE() << reader.error().ToString();
  if (reader) made->reader = *std::move(reader);
  return made;
}

TEST(Table, ReadsBackLikeAModelBothWays) {
  EXPECT_TRUE(rc::check([] {
    const Entries model = SomeEntries();
    const auto block_size = *rc::gen::element<std::uint64_t>(1, 64, 200, 4096);
    const auto interval = *rc::gen::element<std::uint64_t>(1, 2, 3, 16);
    const auto table = MakeTable(model, SmallBlocks(block_size, interval));
    RC_ASSERT(table->reader != nullptr);
    RC_ASSERT(table->reader->Verify().has_value());
    const auto iterator = table->reader->NewIterator();
    const auto before = [&](Entries::const_iterator it) {
      return it == model.begin() ? model.end() : std::prev(it);
    };
    auto at = model.end();
    for (int step = 0; step < 60; ++step) {
      const Bytes target = KeyAt(SomeKey(), *rc::gen::inRange<std::uint64_t>(0, 122));
      switch (*rc::gen::inRange(0, 8)) {
        case 0: iterator->SeekToFirst(), at = model.begin(); break;
        case 1: iterator->SeekToLast(), at = before(model.end()); break;
        case 2: iterator->Seek(target), at = model.lower_bound(target); break;
        case 3: iterator->SeekForPrevious(target), at = before(model.upper_bound(target)); break;
        case 4:
        case 5:
          if (iterator->Valid()) iterator->Next(), ++at;
          break;
        default:
          if (iterator->Valid()) iterator->Previous(), at = before(at);
          break;
      }
      RC_ASSERT(iterator->status().has_value());
      RC_ASSERT(iterator->Valid() == (at != model.end()));
      if (!iterator->Valid()) continue;
      RC_ASSERT(Bytes(iterator->key()) == at->first);
      RC_ASSERT(Bytes(iterator->value()) == at->second);
    }
  }));
}

TEST(Table, GetFindsTheNewestVersionNotAboveTheSequence) {
  EXPECT_TRUE(rc::check([] {
    const Entries model = SomeEntries();
    const auto table = MakeTable(model, SmallBlocks(64, 2));
    RC_ASSERT(table->reader != nullptr);
    for (int read = 0; read < 30; ++read) {
      const Bytes key = SomeKey();
      const auto sequence = *rc::gen::inRange<std::uint64_t>(0, 122);
      const auto expected = model.lower_bound(KeyAt(key, sequence));
      const auto found = table->reader->Get(key, SequenceNumber(sequence));
      RC_ASSERT(found.has_value());
      const bool there = expected != model.end() && UserKeyOf(expected->first) == key;
      RC_ASSERT(found->has_value() == there);
      if (!there) continue;
      RC_ASSERT(KeyAt(key, (*found)->sequence.value, (*found)->kind) == expected->first);
      RC_ASSERT((*found)->value == expected->second);
    }
  }));
}

TEST(Table, InfoSaysWhatIsInTheFile) {
  const Entries entries = {
      {KeyAt("a", 9), "x"}, {KeyAt("b", 12, ValueKind::kDelete), ""}, {KeyAt("b", 3), "old"}};
  MemoryFiles files;
  const TableInfo info = BuildTable(files, "t.sst", entries, Options());
  EXPECT_EQ(info.entries, 3U);
  EXPECT_EQ(info.size_bytes, files.Content("t.sst").size());
  EXPECT_EQ(info.smallest, KeyAt("a", 9));
  EXPECT_EQ(info.largest, KeyAt("b", 3));
  EXPECT_EQ(info.sequence_min, SequenceNumber(3));
  EXPECT_EQ(info.sequence_max, SequenceNumber(12));
  EXPECT_EQ(files.syncs("t.sst"), 1U);
}

TEST(Table, ValuesLargerThanAPieceSurvive) {
  Entries entries;
  for (std::uint64_t i = 1; i <= 5; ++i) {
    entries.emplace(KeyAt("key" + std::to_string(i), i), Bytes(300 * kKiB, static_cast<char>(i)));
  }
  const auto table = MakeTable(entries, Options());
  ASSERT_NE(table->reader, nullptr);
  EXPECT_TRUE(table->reader->Verify().has_value());
  const auto found = table->reader->Get("key4", kMaxSequence);
  ASSERT_TRUE(found.has_value());
  ASSERT_TRUE(found->has_value());
  EXPECT_EQ((*found)->value, Bytes(300 * kKiB, '\4'));
}

TEST(Table, CreateRefusesAFileThatExists) {
  MemoryFiles files;
  files.SetContent("t.sst", "precious");
  const auto builder = TableBuilder::Create(files, "t.sst", kDatabase, FileNumber(7), Options());
  ASSERT_FALSE(builder.has_value());
  EXPECT_EQ(builder.error().code(), ErrorCode::kAlreadyExists);
  EXPECT_EQ(files.Content("t.sst"), "precious");
}

TEST(Table, AFailedWriteFailsTheBuilderForGood) {
  MemoryFiles files;
  auto builder = TableBuilder::Create(files, "t.sst", kDatabase, FileNumber(7), Options());
  ASSERT_TRUE(builder.has_value());
  int writes = 0;
  files.set_hook([&](const FileEvent& event) -> Status {
    if (event.call == FileCall::kWrite && ++writes == 1) {
      return Fail(Error(ErrorCode::kNoSpace, "full").At(event.path));
    }
    return {};
  });
  Status added;
  for (std::uint64_t i = 1; added && i <= 100; ++i) {
    added = (*builder)->Add(KeyAt(std::to_string(100 + i), i), Bytes(10 * kKiB, 'v'));
  }
  ASSERT_FALSE(added.has_value());
  EXPECT_EQ(added.error().code(), ErrorCode::kNoSpace);
  EXPECT_EQ((*builder)->Add(KeyAt("z", 1000), "").error().code(), ErrorCode::kNoSpace);
  const auto finished = (*builder)->Finish();
  ASSERT_FALSE(finished.has_value());
  EXPECT_EQ(finished.error().code(), ErrorCode::kNoSpace);
  EXPECT_EQ(writes, 1);
}

TEST(Table, AFailedSyncFailsFinish) {
  MemoryFiles files;
  auto builder = TableBuilder::Create(files, "t.sst", kDatabase, FileNumber(7), Options());
  ASSERT_TRUE(builder.has_value());
  ASSERT_TRUE((*builder)->Add(KeyAt("a", 1), "v").has_value());
  files.set_hook([](const FileEvent& event) -> Status {
    if (event.call == FileCall::kSync) return Fail(ErrorCode::kIo, "sync");
    return {};
  });
  const auto finished = (*builder)->Finish();
  ASSERT_FALSE(finished.has_value());
  EXPECT_EQ(finished.error().code(), ErrorCode::kIo);
}

TEST(Table, VerifyTellsThatTheFileIsAnotherNow) {
  MemoryFiles files;
  const TableInfo info = BuildTable(files, "t.sst", {{KeyAt("a", 1), "1"}}, Options());
  auto reader = TableReader::Open(files, "t.sst", kDatabase, info);
  ASSERT_TRUE(reader.has_value());
  EXPECT_TRUE((*reader)->Verify());
  BuildTable(files, "u.sst", {{KeyAt("b", 1), "1"}}, Options());
  ASSERT_EQ(files.Content("u.sst").size(), info.size_bytes);
  files.SetContent("t.sst", files.Content("u.sst"));
  const Status verified = (*reader)->Verify();
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(verified.error().path(), "t.sst");
}

TEST(Table, AnEntryOfMoreThanAGibibyteIsRefused) {
  const std::size_t size = sst::kEntrySizeMax;
  void* const bytes =
      ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(bytes, MAP_FAILED);
  const ByteView value(static_cast<const char*>(bytes), size);  // never read
  MemoryFiles files;
  auto builder = TableBuilder::Create(files, "t.sst", kDatabase, FileNumber(7), Options());
  ASSERT_TRUE(builder.has_value());
  const Status added = (*builder)->Add(KeyAt("a", 2), value);
  ::munmap(bytes, size);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code(), ErrorCode::kInvalidArgument);
  // It is as if nobody had tried.
  EXPECT_TRUE((*builder)->Add(KeyAt("a", 2), "1"));
  EXPECT_EQ((*builder)->Finish()->entries, 1U);
}

TEST(TableDeathTest, EntriesOutOfOrderAreABug) {
  MemoryFiles files;
  auto builder = TableBuilder::Create(files, "t.sst", kDatabase, FileNumber(7), Options());
  ASSERT_TRUE(builder.has_value());
  ASSERT_TRUE((*builder)->Add(KeyAt("b", 1), "").has_value());
  EXPECT_DEATH((void)(*builder)->Add(KeyAt("a", 2), ""), "ascending");
}

TEST(TableFileName, HasSixDigitsAndMore) {
  EXPECT_EQ(TableFileName(FileNumber(13)), "000013.sst");
  EXPECT_EQ(TableFileName(FileNumber(12345678)), "12345678.sst");
}

}  // namespace
}  // namespace beach::engine
