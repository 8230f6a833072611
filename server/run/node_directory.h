// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "engine/db.h"
#include "env/env.h"
#include "raft/disk/disk_log.h"
#include "raft/node/state_machine.h"
#include "server/machine/machine.h"
#include "server/machine/node_state.h"
#include "server/run/node_identity.h"
#include "server/run/server_options.h"

namespace beach::server {

// The directory of a node, while it is open:
//
//   NODE       whose it is (node_identity.h): the first that is made
//   db         the tables; db.damage and db.damaged as of machine/state_directory.h
//   log        the log of consensus
//   incoming   what arrives of a snapshot
//
// Until NODE says that the log was made, nothing was promised: whatever a crash has left of the
// rest is finished.
class NodeDirectory {
 public:
  // Makes what is missing of a directory that is new, but for the log. kRefused: there is no NODE,
  // and something that is not ours. kInvalidArgument: it is of another node or cluster than the
  // options say. And what tables and machine return.
  static Result<std::unique_ptr<NodeDirectory>> Open(const env::Env& env,
                                                     const ServerOptions& options);
  NodeDirectory(const NodeDirectory&) = delete;
  NodeDirectory& operator=(const NodeDirectory&) = delete;

  const NodeIdentity& identity() const { return identity_; }
  engine::Db& db();
  Machine& machine();
  std::string incoming() const { return path_ + "/incoming"; }

  // Opens the log for what the machine holds, and makes the directory this node's for good.
  Result<std::unique_ptr<raft::DiskLog>> OpenLog(raft::DiskLogOptions options);

  // The node has stepped aside with that error. Blocks.
  Status SteppedAside(const Error& error);
  // The tables were lost, and something has come in their place since, durably.
  bool awaits_refill() const;
  // Takes note of that. Blocks; any thread.
  Status Refilled();

 private:
  NodeDirectory(const env::Env& env, const ServerOptions& options)
      : env_(env), path_(options.directory) {}

  Status Recognise(const ServerOptions& options);
  Status CheckNew();
  Status OpenTables(const ServerOptions& options);
  std::string tables() const { return path_ + "/db"; }
  std::string log() const { return path_ + "/log"; }

  const env::Env env_;
  const std::string path_;
  NodeIdentity identity_;
  // A node that has peers has a state; one that stands alone has nobody to ask for what it lost,
  // and its own tables.
  std::unique_ptr<NodeState> state_;
  std::unique_ptr<engine::Db> db_;
  std::unique_ptr<Machine> machine_;
};

}  // namespace beach::server
