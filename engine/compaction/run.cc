// SPDX-License-Identifier: Apache-2.0
#include "engine/compaction/run.h"

#include <utility>

#include "engine/compaction/ranges.h"
#include "engine/merging_iterator.h"
#include "env/marks.h"

namespace beach::engine {
namespace {

// Each block is read but once, and its table is about to go: none stays in the cache.
constexpr TableReadOptions kReadOnce{.fill_cache = false};

std::unique_ptr<Iterator> NewInputIterator(const CompactionJob& job) {
  std::vector<std::unique_ptr<Iterator>> sources;
  if (job.input_level == 0) {
    for (const TablePointer& table : job.inputs)
      sources.push_back(table->reader->NewIterator(kReadOnce));
  } else {
    sources.push_back(NewLevelIterator(job.inputs, kReadOnce));
  }
  if (!job.overlapped.empty()) sources.push_back(NewLevelIterator(job.overlapped, kReadOnce));
  return NewMergingIterator(std::move(sources));
}

}  // namespace

CompactionOutcome RunCompaction(const Version& version, const CompactionJob& job,
                                const KeepRules& rules, OutputTables& outputs,
                                const std::function<bool(std::uint64_t)>& go_on) {
  OlderTables older(version, job);
  const JobRanges ranges(job, rules);
  JobRanges::Left left = ranges.WhatIsLeft(older);
  const std::uint64_t ranges_dropped = left.dropped;
  outputs.SetRangeDeletes(std::move(left.ranges));
  MergeIterator entry(NewInputIterator(job), rules, older, &ranges);
  CompactionOutcome outcome;
  const auto fail = [&](CompactionFailure failure, Status status) {
    outcome.failure = failure;
    outcome.status = std::move(status);
    outcome.counts = entry.counts();
    return outcome;
  };
  std::uint64_t written = 0;
  for (entry.SeekToFirst(); entry.Valid(); entry.Next()) {
    if (!go_on(written)) return fail(CompactionFailure::kGivenUp, Fail(ErrorCode::kClosed, ""));
    written += entry.key().size() + entry.value().size();
    if (Status added = outputs.Add(entry.key(), entry.value()); !added) {
      return fail(CompactionFailure::kWriting, std::move(added));
    }
  }
  if (Status read = entry.status(); !read) return fail(CompactionFailure::kReading, read);
  if (Status finished = outputs.Finish(); !finished) {
    return fail(CompactionFailure::kWriting, std::move(finished));
  }
  outcome.counts = entry.counts();
  BEACH_SOMETIMES("compaction.tombstone_dropped", outcome.counts.tombstones > 0);
  BEACH_SOMETIMES("compaction.expired_dropped", outcome.counts.expired > 0);
  BEACH_SOMETIMES("compaction.operands_folded", outcome.counts.folded > 0);
  BEACH_SOMETIMES("compaction.range_deleted", outcome.counts.in_range > 0);
  BEACH_SOMETIMES("compaction.range_delete_dropped", ranges_dropped > 0);
  BEACH_SOMETIMES("compaction.version_kept", outcome.counts.guarded > 0);
  BEACH_SOMETIMES("compaction.several_outputs", outputs.tables().size() > 1);
  BEACH_SOMETIMES("compaction.nothing_left", outputs.tables().empty());
  return outcome;
}

}  // namespace beach::engine
