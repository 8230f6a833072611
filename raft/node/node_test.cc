// SPDX-License-Identifier: Apache-2.0
#include "raft/node/node.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "env/conformance/case_loop.h"
#include "env/conformance/expect.h"
#include "env/os/test_fixture.h"

namespace beach::raft {
namespace {

using env::conformance::kMillisecond;

// Holds nothing, durably.
class EmptyMachine final : public StateMachine {
 public:
  SnapshotMeta durable() const override { return {}; }
  Result<std::size_t> Apply(std::span<const Entry> entries, bool,
                            std::vector<Bytes>& answers) override {
    answers.resize(entries.size());
    return entries.size();
  }
  Status Health() const override { return {}; }
  void WantDurable() override {}
};

class TestWatcher final : public NodeWatcher {
 public:
  void Started(const Core&) override {}
  void Looked(const Core&) override {}
  void Heard(const Message&) override {}
  void Turned(const Core&, const Output& output) override {
    if (output.persist.id != PersistId{} && on_write) on_write();
  }
  void Persisted(PersistId) override { ++persisted; }
  void Applied(const Entry&, ByteView) override {}
  void Compacted(LogIndex) override {}
  void Installed(const LogReplacement&, const DiskLogRange&) override {}
  void Asked(CallId, std::uint64_t) override { ++asked; }
  void Answered(CallId) override { ++answered; }

  std::function<void()> on_write;
  int persisted = 0;
  int asked = 0;
  int answered = 0;
};

class NodeTest : public ::testing::Test {
 protected:
  void Start() {
    DiskLogOptions log;
    log.node = NodeId(1);
    log.create = true;
    auto opened = DiskLog::Open(world_.env(), world_.directory() + "/log", log, {});
    ASSERT_OK(opened);
    log_ = *std::move(opened);
    NodeOptions options;
    options.core.id = NodeId(1);
    options.core.election_timeout_ns = 20 * kMillisecond;
    options.core.heartbeat_interval_ns = 5 * kMillisecond;
    options.bootstrap.voters = {NodeId(1)};
    options.watcher = &watcher_;
    auto started = Node::Start(*loop_, world_.env(), options, *log_, machine_, {});
    ASSERT_OK(started);
    node_ = *std::move(started);
  }
  void TearDown() override {
    node_.reset();
    log_.reset();
  }

  env::OsFixture world_{env::AsyncWrites::kThreads};
  env::conformance::CaseLoop loop_{world_};
  TestWatcher watcher_;
  EmptyMachine machine_;
  std::unique_ptr<DiskLog> log_;
  std::unique_ptr<Node> node_;
};

TEST_F(NodeTest, TellsItsWatcherOfEachCallAndItsAnswer) {
  Start();
  ASSERT_TRUE(loop_.RunUntil([this] { return node_->role() == Role::kLeader; }));
  bool done = false;
  node_->Propose(Payload::Copy("x"), [&](const Outcome& outcome) {
    EXPECT_EQ(outcome.fate, Fate::kCommitted);
    EXPECT_EQ(watcher_.answered, 1);
    done = true;
  });
  EXPECT_EQ(watcher_.asked, 1);
  EXPECT_EQ(watcher_.answered, 0);
  EXPECT_TRUE(loop_.RunUntil([&done] { return done; }));
}

// What its log was told to write is still under way when it goes.
TEST_F(NodeTest, ItsLogOutlivesIt) {
  bool gone = false;
  watcher_.on_write = [&] {
    if (std::exchange(gone, true)) return;
    loop_->Post([this] {
      node_.reset();
      watcher_.persisted = 0;
    });
  };
  Start();
  ASSERT_TRUE(loop_.RunUntil([this] { return node_ == nullptr; }));
  loop_.RunFor(50 * kMillisecond);
  EXPECT_EQ(watcher_.persisted, 0);
}

}  // namespace
}  // namespace beach::raft
