// SPDX-License-Identifier: Apache-2.0
#include "server/service/slow_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/service/testing/service_fixture.h"

namespace beach::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace testing;  // NOLINT: its words

class Told final : public env::EventSink {
 public:
  using env::EventSink::Record;
  void Record(Site event, std::span<const env::EventField> fields) override {
    std::string line = event.name;
    for (const env::EventField& field : fields) {
      line += std::string(" ") + field.name + "=";
      line += field.text.data() == nullptr ? std::to_string(field.number) : std::string(field.text);
    }
    lines.push_back(line);
  }
  std::vector<std::string> lines;
};

constexpr std::uint64_t kUs = 1'000;

TEST(SlowLog, TellsWhereAWritesTimeWent) {
  Told told;
  SlowLog log(&told, 100 * kUs);
  EXPECT_FALSE(log.IsSlow(99 * kUs));
  EXPECT_TRUE(log.IsSlow(100 * kUs));
  SlowRequest write{.kind = "write",
                    .client = "gull:7",
                    .began_ns = 1'000 * kUs,
                    .ended_ns = 1'100 * kUs,
                    .granted_ns = 0,
                    .entry = {.written_ns = 1'010 * kUs,
                              .durable_ns = 1'050 * kUs,
                              .committed_ns = 1'080 * kUs,
                              .applied_ns = 1'095 * kUs}};
  log.Note(write);
  // The others had it before our disk did.
  write.entry.durable_ns = 1'090 * kUs;
  log.Note(write);
  // Nobody knows what became of it.
  write.entry = {};
  log.Note(write);
  EXPECT_THAT(told.lines,
              ElementsAre("server.slow kind=write client=gull:7 took_us=100 queue_us=10 sync_us=40 "
                          "replicate_us=30 apply_us=20",
                          "server.slow kind=write client=gull:7 took_us=100 queue_us=10 sync_us=70 "
                          "replicate_us=0 apply_us=20",
                          "server.slow kind=write client=gull:7 took_us=100"));
  EXPECT_EQ(log.count(), 3U);
}

TEST(SlowLog, TellsSoManyASecondAndHowManyItDoesNotTell) {
  Told told;
  SlowLog log(&told, 1);
  const SlowRequest read{.kind = "get",
                         .client = "g",
                         .began_ns = 5'000'000'000,
                         .ended_ns = 5'000'020'000,
                         .granted_ns = 5'000'015'000,
                         .entry = {}};
  for (int i = 0; i < 15; ++i) log.Note(read);
  EXPECT_EQ(told.lines.size(), 10U);
  EXPECT_EQ(told.lines[9], "server.slow kind=get client=g took_us=20 grant_us=15 read_us=5");
  SlowRequest later = read;
  later.ended_ns += 1'000'000'000;
  log.Note(later);
  EXPECT_EQ(told.lines[10],
            "server.slow kind=get client=g took_us=1000020 grant_us=15 read_us=1000005 untold=5");
  EXPECT_EQ(log.count(), 16U);
  SlowLog never(nullptr, 0);
  EXPECT_FALSE(never.IsSlow(~std::uint64_t{0}));
}

TEST_F(ServiceTest, WhatTakesLongIsToldWithItsParts) {
  Told told;
  SlowLog slow(&told, 50 * kMillisecond);
  parts_.slow = &slow;
  Begin();
  Client& client = Connect();
  const std::uint64_t began_ns = clock_.now_ns;
  AskPut(client, 1);
  AskGet(client, 2);
  AskGet(client, 3);
  replica_.Grant();  // at once
  Replies(client);
  EXPECT_THAT(told.lines, IsEmpty());
  clock_.now_ns += 60 * kMillisecond;
  replica_.times = {.written_ns = began_ns + 10 * kMillisecond,
                    .durable_ns = began_ns + 30 * kMillisecond,
                    .committed_ns = began_ns + 40 * kMillisecond,
                    .applied_ns = began_ns + 40 * kMillisecond};
  replica_.Answer(Committed(AnswerKind::kDone));
  replica_.Grant();
  Replies(client);
  const std::string peer = client.guest->peer();
  EXPECT_THAT(told.lines, ElementsAre("server.slow kind=write client=" + peer +
                                          " took_us=60000 queue_us=10000 sync_us=20000 "
                                          "replicate_us=10000 apply_us=20000",
                                      "server.slow kind=get client=" + peer +
                                          " took_us=60000 grant_us=60000 read_us=0"));
}

}  // namespace
}  // namespace beach::server
