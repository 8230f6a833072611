// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "env/loop.h"
#include "raft/transfer/helper.h"
#include "server/machine/machine.h"
#include "server/service/store.h"

namespace beach::server {

// Reads of the machine of this node: what memory answers at once, the rest by a few threads that
// may wait for the disk. Of one loop, and on its thread; the machine outlives it.
class MachineStore final : public Store {
 public:
  MachineStore(env::Loop& loop, Machine& machine, std::uint64_t readers);
  // Waits for reads that are under way.
  ~MachineStore() override;

  void Get(ByteView key, GetDone done) override;
  void Find(ByteView key, FindDone done) override;
  void Scan(const StoreRange& range, std::shared_ptr<const StorePin> pin, ScanDone done) override;
  Result<std::shared_ptr<const StorePin>> Pin() override;

 private:
  raft::Helper& NextReader();

  Machine& machine_;
  std::vector<std::unique_ptr<raft::Helper>> readers_;
  std::size_t next_ = 0;
};

}  // namespace beach::server
