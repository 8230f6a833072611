// SPDX-License-Identifier: Apache-2.0
// docs/resp.md and the table of commands say the same.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "server/resp/command_table.h"
#include "server/resp/resp_errors.h"

namespace beach::server {
namespace {

std::string Page() {
  std::ifstream in(BEACH_SOURCE_DIR "/docs/resp.md");
  std::stringstream page;
  page << in.rdbuf();
  return page.str();
}

TEST(RespPage, HasTheTableOfCommands) {
  EXPECT_NE(Page().find(RespCommandsPage()), std::string::npos) << "put this in its place:\n"
                                                                << RespCommandsPage();
}

TEST(RespPage, HasEveryErrorOfTheCluster) {
  const std::string page = Page();
  const auto expect = [&](const std::string& error) {
    const std::string word = "`" + error.substr(0, error.find(' ')) + "`";
    EXPECT_NE(page.find(word), std::string::npos) << word;
  };
  for (int i = 1; i <= 7; ++i) {
    expect(RespErrorOf(raft::Outcome{.fate = raft::Fate::kRefused,
                                     .error = static_cast<raft::ProposeError>(i),
                                     .index = {},
                                     .answer = {}}));
  }
  for (const raft::Fate fate : {raft::Fate::kLost, raft::Fate::kUnknown}) {
    expect(RespErrorOf(raft::Outcome{.fate = fate, .index = {}, .answer = {}}));
  }
  for (int i = 0; i < 3; ++i) expect(RespErrorOf(static_cast<raft::ReadError>(i)));
  expect(RespErrorOfStore(Error(ErrorCode::kIo, "bad")));
  expect(RespErrorOfLostAnswer());
}

TEST(RespTable, NamesAreOfAnyCase) {
  for (const RespCommand& command : RespCommands()) {
    EXPECT_EQ(FindRespCommand(LowerCase(command.name)), &command);
    EXPECT_EQ(FindRespCommand(command.name), &command);
    EXPECT_NE(command.plan == nullptr, command.run == nullptr) << command.name;
  }
  EXPECT_EQ(FindRespCommand("GE"), nullptr);
  EXPECT_EQ(FindRespCommand("GETS"), nullptr);
  EXPECT_EQ(FindRespCommand(""), nullptr);
  EXPECT_EQ(FindRespCommand(Bytes(100'000, 'g')), nullptr);
}

}  // namespace
}  // namespace beach::server
