// SPDX-License-Identifier: Apache-2.0
// What a handle says of itself once a table turned out to be damaged: whoever has met it is told,
// and from then on Health tells everybody; what can be read is read as before.
#include <atomic>
#include <cerrno>
#include <memory>
#include <string>

#include "engine/db.h"
#include "engine/testing/db_fixture.h"

namespace beach::engine {
namespace {

// Time passes when the test says so.
class HandClock final : public env::Clock {
 public:
  std::uint64_t MonotonicNow() override { return now; }
  std::uint64_t WallNow() override { return 1; }
  void SleepUntil(std::uint64_t) override {}

  std::atomic<std::uint64_t> now = std::uint64_t{1} << 61;  // of its threads, too
};

class DbHealthTest : public DbTest {
 protected:
  env::Env Environment() override {
    return {.files = &files_, .clock = &hand_clock_, .events = &events_};
  }
  static Options ExternalOptions() {
    Options options = SmallOptions();
    options.external_log = true;
    return options;
  }
  // Two tables, of a and of b; a's later data blocks are damaged once the handle has them open.
  std::unique_ptr<Db> OpenDamaged(const Options& options = ExternalOptions()) {
    auto db = Open(options);
    std::uint64_t index = 0;
    for (const char table : {'a', 'b'}) {
      WriteBatch batch;
      for (int i = 10; i < 30; ++i) batch.Put(table + std::to_string(i), Bytes(200, table));
      EXPECT_TRUE(db->Apply(batch, {.index = ++index, .state = {}}));
      EXPECT_TRUE(db->Flush());
    }
    EXPECT_TRUE(db->Health());
    Damage(PathOfFirst());
    return db;
  }
  std::string PathOfFirst() { return "db/" + NamesOf(FileKind::kTable).front(); }
  void Damage(const std::string& path) {
    Bytes content = files_.Content(path);
    content[2000] ^= 0x10;
    files_.SetContent(path, content);
  }

  HandClock hand_clock_;
};

TEST_F(DbHealthTest, ARead) {
  const auto db = OpenDamaged();
  EXPECT_EQ(*db->Get({}, "a10"), Bytes(200, 'a'));
  EXPECT_TRUE(db->Health());
  int damaged = 0;
  for (int i = 10; i < 30; ++i) {
    const auto value = db->Get({}, "a" + std::to_string(i));
    if (value) {
      EXPECT_EQ(*value, Bytes(200, 'a'));
    } else {
      EXPECT_EQ(value.error().code(), ErrorCode::kCorruption);
      ++damaged;
    }
  }
  EXPECT_EQ(damaged, 2);  // of one block
  EXPECT_EQ(db->Health().error().code(), ErrorCode::kCorruption);
}

TEST_F(DbHealthTest, AWalk) {
  const auto db = OpenDamaged();
  const auto rows = db->NewIterator({});
  ASSERT_TRUE(rows);
  for ((*rows)->SeekToFirst(); (*rows)->Valid(); (*rows)->Next()) {
    EXPECT_EQ((*rows)->value(), Bytes(200, (*rows)->key()[0]));
  }
  EXPECT_EQ((*rows)->status().error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(db->Health().error().code(), ErrorCode::kCorruption);
}

TEST_F(DbHealthTest, ACompaction) {
  const auto db = OpenDamaged();
  const Status compacted = db->CompactRange(std::nullopt, std::nullopt);
  ASSERT_FALSE(compacted);
  EXPECT_EQ(compacted.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(db->Health().error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(db->Health().error().path(), PathOfFirst());
}

TEST_F(DbHealthTest, ATableThatIsMissing) {
  Options options = ExternalOptions();
  options.open_tables_max = 1;
  const auto db = OpenDamaged(options);
  EXPECT_TRUE(db->Get({}, "b15"));  // closes the other one
  ASSERT_TRUE(files_.Remove(PathOfFirst()));
  EXPECT_EQ(db->Get({}, "a10").error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(db->Health().error().code(), ErrorCode::kCorruption);
}

// Where the disk refuses a read it may pass.
TEST_F(DbHealthTest, WhatCannotBeReadForASecondIsAsGoodAsDamaged) {
  const auto db = OpenDamaged();
  files_.set_hook([](const FileEvent& event) -> Status {
    if (event.call != FileCall::kRead) return {};
    return Fail(ErrnoError(EIO, "read", event.path, event.offset));
  });
  const auto read_both = [&] {
    EXPECT_EQ(db->Get({}, "a10").error().code(), ErrorCode::kIo);
    EXPECT_EQ(db->Get({}, "b25").error().code(), ErrorCode::kIo);
  };
  read_both();
  hand_clock_.now += 999'999'999;
  read_both();
  EXPECT_TRUE(db->Health());
  EXPECT_EQ(db->Get({}, "b10").error().code(), ErrorCode::kIo);  // another place
  EXPECT_TRUE(db->Health());
  hand_clock_.now += 1;
  EXPECT_EQ(db->Get({}, "b10").error().code(), ErrorCode::kIo);
  EXPECT_TRUE(db->Health());
  read_both();
  const Status health = db->Health();
  ASSERT_FALSE(health);
  EXPECT_EQ(health.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(health.error().path(), PathOfFirst());
}

// Of descriptors and memory that there are none of, and what else is no word of the disk's.
TEST_F(DbHealthTest, WhatTheSystemRefusesIsNoDamage) {
  const auto db = OpenDamaged();
  SetHook(FileCall::kRead, ".sst", ErrorCode::kIo);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(db->Get({}, "a10").error().code(), ErrorCode::kIo);
    hand_clock_.now += 2'000'000'000;
  }
  EXPECT_TRUE(db->Health());
}

TEST_F(DbHealthTest, WhatItSaysStaysAndAllElseGoesOn) {
  const auto db = OpenDamaged();
  for (int i = 10; i < 30; ++i) static_cast<void>(db->Get({}, "a" + std::to_string(i)));
  const Status health = db->Health();
  ASSERT_FALSE(health);
  EXPECT_EQ(health.error().path(), PathOfFirst());
  EXPECT_NE(health.error().offset(), Error::kNoOffset);
  EXPECT_EQ(*db->Get({}, "b15"), Bytes(200, 'b'));
  WriteBatch batch;
  batch.Put("c", "1");
  EXPECT_TRUE(db->Apply(batch, {.index = 100, .state = {}}));
  EXPECT_TRUE(db->Flush());
  EXPECT_EQ(db->Health().error().ToString(), health.error().ToString());
}

}  // namespace
}  // namespace beach::engine
