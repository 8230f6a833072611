// SPDX-License-Identifier: Apache-2.0
// Writes that return before they are done: in order, each answered once, no more than may wait.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/db.h"
#include "engine/testing/db_fixture.h"

namespace beach::engine {
namespace {

// Answers, in the order in which they came.
class Answers {
 public:
  Db::WriteDone For(int number) {
    return [this, number](const Status& status) {
      const std::lock_guard lock(mutex_);
      numbers_.push_back(number);
      errors_.push_back(status ? std::nullopt : std::optional(status.error().code()));
      more_.notify_all();
    };
  }
  // Those of so many writes.
  std::vector<int> Await(std::size_t count) {
    std::unique_lock lock(mutex_);
    more_.wait(lock, [&] { return numbers_.size() >= count; });
    return numbers_;
  }
  std::vector<std::optional<ErrorCode>> errors() {
    const std::lock_guard lock(mutex_);
    return errors_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable more_;
  std::vector<int> numbers_;
  std::vector<std::optional<ErrorCode>> errors_;
};

WriteBatch PutOf(ByteView key, ByteView value) {
  WriteBatch batch;
  batch.Put(key, value);
  return batch;
}

// Log writes stop at a gate that is shut.
class AsyncTest : public DbTest {
 protected:
  void ShutLog() {
    files_.set_hook([this](const FileEvent& event) -> Status {
      const bool of_log = event.path.ends_with(".wal");
      if (!of_log || event.call != FileCall::kSync) return {};
      std::unique_lock lock(gate_);
      ++at_gate_;
      opened_.notify_all();
      opened_.wait(lock, [this] { return open_; });
      if (gate_error_) return Fail(Error(*gate_error_, "injected").At(event.path));
      return {};
    });
  }
  void OpenLog(std::optional<ErrorCode> error = std::nullopt) {
    const std::lock_guard lock(gate_);
    open_ = true;
    gate_error_ = error;
    opened_.notify_all();
  }
  void AwaitGate() {
    std::unique_lock lock(gate_);
    opened_.wait(lock, [this] { return at_gate_ > 0; });
  }
  static Options Buffered() {
    Options options = SmallOptions();
    options.wal_direct = false;
    return options;
  }

