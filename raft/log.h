// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "raft/log_tail.h"
#include "raft/message.h"
#include "raft/term_runs.h"

namespace beach::raft {

// A node's log: the terms of all of it, and the newest entries, some of which may be lost
// (EntryKind::kLost): no message has them, and nothing behind them counts as held. All change by
// the same calls, so that no entry outlives its place. What is durable, committed and applied is
// others' to know.
class Log {
 public:
  Log(LogIndex base, Term base_term, LogIndex tail_next)
      : terms_(base, base_term), tail_(tail_next) {}

  LogIndex base() const { return terms_.base(); }
  Term base_term() const { return terms_.base_term(); }
  LogIndex last() const { return terms_.last(); }
  LogEnd end() const { return {.index = terms_.last(), .term = terms_.last_term()}; }
  const LogTail& tail() const { return tail_; }

  std::optional<Term> TermAt(LogIndex index) const { return terms_.TermAt(index); }
  // Whether it holds that entry. The one at its base counts.
  bool Matches(LogIndex index, Term term) const { return terms_.TermAt(index) == term; }
  LogIndex LastNotAbove(LogIndex upto, Term term) const { return terms_.LastNotAbove(upto, term); }

  bool whole() const { return lost_.empty(); }
  bool IsLost(LogIndex index) const { return lost_.contains(index); }
  // Before it, itself included, nothing is lost.
  LogIndex whole_last() const { return lost_.empty() ? last() : *lost_.begin() - 1; }
  LogIndex last_lost() const { return *lost_.rbegin(); }  // REQUIRES: not whole
  std::optional<LogIndex> FirstLostAbove(LogIndex index) const {
    const auto found = lost_.upper_bound(index);
    return found == lost_.end() ? std::nullopt : std::optional(*found);
  }

  // 3.6.1: the last term decides, and only then the length.
  bool IsUpToDate(LogEnd candidate) const {
    const LogEnd own = end();
    if (candidate.term != own.term) return candidate.term > own.term;
    return candidate.index >= own.index;
  }

  void Append(Entry entry) {
    BEACH_CHECK_EQ(entry.index.value, last().value + 1);
    terms_.Append(entry.term);
    if (entry.kind == EntryKind::kLost) lost_.insert(lost_.end(), entry.index);
    tail_.Append(std::move(entry));
  }
  // What lost entries were. REQUIRES: in order of index; each is lost here, and has its term.
  void Fill(std::vector<Entry> entries) {
    for (const Entry& entry : entries) {
      BEACH_CHECK(entry.kind != EntryKind::kLost);
      BEACH_CHECK(Matches(entry.index, entry.term));
      BEACH_CHECK_EQ(lost_.erase(entry.index), 1U);
    }
    tail_.Replace(std::move(entries));
  }
  // An entry that storage has and memory need not.
  void AppendStored(Term term) {
    terms_.Append(term);
    BEACH_CHECK_LT(last().value, tail_.first().value);
  }
  void TruncateFrom(LogIndex from) {
    terms_.TruncateFrom(from);
    tail_.TruncateFrom(from);
    lost_.erase(lost_.lower_bound(from), lost_.end());
  }
  void Compact(LogIndex base) {
    terms_.Compact(base);
    tail_.DropUpTo(base);
    lost_.erase(lost_.begin(), lost_.upper_bound(base));
  }
  void Reset(LogIndex base, Term base_term) {
    terms_.Reset(base, base_term);
    tail_.Reset(base.Next());
    lost_.clear();
  }
  // Takes from memory the oldest entries, none above `upto`, while they exceed the budget.
  void TrimTail(LogIndex upto, std::uint64_t bytes_max) {
    while (tail_.bytes() > bytes_max && tail_.first() <= upto && tail_.Holds(tail_.first())) {
      tail_.DropUpTo(tail_.first());
    }
  }

 private:
  TermRuns terms_;
  LogTail tail_;
  std::set<LogIndex> lost_;  // all in the tail
};

}  // namespace beach::raft
