// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "oracle/raft_oracle.h"

// A small Raft that is right, with messages that arrive at once or never; the oracle has to accept
// all that it does. And one that is wrong in one place, which it has to find.

namespace beach::oracle {
namespace {

enum class Bug : std::uint8_t {
  kNone,
  kVotesForShorterLogs,
  kForgetsVotes,
  kCommitsOlderTerms,
  kCountsUnsyncedEntries,
  kOldMajorityIsEnough,
  kAppliesOtherwise,
  kKeepsConflicts,
};

class Cluster {
 public:
  Cluster(RandomStream& random, Bug bug) : random_(random), bug_(bug) {
    for (std::uint64_t id = 1; id <= 5; ++id) {
      Node& node = nodes_[RaftNode(id)];
      node.configurations.push_back({0, kInitial});
      Tell(oracle_.Started(RaftNode(id), {}));
    }
  }

  void Step() {
    RaftNode id(random_.Between(1, 5));
    // Leaders have more to do.
    if (random_.Chance(1, 2)) {
      for (const auto& [other, node] : nodes_) {
        if (node.leads) id = other;
      }
    }
    const std::uint64_t what = random_.Below(100);
    Node& node = nodes_[id];
    if (!node.up) return what < 20 ? Start(id) : void();
    if (what < 2) return Elect(id);
    if (what < 15) return Propose(id);
    if (what < 55) return Replicate(id, RaftNode(random_.Between(1, 5)));
    if (what < 70) return Sync(id);
    if (what < 80) return CommitAsLeader(id);
    if (what < 92) return Apply(id);
    if (what < 97) return Compact(id);
    if (what < 98) return Stop(id);
  }

  const Judgement& wrong() const { return wrong_; }
  std::uint64_t committed() const { return oracle_.committed().value; }
  std::uint64_t snapshots() const { return snapshots_; }
  std::uint64_t changes() const { return changes_; }

 private:
  struct Place {
    RaftTerm term;
    std::uint64_t digest = 0;
  };
  struct Configured {
    std::uint64_t index = 0;
    RaftConfiguration configuration;
  };
  struct Node {
    bool up = true;
    bool leads = false;
    RaftTerm term;
    std::optional<RaftNode> vote;
    std::uint64_t base = 0;
    std::vector<Place> log = {Place{}};  // all of it, the entry 0 too, for simplicity
    std::vector<Configured> configurations;
    std::uint64_t durable = 0;
    std::uint64_t committed = 0;
    std::uint64_t applied = 0;
    std::map<RaftNode, std::uint64_t> match = {};
    std::uint64_t end() const { return log.size() - 1; }
    const RaftConfiguration& configuration() const { return configurations.back().configuration; }
  };

  void Tell(const Judgement& judgement) {
    if (judgement && !wrong_) wrong_ = judgement;
  }

  static bool IsMajority(const std::vector<RaftNode>& voters, const std::set<RaftNode>& set) {
    const auto count = std::ranges::count_if(voters, [&](RaftNode id) { return set.contains(id); });
    return static_cast<std::size_t>(count) * 2 > voters.size();
  }
  bool IsQuorum(const RaftConfiguration& configuration, const std::set<RaftNode>& set) const {
    if (bug_ == Bug::kOldMajorityIsEnough && !configuration.outgoing.empty()) {
      return IsMajority(configuration.outgoing, set);
    }
    return IsMajority(configuration.voters, set) &&
           (configuration.outgoing.empty() || IsMajority(configuration.outgoing, set));
  }

  void SetTerm(RaftNode id, RaftTerm term, std::optional<RaftNode> vote) {
    Node& node = nodes_[id];
    if (node.leads && node.term < term) node.leads = false;
    node.term = term;
    node.vote = vote;
    Tell(oracle_.HardState(id, term, vote));
  }

