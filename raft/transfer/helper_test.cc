// SPDX-License-Identifier: Apache-2.0
#include "raft/transfer/helper.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "env/os/os_env.h"

namespace beach::raft {
namespace {

class HelperTest : public ::testing::Test {
 protected:
  env::OsEnv os_;
  std::unique_ptr<env::Loop> loop_ = *os_.env().network->NewLoop();
};

TEST_F(HelperTest, WorksElsewhereInOrderAndAnswersOnTheLoop) {
  ThreadHelper helper(*loop_, "test-helper");
  const std::uint64_t here = env::CurrentThreadId();
  std::vector<int> answers;
  for (int i = 0; i < 100; ++i) {
    helper.Ask(
        [here, i] {
          EXPECT_NE(env::CurrentThreadId(), here);
          return i;
        },
        [&, i](int answer) {
          EXPECT_EQ(env::CurrentThreadId(), here);
          EXPECT_EQ(answer, i);
          answers.push_back(answer);
          if (i == 99) loop_->Stop();
        });
  }
  EXPECT_TRUE(answers.empty());
  loop_->Run();
  EXPECT_EQ(answers.size(), 100U);
}

TEST_F(HelperTest, NothingIsToldOnceItIsGone) {
  int told = 0;
  const auto held = std::make_shared<int>(0);
  {
    ThreadHelper helper(*loop_, "test-helper");
    env::Semaphore begun(0);
    helper.Do([&begun, held] { begun.Release(); }, [&told] { ++told; });
    helper.Do([held] {}, [&told] { ++told; });
    begun.Acquire();
  }
  EXPECT_EQ(held.use_count(), 1);
  loop_->Post([this] { loop_->Stop(); });
  loop_->Run();
  EXPECT_EQ(told, 0);
}

}  // namespace
}  // namespace beach::raft
