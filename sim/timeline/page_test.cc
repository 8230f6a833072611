// SPDX-License-Identifier: Apache-2.0
#include "sim/timeline/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

namespace beach::sim::timeline {
namespace {

using Json = nlohmann::json;

constexpr const char* kHostile = "</script><!--\xe2\x80\xa8\xe2\x80\xa9\xff&\"'\n\x01";

struct Fixture {
  artifacts::Artifact recorded;
  RunReport report;
  Seen seen{100};

  Fixture() {
    recorded.scenario = kHostile;
    recorded.seed = ~std::uint64_t{0};
    report.verdict.signature = "x/lost";
    report.verdict.message = kHostile;
    report.options["knob"] = ~std::uint64_t{0};
    report.workload.push_back(
        {.id = 1, .life = 0, .client = 2, .kind = "put", .arguments = {kHostile}});
    for (const SightKind kind : {SightKind::kNote, SightKind::kCall, SightKind::kReturn,
                                 SightKind::kOperation, SightKind::kFile, SightKind::kCut,
                                 SightKind::kStrike, SightKind::kProcess, SightKind::kShown}) {
      Sight sight;
      sight.kind = kind;
      sight.host = "a";
      sight.thread = kHostile;
      sight.name = kHostile;
      sight.path = kHostile;
      sight.text = kHostile;
      sight.number = -5;
      sight.ranges = {{SightRange::Kind::kDirty, 512, 1024}};
      sight.fields = {{"node", 3, ""}, {kHostile, 0, kHostile}};
      seen.See(sight);
    }
  }

  Subject Of() const {
    return {.program = "prog",
            .artifact = kHostile,
            .recorded = &recorded,
            .report = &report,
            .died = false,
            .stack = "",
            .error_text = kHostile};
  }
};

TEST(PageData, IsAsciiJsonThatCannotLeaveItsElement) {
  const Fixture fixture;
  const std::string data = PageData(fixture.Of(), fixture.seen);
  EXPECT_EQ(data.find('<'), std::string::npos);
  EXPECT_TRUE(std::ranges::all_of(data, [](char c) { return c >= ' ' && c <= '~'; }));
  const Json json = Json::parse(data);
  EXPECT_EQ(json["seed"], "18446744073709551615");
  EXPECT_EQ(json["options"]["knob"], "18446744073709551615");
  EXPECT_EQ(json["sights"].size(), 9U);
  // What is no UTF-8 becomes U+FFFD; the rest is what it was.
  EXPECT_EQ(json["verdict"]["message"],
            "</script><!--\xe2\x80\xa8\xe2\x80\xa9\xef\xbf\xbd&\"'\n\x01");
  EXPECT_EQ(json["workload"][0][4][0], json["verdict"]["message"]);
}

TEST(PageData, RowsAreAsTheirTableSays) {
  const Fixture fixture;
  const Json json = Json::parse(PageData(fixture.Of(), fixture.seen));
  const std::size_t lengths[] = {7, 10, 6, 5, 12, 11, 6, 8, 8};
  for (std::size_t i = 0; i < 9; ++i) {
    EXPECT_EQ(json["sights"][i][0], i + 1);
    EXPECT_EQ(json["sights"][i].size(), lengths[i]) << i;
  }
  EXPECT_EQ(json["sights"][2][5], -5);
  EXPECT_EQ(json["sights"][4][11], Json({1, 512, 1024}));
  EXPECT_EQ(json["lanes"].size(), 1U);
  EXPECT_EQ(json["shapes"].size(), 1U);
  EXPECT_EQ(json["shapes"][0][1], "node");
  EXPECT_EQ(json["sights"][8][5], 0);
  EXPECT_EQ(json["sights"][8][6], 3);
  EXPECT_EQ(json["sights"][8][7], json["verdict"]["message"]);
}

TEST(PageData, SaysWhatIsLeftOut) {
  const Fixture fixture;
  Seen seen(8);
  for (int i = 0; i < 50; ++i) seen.See(Sight());
  const Json json = Json::parse(PageData(fixture.Of(), seen));
  EXPECT_EQ(json["left_out"], 42);
  EXPECT_EQ(json["left_out_at"], 2);
  EXPECT_EQ(json["sights"].size(), 8U);
}

TEST(Page, HasOneScriptAndRefersToNothing) {
  const Fixture fixture;
  const std::string page = MakePage(fixture.Of(), fixture.seen);
  const auto count = [&page](const std::string& what) {
    std::size_t found = 0;
    for (std::size_t at = page.find(what); at != std::string::npos; at = page.find(what, at + 1))
      ++found;
    return found;
  };
  EXPECT_EQ(count("</script>"), 2U);  // the data's and the code's
  EXPECT_EQ(count("default-src 'none'"), 1U);
  for (const char* const outside :
       {"http:", "https:", "src=", "href=", "@import", "url(", "fetch("}) {
    EXPECT_EQ(count(outside), 0U) << outside;
  }
}

}  // namespace
}  // namespace beach::sim::timeline
