// SPDX-License-Identifier: Apache-2.0
#include "bench/server/server_rows.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "bench/server/redis_benchmark.h"

namespace beach::bench {
namespace {

// Tells what it is given to, one after the other.
class Scripted final : public ServerSystem {
 public:
  Scripted(const char* name, std::vector<double> rates, std::string& order)
      : name_(name), rates_(std::move(rates)), order_(order) {}
  const char* name() const override { return name_; }
  Status Start(const std::string&) override { return {}; }
  std::string what() const override { return "made up"; }
  Result<ServerSample> Measure(ServerWork, std::uint64_t) override {
    order_ += name_;
    const double rate = rates_[next_++ % rates_.size()];
    return ServerSample{.ops_per_s = rate, .p50_us = 1e6 / rate, .p99_us = 2e6 / rate};
  }

 private:
  const char* const name_;
  const std::vector<double> rates_;
  std::string& order_;
  std::size_t next_ = 0;
};

TEST(ServerRows, AreMediansAndRatiosOfRoundsInWhichWhoBeginsChanges) {
  std::string order;
  std::vector<std::unique_ptr<ServerSystem>> systems;
  // A put and a get in each round.
  systems.push_back(
      std::make_unique<Scripted>("a", std::vector<double>{100, 10, 300, 30, 200, 20}, order));
  systems.push_back(
      std::make_unique<Scripted>("b", std::vector<double>{50, 5, 40, 4, 60, 6}, order));
  const auto rows = MeasureServers(systems, {8}, 3, [](const std::string&) {});
  ASSERT_TRUE(rows.has_value());
  EXPECT_EQ(order, "ababbabaabab");
  ASSERT_EQ(rows->size(), 4U);
  const ServerRow& put = rows->at(0);
  EXPECT_EQ(put.system, "a");
  EXPECT_EQ(put.clients, 8U);
  EXPECT_EQ(put.median.ops_per_s, 200);
  EXPECT_EQ(put.ops_per_s_min, 100);
  EXPECT_EQ(put.ops_per_s_max, 300);
  EXPECT_EQ(put.ratio.at("b"), 4);
  EXPECT_EQ(rows->at(1).system, "b");
  EXPECT_EQ(rows->at(1).median.ops_per_s, 50);
  EXPECT_EQ(rows->at(2).median.ops_per_s, 20);
  EXPECT_EQ(rows->at(2).ratio.at("b"), 4);
  const auto json = nlohmann::json::parse(AsJson({"note"}, *rows));
  EXPECT_EQ(json["rows"][0]["workload"], "put");
  EXPECT_EQ(json["rows"][2]["workload"], "get");
  EXPECT_EQ(json["rows"][0]["ratio"]["b"], 4.0);
  EXPECT_NE(AsText({"note"}, *rows).find("4.00 of b"), std::string::npos);
}

TEST(RedisBenchmark, IsUnderstoodByTheNamesOfItsColumns) {
  const auto sample = ParseRedisBenchmark(
      "\"test\",\"rps\",\"avg_latency_ms\",\"p50_latency_ms\",\"p99_latency_ms\"\n"
      "\"SET\",\"1234.50\",\"0.3\",\"0.250\",\"1.500\"\n");
  ASSERT_TRUE(sample.has_value());
  EXPECT_EQ(sample->ops_per_s, 1234.5);
  EXPECT_EQ(sample->p50_us, 250);
  EXPECT_EQ(sample->p99_us, 1500);
  for (const char* const said :
       {"", "\n", "Could not connect", "\"test\",\"rps\"\n\"SET\",\"0\"\n"}) {
    EXPECT_EQ(ParseRedisBenchmark(said).error().code(), ErrorCode::kCorruption) << said;
  }
}

}  // namespace
}  // namespace beach::bench
