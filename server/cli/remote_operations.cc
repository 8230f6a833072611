// SPDX-License-Identifier: Apache-2.0
// What operators ask a cluster, and order.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

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

}  // namespace beach::server
