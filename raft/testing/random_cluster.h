// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "raft/testing/history.h"
#include "raft/testing/node.h"

namespace beach::raft::testing {

// A cluster in which the next thing to happen is drawn: a message arrives, twice, late or never; a
// disk finishes; a node crashes. Each seed draws how often each kind happens, some never. At the
// end all faults stop, and the cluster has to serve.
class RandomCluster {
 public:
  RandomCluster(std::uint64_t seed, bool verbose);

  // Empty, or what broke.
  std::string Run();

  struct Counts {
    std::uint64_t committed = 0;
    std::uint64_t leaders = 0;
    std::uint64_t reads = 0;
    std::uint64_t lease_reads = 0;
    std::uint64_t snapshots = 0;
    std::uint64_t kept_suffixes = 0;
    std::uint64_t truncations = 0;
    std::uint64_t configurations = 0;
    std::uint64_t transfers = 0;
    std::uint64_t delivered = 0;
    std::uint64_t applied = 0;
    std::uint64_t crashes = 0;
    std::uint64_t followed_reads = 0;
    std::uint64_t loads = 0;
    std::uint64_t overtaken = 0;  // snapshots, by the log
    void Add(const Counts& other);
    std::string Text() const;
  };
  const Counts& counts() const { return counts_; }

 private:
  enum Action : std::size_t {
    kDeliver,
    kDrop,
    kDuplicate,
    kTick,
    kDisk,
    kApply,
    kPropose,
    kRead,
    kCrash,
    kStart,
    kPartition,
    kHeal,
    kChange,
    kTransfer,
    kFlush,
    kCompact,
    kLoad,
    kPin,
    kSnapshot,
    kSnapshotFails,
    kPause,
    kActions,
  };

  void DrawWeights();
  void HuntStaleReads();
  Action DrawAction();
  void Do(Action action);
  std::uint64_t TimeOf(std::size_t node) const;
  Node& AnyNode();
  std::size_t AnyUp();  // 0: none
  bool Linked(NodeId from, NodeId to) const;

  void Deliver(std::size_t position);
  void DeliverSnapshot(std::size_t position, bool fails);
  void Propose(std::size_t node);
  void Read(std::size_t node);
  void Crash(std::size_t node);
  void Start(std::size_t node);
  void Partition();
  void Change(std::size_t node);
  void TransferLeadership(std::size_t node);
  void Compact(std::size_t node);
  // Takes what it says, and looks at it.
  void Pump(std::size_t node);
  void MaybePump(std::size_t node);
  void Say(const std::string& what) const;

  bool HealAndServe();
  void SettleFor(std::uint64_t time_ns);
  bool AllServed(LogIndex index) const;
  std::uint64_t HeldByAll() const;
  std::size_t LeaderNode() const;

  RandomStream random_;
  bool verbose_;
  Options options_;
  std::array<std::uint64_t, kActions> weights_{};
  std::uint64_t weights_sum_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t now_ns_ = 1'000'000'000;

  std::vector<Node> nodes_;              // place 0 is nobody
  std::vector<const Node*> all_;         // the same
  std::vector<std::int64_t> drift_ppm_;  // of each one's clock
  std::vector<std::uint32_t> groups_;    // who talks to whom
  bool one_way_ = false;                 // group 0 is heard by all
  std::size_t slow_disk_ = 0;
  bool slow_snapshots_ = false;
  std::uint64_t step_ns_ = 1;  // at most, between two actions
  std::size_t compactor_ = 0;  // the only node that drops its log; 0: all do
  std::vector<Message> network_;
  std::vector<Message> late_;
  std::vector<testing::Transfer> transfers_;
  History history_;
  Counts counts_;
  std::uint64_t next_request_ = 0;
  std::uint64_t next_read_ = 0;
};

}  // namespace beach::raft::testing
