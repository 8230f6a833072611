// SPDX-License-Identifier: Apache-2.0
#include "raft/node/applier.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "env/os/os_env.h"

namespace beach::raft {
namespace {

// Applies what it is given; with `blocks_every`, none of those without blocking.
class TestMachine final : public StateMachine {
 public:
  SnapshotMeta durable() const override { return {}; }
  Result<std::size_t> Apply(std::span<const Entry> entries, bool may_block,
                            std::vector<Bytes>& answers) override {
    std::size_t count = 0;
    for (const Entry& entry : entries) {
      if (entry.index.value == fails_at) return Fail(ErrorCode::kIo, "broken");
      if (!may_block && entry.index.value % blocks_every == 0) break;
      if (may_block && entry.index.value == no_space_at && no_space_times > 0) {
        --no_space_times;
        break;
      }
      applied.push_back(entry.index.value);
      answers.push_back(std::to_string(entry.index.value));
      ++count;
    }
    if (may_block) ++blocking_calls;
    return count;
  }
  Status Health() const override { return {}; }
  void WantDurable() override {}

  std::uint64_t blocks_every = ~std::uint64_t{0};
  std::uint64_t fails_at = 0;
  std::uint64_t no_space_at = 0;
  std::uint64_t no_space_times = 0;
  std::uint64_t blocking_calls = 0;
  std::vector<std::uint64_t> applied;
};

std::vector<Entry> Entries(std::uint64_t first, std::uint64_t last) {
  std::vector<Entry> entries;
  for (std::uint64_t index = first; index <= last; ++index) {
    entries.push_back({.term = Term(1), .index = LogIndex(index), .payload = {}});
  }
  return entries;
}

class ApplierTest : public ::testing::Test {
 protected:
  void Start() {
    applier_ = std::make_unique<Applier>(
        *os_.env().clock, *loop_, machine_,
        Applier::Callbacks{
            .on_applied =
                [this](std::span<const Entry> entries, std::span<const Bytes> answers) {
                  ASSERT_EQ(entries.size(), answers.size());
                  for (std::size_t i = 0; i < entries.size(); ++i) {
                    EXPECT_EQ(answers[i], std::to_string(entries[i].index.value));
                    told_.push_back(entries[i].index.value);
                  }
                  if (told_.size() == stop_at_) loop_->Stop();
                },
            .on_failed =
                [this](const Error& error) {
                  failure_ = error;
                  loop_->Stop();
                }});
  }
  static std::vector<std::uint64_t> UpTo(std::uint64_t last) {
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t i = 1; i <= last; ++i) numbers.push_back(i);
    return numbers;
  }

