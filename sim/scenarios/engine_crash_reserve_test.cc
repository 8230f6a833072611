// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_crash_reserve.h"

#include <gtest/gtest.h>

namespace beach::sim::scenarios::engine_crash {
namespace {

oracle::ModelBatch Batch(std::uint64_t id, bool puts) {
  std::optional<Bytes> value;
  if (puts) value = "v";
  return {.id = oracle::BatchId(id), .operations = {{.key = "k", .value = value}}};
}

class ReserveWatchTest : public testing::Test {
 protected:
  oracle::Judgement Hear(Site event, std::uint64_t tag = 0) {
    const env::EventField fields[] = {{.name = "tag", .number = tag}};
    return watch_.Hear(event, fields);
  }
  oracle::Judgement Refused(const ReserveWatch::Mark& mark, const char* path,
                            ErrorCode code = ErrorCode::kNoSpace, bool puts = false) {
    return watch_.EndWrite(mark, Batch(7, puts), Error(code, "no").At(path));
  }
  ReserveWatch watch_;
};

TEST_F(ReserveWatchTest, ARefusedDeleteIsToldWhileTheReserveIsFree) {
  EXPECT_FALSE(Refused(watch_.BeginWrite(), "db/1.wal"));
  Hear("reserve.ready");
  const ReserveWatch::Mark mark = watch_.BeginWrite();
  EXPECT_EQ(Refused(mark, "db/1.wal")->rule, "delete-refused");
  EXPECT_FALSE(Refused(mark, "db/1.wal", ErrorCode::kIo));
  EXPECT_FALSE(Refused(mark, "db/1.wal", ErrorCode::kNoSpace, true));
  EXPECT_FALSE(Refused(mark, "db/1.sst"));
  Hear("reserve.entered");
  EXPECT_FALSE(Refused(mark, "db/1.wal"));
  Hear("reserve.ready");
  EXPECT_FALSE(Refused(mark, "db/1.wal"));  // it was taken meanwhile
}

TEST_F(ReserveWatchTest, APutIsToldThatGoesIntoTheReserve) {
  watch_.Issue(Batch(1, true));
  watch_.Issue(Batch(2, false));
  Hear("reserve.ready");
  EXPECT_FALSE(Hear("write.sequenced", 1));
  EXPECT_FALSE(Hear("write.sequenced", 2));
  EXPECT_FALSE(Hear("reserve.entered"));
  EXPECT_FALSE(Hear("write.sequenced", 2));
  EXPECT_EQ(Hear("write.sequenced", 1)->rule, "reserve-misused");
  Hear("reserve.ready");
  EXPECT_FALSE(Hear("write.sequenced", 1));
  EXPECT_EQ(Hear("reserve.entered")->rule, "reserve-misused");
  watch_.BeginProcess();
  EXPECT_FALSE(watch_.free());
  EXPECT_FALSE(Hear("write.sequenced", 1));
}

}  // namespace
}  // namespace beach::sim::scenarios::engine_crash
