// SPDX-License-Identifier: Apache-2.0
// Tables with names: what is one table's is no other's, whatever is in the way.
#include <gtest/gtest.h>

#include <thread>

#include "engine/group_payload.h"
#include "engine/tables/catalogue.h"
#include "engine/testing/db_fixture.h"

namespace beach::engine {
namespace {

class TablesTest : public DbTest {
 protected:
  static NamedTable Create(Db& db, ByteView name) {
    const auto table = db.CreateTable(name);
    EXPECT_TRUE(table) << table.error().ToString();
    return table.value_or(NamedTable());
  }
  static Model ScanTable(Db& db, NamedTable table) { return Scan(db, {.table = table}); }
  static Bytes GetOr(Db& db, NamedTable table, ByteView key, const Snapshot* snapshot = nullptr) {
    const auto value = db.Get({.snapshot = snapshot, .table = table}, key);
    if (!value) return ErrorCodeName(value.error().code());
    return value->value_or("absent");
  }
};

const Bytes kKeys[] = {"",         Bytes("\0", 1),     "a",           "\xfe",
                       "\xff",     Bytes("\xff\0", 2), "\xff\x01",    "\xff\x02",
                       "\xff\x03", "\xff\xff",         "\xff\xff\xff"};

TEST_F(TablesTest, AreEachTheirOwnSpaceOfAnyKeysBothWays) {
  auto db = Open();
  const NamedTable tables[] = {NamedTable(), Create(*db, "a"), Create(*db, "b"), Create(*db, "c")};
  for (const NamedTable table : tables) {
    for (const Bytes& key : kKeys) {
      const Bytes value = std::to_string(table.number.value) + key;
      ASSERT_TRUE(db->Put({.sync = false, .table = table}, key, value));
    }
  }
  // The middle one loses a part, and nobody else does.
  ASSERT_TRUE(db->DeleteRange({.table = tables[2]}, "\xff", "\xff\xff\xff"));
  for (int round = 0; round < 3; ++round) {
    for (const NamedTable table : tables) {
      Model expected;
      for (const Bytes& key : kKeys) {
        if (table == tables[2] && key >= "\xff" && key < "\xff\xff\xff") continue;
        expected[key] = std::to_string(table.number.value) + key;
      }
      EXPECT_EQ(ScanTable(*db, table), expected);
      auto iterator = db->NewIterator({.table = table});
      ASSERT_TRUE(iterator);
      Iterator& entry = **iterator;
      auto at = expected.rbegin();
      for (entry.SeekToLast(); entry.Valid(); entry.Previous(), ++at) {
        ASSERT_NE(at, expected.rend());
        EXPECT_EQ(entry.key(), at->first);
      }
      EXPECT_EQ(at, expected.rend());
      for (const Bytes& key : kKeys) {
        entry.Seek(key);
        const auto above = expected.lower_bound(key);
        ASSERT_EQ(entry.Valid(), above != expected.end());
        if (entry.Valid()) {
          EXPECT_EQ(entry.key(), above->first);
        }
        entry.SeekForPrevious(key);
        ASSERT_TRUE(entry.Valid());  // the empty key is there
        EXPECT_EQ(entry.key(), std::prev(expected.upper_bound(key))->first);
        const auto found = expected.find(key);
        EXPECT_EQ(GetOr(*db, table, key), found == expected.end() ? "absent" : found->second);
      }
    }
    if (round == 0) {
      ASSERT_TRUE(db->CompactRange({}, {}));
    } else if (round == 1) {
      db.reset();
      db = Open();
    }
  }
  EXPECT_EQ(*db->ListTables(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(*db->OpenTable("b"), tables[2]);
}

TEST_F(TablesTest, ABatchSpansThem) {
  auto db = Open();
  const NamedTable a = Create(*db, "a");
  const NamedTable b = Create(*db, "b");
  WriteBatch batch;
  batch.Put("k", "0");
  batch.Put("k", "1", a);
  batch.Merge("n", MergeOperator::kAppend, "2", b);
  batch.Put("gone", "x", b);
  batch.Delete("gone", b);
  ASSERT_TRUE(db->Write({}, batch));
  EXPECT_EQ(ScanTable(*db, {}), (Model{{"k", "0"}}));
  EXPECT_EQ(ScanTable(*db, a), (Model{{"k", "1"}}));
  EXPECT_EQ(ScanTable(*db, b), (Model{{"n", "2"}}));
  const ByteView keys[] = {"n", "k"};
  const auto found = db->MultiGet({.table = b}, keys);
  EXPECT_EQ(**found[0], "2");
  EXPECT_EQ(*found[1], std::nullopt);
}

TEST_F(TablesTest, ADroppedOneIsGoneAndItsNameIsANewTable) {
  auto db = Open();
  const NamedTable old = Create(*db, "a");
  const NamedTable next = Create(*db, "b");
  ASSERT_TRUE(db->Put({.table = old}, "k", "old"));
  ASSERT_TRUE(db->Put({.table = next}, "", "stays"));
  const auto snapshot = db->GetSnapshot();
  const auto iterator = db->NewIterator({.table = old});
  ASSERT_TRUE(db->DropTable("a"));
  EXPECT_EQ(db->DropTable("a").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(db->OpenTable("a").error().code(), ErrorCode::kNotFound);
  const NamedTable again = Create(*db, "a");
  EXPECT_NE(again, old);
  EXPECT_EQ(GetOr(*db, again, "k"), "absent");
  ASSERT_TRUE(db->CompactRange({}, {}));

  EXPECT_EQ(GetOr(*db, old, "k"), "not found");
  EXPECT_EQ(GetOr(*db, old, "k", snapshot->get()), "old");
  EXPECT_EQ(db->NewIterator({.table = old}).error().code(), ErrorCode::kNotFound);
  const ByteView keys[] = {"k"};
  EXPECT_EQ(db->MultiGet({.table = old}, keys)[0].error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(Scan(*db, {.snapshot = snapshot->get(), .table = old}), (Model{{"k", "old"}}));
  (*iterator)->SeekToFirst();
  ASSERT_TRUE((*iterator)->Valid());
  EXPECT_EQ((*iterator)->value(), "old");
  EXPECT_EQ(GetOr(*db, next, ""), "stays");
  EXPECT_EQ(db->CompactRange({}, {}, old).error().code(), ErrorCode::kNotFound);

  const SequenceNumber before = db->VisibleSequence();
  WriteBatch batch;
  batch.Put("k", "0");
  batch.Delete("k", old);
  EXPECT_EQ(db->Write({}, batch).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(db->Put({.table = old}, "k", "v").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(db->DeleteRange({.table = old}, "k", "k").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(db->Put({.table = kSystemTable}, "k", "v").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(GetOr(*db, kSystemTable, "k"), "not found");
  EXPECT_EQ(db->VisibleSequence(), before);
  EXPECT_EQ(GetOr(*db, {}, "k"), "absent");
}

TEST_F(TablesTest, ConditionsAndAsynchronousWritesAreOfATableToo) {
  auto db = Open();
  const NamedTable table = Create(*db, "a");
  ASSERT_TRUE(db->Put({}, "\xff", "unnamed"));
  ASSERT_TRUE(db->Put({.table = table}, "\xff", "named"));
  EXPECT_EQ(db->CompareAndSet({}, "\xff", "unnamed", "1"), true);
  EXPECT_EQ(db->CompareAndSet({.table = table}, "\xff", "unnamed", "2"), false);
  EXPECT_EQ(db->CompareAndSet({.table = table}, "\xff", "named", "2"), true);
  EXPECT_EQ(GetOr(*db, {}, "\xff"), "1");
  EXPECT_EQ(GetOr(*db, table, "\xff"), "2");
  ASSERT_TRUE(db->DropTable("a"));
  WriteConditions conditions;
  conditions.KeyIsAbsent("k", table);
  WriteBatch batch;
  batch.Put("k", "v");
  EXPECT_EQ(db->WriteIf({}, conditions, batch).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(GetOr(*db, {}, "k"), "absent");
  batch.Put("k", "v", table);
  Status answer;
  ASSERT_TRUE(db->WriteAsync({}, batch, [&](const Status& status) { answer = status; }));
  ASSERT_TRUE(db->Close());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::kNotFound);
}

TEST_F(TablesTest, NumbersAreNotGivenAgainAfterReopen) {
  auto db = Open();
  const NamedTable old = Create(*db, "a");
  ASSERT_TRUE(db->DropTable("a"));
  for (int i = 0; i < 3; ++i) {
    db.reset();
    db = Open();
    EXPECT_EQ(GetOr(*db, old, "k"), "not found");
  }
  EXPECT_GT(Create(*db, "a").number, old.number);
}

TEST_F(TablesTest, LimitsAndNamesAreTypedErrors) {
  Options options = SmallOptions();
  options.named_tables_max = 2;
  auto db = Open(options);
  Create(*db, "a");
  EXPECT_EQ(db->CreateTable("a").error().code(), ErrorCode::kAlreadyExists);
  const NamedTable b = Create(*db, "b");
  EXPECT_EQ(db->CreateTable("c").error().code(), ErrorCode::kOverloaded);
  EXPECT_EQ(db->CreateTable("").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(db->DropTable("a/b").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(db->OpenTable("a b").error().code(), ErrorCode::kInvalidArgument);
  // Rule 1 is about the user's key, with its prefix or not.
  const Bytes longest(options.key_size_max, '\xff');
  EXPECT_TRUE(db->Put({.table = b}, longest, "v"));
  EXPECT_TRUE(db->Put({}, longest, "v"));
  EXPECT_EQ(db->Put({}, longest + "k", "v").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(db->Put({.table = b}, longest + "k", "v").error().code(), ErrorCode::kInvalidArgument);
  ASSERT_TRUE(db->DropTable("a"));
  Create(*db, "c");
  ASSERT_TRUE(db->Close());
  EXPECT_EQ(db->CreateTable("d").error().code(), ErrorCode::kClosed);
  EXPECT_EQ(db->OpenTable("c").error().code(), ErrorCode::kClosed);
  EXPECT_EQ(db->ListTables().error().code(), ErrorCode::kClosed);
}

TEST_F(TablesTest, AWriteThatRacesWithTheDropIsRefusedOrGone) {
  auto db = Open();
  for (int round = 0; round < 20; ++round) {
    const NamedTable table = Create(*db, "a");
    std::thread writer([&] {
      for (int i = 0; i < 200; ++i) {
        const Status written =
            db->Put({.sync = i % 3 == 0, .table = table}, std::to_string(i), "v");
        if (written) continue;
        EXPECT_EQ(written.error().code(), ErrorCode::kNotFound);
        return;
      }
    });
    std::thread neighbour([&] {
      for (int i = 0; i < 50; ++i) EXPECT_TRUE(db->Put({.sync = i % 2 == 0}, "k", "v"));
    });
    ASSERT_TRUE(db->DropTable("a"));
    writer.join();
    neighbour.join();
    EXPECT_EQ(db->Get({.table = table}, "0").error().code(), ErrorCode::kNotFound);
  }
  // Nothing of any of them is left where nobody could see it.
  ASSERT_TRUE(db->CompactRange({}, {}));
  EXPECT_EQ(Scan(*db), (Model{{"k", "v"}}));
  const DbStats stats = db->Stats();
  std::uint64_t bytes = 0;
  for (const DbStats::Level& level : stats.levels) bytes += level.bytes;
  EXPECT_LT(bytes, 2 * kKiB);
}

TEST_F(TablesTest, AFailedDropPoisonsAndTheTableIsThereOrNotAsAWhole) {
  for (const FileCall call : {FileCall::kWrite, FileCall::kSync}) {
    auto db = Open();
    if (!db->OpenTable("a")) Create(*db, "a");
    const NamedTable table = *db->OpenTable("a");
    ASSERT_TRUE(db->Put({.table = table}, "k", "v"));
    SetHook(call, ".wal", ErrorCode::kIo);
    EXPECT_FALSE(db->DropTable("a"));
    EXPECT_EQ(GetOr(*db, table, "k"), "v");  // nobody was told that it is gone
    files_.set_hook(nullptr);
    EXPECT_FALSE(db->CreateTable("b"));
    db.reset();
    db = Open();
    EXPECT_EQ(GetOr(*db, table, "k"), db->OpenTable("a") ? "v" : "not found");
    EXPECT_FALSE(db->OpenTable("b"));
  }
}

TEST_F(TablesTest, AnOpenOfADatabaseWithoutThemReadsNoBlock) {
  auto db = Open();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(db->Put(lazy_, std::to_string(i), "v"));
  ASSERT_TRUE(db->Flush());
  db.reset();
  SetHook(FileCall::kRead, ".sst", ErrorCode::kIo);
  EXPECT_FALSE(TryOpen());  // what it reads to know the table at all
  int reads = 0;
  files_.set_hook([&](const FileEvent& event) -> Status {
    if (event.call == FileCall::kRead && event.path.find(".sst") != std::string::npos) ++reads;
    return {};
  });
  db = Open();
  const int at_open = reads;
  EXPECT_FALSE(db->OpenTable("a"));
  EXPECT_EQ(*db->ListTables(), std::vector<std::string>());
  EXPECT_EQ(reads, at_open);
}

TEST_F(TablesTest, AListOfTablesThatCannotBeReadIsToldByOpenWithItsFile) {
  auto db = Open();
  Create(*db, "a");
  ASSERT_TRUE(db->Flush());
  db.reset();
  const std::string path = "db/" + NamesOf(FileKind::kTable).front();
  Bytes content = files_.Content(path);
  content[0] ^= 1;
  files_.SetContent(path, content);
  const auto opened = TryOpen();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(opened.error().path(), path);
}

// Nobody writes that: there is no API for it, and no file of it is damaged.
TEST_F(TablesTest, AListOfTablesThatContradictsItselfIsToldByOpenWithTheDirectory) {
  auto db = Open();
  ASSERT_TRUE(db->Put(sync_, "key", "value"));
  db.reset();
  ChangeItem("db/" + NamesOf(FileKind::kSegment).front(), wal::kSegmentHeaderSize,
             [](wal::ItemHeader&, Bytes& payload) {
               WriteBatch batch;
               batch.Put("\7", "unknown", kSystemTable);
               payload.clear();
               AppendBatchToGroup(payload, batch.encoding());
             });
  const auto opened = TryOpen();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(opened.error().path(), "db");
}

}  // namespace
}  // namespace beach::engine