  std::mutex gate_;
  std::condition_variable opened_;
  int at_gate_ = 0;
  bool open_ = false;
  std::optional<ErrorCode> gate_error_;
  Answers answers_;
};

TEST_F(AsyncTest, WritesAreAnsweredOnceInTheirOrderAndVisibleThen) {
  auto db = Open();
  std::vector<int> expected;
  for (int i = 0; i < 200; ++i) {
    const WriteOptions options{.sync = i % 3 == 0, .tag = 0};
    ASSERT_TRUE(db->WriteAsync(options, PutOf("k", std::to_string(i)), answers_.For(i)));
    expected.push_back(i);
  }
  EXPECT_EQ(answers_.Await(200), expected);
  EXPECT_EQ(Scan(*db), (Model{{"k", "199"}}));
  ASSERT_TRUE(db->Close());
  EXPECT_EQ(answers_.Await(200).size(), 200U);
}

TEST_F(AsyncTest, OrderIsThatOfCallsOfBothKinds) {
  auto db = Open();
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(db->WriteAsync(lazy_, PutOf("k", "async"), answers_.For(i)));
    ASSERT_TRUE(db->Put(sync_, "k", "blocking"));
    EXPECT_EQ(*db->Get({}, "k"), Bytes("blocking"));
  }
  answers_.Await(50);
  EXPECT_EQ(*db->Get({}, "k"), Bytes("blocking"));
}

TEST_F(AsyncTest, NoAnswerBeforeItIsDurable) {
  auto db = Open(Buffered());
  ShutLog();
  ASSERT_TRUE(db->WriteAsync(sync_, PutOf("a", "1"), answers_.For(1)));
  AwaitGate();
  EXPECT_TRUE(answers_.errors().empty());
  EXPECT_EQ(*db->Get({}, "a"), std::nullopt);
  OpenLog();
  answers_.Await(1);
  EXPECT_EQ(*db->Get({}, "a"), Bytes("1"));
}

TEST_F(AsyncTest, ThoseThatWaitTogetherShareAFlight) {
  auto db = Open(Buffered());
  ShutLog();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(db->WriteAsync(sync_, PutOf(std::to_string(i), "v"), answers_.For(i)));
    if (i == 0) AwaitGate();
  }
  OpenLog();
  answers_.Await(100);
  const std::lock_guard lock(gate_);
  EXPECT_LE(at_gate_, 3);
}

TEST_F(AsyncTest, TheQueueIsBoundedInNumberAndBytes) {
  Options options = Buffered();
  options.async_writes_max = 4;
  options.async_bytes_max = 3000;
  auto db = Open(options);
  ShutLog();
  const auto put = [&](std::size_t size, int number) {
    return db->WriteAsync(sync_, PutOf("k", Bytes(size, 'v')), answers_.For(number));
  };
  ASSERT_TRUE(put(5000, 0));  // the first always fits
  AwaitGate();
  EXPECT_EQ(put(1, 1).error().code(), ErrorCode::kOverloaded);
  OpenLog();
  answers_.Await(1);
  {
    const std::lock_guard lock(gate_);
    open_ = false;
    at_gate_ = 0;
  }
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(put(1, i));
  EXPECT_EQ(put(1, 9).error().code(), ErrorCode::kOverloaded);
  OpenLog();
  EXPECT_EQ(answers_.Await(5).size(), 5U);
  EXPECT_TRUE(put(1, 10));
  EXPECT_EQ(answers_.Await(6).size(), 6U);
}

TEST_F(AsyncTest, WhatIsRefusedAtOnceIsNotAnswered) {
  auto db = Open();
  const WriteBatch large = PutOf("k", Bytes(SmallOptions().value_size_max + 1, 'v'));
  EXPECT_EQ(db->WriteAsync(sync_, large, answers_.For(0)).error().code(),
            ErrorCode::kInvalidArgument);
  EXPECT_TRUE(db->WriteAsync(sync_, PutOf("k", "v"), nullptr));
  ASSERT_TRUE(db->Close());
  EXPECT_EQ(db->WriteAsync(sync_, PutOf("k", "v"), answers_.For(0)).error().code(),
            ErrorCode::kClosed);
  EXPECT_TRUE(answers_.errors().empty());
  EXPECT_EQ(Scan(*Open()), (Model{{"k", "v"}}));
}

TEST_F(AsyncTest, AFailureIsAnsweredAndPoisons) {
  auto db = Open(Buffered());
  ShutLog();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(db->WriteAsync(sync_, PutOf("a", "1"), answers_.For(i)));
  }
  AwaitGate();
  OpenLog(ErrorCode::kIo);
  EXPECT_EQ(answers_.Await(3), (std::vector<int>{0, 1, 2}));
  for (const auto& error : answers_.errors()) EXPECT_EQ(error, ErrorCode::kIo);
  ASSERT_TRUE(db->WriteAsync(sync_, PutOf("a", "2"), answers_.For(3)));
  answers_.Await(4);
  EXPECT_EQ(answers_.errors().back(), ErrorCode::kIo);
  EXPECT_FALSE(db->Close());
}

TEST_F(AsyncTest, CloseAnswersWhatIsQueued) {
  auto db = Open(Buffered());
  ShutLog();
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(db->WriteAsync(sync_, PutOf(std::to_string(100 + i), "v"), answers_.For(i)));
  }
  AwaitGate();
  env::Thread closer("closer", [&] { EXPECT_TRUE(db->Close()); });
  OpenLog();
  closer.Join();
  EXPECT_EQ(answers_.errors(), std::vector<std::optional<ErrorCode>>(20));
  EXPECT_EQ(Scan(*Open()).size(), 20U);
}

TEST_F(AsyncTest, AnAnswerMayCallTheDatabase) {
  auto db = Open();
  std::atomic<int> left = 20;
  std::function<void(const Status&)> again = [&](const Status& status) {
    EXPECT_TRUE(status);
    EXPECT_TRUE(db->Put(sync_, "in answer", std::to_string(left)));
    EXPECT_TRUE(*db->CompareAndSet(lazy_, std::to_string(left), std::nullopt, "v"));
    EXPECT_TRUE(db->Get({}, "k"));
    if (left % 8 == 0) {
      EXPECT_TRUE(db->Flush());
    }
    if (--left > 0) {
      EXPECT_TRUE(db->WriteAsync(sync_, PutOf("k", std::to_string(left)), again));
    }
    if (left == 0) answers_.For(0)(status);
  };
  ASSERT_TRUE(db->WriteAsync(sync_, PutOf("k", "0"), again));
  answers_.Await(1);
  ASSERT_TRUE(db->Close());
  EXPECT_EQ(Scan(*Open()).size(), 22U);
}

}  // namespace
}  // namespace beach::engine
