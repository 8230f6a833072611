// SPDX-License-Identifier: Apache-2.0
#include "raft/log_tail.h"

#include <utility>

#include "base/check.h"

namespace beach::raft {

LogIndex LogTail::Fit(LogIndex after, LogIndex last, std::uint64_t bytes_max) const {
  BEACH_CHECK(after < last);
  BEACH_CHECK(after.Next() >= first_ && last < next());
  std::uint64_t fits = 1;
  std::uint64_t too_many = CountBetween(after, last) + 1;
  while (fits + 1 < too_many) {
    const std::uint64_t middle = fits + (too_many - fits) / 2;
    if (BytesBetween(after, after + middle) <= bytes_max) {
      fits = middle;
    } else {
      too_many = middle;
    }
  }
  return after + fits;
}

void LogTail::CopyTo(LogIndex after, LogIndex upto, std::vector<Entry>& entries) const {
  entries.reserve(entries.size() + CountBetween(after, upto));
  for (LogIndex i = after.Next(); i <= upto; i = i.Next()) entries.push_back(At(i));
}

void LogTail::Append(Entry entry) {
  BEACH_CHECK_EQ(entry.index.value, next().value);
  const std::uint64_t sum = SumUpTo(next() - 1) + EntrySize(entry);
  slots_.push_back({.entry = std::move(entry), .sum = sum});
}

void LogTail::Replace(std::vector<Entry> entries) {
  if (entries.empty()) return;
  BEACH_CHECK(Holds(entries.front().index));
  std::uint64_t more = 0;  // modulo 2^64
  auto entry = entries.begin();
  for (LogIndex i = entries.front().index; i < next(); i = i.Next()) {
    Slot& slot = slots_[i.value - first_.value];
    if (entry != entries.end() && entry->index == i) {
      more += EntrySize(*entry) - EntrySize(slot.entry);
      slot.entry = std::move(*entry++);
    }
    slot.sum += more;
  }
  BEACH_CHECK(entry == entries.end());
}

void LogTail::TruncateFrom(LogIndex from) {
  while (!slots_.empty() && next() > from) slots_.pop_back();
  if (slots_.empty() && from < first_) first_ = from;
}

void LogTail::DropUpTo(LogIndex index) {
  while (!slots_.empty() && first_ <= index) {
    sum_before_ = slots_.front().sum;
    slots_.pop_front();
    first_ = first_.Next();
  }
}

void LogTail::Reset(LogIndex next) {
  slots_.clear();
  first_ = next;
  sum_before_ = 0;
}

}  // namespace beach::raft
