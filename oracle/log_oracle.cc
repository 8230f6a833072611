// SPDX-License-Identifier: Apache-2.0
#include "oracle/log_oracle.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/check.h"

namespace beach::oracle {
namespace {

std::optional<BatchId> IdOf(const LogEntry& entry) {
  const std::optional<ValueId> id = ParseValueId(entry.payload);
  if (!id) return std::nullopt;
  return id->batch;
}

std::string DescribeEntry(const LogEntry& entry) {
  return DescribeValue(entry.payload) + " with " + std::to_string(entry.count) +
         " operations from sequence " + std::to_string(entry.first_sequence);
}

}  // namespace

void LogOracle::Acknowledged(Place end) {
  BEACH_CHECK_LE(end, this->end());
  acknowledged_ = std::max(acknowledged_, end);
}

void LogOracle::Durable(Place end) {
  Acknowledged(end);
  durable_ = std::max(durable_, end);
}

void LogOracle::Vouched(Place end) {
  BEACH_CHECK_LE(end, durable_);
  vouched_ = std::max(vouched_, end);
}

void LogOracle::DropBelow(Place end) {
  BEACH_CHECK_LE(begin_, end);
  BEACH_CHECK_LE(end, this->end());
  for (; begin_ < end; ++begin_) {
    if (const std::optional<BatchId> id = IdOf(entries_.front())) gone_.push_back(*id);
    entries_.pop_front();
  }
}

void LogOracle::Retired(Place end) {
  begins_.clear();
  DropBelow(end);
  acknowledged_ = std::max(acknowledged_, end);
  durable_ = std::max(durable_, end);
  vouched_ = std::max(vouched_, end);
}

void LogOracle::Ended(LifeEnd end) {
  if (end == LifeEnd::kPowerLost) {
    power_lost_ = true;
    Forget();
  }
}

LogOracle::Place LogOracle::Floor(bool rotted) const {
  if (rotted) return vouched_;
  return power_lost_ ? durable_ : acknowledged_;
}

std::uint64_t LogOracle::Matches(Place begin, const std::vector<LogEntry>& found) const {
  const std::uint64_t count = std::min<std::uint64_t>(found.size(), end() - begin);
  std::uint64_t i = 0;
  while (i < count && entries_[begin - begin_ + i] == found[i]) ++i;
  return i;
}

// A log that is empty, or shorter than it should be, may have begun at any of the places: the one
// that explains most of what is found.
LogOracle::Place LogOracle::LikelyBegin(const std::vector<LogEntry>& found, Place floor) const {
  const auto score = [&](Place begin) {
    const Place end = begin + Matches(begin, found);
    return std::tuple(end - begin, end >= floor, found_end_ == end);
  };
  Place best = begin_;
  for (const Place begin : begins_) {
    if (score(begin) > score(best)) best = begin;
  }
  return best;
}

Judgement LogOracle::Recovered(const std::vector<LogEntry>& found, Place floor) {
  const Place best = LikelyBegin(found, floor);
  const std::uint64_t matches = Matches(best, found);
  if (matches < found.size() || best + matches < floor) return Explain(best, found, floor);
  const Place end = best + matches;
  if (found_end_ && *found_end_ != end) {
    return Violation{.rule = "recovery-changed",
                     .message = "a recovery ended the log at place " + std::to_string(end) +
                                ", one before it at " + std::to_string(*found_end_) +
                                ", and no power was lost between"};
  }
  found_end_ = end;
  found_begin_ = best;
  return std::nullopt;
}

void LogOracle::Opened() {
  BEACH_CHECK(found_end_.has_value());
  const Place end = *found_end_;
  begins_.clear();
  DropBelow(found_begin_);
  while (this->end() > end) {
    if (const std::optional<BatchId> id = IdOf(entries_.back())) gone_.push_back(*id);
    entries_.pop_back();
  }
  acknowledged_ = durable_ = vouched_ = end;
  power_lost_ = false;
  Forget();
}

void LogOracle::GiveUpRest() {
  BEACH_CHECK(found_end_.has_value());
  for (Place* const promised : {&acknowledged_, &durable_, &vouched_}) {
    *promised = std::min(*promised, *found_end_);
  }
}

std::string LogOracle::Describe(Place place) const {
  if (place >= end()) return "the end of the log";
  return DescribeEntry(entries_[place - begin_]);
}

Violation LogOracle::ExplainEntry(Place place, const LogEntry& found) const {
  const std::string what = DescribeEntry(found) + " stands at place " + std::to_string(place) +
                           ", where " + Describe(place) + " belongs";
  const std::optional<BatchId> id = IdOf(found);
  if (!id) return {.rule = "phantom-entry", .message = what};
  if (std::ranges::find(gone_, *id) != gone_.end()) {
    return {.rule = "resurrected", .message = what + "; it was cut or retired before"};
  }
  for (std::uint64_t i = 0; i < entries_.size(); ++i) {
    if (IdOf(entries_[i]) != *id) continue;
    if (begin_ + i == place) return {.rule = "damaged-entry", .message = what};
    return {.rule = "not-a-prefix",
            .message = what + "; its own place is " + std::to_string(begin_ + i)};
  }
  return {.rule = "phantom-entry", .message = what};
}

Violation LogOracle::Explain(Place begin, const std::vector<LogEntry>& found, Place floor) const {
  const std::uint64_t matches = Matches(begin, found);
  if (matches < found.size()) return ExplainEntry(begin + matches, found[matches]);
  const Place end = begin + matches;
  return {.rule = "durable-ack-lost",
          .message = "the log ends at place " + std::to_string(end) + " of " +
                     std::to_string(this->end()) + ", and all below place " +
                     std::to_string(floor) + " was promised; the first that is missing is " +
                     Describe(end)};
}

}  // namespace beach::oracle
