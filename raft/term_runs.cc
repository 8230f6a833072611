// SPDX-License-Identifier: Apache-2.0
#include "raft/term_runs.h"

#include <algorithm>

#include "base/check.h"

namespace beach::raft {

std::size_t TermRuns::Find(LogIndex index) const {
  BEACH_CHECK(index > base_);
  BEACH_CHECK(index <= last_);
  if (index >= runs_.back().first) return runs_.size() - 1;
  const auto after = std::upper_bound(runs_.begin(), runs_.end(), index,
                                      [](LogIndex i, const Run& run) { return i < run.first; });
  return static_cast<std::size_t>(after - runs_.begin()) - 1;
}

std::optional<Term> TermRuns::TermAt(LogIndex index) const {
  if (index < base_ || index > last_) return std::nullopt;
  if (index == base_) return base_term_;
  return runs_[Find(index)].term;
}

LogIndex TermRuns::LastNotAbove(LogIndex upto, Term term) const {
  upto = std::min(upto, last_);
  if (upto < base_) return upto;
  if (upto > base_) {
    for (std::size_t run = Find(upto) + 1; run-- > 0;) {
      if (runs_[run].term <= term) return upto;
      upto = runs_[run].first - 1;
    }
  }
  if (base_term_ <= term || base_ == LogIndex{}) return base_;
  return base_ - 1;
}

void TermRuns::Append(Term term) { AppendUpTo(last_.Next(), term); }

void TermRuns::AppendUpTo(LogIndex index, Term term) {
  BEACH_CHECK(index > last_);
  BEACH_CHECK(term >= last_term());
  const LogIndex first = last_.Next();
  last_ = index;
  if (runs_.empty() || runs_.back().term != term) runs_.push_back({.first = first, .term = term});
}

void TermRuns::TruncateFrom(LogIndex from) {
  BEACH_CHECK(from > base_);
  if (from > last_) return;
  while (!runs_.empty() && runs_.back().first >= from) runs_.pop_back();
  last_ = from - 1;
}

void TermRuns::Compact(LogIndex base) {
  const std::optional<Term> term = TermAt(base);
  BEACH_CHECK(term.has_value());
  if (base == base_) return;
  const std::size_t held = Find(base);
  runs_.erase(runs_.begin(), runs_.begin() + static_cast<std::ptrdiff_t>(held));
  base_ = base;
  base_term_ = *term;
  runs_.front().first = base.Next();
  const bool run_is_gone = runs_.size() > 1 ? runs_[1].first == base.Next() : base == last_;
  if (run_is_gone) runs_.erase(runs_.begin());
}

void TermRuns::Reset(LogIndex base, Term base_term) {
  base_ = last_ = base;
  base_term_ = base_term;
  runs_.clear();
}

}  // namespace beach::raft
