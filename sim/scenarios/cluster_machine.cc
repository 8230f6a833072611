// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/cluster_machine.h"

namespace beach::sim::scenarios::cluster {

// One call at a time changes what a machine holds.
class DrivenMachine::Use {
 public:
  Use(DrivenMachine& machine, const char* what) : machine_(machine) {
    if (!machine.in_use_.exchange(true)) return;
    machine.judge_.Misused(machine.place_,
                           std::string(what) + " begins while Apply or Install runs");
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  ~Use() { machine_.in_use_ = false; }

 private:
  DrivenMachine& machine_;
};

Result<std::size_t> DrivenMachine::Apply(std::span<const raft::Entry> entries, bool may_block,
                                         std::vector<Bytes>& answers) {
  const Use use(*this, "Apply");
  if (apply_ns_ > 0 && !judge_.calm) {
    if (!may_block) return 0;
    clock_.SleepUntil(clock_.MonotonicNow() + apply_ns_);
  }
  return machine_.Apply(entries, may_block, answers);
}

Status DrivenMachine::Install(const raft::SnapshotMeta& meta, ByteView description,
                              const std::vector<std::string>& paths) {
  const Use use(*this, "Install");
  return machine_.Install(meta, description, paths);
}

}  // namespace beach::sim::scenarios::cluster
