// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "env/clock.h"
#include "raft/node/state_machine.h"
#include "sim/scenarios/cluster_judge.h"
#include "sim/scenarios/cluster_plan.h"

namespace beach::sim::scenarios::cluster {

// A state machine as its node drives it: judges that it is driven as it may be, and may be slow,
// until nothing goes wrong any more. A slow one does nothing on the loop.
class DrivenMachine final : public raft::StateMachine {
 public:
  // All outlive it.
  DrivenMachine(Judge& judge, const Plan& plan, std::uint64_t place, env::Clock& clock,
                raft::StateMachine& machine)
      : judge_(judge),
        place_(place),
        apply_ns_(plan.apply_ns[place]),
        clock_(clock),
        machine_(machine) {}

  raft::SnapshotMeta durable() const override { return machine_.durable(); }
  Result<std::size_t> Apply(std::span<const raft::Entry> entries, bool may_block,
                            std::vector<Bytes>& answers) override;
  Status Health() const override { return machine_.Health(); }
  void WantDurable() override { machine_.WantDurable(); }
  Result<std::unique_ptr<raft::PinnedSnapshot>> Pin() override { return machine_.Pin(); }
  Status Check(ByteView description, const std::vector<std::string>& paths) override {
    return machine_.Check(description, paths);
  }
  Status Install(const raft::SnapshotMeta& meta, ByteView description,
                 const std::vector<std::string>& paths) override;

 private:
  class Use;

  Judge& judge_;
  const std::uint64_t place_;
  const std::uint64_t apply_ns_;
  env::Clock& clock_;
  raft::StateMachine& machine_;
  std::atomic<bool> in_use_ = false;
};

}  // namespace beach::sim::scenarios::cluster
