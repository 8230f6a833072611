// SPDX-License-Identifier: Apache-2.0
// What operators ask a cluster, and order.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "server/cli/number.h"
#include "server/cli/remote_commands.h"

namespace beach::server {
namespace {

const char* RoleName(NodeRole role) {
  switch (role) {
    case NodeRole::kFollower: return "follower";
    case NodeRole::kPreCandidate: return "pre-candidate";
    case NodeRole::kCandidate: return "candidate";
    case NodeRole::kLeader: return "leader";
  }
  return "unknown";
}

const char* MembershipName(std::uint8_t membership) {
  if ((membership & kVoter) != 0) return "voter";
  if ((membership & kLearnerNext) != 0) return "voter, to be learner";
  if ((membership & kOutgoingVoter) != 0) return "voter, leaving";
  return (membership & kLearner) != 0 ? "learner" : "none";
}

// Each node, and of those that the leader knows about how far they are.
std::string MembersText(const StatusResult& status, OutputForm form) {
  Rows rows(form, {"node", "membership", "role", "address", "match", "lag", "silent_ms"});
  for (const StatusNode& node : status.nodes) {
    const bool leads = node.id == status.leader;
    Cell match;
    Cell lag;
    Cell silent_ms;
    if (node.progress) {
      match = node.progress->match;
      lag = status.log_last - std::min(status.log_last, node.progress->match);
      silent_ms = node.progress->silent_ms;
    }
    rows.Add({node.id.value, Bytes(MembershipName(node.membership)),
              leads ? Cell(Bytes("leader")) : Cell(), Bytes(node.address), match, lag, silent_ms});
  }
  return rows.Take();
}

ExitCode UsageError(const std::string& message) {
  fmt::print(stderr, "beachdb: {}\n", message);
  return ExitCode::kUsage;
}

constexpr std::uint8_t kAnyVoter = kVoter | kOutgoingVoter;

struct MemberAction {
  const char* name;
  MemberChangeKind kind;
  std::uint8_t is;        // of Membership: one of these, or 0 for none, has the node before
  const char* otherwise;  // why not
};
// The protocol has one kind for both an addition and a promotion, or a demotion: a slip of the
// number must not make a voter a learner.
constexpr MemberAction kActions[] = {
    {"add", MemberChangeKind::kAddLearner, 0, "is a member already"},
    {"promote", MemberChangeKind::kAddVoter, kLearner, "is no learner"},
    {"demote", MemberChangeKind::kAddLearner, kAnyVoter, "is no voter"},
    {"remove", MemberChangeKind::kRemove, kAnyVoter | kLearner, "is no member"},
};

std::uint8_t MembershipOf(const StatusResult& status, wire::NodeNumber node) {
  const auto found = std::ranges::find(status.nodes, node, &StatusNode::id);
  return found == status.nodes.end() ? 0 : found->membership;
}

// Of the other voters whom the leader has heard of last, who has most of the log. Nothing: none.
wire::NodeNumber LeastBehind(const StatusResult& status) {
  wire::NodeNumber best;
  NodeProgress known;
  for (const StatusNode& node : status.nodes) {
    const bool may = (node.membership & kVoter) != 0 && node.id != status.leader && node.progress;
    if (!may || (best != wire::NodeNumber{} && node.progress->match <= known.match)) continue;
    best = node.id;
    known = *node.progress;
  }
  return best;
}

}  // namespace

ExitCode RunStatus(RemoteSession& session, const Given& /*given*/) {
  const auto status = session.client().Status(session.timeout_ns());
  if (!status) return Failed("status", Effect::kReads, status.error());
  const std::pair<const char*, Cell> facts[] = {
      {"node", status->id.value},
      {"address", AddressOf(*status, status->id)},
      {"role", Bytes(RoleName(status->role))},
      {"leader", status->leader == wire::NodeNumber{} ? Cell() : Cell(status->leader.value)},
      {"leader_address", AddressOf(*status, status->leader)},
      {"term", status->term},
      {"commit", status->commit},
      {"applied", status->applied},
      {"log_base", status->log_base},
      {"log_last", status->log_last},
      {"log_bytes", status->log_bytes},
      {"state", status->state},
      {"configuration", status->configuration},
  };
  if (session.form() != OutputForm::kJson) {
    Rows rows(session.form(), {"what", "value"});
    for (const auto& [name, value] : facts) rows.Add({Bytes(name), value});
    fmt::print("{}", rows.Take());
    if (session.form() == OutputForm::kTable) {
      fmt::print("\n{}", MembersText(*status, OutputForm::kTable));
    }
    return ExitCode::kFine;
  }
  std::vector<std::string> names;
  std::vector<Cell> cells;
  for (const auto& [name, value] : facts) {
    names.emplace_back(name);
    cells.push_back(value);
  }
  Rows row(OutputForm::kJson, std::move(names));
  row.Add(std::move(cells));
  nlohmann::json document = nlohmann::json::parse(row.Take());
  nlohmann::json& nodes = document["nodes"] = nlohmann::json::array();
  for (const StatusNode& node : status->nodes) {
    nodes.push_back({{"node", node.id.value},
                     {"address", node.address},
                     {"membership", MembershipName(node.membership)}});
  }
  fmt::print("{}", JsonLine(document));
  return ExitCode::kFine;
}

ExitCode RunMembers(RemoteSession& session, const Given& /*given*/) {
  const auto status = session.LeaderStatus();
  if (!status) return Failed("members", Effect::kReads, status.error());
  fmt::print("{}", MembersText(*status, session.form()));
  if (status->role == NodeRole::kLeader) return ExitCode::kFine;
  fmt::print(stderr, "beachdb: this is what node {} knows, which does not lead\n",
             status->id.value);
  return ExitCode::kFine;
}

ExitCode RunMember(RemoteSession& session, const Given& given) {
  const auto action = std::ranges::find_if(
      kActions, [&](const MemberAction& known) { return given.words[0] == known.name; });
  if (action == std::end(kActions)) {
    return UsageError("member takes add, promote, demote or remove, not '" + given.words[0] + "'");
  }
  const auto number = ParseCount("a node", given.words[1], 1);
  if (!number) return UsageError(number.error().message());
  const wire::NodeNumber node(*number);
  const auto status = session.LeaderStatus();
  if (!status) return Failed("member", Effect::kReads, status.error());
  const std::uint8_t is = MembershipOf(*status, node);
  if (action->is == 0 ? is != 0 : (is & action->is) == 0) {
    return UsageError(fmt::format("node {} {}: nothing was done", node.value, action->otherwise));
  }
  ChangeRequest request;
  request.changes = {{.kind = action->kind, .node = node}};
  const auto index = session.client().ChangeMembers(request, session.timeout_ns());
  if (!index) return Failed("member " + given.words[0], Effect::kChanges, index.error());
  if (session.form() == OutputForm::kJson) {
    fmt::print("{}", JsonLine({{"ok", true}, {"index", *index}}));
  }
  return ExitCode::kFine;
}

ExitCode RunTransfer(RemoteSession& session, const Given& given) {
  wire::NodeNumber target;
  if (!given.words.empty()) {
    const auto number = ParseCount("a node", given.words[0], 1);
    if (!number) return UsageError(number.error().message());
    target = wire::NodeNumber(*number);
  }
  const auto status = session.LeaderStatus();
  if (!status) return Failed("transfer-leader", Effect::kReads, status.error());
  if (target == wire::NodeNumber{}) target = LeastBehind(*status);
  if (target == wire::NodeNumber{}) {
    fmt::print(stderr, "beachdb: there is no other voter that leadership could go to\n");
    return ExitCode::kEnvironment;
  }
  const auto leader = session.client().TransferLeadership(target, session.timeout_ns());
  if (!leader) return Failed("transfer-leader", Effect::kChanges, leader.error());
  if (session.form() == OutputForm::kJson) {
    fmt::print("{}", JsonLine({{"ok", true}, {"leader", leader->value}}));
  } else {
    fmt::print("{}\n", leader->value);
  }
  return ExitCode::kFine;
}

}  // namespace beach::server
