// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/options.h"
#include "engine/types.h"
#include "engine/version.h"

// What to compact next: pure functions of the tables, the options and what is under way. The rules
// are docs/internals/compaction.md's. No I/O, no clock, no floating point.

namespace beach::engine {

enum class CompactionReason : std::uint8_t { kSize, kDeletes, kRuns, kManual, kExpired, kReads };
const char* CompactionReasonName(CompactionReason reason);

// Tables that are to become others. Every table of the output level that shares a user key with the
// inputs is among them.
struct CompactionJob {
  CompactionReason reason = CompactionReason::kSize;
  std::uint32_t input_level = 0;
  std::uint32_t output_level = 0;
  std::vector<TablePointer> inputs;      // of the input level; of level 0 newest first
  std::vector<TablePointer> overlapped;  // of the output level, where it is another one
  Bytes smallest;                        // user keys: of all of these, both included
  Bytes largest;
  bool one_output = false;  // one table, whatever its size: a run of level 0

  // Nothing to be merged with: the table is listed one level deeper, and that is all.
  bool IsMove() const {
    return inputs.size() == 1 && overlapped.empty() && input_level != output_level;
  }
  std::uint64_t input_bytes() const;
  std::vector<TablePointer> tables() const;  // all of them
  std::vector<FileNumber> files() const;
};

// Whether both may not run at once.
bool Conflicts(const CompactionJob& a, const CompactionJob& b);

struct PickerInput {
  const Version& version;
  const Options& options;
  std::vector<const CompactionJob*> running = {};
  std::set<FileNumber> aside = {};  // tables that no job may have
  // Tombstones above it are needed by somebody.
  SequenceNumber first_boundary = kMaxSequence;
  // The least that the database's time is for anybody who reads.
  std::uint64_t time = 0;
  // Tables of level 0 that cursors have merged since it was last compacted, each time anew.
  std::uint64_t merged = 0;
};

// What each level is to hold at most, and where level 0 goes: the base level.
struct LevelTargets {
  std::uint32_t base = 0;
  std::array<std::uint64_t, kLevelCount> bytes = {};  // 0 for level 0 and those above the base
};
LevelTargets TargetsOf(const Version& version, const Options& options);

// Nothing: there is nothing to do, or what there is meets a job that runs.
std::optional<CompactionJob> PickCompaction(const PickerInput& input);

// For a compaction by hand: the tables of a level that hold keys of [begin, end], in level 0 with
// all that are older, to the next level that holds anything or the base. Nothing where none does,
// or where the job meets another one (`meets` tells which). A table in the last level is rewritten
// there.
std::optional<CompactionJob> PickFromLevel(const PickerInput& input, std::uint32_t level,
                                           const std::optional<Bytes>& begin,
                                           const std::optional<Bytes>& end, bool& meets);

// Whether a table has enough of tombstones, and of what has expired at that time, to be compacted
// for them, now or when no boundary protects them any more: then it is worth looking again later.
bool HasDenseTable(const Version& version, const Options& options, std::uint64_t time);

// The next time above `time` at which a table that has too few of them has enough; nothing: none
// ever will.
std::optional<std::uint64_t> NextExpiry(const Version& version, const Options& options,
                                        std::uint64_t time);

// Bytes that are to be moved before all levels are as they should be.
std::uint64_t CompactionDebt(const Version& version, const Options& options);

// The greatest sequence number of any table: its operation is never dropped.
SequenceNumber NewestInTables(const Version& version);

}  // namespace beach::engine
