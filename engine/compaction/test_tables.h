// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/internal_key.h"
#include "engine/version.h"

// Tables for tests of what does not read them: only their metadata.

namespace beach::engine::testing {

struct TableShape {
  std::uint32_t level = 0;
  std::uint64_t file = 0;
  std::string smallest;
  std::string largest;
  std::uint64_t sequence_min = 1;
  std::uint64_t sequence_max = 1;
  std::uint64_t size = 100;
  std::uint64_t deletes = 0;  // of 10 entries
};

inline TablePointer MakeTable(const TableShape& shape) {
  auto table = std::make_shared<Table>();
  TableInfo& info = table->info;
  info.file = FileNumber(shape.file);
  info.size_bytes = shape.size;
  info.entries = 10;
  info.sequence_min = SequenceNumber(shape.sequence_min);
  info.sequence_max = SequenceNumber(shape.sequence_max);
  info.level = shape.level;
  AppendInternalKey(info.smallest, {.user_key = shape.smallest, .sequence = info.sequence_max});
  AppendInternalKey(info.largest, {.user_key = shape.largest, .sequence = info.sequence_min});
  table->deletes = shape.deletes;
  return table;
}

inline Version MakeVersion(const std::vector<TableShape>& shapes) {
  std::vector<TablePointer> tables;
  for (const TableShape& shape : shapes) tables.push_back(MakeTable(shape));
  return Version().With({}, tables);
}

}  // namespace beach::engine::testing
