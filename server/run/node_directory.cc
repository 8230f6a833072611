// SPDX-License-Identifier: Apache-2.0
#include "server/run/node_directory.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/directory.h"
#include "raft/node/node.h"

namespace beach::server {
namespace {

// What may be in a directory before NODE is: what a fresh disk has, and what a crash leaves.
bool IsOurs(const std::string& name) { return name == "NODE.tmp" || name == "lost+found"; }

std::vector<raft::NodeId> FoundersOf(const ServerOptions& options) {
  std::vector<raft::NodeId> founders;
  for (const auto& [node, address] : options.nodes) founders.push_back(node);
  if (founders.empty()) founders.push_back(options.node);
  return founders;
}

}  // namespace

Result<std::unique_ptr<NodeDirectory>> NodeDirectory::Open(const env::Env& env,
                                                           const ServerOptions& options) {
  std::unique_ptr<NodeDirectory> directory(new NodeDirectory(env, options));
  BEACH_TRY_ASSIGN(const bool was_there, env.files->Exists(options.directory));
  if (!was_there) BEACH_TRY(env.files->CreateDirectory(options.directory));
  BEACH_TRY(engine::SyncNameOf(*env.files, options.directory, was_there));
  BEACH_TRY(directory->Recognise(options));
  BEACH_TRY(directory->OpenTables(options));
  return directory;
}

Status NodeDirectory::Recognise(const ServerOptions& options) {
  Result<NodeIdentity> read = ReadNodeIdentity(*env_.files, path_);
  if (!read && read.error().code() == ErrorCode::kNotFound) {
    BEACH_TRY(CheckNew());
    identity_.node = options.node;
    identity_.founders = FoundersOf(options);
    // Founders come to the same number by themselves. Who stands alone asks nobody.
    const bool alone = identity_.founders.size() == 1;
    const std::uint64_t salt = alone ? env_.clock->WallNow() : 0;
    identity_.cluster = ClusterIdOf(options.cluster_name, identity_.founders, salt);
    return WriteNodeIdentity(*env_.files, path_, identity_);
  }
  if (!read) return beach::Fail(std::move(read).error());
  identity_ = *std::move(read);
  if (identity_.node != options.node) {
    return beach::Fail(Error(ErrorCode::kInvalidArgument, "the directory is that of node " +
                                                              std::to_string(identity_.node.value) +
                                                              ", not of " +
                                                              std::to_string(options.node.value))
                           .At(path_));
  }
  if (identity_.founders.size() == 1) return {};
  if (options.nodes.size() < 2) {
    return beach::Fail(Error(ErrorCode::kInvalidArgument,
                             "the directory is that of a node of a cluster: say where the others "
                             "are")
                           .At(path_));
  }
  if (identity_.cluster != ClusterIdOf(options.cluster_name, identity_.founders, 0)) {
    return beach::Fail(
        Error(ErrorCode::kInvalidArgument, "the directory is that of a cluster of another name")
            .At(path_));
  }
  return {};
}

Status NodeDirectory::CheckNew() {
  BEACH_TRY_ASSIGN(const std::vector<std::string> names, env_.files->List(path_));
  const auto foreign =
      std::ranges::find_if(names, [](const std::string& name) { return !IsOurs(name); });
  if (foreign == names.end()) return {};
  return beach::Fail(Error(ErrorCode::kRefused,
                           "the directory is no node's, and not empty: a node is made in a new one")
                         .At(path_ + "/" + *foreign));
}

Status NodeDirectory::OpenTables(const ServerOptions& options) {
  const MachineOptions machine{
      .sessions = options.sessions,
      .bootstrap = {
          .voters = identity_.founders, .outgoing = {}, .learners = {}, .learners_next = {}}};
  if (options.nodes.size() > 1) {
    BEACH_TRY_ASSIGN(state_,
                     NodeState::Open(env_, tables(), options.engine, machine, identity_.made));
    return {};
  }
  BEACH_TRY_ASSIGN(db_, engine::Db::Open(env_, tables(), EngineOptions(options.engine)));
  BEACH_TRY_ASSIGN(machine_, Machine::Open(*db_, machine));
  return {};
}

engine::Db& NodeDirectory::db() { return state_ != nullptr ? state_->db() : *db_; }
Machine& NodeDirectory::machine() { return state_ != nullptr ? state_->machine() : *machine_; }

Result<std::unique_ptr<raft::DiskLog>> NodeDirectory::OpenLog(raft::DiskLogOptions options) {
  const raft::SnapshotMeta held = machine().durable();
  options.cluster = raft::ClusterNumber(identity_.cluster);
  options.node = identity_.node;
  options.create = !identity_.made;
  BEACH_TRY_ASSIGN(std::unique_ptr<raft::DiskLog> log,
                   raft::DiskLog::Open(
                       env_, log(), options,
                       {.index = held.index, .term = held.term, .may_be_lost = state_ != nullptr}));
  if (!identity_.made) {
    identity_.made = true;
    BEACH_TRY(WriteNodeIdentity(*env_.files, path_, identity_));
  }
  if (held.index < log->contents().base) machine().AwaitSnapshot();
  return log;
}

Status NodeDirectory::SteppedAside(const Error& error) {
  return state_ != nullptr ? state_->SteppedAside(error) : Status();
}

bool NodeDirectory::awaits_refill() const {
  return state_ != nullptr && state_->lost() &&
         state_->machine().durable().index > raft::LogIndex();
}

Status NodeDirectory::Refilled() { return state_->Refilled(); }

}  // namespace beach::server
