// SPDX-License-Identifier: Apache-2.0
#include "raft/disk/log_map.h"

#include <algorithm>

#include "base/check.h"

namespace beach::raft {

Status LogMap::Apply(ByteView payload, engine::LogPosition at) {
  RecordReader reader(payload);
  Record record;
  while (reader.Next(record)) {
    switch (record.kind) {
      case RecordKind::kHardState: hard_state_ = record.hard_state; break;
      case RecordKind::kCut: Cut(record.index); break;
      case RecordKind::kEntry: BEACH_TRY(TakeEntry(record, at)); break;
      case RecordKind::kBase: TakeBase(record); break;
    }
  }
  if (!reader.ok()) {
    return Fail(ErrorCode::kCorruption, "a flight of the Raft log holds no records of ours");
  }
  return {};
}

Status LogMap::CheckWhole() const {
  if (next_ == LogIndex{} || next_ == last().Next()) return {};
  return Fail(ErrorCode::kCorruption,
              "entries are missing from the Raft log behind index " + std::to_string(last().value));
}

Status LogMap::TakeEntry(const Record& record, engine::LogPosition at) {
  if (next_ != LogIndex{} && record.index != next_) {
    return Fail(ErrorCode::kCorruption, "the Raft log has entry " +
                                            std::to_string(record.index.value) + " where " +
                                            std::to_string(next_.value) + " had to follow");
  }
  next_ = record.index.Next();
  // A base from a later time has taken it, or what was before it, or shows that it was cut later.
  if (record.index != last().Next() || record.term < terms_.last_term()) return {};
  if (places_.empty() || places_.back().at != at) places_.push_back({record.index, at});
  terms_.Append(record.term);
  return {};
}

void LogMap::Cut(LogIndex from) {
  if (next_ == LogIndex{} || from >= next_) return;
  next_ = from;
  from = std::max(from, base().Next());
  if (from > last()) return;
  terms_.TruncateFrom(from);
  while (!places_.empty() && places_.back().first >= from) places_.pop_back();
}

void LogMap::TakeBase(const Record& record) {
  if (!record.keeps_suffix) {
    const bool later = record.index < base();
    Reset(later ? base() : record.index, later ? base_term() : record.term);
    next_ = record.index.Next();
    return;
  }
  if (record.index <= base()) return;
  if (TermAt(record.index) == record.term) return Compact(record.index);
  Reset(record.index, record.term);  // what is here was cut later
}

void LogMap::Reset(LogIndex base, Term term) {
  terms_.Reset(base, term);
  places_.clear();
}

void LogMap::Compact(LogIndex upto) {
  BEACH_CHECK(upto >= base());
  BEACH_CHECK(upto <= last());
  if (upto == base()) return;
  terms_.Compact(upto);
  if (upto == last()) return places_.clear();
  while (places_.size() > 1 && places_[1].first <= upto.Next()) places_.pop_front();
  places_.front().first = upto.Next();
}

void LogMap::Move(engine::LogPosition from, engine::LogPosition to) {
  for (auto place = places_.rbegin(); place != places_.rend() && place->at >= from; ++place) {
    if (place->at == from) place->at = to;
  }
}

std::vector<StoredRun> LogMap::Runs() const {
  std::vector<StoredRun> runs;
  for (LogIndex first = base().Next(); first <= last();) {
    const Term term = *terms_.TermAt(first);
    const LogIndex end = terms_.LastNotAbove(last(), term);
    runs.push_back({.term = term, .count = CountBetween(first - 1, end)});
    first = end.Next();
  }
  return runs;
}

std::size_t LogMap::PlaceOf(LogIndex index) const {
  BEACH_CHECK(index > base());
  BEACH_CHECK(index <= last());
  const auto after =
      std::upper_bound(places_.begin(), places_.end(), index,
                       [](LogIndex i, const Place& place) { return i < place.first; });
  return static_cast<std::size_t>(after - places_.begin()) - 1;
}

LogMap::Stretch LogMap::Find(LogIndex index) const {
  const std::size_t place = PlaceOf(index);
  const LogIndex last_here =
      place + 1 < places_.size() ? places_[place + 1].first - 1 : terms_.last();
  return {.first = index, .last = last_here, .at = places_[place].at};
}

std::optional<engine::SegmentOrdinal> LogMap::OldestSegment() const {
  if (places_.empty()) return std::nullopt;
  return places_.front().at.segment;
}

}  // namespace beach::raft
