// SPDX-License-Identifier: Apache-2.0
#include "raft/disk/log_map.h"

#include <algorithm>

#include "base/check.h"

namespace beach::raft {

Status LogMap::Apply(ByteView payload, engine::LogPosition at) {
  BEACH_TRY(CheckRecordsVersion(payload));
  RecordReader reader(payload);
  Record record;
  while (reader.Next(record)) {
    switch (record.kind) {
      case RecordKind::kHardState: hard_state_ = record.hard_state; break;
      case RecordKind::kCut: Cut(record.index); break;
      case RecordKind::kEntry: BEACH_TRY(TakeEntry(record, at)); break;
      case RecordKind::kBase: TakeBase(record); break;
      case RecordKind::kHead: BEACH_TRY(TakeHead(record.head)); break;
      case RecordKind::kFill: TakeFill(record, at); break;
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

Status LogMap::TakeHead(const LogHead& head) {
  const bool follows = next_ == LogIndex{} || next_ == head.last.Next();
  const bool agrees =
      head.last != last() || last() == base() || head.last_term() == terms_.last_term();
  if (!follows || !agrees) {
    return Fail(ErrorCode::kCorruption,
                "the Raft log ends at entry " + std::to_string(last().value) +
                    " where it had to end at " + std::to_string(head.last.value) + " of term " +
                    std::to_string(head.last_term().value));
  }
  hard_state_ = head.hard_state;
  next_ = head.last.Next();
  return {};
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
  const Place place{record.index, at, at, record.entry_kind == EntryKind::kLost};
  if (places_.empty() || !places_.back().GoesOn(place)) places_.push_back(place);
  terms_.Append(record.term);
  return {};
}

// What is not there as a lost entry was cut since, or is part of a base, or has its bytes.
void LogMap::TakeFill(const Record& record, engine::LogPosition at) {
  if (record.index <= base() || record.index > last()) return;
  if (TermAt(record.index) != record.term) return;
  const std::size_t place = PlaceOf(record.index);
  if (places_[place].lost) FillAt(place, record.index, at);
}

// Up to three places stand where there was one: before it, its own, behind it.
void LogMap::FillAt(std::size_t place, LogIndex index, engine::LogPosition at) {
  const Place lost = places_[place];
  const LogIndex end = place + 1 < places_.size() ? places_[place + 1].first : last().Next();
  const Place filled{index, at, lost.home, false};
  const auto here = places_.begin() + static_cast<std::ptrdiff_t>(place);
  const bool goes_on = lost.first == index && place > 0 && places_[place - 1].GoesOn(filled);
  if (index.Next() == end) {
    if (lost.first < index) {
      places_.insert(here + 1, filled);
    } else if (goes_on) {
      places_.erase(here);
    } else {
      *here = filled;
    }
    return;
  }
  Place rest = lost;
  rest.first = index.Next();
  if (lost.first < index) {
    const Place both[] = {filled, rest};
    places_.insert(here + 1, std::begin(both), std::end(both));
  } else {
    *here = rest;
    if (!goes_on) places_.insert(here, filled);
  }
}

void LogMap::Cut(LogIndex from) {
  if (next_ == LogIndex{} || from >= next_) return;
  next_ = from;
  if (lacks_terms_ && from <= base()) {
    Reset(from - 1, {});
    lacks_terms_ = true;
    return;
  }
  from = std::max(from, base().Next());
  if (from > last()) return;
  terms_.TruncateFrom(from);
  while (!places_.empty() && places_.back().first >= from) places_.pop_back();
}

void LogMap::TakeBase(const Record& record) {
  if (!record.keeps_suffix) {
    const bool later = record.index < base() && !lacks_terms_;
    Reset(later ? base() : record.index, later ? base_term() : record.term);
    next_ = record.index.Next();
    return;
  }
  if (record.index <= base()) return;
  if (TermAt(record.index) == record.term) return Compact(record.index);
  Reset(record.index, record.term);  // what is here was cut later
}

void LogMap::Reset(LogIndex base, Term term) {
  if (base != this->base() || term != base_term()) lacks_terms_ = false;
  terms_.Reset(base, term);
  places_.clear();
}

void LogMap::Jump(const LogHead& head) {
  hard_state_ = head.hard_state;
  next_ = head.last.Next();
  const LogIndex known = head.before_index();
  if (lacks_terms_ && known <= base()) {
    Reset(known, head.before);
    lacks_terms_ = known > head.base;
  } else if (const auto agreed = AgreesUpTo(head)) {
    terms_.TruncateFrom(agreed->Next());
  } else if (base() < known) {
    Reset(known, head.before);
    lacks_terms_ = known > head.base;
  } else {
    // The base is from a later time: what this head tells of was void then.
    return Reset(base(), base_term());
  }
  AppendRuns(head);
  places_.clear();
  if (last() > base()) places_.push_back({base().Next(), {}, {}});
}

void LogMap::AppendRuns(const LogHead& head) {
  for (std::size_t i = 0; i < head.runs.size(); ++i) {
    const LogIndex end = i + 1 < head.runs.size() ? head.runs[i + 1].first - 1 : head.last;
    if (end > last()) terms_.AppendUpTo(end, head.runs[i].term);
  }
}

std::optional<LogIndex> LogMap::AgreesUpTo(const LogHead& head) const {
  LogIndex end = head.last;
  for (std::size_t i = head.runs.size(); i-- > 0;) {
    const LogHead::Run& run = head.runs[i];
    const LogIndex upto = terms_.LastNotAbove(std::min(end, last()), run.term);
    if (upto >= run.first && TermAt(upto) == run.term) return upto;
    end = run.first - 1;
  }
  if (TermAt(end) == head.before) return end;
  return std::nullopt;
}

void LogMap::Compact(LogIndex upto) {
  BEACH_CHECK(upto >= base());
  BEACH_CHECK(upto <= last());
  if (upto == base()) return;
  lacks_terms_ = false;
  terms_.Compact(upto);
  if (upto == last()) return places_.clear();
  while (places_.size() > 1 && places_[1].first <= upto.Next()) places_.pop_front();
  places_.front().first = upto.Next();
}

void LogMap::Move(engine::LogPosition from, engine::LogPosition to) {
  for (Place& place : places_) {
    if (place.at == from) place.at = to;
    if (place.home == from) place.home = to;
  }
}

// The first entry of the run that ends with `last`. REQUIRES: above the base.
LogIndex LogMap::FirstOfTerm(LogIndex last) const {
  const Term term = *terms_.TermAt(last);
  if (term == Term{}) return base().Next();
  return std::max(terms_.LastNotAbove(last, Term(term.value - 1)), base()).Next();
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

LogHead LogMap::Head(std::size_t runs_max) const {
  LogHead head{.hard_state = hard_state_, .base = base(), .last = last(), .before = {}, .runs = {}};
  LogIndex end = last();
  while (end > base() && head.runs.size() < runs_max) {
    const LogIndex first = FirstOfTerm(end);
    head.runs.push_back({.first = first, .term = *terms_.TermAt(end)});
    end = first - 1;
  }
  std::ranges::reverse(head.runs);
  head.before = *terms_.TermAt(end);
  return head;
}

std::uint64_t LogMap::lost() const {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const LogIndex end = i + 1 < places_.size() ? places_[i + 1].first : last().Next();
    if (places_[i].lost) count += CountBetween(places_[i].first, end);
  }
  return count;
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
  return places_.front().home.segment;
}

}  // namespace beach::raft
