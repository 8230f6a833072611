// SPDX-License-Identifier: Apache-2.0
#include "engine/table_events.h"

#include <algorithm>

namespace beach::engine {

void RecordTableChanges(env::EventSink* events, const Version& before,
                        std::span<const FileNumber> removed, std::span<const TablePointer> added) {
  if (events == nullptr) return;
  for (const Version::Level& level : before.levels) {
    for (const TablePointer& table : level) {
      if (std::ranges::find(removed, table->info.file) == removed.end()) continue;
      events->Record("table.removed", {{.name = "file", .number = table->info.file.value},
                                       {.name = "level", .number = table->info.level}});
    }
  }
  for (const TablePointer& table : added) {
    events->Record("table.added", {{.name = "file", .number = table->info.file.value},
                                   {.name = "level", .number = table->info.level},
                                   {.name = "size_bytes", .number = table->info.size_bytes},
                                   {.name = "entries", .number = table->info.entries},
                                   {.name = "deletes", .number = table->deletes}});
  }
}

}  // namespace beach::engine