  void Elect(RaftNode id) {
    Node& node = nodes_[id];
    const RaftConfiguration& now = node.configuration();
    const bool is_voter = std::ranges::find(now.voters, id) != now.voters.end() ||
                          std::ranges::find(now.outgoing, id) != now.outgoing.end();
    if (node.leads || !is_voter) return;
    SetTerm(id, node.term.Next(), id);
    Tell(oracle_.VoteSent(id, node.term, id));
    std::set<RaftNode> votes = {id};
    for (auto& [other_id, other] : nodes_) {
      if (other_id == id || !other.up || random_.Chance(1, 3) || other.term > node.term) continue;
      if (other.term < node.term) SetTerm(other_id, node.term, std::nullopt);
      const bool is_longer = std::pair(node.log.back().term, node.end()) >=
                             std::pair(other.log.back().term, other.end());
      if (!is_longer && bug_ != Bug::kVotesForShorterLogs) continue;
      if (other.vote && *other.vote != id) continue;
      SetTerm(other_id, node.term, id);
      Tell(oracle_.VoteSent(other_id, node.term, id));
      votes.insert(other_id);
    }
    if (!IsQuorum(node.configuration(), votes)) return;
    node.leads = true;
    node.match.clear();
    Tell(oracle_.BecameLeader(id, node.term));
    Append(id, {.term = node.term, .digest = random_.Next()}, std::nullopt);
  }

  void Append(RaftNode id, Place place, std::optional<RaftConfiguration> configuration) {
    Node& node = nodes_[id];
    node.log.push_back(place);
    if (configuration) node.configurations.push_back({node.end(), *configuration});
    Tell(oracle_.Appended(id, {.index = RaftIndex(node.end()),
                               .term = place.term,
                               .digest = place.digest,
                               .configuration = std::move(configuration)}));
  }

  // A change of the voters goes through both of them, and ends once that is committed.
  void Propose(RaftNode id) {
    Node& node = nodes_[id];
    if (!node.leads) return;
    std::optional<RaftConfiguration> configuration;
    const bool is_settled = node.configurations.back().index <= node.committed &&
                            node.log[node.committed].term == node.term;
    if (is_settled && random_.Chance(1, 4)) {
      const RaftConfiguration& now = node.configuration();
      if (!now.outgoing.empty()) {
        configuration = RaftConfiguration{.voters = now.voters};
        ++changes_;
      } else {
        configuration = RaftConfiguration{.voters = {}, .outgoing = now.voters};
        const std::uint64_t count = random_.Between(1, 5);
        for (std::uint64_t i = 0; i < count; ++i) {
          configuration->voters.emplace_back((id.value + i) % 5 + 1);
        }
      }
    }
    Append(id, {.term = node.term, .digest = random_.Next()}, std::move(configuration));
  }

  void Sync(RaftNode id) {
    Node& node = nodes_[id];
    node.durable = random_.Between(node.durable, node.end());
    Tell(oracle_.Durable(id, RaftIndex(node.durable)));
  }

  void Cut(RaftNode id, std::uint64_t from) {
    Node& node = nodes_[id];
    node.log.resize(from);
    node.durable = std::min(node.durable, node.end());
    while (node.configurations.back().index >= from && node.configurations.size() > 1) {
      node.configurations.pop_back();
    }
    Tell(oracle_.Truncated(id, RaftIndex(from)));
  }

  void Install(RaftNode id, const Node& leader) {
    Node& node = nodes_[id];
    ++snapshots_;
    const bool keeps =
        node.end() >= leader.base && node.log[leader.base].term == leader.log[leader.base].term;
    if (!keeps) {
      node.log.assign(leader.log.begin(),
                      leader.log.begin() + static_cast<std::ptrdiff_t>(leader.base) + 1);
      node.durable = leader.base;
      node.configurations.clear();
      for (const Configured& one : leader.configurations) {
        if (one.index <= leader.base) node.configurations.push_back(one);
      }
    }
    node.base = leader.base;
    node.durable = std::max(node.durable, node.base);
    node.committed = std::max(node.committed, node.base);
    node.applied = node.base;
    Tell(oracle_.SnapshotInstalled(id, Base(node), StateAt(node, node.base)));
  }

