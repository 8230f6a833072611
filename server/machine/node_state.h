// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "engine/db.h"
#include "engine/options.h"
#include "env/env.h"
#include "server/machine/machine.h"

namespace beach::server {

// The tables of a node of a cluster and the machine on them, from one life of its process to the
// next. Damaged ones are not served: they are set aside (state_directory.h), and peers fill new
// ones. For nodes that have peers: whoever has none opens Db and Machine himself, and is told.
//
// A life of a process: Open; the log is opened for what the machine holds, and where that is behind
// the log's base the machine awaits a snapshot; Node::Start; Refilled when one was installed; where
// the node steps aside, SteppedAside, and the process ends.
class NodeState {
 public:
  // `directory` is the database's: its folder is there. `is_ours`: this node has been here before,
  // as its log shows; else files that begin with other bytes than ours are somebody's. Damage is
  // confirmed by reading all there is, and then set aside. What cannot be read is, where that was
  // so in the life before too; until then it is an error. Errors: of Db::Open and Machine::Open;
  // kCorruption where no damage of the disk explains it.
  static Result<std::unique_ptr<NodeState>> Open(const env::Env& env, std::string directory,
                                                 const engine::Options& options,
                                                 const MachineOptions& machine, bool is_ours);
  NodeState(const NodeState&) = delete;
  NodeState& operator=(const NodeState&) = delete;

  engine::Db& db() { return *db_; }
  Machine& machine() { return *machine_; }

  // Set: damage was met, and the tables hold nothing. Entries that the log still has from the first
  // on are applied anew, and nothing is lost. Else a snapshot must come, of the log's base or later
  // (raft::Restored::state_lost, Machine::AwaitSnapshot); so it must without a mark, where somebody
  // has removed the directory, or damage at the manifest's end has taken its last edits: that
  // durable().index is below the log's base is what tells.
  const std::optional<Error>& lost() const { return lost_; }

  // The node has stepped aside with that error, its own or its log's. Where it tells of damage
  // here, or Health does, the next Open looks for it. Blocks.
  Status SteppedAside(const Error& error);

  // Something may have become durable in place of what was lost: then the mark goes. Without this
  // call the next Open sees to it, which reads all tables before. Blocks; any thread.
  Status Refilled();

 private:
  NodeState(const env::Env& env, std::string directory, bool is_ours)
      : env_(env), directory_(std::move(directory)), is_ours_(is_ours) {}

  Status OpenTables(const engine::Options& options, const MachineOptions& machine);
  Status SetAsideWhatIsDamaged();

  const env::Env env_;
  const std::string directory_;
  const bool is_ours_;
  std::unique_ptr<engine::Db> db_;
  std::unique_ptr<Machine> machine_;
  std::optional<Error> lost_;
};

}  // namespace beach::server
