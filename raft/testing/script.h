// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "raft/testing/node.h"

namespace beach::raft::testing {

// A small cluster that does what a text says, one command a line, and tells what happened. Disks
// and state machines do their work at once unless they are held; messages move when they are told
// to.
//
//   cluster 3 / spare 4          nodes with a configuration; one that waits to be told
//   limit NAME VALUE             an option of all nodes, before them: see SetLimit
//   elect 1                      it leads, and all have its no-op; told in a line
//   campaign 1                   time goes on until node 1's election timeout, and it alone notices
//   hasty 1                      the same by node 1's clock alone
//   tick [1]                     a heartbeat interval goes by, for all or for one that notices it
//   wait 500                     milliseconds go by unnoticed
//   propose 1 x / read 1 [lease] / transfer 1 2
//   change 1 simple add 4 remove 2 / change 1 joint ... / stay ... / leave; "learner 4" too
//   deliver [1 2]                what is under way, and what follows from it; or one step of one
//   way drop 1 2 / copy 1 2 / late   lost; repeated, to arrive when "late" says so; "*" is anybody
//   reverse                      what is under way overtakes itself
//   partition 1 | 2 3 / heal
//   hold disk 1 / hold apply 1   work waits; "persist 1 [2]", "apply 1 [2]" does some; "release
//   ..." crash 1 [2]                  loses what the disk has not finished, but for the first 2
//   pieces damage 1 3 / damage 1 state  of a crashed node: entry 3, or all of the state machine
//   restart 1
//   compact 1 [4]                flushes, and drops the log up to there, or all that is applied
//   bytes [1 2]                  snapshots arrive; "lost 1 2": they do not
//   log 1 / status / progress 1 / disk 1
class Script {
 public:
  // The text with the output of each command in place of what stands behind it.
  std::string Run(const std::string& text);

 private:
  std::string Do(const std::string& line);
  void Execute(const std::string& verb, std::istringstream& words);
  bool Input(const std::string& verb, std::istringstream& words);
  bool Network(const std::string& verb, std::istringstream& words);
  bool Machine(const std::string& verb, std::istringstream& words);
  bool Show(const std::string& verb, std::istringstream& words);

  void Add(std::uint64_t id, const Configuration& configuration);
  void SetLimit(const std::string& name, std::uint64_t value);
  void Campaign(std::uint64_t id, bool hasty);
  void Elect(std::uint64_t id);
  std::uint64_t TimeOf(std::uint64_t id) { return now_ns_ + ahead_ns_[id]; }
  void Propose(std::uint64_t id, const std::string& word);
  void Change(std::uint64_t id, std::istringstream& words);
  void Deliver();
  void DeliverOnly(std::istringstream& words);
  void Hand(Message&& message);
  bool Linked(NodeId from, NodeId to) const;
  void Partition(std::istringstream& words);
  void Snapshots(std::istringstream& words, bool arrive);
  void Work(std::uint64_t id, const std::string& kind, std::uint64_t count);

  // Takes what the node says, and does what it may do at once.
  void Settle(std::uint64_t id);
  void SettleAll();
  void Drain(std::uint64_t id);
  void Print(const std::string& line) { printed_ += "  " + line + "\n"; }
  void Print(std::uint64_t id, const std::string& line);
  std::vector<Message> TakeUnderWay(std::istringstream& words, bool copy);
  Node& At(std::uint64_t id) { return nodes_.at(id); }

  Options options_;
  std::uint64_t now_ns_ = 1'000'000'000;
  std::map<std::uint64_t, std::uint64_t> ahead_ns_;  // of a node's clock
  std::map<std::uint64_t, Node> nodes_;
  std::vector<Message> network_;
  std::vector<Message> late_;
  std::vector<Transfer> transfers_;
  std::map<std::uint64_t, std::uint64_t> groups_;
  std::set<std::pair<std::string, std::uint64_t>> held_;  // ("disk", 1)
  std::map<std::uint64_t, std::string> requests_;         // to what was proposed
  std::uint64_t next_read_ = 0;
  std::string printed_;
};

}  // namespace beach::raft::testing