  env::OsEnv os_;
  std::unique_ptr<env::Loop> loop_ = *os_.env().network->NewLoop();
  TestMachine machine_;
  std::vector<std::uint64_t> told_;
  std::size_t stop_at_ = 0;
  std::optional<Error> failure_;
  std::unique_ptr<Applier> applier_;
};

TEST_F(ApplierTest, AppliesOnTheLoopWhatNeedsNoDisk) {
  Start();
  applier_->Add(Entries(1, 600));
  applier_->Add(Entries(601, 700));
  EXPECT_EQ(told_, UpTo(700));
  EXPECT_EQ(applier_->waiting(), 0U);
  EXPECT_EQ(machine_.blocking_calls, 0U);
}

TEST_F(ApplierTest, GoesOnWhereTheThreadHasBlocked) {
  machine_.blocks_every = 100;
  stop_at_ = 2'000;
  Start();
  applier_->Add(Entries(1, 1'500));
  applier_->Add(Entries(1'501, 2'000));
  EXPECT_EQ(told_, UpTo(99)) << "behind an entry that waits nothing is applied";
  EXPECT_EQ(applier_->waiting(), 1'901U);
  loop_->Run();
  EXPECT_EQ(told_, UpTo(2'000));
  EXPECT_EQ(machine_.applied, UpTo(2'000));
  EXPECT_GT(machine_.blocking_calls, 1U);
  EXPECT_EQ(applier_->waiting(), 0U);
}

TEST_F(ApplierTest, WaitsForSpaceAndGoesOn) {
  machine_.blocks_every = 100;
  machine_.no_space_at = 120;
  machine_.no_space_times = 3;
  stop_at_ = 300;
  Start();
  const std::uint64_t began_ns = os_.env().clock->MonotonicNow();
  applier_->Add(Entries(1, 300));
  loop_->Run();
  EXPECT_EQ(told_, UpTo(300));
  EXPECT_EQ(machine_.applied, UpTo(300));
  EXPECT_FALSE(failure_.has_value());
  EXPECT_GE(os_.env().clock->MonotonicNow() - began_ns, 3 * 100'000'000U);
}

TEST_F(ApplierTest, EndsWhileItWaitsForSpace) {
  machine_.blocks_every = 100;
  machine_.no_space_at = 120;
  machine_.no_space_times = ~std::uint64_t{0};
  stop_at_ = 99;
  Start();
  applier_->Add(Entries(1, 300));
  applier_.reset();
  EXPECT_EQ(told_, UpTo(99));
}

TEST_F(ApplierTest, StopsForGoodAtAFailureOnTheLoop) {
  machine_.fails_at = 3;
  Start();
  applier_->Add(Entries(1, 5));
  ASSERT_TRUE(failure_.has_value());
  EXPECT_EQ(failure_->code(), ErrorCode::kIo);
  machine_.fails_at = 0;
  const auto before = machine_.applied;
  applier_->Add(Entries(6, 9));
  EXPECT_EQ(machine_.applied, before);
}

TEST_F(ApplierTest, StopsForGoodAtAFailureOnTheThread) {
  machine_.blocks_every = 2;
  machine_.fails_at = 4;
  Start();
  applier_->Add(Entries(1, 5));
  loop_->Run();
  ASSERT_TRUE(failure_.has_value());
  EXPECT_EQ(told_, UpTo(1));
  applier_->Add(Entries(6, 9));
  EXPECT_EQ(machine_.applied.back(), 3U);
}

TEST_F(ApplierTest, TellsNobodyOnceItIsGone) {
  machine_.blocks_every = 2;
  Start();
  applier_->Add(Entries(1, 50));
  applier_.reset();
  loop_->Post([this] { loop_->Stop(); });
  loop_->Run();
  EXPECT_EQ(told_, UpTo(1));
}

TEST_F(ApplierTest, WhatIsVoidIsToldToNobody) {
  machine_.blocks_every = 4;  // 4 is with the thread, the rest waits for it
  Start();
  applier_->Add(Entries(1, 9));
  EXPECT_EQ(told_, UpTo(3));
  bool idle = false;
  applier_->Void([&] {
    idle = true;
    EXPECT_EQ(applier_->waiting(), 0U);
    loop_->Stop();
  });
  EXPECT_FALSE(idle);
  loop_->Run();
  EXPECT_TRUE(idle);
  EXPECT_EQ(told_, UpTo(3));
  // What comes behind a snapshot.
  machine_.applied.clear();
  machine_.blocks_every = ~std::uint64_t{0};
  applier_->Add(Entries(20, 22));
  EXPECT_EQ(told_.back(), 22U);
}

TEST_F(ApplierTest, WhatWaitsForNothingIsVoidAtOnceButNotFromInsideTheCall) {
  Start();
  bool idle = false;
  applier_->Void([&] {
    idle = true;
    loop_->Stop();
  });
  EXPECT_FALSE(idle);
  loop_->Run();
  EXPECT_TRUE(idle);
}

TEST_F(ApplierTest, AFailureIsToldThoughItsEntriesAreVoid) {
  machine_.blocks_every = 2;
  machine_.fails_at = 4;
  Start();
  applier_->Add(Entries(1, 5));
  bool idle = false;
  applier_->Void([&] { idle = true; });
  loop_->Run();
  EXPECT_TRUE(failure_.has_value());
  EXPECT_FALSE(idle);
}

}  // namespace
}  // namespace beach::raft
