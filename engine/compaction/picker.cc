// SPDX-License-Identifier: Apache-2.0
#include "engine/compaction/picker.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace beach::engine {
namespace {

constexpr std::uint32_t kLastLevel = kLevelCount - 1;
constexpr std::uint64_t kScoreDue = 1000;
// Of the inputs of one job from level 0: so many times `table_size`, or what the base may hold.
constexpr std::uint64_t kLevel0Tables = 8;
// A run of level 0 is one table: no larger than this when it is made of others.
constexpr std::uint64_t kRunSizeMax = kGiB;

bool Overlaps(ByteView smallest, ByteView largest, ByteView other_smallest,
              ByteView other_largest) {
  return smallest <= other_largest && other_smallest <= largest;
}

// Level 0 as a whole: any table there may hold any key, and the oldest go first.
bool MeetIn(std::uint32_t level, const CompactionJob& a, const CompactionJob& b) {
  const auto in = [level](const CompactionJob& job) {
    return level == job.input_level || level == job.output_level;
  };
  if (!in(a) || !in(b)) return false;
  return level == 0 || Overlaps(a.smallest, a.largest, b.smallest, b.largest);
}

std::uint32_t FirstLevelWithTables(const Version& version) {
  for (std::uint32_t level = 1; level < kLevelCount; ++level) {
    if (!version.levels[level].empty()) return level;
  }
  return kLastLevel;
}

// Of tombstones, and of values that have expired at that time.
bool IsDense(const Table& table, const Options& options, std::uint64_t time) {
  const std::uint64_t gone = table.deletes + table.expiring.ExpiredAt(time);
  return gone > 0 && gone * 100 >= table.info.entries * options.compaction_delete_percent;
}

class Picker {
 public:
  explicit Picker(const PickerInput& input)
      : input_(input), version_(input.version), options_(input.options) {}