  RaftBase Base(const Node& node) const {
    RaftBase base = {
        .index = RaftIndex(node.base), .term = node.log[node.base].term, .configuration = {}};
    for (const Configured& one : node.configurations) {
      if (one.index <= node.base) base.configuration = one.configuration;
    }
    return base;
  }

  void Replicate(RaftNode from, RaftNode to) {
    Node& leader = nodes_[from];
    Node& node = nodes_[to];
    if (!leader.leads || from == to || !node.up) return;
    if (node.term > leader.term) return SetTerm(from, node.term, std::nullopt);
    if (node.term < leader.term) SetTerm(to, leader.term, std::nullopt);
    if (node.end() < leader.base && node.applied < leader.base) Install(to, leader);
    std::uint64_t same = std::min(node.end(), leader.end());
    while (same > node.base && node.log[same].term != leader.log[same].term) --same;
    if (same < node.end() && same < leader.end()) {
      if (bug_ == Bug::kKeepsConflicts) {
        same = node.end();
        if (same >= leader.end()) return;
      } else {
        Cut(to, same + 1);
      }
    }
    const std::uint64_t until = random_.Between(std::min(same, leader.end()), leader.end());
    for (std::uint64_t i = same + 1; i <= until; ++i) {
      std::optional<RaftConfiguration> configuration;
      for (const Configured& one : leader.configurations) {
        if (one.index == i) configuration = one.configuration;
      }
      Append(to, leader.log[i], std::move(configuration));
    }
    const std::uint64_t shared = std::max(same, until);
    if (bug_ == Bug::kCountsUnsyncedEntries) {
      leader.match[to] = shared;
    } else if (random_.Chance(2, 3)) {
      node.durable = std::max(node.durable, shared);
      Tell(oracle_.Durable(to, RaftIndex(node.durable)));
      Tell(oracle_.AcknowledgementSent(to, leader.term, RaftIndex(shared)));
      leader.match[to] = std::max(leader.match[to], shared);
    }
    const std::uint64_t committed = std::min(leader.committed, shared);
    if (committed <= node.committed) return;
    node.committed = committed;
    Tell(oracle_.Committed(to, RaftIndex(committed)));
  }

  void CommitAsLeader(RaftNode id) {
    Node& node = nodes_[id];
    if (!node.leads) return;
    node.match[id] = node.durable;
    for (std::uint64_t index = node.end(); index > node.committed; --index) {
      std::set<RaftNode> have;
      for (const auto& [other, match] : node.match) {
        if (match >= index) have.insert(other);
      }
      if (!IsQuorum(node.configuration(), have)) continue;
      if (node.log[index].term != node.term && bug_ != Bug::kCommitsOlderTerms) return;
      node.committed = index;
      return Tell(oracle_.Committed(id, RaftIndex(index)));
    }
  }

  static std::uint64_t StateAt(const Node& node, std::uint64_t index) {
    std::uint64_t digest = 0;
    for (std::uint64_t i = 1; i <= index; ++i) digest = Mix64(digest ^ node.log[i].digest);
    return digest;
  }

  void Apply(RaftNode id) {
    Node& node = nodes_[id];
    for (std::uint64_t count = random_.Below(4); count > 0 && node.applied < node.committed;
         --count) {
      ++node.applied;
      const bool is_wrong = bug_ == Bug::kAppliesOtherwise && id == RaftNode(2) && node.applied > 3;
      const std::uint64_t state = StateAt(node, node.applied) + (is_wrong ? 1 : 0);
      Tell(oracle_.Applied(id, RaftIndex(node.applied), node.log[node.applied].term, state));
    }
  }

  void Compact(RaftNode id) {
    Node& node = nodes_[id];
    const std::uint64_t index = std::min(node.applied, node.durable);
    if (index <= node.base) return;
    node.base = index;
    Tell(oracle_.Compacted(id, RaftIndex(index)));
  }

