// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "engine/options.h"

// Options from what a user knows: how much memory and disk there is, what must survive what, and
// what the work is mostly like.

namespace beach::engine {

enum class Durability : std::uint8_t {
  kPowerLoss = 0,     // what is acknowledged survives it
  kProcessCrash = 1,  // survives that, and of a power loss a prefix
};

enum class Profile : std::uint8_t {
  kBalanced = 0,
  kWrites = 1,  // memory for memtables: larger tables, less merging
  kReads = 2,   // memory for blocks, and more bits of filters
};

struct Budgets {
  // Bytes that a handle takes: memtables, blocks, what it knows of its tables, and what the
  // allocator holds beside that. Iterators keep what they read beside it. What is known of tables
  // is about a hundredth of the data, and grows with them beyond its share. 8 MiB to 16 TiB.
  std::uint64_t memory = 256 * kMiB;
  // Bytes of the disk that the database has to itself; 0: plenty. The log and what compactions need
  // for a while are held to parts of it; when the data outgrow it, it is full (rule 19). 64 MiB or
  // more.
  std::uint64_t disk = 0;
  Durability durability = Durability::kPowerLoss;
  Profile profile = Profile::kBalanced;
};

struct DerivedOptions {
  Options options;
  WriteOptions write;
  // What is left of the memory for indexes and filters of tables.
  std::uint64_t table_memory = 0;
};

// All that is not derived is as in Options. kInvalidArgument: a budget out of its range. What it
// gives, Db::Open takes.
Result<DerivedOptions> DeriveOptions(const Budgets& budgets);

// "balanced", "writes", "reads".
const char* ProfileName(Profile profile);

// Each option, a line: its name, its value, and what it may be.
std::string DescribeOptions(const Options& options);

}  // namespace beach::engine
