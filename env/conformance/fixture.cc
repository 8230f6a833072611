// SPDX-License-Identifier: Apache-2.0
#include "env/conformance/fixture.h"

#include <gtest/gtest.h>

#include <utility>

namespace beach::env::conformance {
namespace {

class CaseTest final : public testing::Test {
 public:
  CaseTest(Case run, FixtureMaker maker) : case_(run), maker_(std::move(maker)) {}

  void TestBody() override {
    const std::unique_ptr<Fixture> fixture = maker_();
    ASSERT_NE(fixture, nullptr);
    bool ended = false;
    fixture->Run([&] {
      case_.body(*fixture);
      ended = true;
    });
    EXPECT_TRUE(ended) << "the body did not run to its end";
  }

 private:
  const Case case_;
  const FixtureMaker maker_;
};

}  // namespace

void RegisterCases(const std::string& suite, std::span<const Case> cases, FixtureMaker maker) {
  for (const Case& each : cases) {
    testing::RegisterTest(suite.c_str(), each.name, nullptr, nullptr, __FILE__, __LINE__,
                          [each, maker]() -> testing::Test* { return new CaseTest(each, maker); });
  }
}

}  // namespace beach::env::conformance
