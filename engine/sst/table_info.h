// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "engine/types.h"

namespace beach::engine {

// Tells this database's files from another's: random, made at creation.
struct DatabaseId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const DatabaseId&, const DatabaseId&) = default;
};

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
  // The database that wrote it, whose identity it bears, if not the one that lists it.
  std::optional<DatabaseId> origin = std::nullopt;
  // The number that it was written under and bears, if not `file`. Only with an origin.
  std::optional<FileNumber> origin_file = std::nullopt;

  friend bool operator==(const TableInfo&, const TableInfo&) = default;
};

// "000013.sst".
std::string TableFileName(FileNumber file);

}  // namespace beach::engine
