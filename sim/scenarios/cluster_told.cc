// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/cluster_told.h"

#include <span>
#include <string>
#include <variant>

#include "base/check.h"

namespace beach::sim::scenarios {
namespace {

// What a message says, as far as a picture has room. `index` and `count` are of the entries that it
// is about; `round` tells messages apart that are else the same.
struct Words {
  const char* kind = "";
  std::uint64_t index = 0;
  std::uint64_t count = 0;
  std::uint64_t round = 0;
};

struct InWords {
  Words operator()(const raft::Append& append) const {
    return {"append", append.previous.value, append.entries.size(), 0};
  }
  Words operator()(const raft::AppendReply& reply) const {
    if (reply.accepted) return {"append accepted", reply.matched.value, 0, 0};
    return {"append refused", reply.hint.index.value, 0, reply.previous.value};
  }
  Words operator()(const raft::Heartbeat& beat) const {
    return {"heartbeat", beat.commit.value, 0, beat.round.value};
  }
  Words operator()(const raft::HeartbeatReply& reply) const {
    return {"heartbeat reply", 0, 0, reply.round.value};
  }
  Words operator()(const raft::PreVote& vote) const {
    return {"pre-vote", vote.last.index.value, 0, vote.round.value};
  }
  Words operator()(const raft::PreVoteReply& reply) const {
    return {reply.granted ? "pre-vote granted" : "pre-vote refused", 0, 0, reply.round.value};
  }
  Words operator()(const raft::RequestVote& vote) const {
    return {"vote request", vote.last.index.value, 0, 0};
  }
  Words operator()(const raft::VoteReply& reply) const {
    return {reply.granted ? "vote granted" : "vote refused", 0, 0, 0};
  }
  Words operator()(const raft::InstallSnapshot& install) const {
    return {"snapshot", install.meta.index.value, 0, install.id.value};
  }
  Words operator()(const raft::InstallSnapshotReply& reply) const {
    const bool held = reply.kind == raft::SnapshotReplyKind::kHeld;
    return {held ? "snapshot held" : "snapshot refused", reply.index.value, 0, reply.id.value};
  }
  Words operator()(const raft::TimeoutNow&) const { return {"campaign now", 0, 0, 0}; }
  Words operator()(const raft::ReadForward& read) const {
    return {"read forwarded", 0, 0, read.id.value};
  }
  Words operator()(const raft::ReadForwardReply& reply) const {
    return {reply.granted ? "read granted" : "read refused", reply.index.value, 0, reply.id.value};
  }
  Words operator()(const raft::ProposeForward& proposal) const {
    return {"proposal forwarded", 0, 0, proposal.id.value};
  }
  Words operator()(const raft::ProposeForwardReply& reply) const {
    return {reply.accepted ? "proposal accepted" : "proposal refused", reply.index.value, 0,
            reply.id.value};
  }
  Words operator()(const raft::Fetch& fetch) const {
    const bool all = fetch.last == raft::kLogIndexMax;
    if (all) return {"more entries asked for", fetch.first.value, 0, 0};
    return {"lost entries asked for", fetch.first.value,
            raft::CountBetween(fetch.first, fetch.last) + 1, 0};
  }
  Words operator()(const raft::FetchReply& reply) const {
    return {"entries handed on", reply.previous.value, reply.entries.size(), 0};
  }
};

}  // namespace

ClusterTold::ClusterTold(Simulation& simulation, std::uint64_t nodes)
    : simulation_(simulation), watched_(simulation.Watched()), shown_(nodes) {}

void ClusterTold::Show(const char* name, std::initializer_list<env::EventField> fields) {
  BEACH_CHECK(watched_);
  simulation_.Show(name, std::span(fields.begin(), fields.size()), ahead_ns_);
}

// --- Nodes.

ClusterTold::Shown ClusterTold::Of(const raft::Core& core) {
  return {.up = true,
          .role = core.role(),
          .term = core.term(),
          .leader = core.leader(),
          .base = core.log().base(),
          .last = core.log().last(),
          .durable = core.durable(),
          .commit = core.commit(),
          .applied = core.applied()};
}

void ClusterTold::Up(std::uint64_t place, const raft::Core& core) {
  if (!watched_) return;
  shown_[place] = Of(core);
  Show("cluster.up", {{.name = "node", .number = place + 1}});
  ShowRole(place);
  ShowLog(place);
}

void ClusterTold::Down(std::uint64_t place) {
  if (!watched_) return;
  shown_[place] = {};
  Show("cluster.down", {{.name = "node", .number = place + 1}});
}

void ClusterTold::Paused(std::uint64_t place, std::uint64_t ns) {
  if (!watched_) return;
  Show("cluster.paused", {{.name = "node", .number = place + 1}, {.name = "ns", .number = ns}});
}

void ClusterTold::Look(std::uint64_t place, const raft::Core& core) {
  if (!watched_ || !shown_[place].up) return;
  Shown& shown = shown_[place];
  const Shown before = shown;
  shown = Of(core);
  if (shown == before) return;
  const bool same_role =
      shown.role == before.role && shown.term == before.term && shown.leader == before.leader;
  if (!same_role) ShowRole(place);
  const bool same_log = shown.base == before.base && shown.last == before.last &&
                        shown.durable == before.durable && shown.commit == before.commit &&
                        shown.applied == before.applied;
  if (!same_log) ShowLog(place);
}

void ClusterTold::ShowRole(std::uint64_t place) {
  const Shown& shown = shown_[place];
  Show("cluster.role", {{.name = "node", .number = place + 1},
                        {.name = "role", .text = raft::RoleName(shown.role)},
                        {.name = "term", .number = shown.term.value},
                        {.name = "leader", .number = shown.leader.value}});
}

void ClusterTold::ShowLog(std::uint64_t place) {
  const Shown& shown = shown_[place];
  Show("cluster.log", {{.name = "node", .number = place + 1},
                       {.name = "base", .number = shown.base.value},
                       {.name = "last", .number = shown.last.value},
                       {.name = "durable", .number = shown.durable.value},
                       {.name = "commit", .number = shown.commit.value},
                       {.name = "applied", .number = shown.applied.value}});
}

void ClusterTold::Truncated(std::uint64_t place, raft::LogIndex from, raft::LogIndex last) {
  if (!watched_) return;
  Show("cluster.truncated", {{.name = "node", .number = place + 1},
                             {.name = "from", .number = from.value},
                             {.name = "last", .number = last.value}});
}

void ClusterTold::Installed(std::uint64_t place, raft::LogIndex index, raft::Term term) {
  if (!watched_) return;
  Show("cluster.installed", {{.name = "node", .number = place + 1},
                             {.name = "index", .number = index.value},
                             {.name = "term", .number = term.value}});
}

void ClusterTold::Sent(const raft::Message& message) {
  if (watched_) ShowMessage("cluster.sent", message);
}

void ClusterTold::Heard(const raft::Message& message) {
  if (watched_) ShowMessage("cluster.heard", message);
}

void ClusterTold::ShowMessage(const char* name, const raft::Message& message) {
  const Words said = std::visit(InWords(), message.body);
  Show(name, {{.name = "from", .number = message.from.value},
              {.name = "to", .number = message.to.value},
              {.name = "term", .number = message.term.value},
              {.name = "index", .number = said.index},
              {.name = "count", .number = said.count},
              {.name = "round", .number = said.round},
              {.name = "kind", .text = said.kind}});
}

void ClusterTold::Way(bool cut, std::uint64_t from, std::uint64_t to) {
  if (!watched_) return;
  const std::string names[] = {"node " + std::to_string(from + 1),
                               "node " + std::to_string(to + 1)};
  Show(cut ? "net.cut" : "net.whole",
       {{.name = "from", .text = names[0]}, {.name = "to", .text = names[1]}});
}

// --- Clients.

void ClusterTold::Asked(std::uint64_t client, std::uint64_t call, const char* what) {
  if (!watched_) return;
  Show("cluster.asked", {{.name = "client", .number = client},
                         {.name = "call", .number = call},
                         {.name = "what", .text = what}});
}

void ClusterTold::Answered(std::uint64_t client, std::uint64_t call, const char* outcome,
                           std::uint64_t index) {
  if (!watched_) return;
  Show("cluster.answered", {{.name = "client", .number = client},
                            {.name = "call", .number = call},
                            {.name = "index", .number = index},
                            {.name = "outcome", .text = outcome}});
}

void ClusterTold::Asked(const oracle::ClientOperation& operation) {
  if (watched_) Asked(operation.client, 0, oracle::DescribeAction(operation).c_str());
}

void ClusterTold::Answered(const oracle::ClientOperation& operation) {
  if (!watched_) return;
  std::string outcome = "unknown";
  if (operation.answered()) {
    const bool done = operation.answer == oracle::Answer::kDone;
    outcome = (done ? "done: " : "conditions failed: ") + oracle::DescribeAction(operation);
  }
  Answered(operation.client, 0, outcome.c_str());
}

void ClusterTold::Refused(std::uint64_t client) { Answered(client, 0, "refused"); }

}  // namespace beach::sim::scenarios
