// SPDX-License-Identifier: Apache-2.0
// The boundaries cut the sequence numbers into stripes: (b0, b1] and so on. A read at any boundary,
// or above the last one, sees the newest version of a key in its stripe or, if there is none, in
// the next one below. So of several versions in one stripe only the first that comes, the newest,
// is ever seen; in front of the last boundary everything is.
#include "engine/compaction/merge.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "engine/compaction/ranges.h"
#include "engine/internal_key.h"

namespace beach::engine {

KeepRules KeepRules::Of(const std::vector<TimeMark>& snapshots, TimeMark visible,
                        const std::optional<TimeMark>& safe, SequenceNumber newest) {
  const TimeMark last = safe && safe->sequence < visible.sequence ? *safe : visible;
  KeepRules rules;
  rules.newest = newest;
  const auto add = [&rules](const TimeMark& moment) {
    const std::uint64_t before = rules.times.empty() ? 0 : rules.times.back();
    rules.boundaries.push_back(moment.sequence);
    rules.times.push_back(std::max(before, moment.time));
  };
  for (const TimeMark& snapshot : snapshots) {
    if (snapshot.sequence >= last.sequence) break;
    if (!rules.boundaries.empty() && rules.boundaries.back() == snapshot.sequence) continue;
    add(snapshot);
  }
  add(last);
  return rules;
}

std::size_t KeepRules::StripeOf(SequenceNumber sequence) const {
  const auto boundary = std::lower_bound(boundaries.begin(), boundaries.end(), sequence);
  return static_cast<std::size_t>(boundary - boundaries.begin());
}

OlderTables::OlderTables(const Version& version, const CompactionJob& job) {
  if (job.input_level == 0) {
    SequenceNumber oldest = kMaxSequence;
    for (const TablePointer& table : job.inputs) {
      oldest = std::min(oldest, table->info.sequence_min);
    }
    for (const TablePointer& table : version.levels[0]) {
      if (table->info.sequence_max < oldest) level0_.push_back(table.get());
    }
  }
  for (std::uint32_t level = job.output_level + 1; level < kLevelCount; ++level) {
    if (!version.levels[level].empty()) deeper_.push_back({.level = &version.levels[level]});
  }
}

bool OlderTables::MayHold(ByteView user_key) {
  for (const Table* const table : level0_) {
    if (SmallestKeyOf(*table) <= user_key && !EndsBefore(*table, user_key)) return true;
  }
  for (Cursor& cursor : deeper_) {
    const Version::Level& level = *cursor.level;
    while (cursor.at < level.size() && EndsBefore(*level[cursor.at], user_key)) ++cursor.at;
    if (cursor.at < level.size() && SmallestKeyOf(*level[cursor.at]) <= user_key) return true;
  }
  return false;
}

bool OlderTables::MayHoldAnyOf(ByteView begin, ByteView end) const {
  for (const Table* const table : level0_) {
    if (SmallestKeyOf(*table) < end && !EndsBefore(*table, begin)) return true;
  }
  return std::ranges::any_of(deeper_, [&](const Cursor& cursor) {
    const Version::Level& level = *cursor.level;
    const auto table = std::partition_point(
        level.begin(), level.end(), [&](const TablePointer& t) { return EndsBefore(*t, begin); });
    return table != level.end() && SmallestKeyOf(**table) < end;
  });
}

MergeIterator::MergeIterator(std::unique_ptr<Iterator> source, KeepRules rules, OlderTables& older,
                             const JobRanges* ranges)
    : source_(std::move(source)), rules_(std::move(rules)), older_(older), ranges_(ranges) {
  BEACH_CHECK(!rules_.boundaries.empty());
  BEACH_CHECK(std::is_sorted(rules_.boundaries.begin(), rules_.boundaries.end()));
  BEACH_CHECK_EQ(rules_.times.size(), rules_.boundaries.size());
}

void MergeIterator::SeekToFirst() {
  source_->SeekToFirst();
  fold_.reset();
  tombstone_.reset();
  base_needed_ = false;
  has_key_ = false;
  Settle();
}

void MergeIterator::Next() {
  BEACH_CHECK(valid_);
  if (fold_ && fold_->Next()) return;
  if (!fold_) source_->Next();
  fold_.reset();
  tombstone_.reset();
  Settle();
}

void MergeIterator::Settle() {
  for (; source_->Valid(); source_->Next()) {
    InternalKey entry;
    if (!ParseInternalKey(source_->key(), entry)) {
      valid_ = false;
      status_ = Fail(ErrorCode::kCorruption, "malformed key " + Printable(source_->key()));
      return;
    }
    ++counts_.entries;
    const bool kept = IsKept(entry);
    if (!status_) {
      valid_ = false;
      return;
    }
    if (!kept) continue;
    valid_ = true;
    if (entry.kind == ValueKind::kMerge && stripe_ != rules_.boundaries.size()) Fold(entry);
    return;
  }
  valid_ = false;
  status_ = source_->status();  // an error is no end
}

bool MergeIterator::IsKept(const InternalKey& entry) {
  const std::size_t above_all = rules_.boundaries.size();
  if (ranges_ != nullptr && ranges_->Hide(entry.user_key, entry.sequence)) {
    ++counts_.in_range;
    return false;
  }
  const std::size_t stripe = rules_.StripeOf(entry.sequence);
  const bool another = !has_key_ || entry.user_key != key_;
  const bool needed = std::exchange(base_needed_, false);
  const bool hidden = !another && stripe == stripe_ && stripe != above_all && !needed;
  if (another) key_.assign(entry.user_key);
  has_key_ = true;
  stripe_ = stripe;
  if (hidden) {
    ++counts_.hidden;
    return false;
  }
  const bool expired = entry.kind == ValueKind::kPutUntil && IsExpired(entry, stripe);
  if (expired) ++counts_.expired;
  const bool deleted = entry.kind == ValueKind::kDelete || expired;
  // Older versions in other stripes need it, and so does whatever this job does not see.
  const bool last_word = deleted && stripe == 0 && stripe != above_all;
  if (last_word && entry.sequence != rules_.newest && !older_.MayHold(entry.user_key)) {
    if (!expired) ++counts_.tombstones;
    return false;
  }
  if (expired) {
    tombstone_.emplace();
    AppendInternalKey(*tombstone_, {key_, entry.sequence, ValueKind::kDelete});
  }
  if (!another && stripe != above_all) ++counts_.guarded;
  return true;
}

bool MergeIterator::IsExpired(const InternalKey& entry, std::size_t stripe) {
  ExpiringValue expiring;
  if (!ParseExpiring(source_->value(), expiring)) {
    status_ = Fail(ErrorCode::kCorruption,
                   "malformed value that expires, of key " + Printable(entry.user_key));
    return false;
  }
  return stripe < rules_.times.size() && expiring.IsExpired(rules_.times[stripe]);
}

void MergeIterator::Fold(const InternalKey& entry) {
  fold_.emplace(entry.user_key);
  const auto fail = [this](Status status) {
    status_ = std::move(status);
    valid_ = false;
    fold_.reset();
  };
  InternalKey older = entry;
  while (true) {
    if (Status added = fold_->Add(older.sequence, source_->value()); !added) return fail(added);
    source_->Next();
    if (!source_->Valid()) break;
    if (!ParseInternalKey(source_->key(), older)) {
      return fail(Fail(ErrorCode::kCorruption, "malformed key " + Printable(source_->key())));
    }
    if (older.user_key != key_ || rules_.StripeOf(older.sequence) != stripe_) break;
    if (ranges_ != nullptr && ranges_->Hide(older.user_key, older.sequence)) {
      return fold_->ApplyTo(std::nullopt);
    }
    // What they are applied to stays where it is: from now on it is hidden.
    if (older.kind == ValueKind::kDelete) return fold_->ApplyTo(std::nullopt);
    if (older.kind == ValueKind::kPut) return fold_->ApplyTo(Bytes(source_->value()));
    if (older.kind == ValueKind::kPutUntil) {
      const bool expired = IsExpired(older, stripe_);
      if (!status_) return fail(status_);
      if (expired) return fold_->ApplyTo(std::nullopt);
      base_needed_ = true;
      return;
    }
    ++counts_.entries;
    ++counts_.folded;
  }
  if (Status read = source_->status(); !source_->Valid() && !read) return fail(read);
  // There is nothing below: of the versions here this stripe has the last.
  if (stripe_ == 0 && !older_.MayHold(key_)) fold_->ApplyTo(std::nullopt);
}

}  // namespace beach::engine