  void Stop(RaftNode id) {
    nodes_[id].up = nodes_[id].leads = false;
    oracle_.Stopped(id);
  }

  void Start(RaftNode id) {
    Node& node = nodes_[id];
    const std::uint64_t end = random_.Between(node.durable, node.end());
    node.log.resize(end + 1);
    node.durable = end;
    while (node.configurations.back().index > end) node.configurations.pop_back();
    if (bug_ == Bug::kForgetsVotes) node.vote.reset();
    node.applied = node.base;
    node.committed = node.base;
    node.up = true;
    RaftRecovery found = {.term = node.term, .vote = node.vote, .applied = RaftIndex(node.base)};
    if (node.base > 0) found.base = Base(node);
    for (std::uint64_t i = node.base + 1; i <= end; ++i) {
      RaftEntry entry = {
          .index = RaftIndex(i), .term = node.log[i].term, .digest = node.log[i].digest};
      for (const Configured& one : node.configurations) {
        if (one.index == i) entry.configuration = one.configuration;
      }
      found.entries.push_back(std::move(entry));
    }
    Tell(oracle_.Started(id, found));
  }

  static inline const RaftConfiguration kInitial = {
      .voters = {RaftNode(1), RaftNode(2), RaftNode(3)}};

  RandomStream& random_;
  Bug bug_;
  RaftOracle oracle_{kInitial};
  std::map<RaftNode, Node> nodes_;
  Judgement wrong_;
  std::uint64_t snapshots_ = 0;
  std::uint64_t changes_ = 0;
};

RC_GTEST_PROP(RaftOracleModel, AcceptsAClusterThatIsRight, (std::uint64_t seed)) {
  RandomStream random(seed);
  Cluster cluster(random, Bug::kNone);
  for (int i = 0; i < 3000; ++i) {
    cluster.Step();
    RC_LOG() << (cluster.wrong() ? cluster.wrong()->rule + ": " + cluster.wrong()->message : "");
    RC_ASSERT(!cluster.wrong());
  }
}

// Else the property above would be one of clusters that do nothing.
TEST(RaftOracleModel, TheClusterGetsSomewhere) {
  std::uint64_t committed = 0;
  std::uint64_t snapshots = 0;
  std::uint64_t changes = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    RandomStream random(seed);
    Cluster cluster(random, Bug::kNone);
    for (int i = 0; i < 3000; ++i) cluster.Step();
    committed += cluster.committed();
    snapshots += cluster.snapshots();
    changes += cluster.changes();
  }
  EXPECT_GT(committed, 1000U);
  EXPECT_GT(snapshots, 20U);
  EXPECT_GT(changes, 20U);
}

TEST(RaftOracleModel, FindsEachBug) {
  const std::map<Bug, std::set<std::string>> rules = {
      {Bug::kVotesForShorterLogs, {"leader-incomplete", "committed-entry-lost"}},
      {Bug::kForgetsVotes, {"vote-forgotten"}},
      {Bug::kCommitsOlderTerms, {"commit-of-older-term"}},
      {Bug::kCountsUnsyncedEntries, {"commit-without-quorum"}},
      {Bug::kOldMajorityIsEnough, {"commit-without-quorum", "leader-incomplete", "two-leaders"}},
      {Bug::kAppliesOtherwise, {"replica-diverged"}},
      {Bug::kKeepsConflicts, {"ack-of-other-log", "log-matching"}},
  };
  for (const auto& [bug, expected] : rules) {
    int found = 0;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      RandomStream random(seed);
      Cluster cluster(random, bug);
      for (int i = 0; i < 3000 && !cluster.wrong(); ++i) cluster.Step();
      if (!cluster.wrong()) continue;
      ++found;
      EXPECT_TRUE(expected.contains(cluster.wrong()->rule))
          << static_cast<int>(bug) << ": " << cluster.wrong()->rule << ": "
          << cluster.wrong()->message;
    }
    EXPECT_GT(found, 10) << static_cast<int>(bug);
  }
}

}  // namespace
}  // namespace beach::oracle
