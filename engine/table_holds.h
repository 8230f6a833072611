// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "engine/types.h"
#include "engine/version.h"

namespace beach::engine {

// Tables whose files keep their names for a while although compaction may be done with them:
// somebody links or copies them. Not thread-safe.
class TableHolds {
 public:
  // REQUIRES: not retired. As often as wanted; each wants a Release.
  void Hold(const TablePointer& table) { ++held_[table->info.file].count; }
  // Compaction is done with it. True: its file may go now; else whoever releases it last sees to
  // it.
  [[nodiscard]] bool Retire(const TablePointer& table) {
    const auto found = held_.find(table->info.file);
    if (found == held_.end()) return true;
    found->second.retired = true;
    return false;
  }
  // REQUIRES: held. True: it is retired, and nobody else holds it: its file may go now.
  [[nodiscard]] bool Release(const TablePointer& table);

 private:
  struct Held {
    std::uint64_t count = 0;
    bool retired = false;
  };
  std::map<FileNumber, Held> held_;
};

}  // namespace beach::engine
