// SPDX-License-Identifier: Apache-2.0
// A cluster of one, on the loop of this machine.
#include "server/service/node_admin.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "env/conformance/case_loop.h"
#include "env/conformance/expect.h"
#include "env/os/test_fixture.h"

namespace beach::server {
namespace {

using env::conformance::kMillisecond;
using raft::LogIndex;
using raft::NodeId;

// Holds nothing, durably.
class EmptyMachine final : public raft::StateMachine {
 public:
  raft::SnapshotMeta durable() const override { return {}; }
  Result<std::size_t> Apply(std::span<const raft::Entry> entries, bool,
                            std::vector<Bytes>& answers) override {
    answers.resize(entries.size());
    return entries.size();
  }
  Status Health() const override { return {}; }
  void WantDurable() override {}
};

class NodeAdminTest : public ::testing::Test {
 protected:
  void SetUp() override {
    raft::DiskLogOptions log;
    log.node = NodeId(1);
    log.create = true;
    auto opened = raft::DiskLog::Open(world_.env(), world_.directory() + "/log", log, {});
    ASSERT_OK(opened);
    log_ = *std::move(opened);
    raft::NodeOptions options;
    options.core.id = NodeId(1);
    options.core.election_timeout_ns = 20 * kMillisecond;
    options.core.heartbeat_interval_ns = 5 * kMillisecond;
    options.bootstrap.voters = {NodeId(1)};
    auto started = raft::Node::Start(*loop_, world_.env(), options, *log_, machine_, {});
    ASSERT_OK(started);
    node_ = *std::move(started);
    admin_ = std::make_unique<NodeAdmin>(*world_.env().clock, *node_);
  }
  void TearDown() override {
    node_.reset();
    log_.reset();
  }
  // The change's end.
  raft::Outcome Change(raft::ChangeKind kind, std::uint64_t node) {
    raft::Outcome end;
    bool done = false;
    const raft::Change change{.kind = kind, .node = NodeId(node)};
    admin_->Change({&change, 1}, false, [&](const raft::Outcome& outcome) {
      end = outcome;
      done = true;
    });
    EXPECT_FALSE(done);
    EXPECT_TRUE(loop_.RunUntil([&] { return done; }));
    return end;
  }

  env::OsFixture world_{env::AsyncWrites::kThreads};
  env::conformance::CaseLoop loop_{world_};
  EmptyMachine machine_;
  std::unique_ptr<raft::DiskLog> log_;
  std::unique_ptr<raft::Node> node_;
  std::unique_ptr<NodeAdmin> admin_;
};

TEST_F(NodeAdminTest, ShowsAndChangesWhatTheNodeIs) {
  EXPECT_EQ(Change(raft::ChangeKind::kAddLearner, 2).error, raft::ProposeError::kNotLeader);
  EXPECT_EQ(admin_->Transfer(NodeId(2)).error(), raft::TransferError::kNotLeader);
  EXPECT_TRUE(admin_->View().progress.empty());
  ASSERT_TRUE(loop_.RunUntil([this] { return node_->commit() > LogIndex{}; }));

  const raft::Outcome added = Change(raft::ChangeKind::kAddLearner, 2);
  ASSERT_EQ(added.fate, raft::Fate::kCommitted);
  const NodeView view = admin_->View();
  EXPECT_EQ(view.configuration.voters, std::vector{NodeId(1)});
  EXPECT_EQ(view.configuration.learners, std::vector{NodeId(2)});
  EXPECT_EQ(view.configuration_index, added.index);
  EXPECT_EQ(view.log_base, LogIndex{});
  EXPECT_EQ(view.log_durable, added.index);
  EXPECT_GT(view.log_bytes, 0U);
  EXPECT_EQ(view.state_durable, LogIndex{});
  ASSERT_EQ(view.progress.size(), 2U);
  EXPECT_EQ(view.progress[0].node, NodeId(1));
  EXPECT_EQ(view.progress[0].match, added.index);
  EXPECT_EQ(view.progress[0].silent_ns, 0U);
  EXPECT_EQ(view.progress[1].node, NodeId(2));
  EXPECT_EQ(view.progress[1].match, LogIndex{});  // nobody is there

  EXPECT_EQ(admin_->Transfer(NodeId(2)).error(), raft::TransferError::kNotVoter);
  EXPECT_EQ(admin_->transfer_target(), NodeId{});
  EXPECT_EQ(Change(raft::ChangeKind::kAddLearner, 2).error, raft::ProposeError::kInvalidChange);
}

}  // namespace
}  // namespace beach::server
