// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/testing/memory_files.h"
#include "raft/transfer/receiver.h"
#include "raft/transfer/sender.h"
#include "raft/transfer/testing/turn_helper.h"
#include "wire/testing/fake_loop.h"

namespace beach::raft::testing {

// For tests: snapshots whose files a test has written.
class TestStore final : public SnapshotStore {
 public:
  Result<std::unique_ptr<PinnedSnapshot>> Pin() override;
  Status Check(ByteView description, const std::vector<std::string>& paths) override;
  Status Install(const SnapshotMeta&, ByteView, const std::vector<std::string>&) override {
    return {};
  }

  LogIndex index{100};
  Bytes description = "levels";
  std::vector<SnapshotFile> files;
  std::optional<Error> fails;
  std::uint64_t pins = 0;
  std::uint64_t held = 0;
  std::set<std::string> damaged;  // that Check finds out
  std::uint64_t checks = 0;
  // Of what has arrived somewhere: sound, unless a test says otherwise.
  std::function<Status(const std::vector<std::string>& paths)> check_arrived;
  std::uint64_t arrivals = 0;

 private:
  class TestPin;
};

struct Flying {
  NodeId from;
  NodeId to;
  Bytes payload;
};

// A follower: its receiver, and what its core and its node would know.
struct TestFollower {
  std::unique_ptr<SnapshotReceiver> receiver;
  std::unique_ptr<TurnHelper> helper;  // goes before
  std::vector<SnapshotId> received;
  std::vector<Error> failures;
  bool wants = true;
};

// Node 1, which sends, and its followers 2 and 3, on one loop, with frames between them that a test
// may lose, repeat and delay.
class TransferWorld {
 public:
  TransferWorld();
  ~TransferWorld();

  void StartSender();
  void StartFollower(NodeId node);
  void StopFollower(NodeId node);
  // Files of these sizes on the leader, with contents of their own.
  void WriteFiles(const std::vector<std::uint64_t>& sizes);
  static std::string Directory(NodeId node) { return "n" + std::to_string(node.value) + "/in"; }

  // A snapshot is due: what the leader's core would say.
  SnapshotId Send(NodeId peer, LogIndex index_min = LogIndex(1));
  // Until nothing moves at this moment.
  void Settle();
  // The same, and all that comes up to then.
  void RunFor(std::uint64_t ns);
  // What is under way is lost, and nothing goes until Connect.
  void Break(NodeId peer);
  void Connect(NodeId peer);
  // Whether the files that arrived are those that were pinned.
  bool Arrived(NodeId node);

  wire::testing::FakeClock clock;
  wire::testing::FakeLoop loop{clock};
  engine::testing::MemoryFiles files;
  TestStore store;
  SnapshotSenderOptions sender_options;
  SnapshotReceiverOptions receiver_options;
  std::unique_ptr<SnapshotSender> sender;
  std::unique_ptr<TurnHelper> helper;  // goes before it
  std::map<NodeId, TestFollower> followers;
  LogIndex applied{100};
  std::map<NodeId, SnapshotId> awaited;  // by the leader's core
  std::vector<SnapshotId> pinned;
  std::vector<SnapshotId> sent;
  std::vector<Error> failures;  // of the sender
  // Each frame that is to be delivered; how often it is.
  std::function<int(const Flying&, const SnapshotFrame&)> deliver;
  // Which of so many that are under way arrives next: the oldest, unless a test says otherwise.
  std::function<std::size_t(std::size_t)> pick;
  // The begin of a transfer reaches the follower's core at once, or when a test says so.
  bool cores_speak = true;
  bool look_wanted = false;  // by the sender, or because its core has moved
  std::uint64_t chunk_bytes_delivered = 0;
  std::uint64_t frames_delivered = 0;
  std::uint64_t rewinds = 0;  // resumes at a place before one that was said before

 private:
  void Fly(const Flying& flying);
  bool DeliverOne();

  std::deque<Flying> flying_;
  std::map<NodeId, bool> down_;
  std::map<NodeId, std::uint64_t> said_;
  SnapshotId last_;
};

}  // namespace beach::raft::testing
