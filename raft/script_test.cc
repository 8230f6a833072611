// SPDX-License-Identifier: Apache-2.0
#include "raft/testing/script.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

// Each file of testdata/ is a scenario to be read: what it shows, commands, and what they print.
// With BEACH_REWRITE_SCENARIOS in the environment what they print is written into them.

namespace beach::raft::testing {
namespace {

const std::filesystem::path kFolder = BEACH_SOURCE_DIR "/raft/testdata";

std::string Read(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Scenario : public ::testing::TestWithParam<std::string> {};

TEST_P(Scenario, PrintsWhatItsFileSays) {
  const std::filesystem::path path = kFolder / (GetParam() + ".txt");
  const std::string text = Read(path);
  const std::string printed = Script().Run(text);
  if (std::getenv("BEACH_REWRITE_SCENARIOS") != nullptr) std::ofstream(path) << printed;
  EXPECT_EQ(printed, Read(path));
}

INSTANTIATE_TEST_SUITE_P(Raft, Scenario, ::testing::ValuesIn(Names()),
                         [](const auto& scenario) { return scenario.param; });

TEST(Scenarios, AreThere) { EXPECT_GE(Names().size(), 25U); }

}  // namespace
}  // namespace beach::raft::testing
