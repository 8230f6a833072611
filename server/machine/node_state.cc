// SPDX-License-Identifier: Apache-2.0
#include "server/machine/node_state.h"

#include <utility>

#include "base/check.h"
#include "server/machine/state_directory.h"

namespace beach::server {

Result<std::unique_ptr<NodeState>> NodeState::Open(const env::Env& env, std::string directory,
                                                   const engine::Options& options,
                                                   const MachineOptions& machine, bool is_ours) {
  std::unique_ptr<NodeState> state(new NodeState(env, std::move(directory), is_ours));
  env::FileSystem& files = *env.files;
  BEACH_TRY_ASSIGN(std::optional<Error> mark, ReadDamageMark(files, state->directory_));
  if (mark) BEACH_TRY(state->SetAsideWhatIsDamaged());
  Status opened = state->OpenTables(options, machine);
  if (!opened && MayBeDamage(opened.error(), is_ours)) {
    const Error met = std::move(opened).error();
    BEACH_TRY(MarkDamaged(files, state->directory_, met));
    // What cannot be read now may be readable in the next life. What two looks at all there is do
    // not show is no damage of the disk, however often an open fails for it.
    if (met.code() != ErrorCode::kCorruption) return Fail(met);
    BEACH_TRY(state->SetAsideWhatIsDamaged());
    BEACH_TRY_ASSIGN(mark, ReadDamageMark(files, state->directory_));
    opened = state->OpenTables(options, machine);
  }
  BEACH_TRY(opened);
  if (!mark) return state;
  if (state->machine_->durable().index == raft::LogIndex{}) {
    state->lost_ = std::move(mark);
  } else {
    BEACH_TRY(RemoveDamageMark(files, state->directory_));
  }
  return state;
}

Status NodeState::SetAsideWhatIsDamaged() {
  BEACH_CHECK(db_ == nullptr);
  BEACH_TRY_ASSIGN(const std::optional<Error> damage,
                   FindDamage(*env_.files, directory_, is_ours_));
  if (!damage) return {};
  if (env_.events != nullptr) {
    const std::string why = damage->ToString();
    env_.events->Record("machine.tables_set_aside", {{.name = "why", .text = why}});
  }
  return SetAside(*env_.files, directory_);
}

Status NodeState::OpenTables(const engine::Options& options, const MachineOptions& machine) {
  BEACH_TRY_ASSIGN(db_, engine::Db::Open(env_, directory_, EngineOptions(options)));
  auto opened = Machine::Open(*db_, machine);
  if (opened) {
    machine_ = *std::move(opened);
    return {};
  }
  db_.reset();
  return Fail(std::move(opened).error());
}

Status NodeState::SteppedAside(const Error& error) {
  const Status health = machine_->Health();
  if (!health && health.error().code() == ErrorCode::kCorruption) {
    return MarkDamaged(*env_.files, directory_, health.error());
  }
  const bool here = error.path().starts_with(directory_ + "/");
  return here && MayBeDamage(error, is_ours_) ? MarkDamaged(*env_.files, directory_, error)
                                              : Status();
}

Status NodeState::Refilled() {
  if (machine_->durable().index == raft::LogIndex{}) return {};
  return RemoveDamageMark(*env_.files, directory_);
}

}  // namespace beach::server
