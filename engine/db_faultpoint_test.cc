// SPDX-License-Identifier: Apache-2.0
// Each call that a failpoint can make fail: nothing acknowledged is lost by it, reads go on, and
// the next open is as good as any.
#include <atomic>
#include <string_view>

#include "engine/testing/db_fixture.h"
#include "env/marks.h"

namespace beach::engine {
namespace {

const char* failing = nullptr;  // the fault point that strikes, once
std::atomic<int> struck = 0;

bool Strike(Site site, env::FailpointKind kind) {
  return kind == env::FailpointKind::kFault && std::string_view(site.name) == failing &&
         struck++ == 0;
}

class FaultPointTest : public DbTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    failing = GetParam();
    struck = 0;
  }
  void TearDown() override { env::failpoint_hook.store(nullptr); }

  // Writes, flushes, merges and copies, and goes on whatever fails; what was acknowledged.
  static Model WorkOn(Db& db) {
    Model acknowledged;
    for (int i = 0; i < 200; ++i) {
      const Bytes key = "key" + std::to_string(i);
      const Bytes value(1000, 'v');
      const WriteOptions options{.sync = i % 3 == 0};
      if (db.Put(options, key, value)) acknowledged[key] = value;
      if (i % 20 == 19) static_cast<void>(db.Flush());
      if (i % 60 == 59) static_cast<void>(db.CompactRange({}, {}));
      if (i % 50 == 49) static_cast<void>(db.Checkpoint("copy" + std::to_string(i)));
    }
    return acknowledged;
  }
};

TEST_P(FaultPointTest, TakesNothingThatWasAcknowledged) {
  auto db = Open();
  ASSERT_TRUE(db->Put(sync_, "before", "1"));
  env::failpoint_hook.store(&Strike);
  Model acknowledged = WorkOn(*db);
  acknowledged["before"] = "1";
  EXPECT_GE(struck, 1);
  for (const auto& [key, value] : acknowledged) EXPECT_EQ(**db->Get({}, key), value) << key;
  env::failpoint_hook.store(nullptr);
  static_cast<void>(db->Close());
  db = Open();
  for (const auto& [key, value] : acknowledged) EXPECT_EQ(**db->Get({}, key), value) << key;
  EXPECT_TRUE(db->Put(sync_, "after", "1"));
  EXPECT_TRUE(db->Close());
}

INSTANTIATE_TEST_SUITE_P(Each, FaultPointTest,
                         ::testing::Values("wal_write_error", "wal_sync_error",
                                           "segment_create_error", "manifest_append_error",
                                           "manifest_sync_error", "small_file_rename_error",
                                           "small_file_publish_error", "sst_write_error",
                                           "sst_sync_error", "sst_publish_error",
                                           "compaction_publish_error", "checkpoint_link_error"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace beach::engine