  std::optional<CompactionJob> Leveled() const {
    const LevelTargets targets = TargetsOf(version_, options_);
    std::vector<std::pair<std::uint64_t, std::uint32_t>> due;
    for (std::uint32_t level = 0; level < kLastLevel; ++level) {
      const std::uint64_t score = Score(level, targets);
      if (score >= kScoreDue) due.emplace_back(score, level);
    }
    std::sort(due.begin(), due.end(), [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    for (const auto& [score, level] : due) {
      auto job = level == 0 ? FromLevel0(targets.base) : FromLevel(level);
      if (job) return job;
    }
    auto job = ForDeletes(targets.base);
    return job ? job : ForReads(targets.base);
  }

  std::optional<CompactionJob> SizeTiered() const {
    const Version::Level& runs = version_.levels[0];
    const std::size_t usable = OldestUsable();
    const std::uint32_t bottom = FirstLevelWithTables(version_);
    if (runs.size() >= options_.level0_compact_count) {
      if (auto job = MergeRuns()) return job;
      if (runs.size() >= 2 * options_.level0_compact_count && usable > 0) {
        return Level0Job(usable, bottom, CompactionReason::kRuns);
      }
    }
    return ForDeletes(bottom);
  }

  // Those in [first, last) of level 0's tables, newest first.
  std::optional<CompactionJob> Runs(std::size_t first, std::size_t last) const {
    CompactionJob job;
    job.reason = CompactionReason::kRuns;
    job.one_output = true;
    for (std::size_t i = first; i < last; ++i) job.inputs.push_back(version_.levels[0][i]);
    return Admit(std::move(job));
  }

  // The `count` oldest tables.
  std::optional<CompactionJob> Level0Job(std::size_t count, std::uint32_t base,
                                         CompactionReason reason) const {
    const Version::Level& level = version_.levels[0];
    BEACH_CHECK_LE(count, level.size());
    CompactionJob job;
    job.reason = reason;
    job.output_level = base;
    job.inputs.assign(level.end() - static_cast<std::ptrdiff_t>(count), level.end());
    return Admit(std::move(job));
  }

  std::optional<CompactionJob> FromTables(std::vector<TablePointer> tables, std::uint32_t level,
                                          std::uint32_t output, CompactionReason reason) const {
    CompactionJob job;
    job.reason = reason;
    job.input_level = level;
    job.output_level = output;
    job.inputs = std::move(tables);
    return Admit(std::move(job));
  }

  // How many tables of level 0, from the oldest on, are not put aside.
  std::size_t OldestUsable() const {
    const Version::Level& level = version_.levels[0];
    std::size_t count = 0;
    while (count < level.size() && !IsAside(*level[level.size() - 1 - count])) ++count;
    return count;
  }

 private:
  bool IsAside(const Table& table) const { return input_.aside.contains(table.info.file); }

  std::uint64_t Score(std::uint32_t level, const LevelTargets& targets) const {
    const std::uint64_t size = version_.LevelSize(level);
    if (level > 0) return size * kScoreDue / std::max<std::uint64_t>(targets.bytes[level], 1);
    const std::uint64_t count = version_.levels[0].size();
    const std::uint64_t by_count = count * kScoreDue / options_.level0_compact_count;
    return count < 2 ? by_count : std::max(by_count, size * kScoreDue / options_.level_size_base);
  }

  // Completes the job with what its inputs overlap. Nothing if it may not run now.
  std::optional<CompactionJob> Admit(CompactionJob job) const {
    BEACH_CHECK(!job.inputs.empty());
    job.smallest = SmallestKeyOf(*job.inputs.front());
    job.largest = LargestKeyOf(*job.inputs.front());
    const auto widen = [&job](const TablePointer& table) {
      if (SmallestKeyOf(*table) < job.smallest) job.smallest = SmallestKeyOf(*table);
      if (LargestKeyOf(*table) > job.largest) job.largest = LargestKeyOf(*table);
    };
    for (const TablePointer& table : job.inputs) widen(table);
    if (job.output_level != job.input_level) {
      const Version::Level& below = version_.levels[job.output_level];
      const Version::Range range =
          version_.Overlapping(job.output_level, job.smallest, job.largest);
      for (std::size_t i = range.begin; i < range.end; ++i) job.overlapped.push_back(below[i]);
      for (const TablePointer& table : job.overlapped) widen(table);
    }
    for (const TablePointer& table : job.inputs) {
      if (IsAside(*table)) return std::nullopt;
    }
    for (const TablePointer& table : job.overlapped) {
      if (IsAside(*table)) return std::nullopt;
    }
    for (const CompactionJob* const running : input_.running) {
      if (Conflicts(job, *running)) return std::nullopt;
    }
    return job;
  }

  std::optional<CompactionJob> FromLevel0(std::uint32_t base) const {
    const std::size_t usable = OldestUsable();
    if (usable == 0) return std::nullopt;
    auto lone = Level0Job(1, base, CompactionReason::kSize);
    if (lone && lone->IsMove()) return lone;
    const Version::Level& level = version_.levels[0];
    const std::uint64_t most =
        std::max(kLevel0Tables * options_.table_size, options_.level_size_base);
    std::size_t count = 1;
    std::uint64_t size = level.back()->info.size_bytes;
    while (count < usable) {
      size += level[level.size() - 1 - count]->info.size_bytes;
      if (size > most) break;
      ++count;
    }
    return Level0Job(count, base, CompactionReason::kSize);
  }

  // The table that is merged with the least for each of its own bytes.
  std::optional<CompactionJob> FromLevel(std::uint32_t level) const {
    const Version::Level& tables = version_.levels[level];
    const Version::Level& below = version_.levels[level + 1];
    std::vector<std::uint64_t> sizes(below.size() + 1);  // of all in front
    for (std::size_t i = 0; i < below.size(); ++i) {
      sizes[i + 1] = sizes[i] + below[i]->info.size_bytes;
    }
    std::vector<std::pair<std::uint64_t, std::size_t>> order;
    for (std::size_t i = 0; i < tables.size(); ++i) {
      const Table& table = *tables[i];
      const Version::Range range =
          version_.Overlapping(level + 1, SmallestKeyOf(table), LargestKeyOf(table));
      const std::uint64_t overlap = sizes[range.end] - sizes[range.begin];
      order.emplace_back(overlap * kScoreDue / std::max<std::uint64_t>(table.info.size_bytes, 1),
                         i);
    }
    std::sort(order.begin(), order.end());
    for (const auto& [cost, i] : order) {
      if (auto job = FromTables({tables[i]}, level, level + 1, CompactionReason::kSize)) return job;
    }
    return std::nullopt;
  }

  // Newest first: the first group of runs of like size.
  std::optional<CompactionJob> MergeRuns() const {
    const Version::Level& runs = version_.levels[0];
    for (std::size_t first = 0; first + 1 < runs.size(); ++first) {
      std::uint64_t total = runs[first]->info.size_bytes;
      std::size_t last = first + 1;
      if (IsAside(*runs[first])) continue;
      while (last < runs.size() && !IsAside(*runs[last])) {
        const std::uint64_t size = runs[last]->info.size_bytes;
        if (size > 2 * total || total + size > kRunSizeMax) break;
        total += size;
        ++last;
      }
      if (last - first < 2) continue;
      const std::uint32_t bottom = FirstLevelWithTables(version_);
      if (first == 0 && last == runs.size() && version_.LevelSize(bottom) <= 2 * total) {
        return Level0Job(last, bottom, CompactionReason::kRuns);
      }
      return Runs(first, last);
    }
    return std::nullopt;
  }

  std::optional<CompactionJob> ForDeletes(std::uint32_t base) const {
    for (std::uint32_t level = 1; level < kLevelCount; ++level) {
      for (const TablePointer& table : version_.levels[level]) {
        if (!IsDense(*table, options_, input_.time)) continue;
        if (auto job = ForDeletesOf(table, level)) return job;
      }
    }
    if (!input_.running.empty()) return std::nullopt;
    const Version::Level& newest = version_.levels[0];
    for (std::size_t i = 0; i < newest.size(); ++i) {
      const std::size_t count = newest.size() - i;  // with all that are older
      if (!IsDense(*newest[i], options_, input_.time) || count > OldestUsable()) continue;
      return Level0Job(count, base, ReasonOf(*newest[i]));
    }
    return std::nullopt;
  }

  // All of level 0, where it spares cursors more than it costs. A lone table over nothing spares
  // them none.
  std::optional<CompactionJob> ForReads(std::uint32_t base) const {
    const std::size_t count = version_.levels[0].size();
    const std::uint64_t worth = options_.compaction_read_worth;
    if (worth == 0 || count == 0 || OldestUsable() < count) return std::nullopt;
    if (count == 1 && version_.LevelSize(base) == 0) return std::nullopt;
    auto job = Level0Job(count, base, CompactionReason::kReads);
    if (!job || job->input_bytes() / worth >= input_.merged) return std::nullopt;
    return job;
  }

  std::optional<CompactionJob> ForDeletesOf(const TablePointer& table, std::uint32_t level) const {
    for (std::uint32_t below = level + 1; below < kLevelCount; ++below) {
      const Version::Range range =
          version_.Overlapping(below, SmallestKeyOf(*table), LargestKeyOf(*table));
      if (range.begin == range.end) continue;
      return FromTables({table}, level, level + 1, ReasonOf(*table));
    }
    if (!CanDropAll(*table)) return std::nullopt;
    return FromTables({table}, level, level, ReasonOf(*table));
  }

  CompactionReason ReasonOf(const Table& dense) const {
    return IsDense(dense, options_, 0) ? CompactionReason::kDeletes : CompactionReason::kExpired;
  }

  // Rewritten where nothing is below, it has no tombstone left, and nothing that has expired. The
  // newest operation of all stays, as a tombstone: then there must be something else to drop.
  bool CanDropAll(const Table& table) const {
    if (table.info.sequence_max > input_.first_boundary) return false;
    return table.info.sequence_max != NewestInTables(version_) ||
           table.expiring.ExpiredAt(input_.time) > 0;
  }

  const PickerInput& input_;
  const Version& version_;
  const Options& options_;
};

}  // namespace

const char* CompactionReasonName(CompactionReason reason) {
  switch (reason) {
    case CompactionReason::kSize: return "size";
    case CompactionReason::kDeletes: return "deletes";
    case CompactionReason::kRuns: return "runs";
    case CompactionReason::kManual: return "manual";
    case CompactionReason::kExpired: return "expired";
    case CompactionReason::kReads: return "reads";
  }
  return "unknown";
}

std::uint64_t CompactionJob::input_bytes() const {
  std::uint64_t bytes = 0;
  for (const TablePointer& table : inputs) bytes += table->info.size_bytes;
  for (const TablePointer& table : overlapped) bytes += table->info.size_bytes;
  return bytes;
}

std::vector<TablePointer> CompactionJob::tables() const {
  std::vector<TablePointer> all = inputs;
  all.insert(all.end(), overlapped.begin(), overlapped.end());
  return all;
}

std::vector<FileNumber> CompactionJob::files() const {
  std::vector<FileNumber> numbers;
  for (const TablePointer& table : tables()) numbers.push_back(table->info.file);
  return numbers;
}

bool Conflicts(const CompactionJob& a, const CompactionJob& b) {
  return MeetIn(a.input_level, a, b) || MeetIn(a.output_level, a, b);
}

LevelTargets TargetsOf(const Version& version, const Options& options) {
  LevelTargets targets;
  std::uint64_t greatest = 0;
  for (std::uint32_t level = 1; level < kLevelCount; ++level) {
    greatest = std::max(greatest, version.LevelSize(level));
  }
  targets.base = kLastLevel;
  targets.bytes[kLastLevel] = std::max(greatest, options.level_size_base);
  while (targets.base > 1 && targets.bytes[targets.base] > options.level_size_base) {
    targets.bytes[targets.base - 1] = targets.bytes[targets.base] / options.level_size_ratio;
    --targets.base;
  }
  targets.base = std::min(targets.base, FirstLevelWithTables(version));
  return targets;
}

std::optional<CompactionJob> PickCompaction(const PickerInput& input) {
  const Picker picker(input);
  switch (input.options.compaction_style) {
    case CompactionStyle::kLeveled: return picker.Leveled();
    case CompactionStyle::kSizeTiered: return picker.SizeTiered();
    case CompactionStyle::kManual: break;
  }
  return std::nullopt;
}

std::optional<CompactionJob> PickFromLevel(const PickerInput& input, std::uint32_t level,
                                           const std::optional<Bytes>& begin,
                                           const std::optional<Bytes>& end, bool& meets) {
  BEACH_CHECK_LT(level, kLevelCount);
  meets = false;
  const Version& version = input.version;
  const Version::Level& tables = version.levels[level];
  const auto touches = [&](const Table& table) {
    return (!begin || !EndsBefore(table, *begin)) && (!end || SmallestKeyOf(table) <= *end);
  };
  const auto first = std::find_if(tables.begin(), tables.end(),
                                  [&](const TablePointer& table) { return touches(*table); });
  if (first == tables.end()) return std::nullopt;
  const Picker picker(input);
  std::optional<CompactionJob> job;
  if (level == 0) {
    const std::uint32_t base = TargetsOf(version, input.options).base;
    job = picker.Level0Job(static_cast<std::size_t>(tables.end() - first), base,
                           CompactionReason::kManual);
  } else {
    const bool last = std::all_of(version.levels.begin() + level + 1, version.levels.end(),
                                  [](const Version::Level& below) { return below.empty(); });
    job = picker.FromTables({*first}, level, last ? level : level + 1, CompactionReason::kManual);
  }
  meets = !job;
  return job;
}

bool HasDenseTable(const Version& version, const Options& options, std::uint64_t time) {
  for (const Version::Level& level : version.levels) {
    for (const TablePointer& table : level) {
      if (IsDense(*table, options, time)) return true;
    }
  }
  return false;
}

std::optional<std::uint64_t> NextExpiry(const Version& version, const Options& options,
                                        std::uint64_t time) {
  std::optional<std::uint64_t> next;
  for (const Version::Level& level : version.levels) {
    for (const TablePointer& table : level) {
      if (table->expiring.entries == 0 || IsDense(*table, options, time)) continue;
      for (const std::uint64_t at : table->expiring.times) {
        if (at <= time || !IsDense(*table, options, at)) continue;
        next = std::min(next.value_or(at), at);
        break;
      }
    }
  }
  return next;
}

std::uint64_t CompactionDebt(const Version& version, const Options& options) {
  if (options.compaction_style != CompactionStyle::kLeveled) return 0;
  const LevelTargets targets = TargetsOf(version, options);
  std::uint64_t debt = 0;
  for (std::uint32_t level = 1; level < kLevelCount; ++level) {
    const std::uint64_t size = version.LevelSize(level);
    debt += size - std::min(size, targets.bytes[level]);
  }
  if (version.levels[0].size() >= options.level0_compact_count) debt += version.LevelSize(0);
  return debt;
}

SequenceNumber NewestInTables(const Version& version) {
  SequenceNumber newest;
  for (const Version::Level& level : version.levels) {
    for (const TablePointer& table : level) newest = std::max(newest, table->info.sequence_max);
  }
  return newest;
}

}  // namespace beach::engine
