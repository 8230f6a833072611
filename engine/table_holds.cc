// SPDX-License-Identifier: Apache-2.0
#include "engine/table_holds.h"

#include "base/check.h"

namespace beach::engine {

bool TableHolds::Release(const TablePointer& table) {
  const auto found = held_.find(table->info.file);
  BEACH_CHECK(found != held_.end());
  if (--found->second.count > 0) return false;
  const bool retired = found->second.retired;
  held_.erase(found);
  return retired;
}

}  // namespace beach::engine
