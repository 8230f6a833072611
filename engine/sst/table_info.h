// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "engine/types.h"

namespace beach::engine {

// A table as the manifest lists it.
struct TableInfo {
  FileNumber file;
  std::uint64_t size_bytes = 0;
  std::uint64_t entries = 0;  // range deletes included
  Bytes smallest;             // internal keys, both included; also what range deletes reach
  Bytes largest;
  SequenceNumber sequence_min;
  SequenceNumber sequence_max;
  std::uint32_t level = 0;  // where the manifest has it: 0 is the newest data

  friend bool operator==(const TableInfo&, const TableInfo&) = default;
};

// "000013.sst".
std::string TableFileName(FileNumber file);

}  // namespace beach::engine
