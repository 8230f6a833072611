// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "raft/types.h"

namespace beach::raft {

// The terms of a log from its base on, as runs: a term changes only with a leader, so there are few
// of them however long the log. The base is the last entry that is gone (compacted, or part of a
// snapshot); its term is known, what was before it is not.
class TermRuns {
 public:
  TermRuns(LogIndex base, Term base_term) { Reset(base, base_term); }

  LogIndex base() const { return base_; }
  Term base_term() const { return base_term_; }
  LogIndex last() const { return last_; }
  Term last_term() const { return runs_.empty() ? base_term_ : runs_.back().term; }

  // Nothing below the base and above the last. In O(log runs).
  std::optional<Term> TermAt(LogIndex index) const;

  // The greatest index, `upto` at most, whose term is not above `term`: where two logs may still
  // agree. Below the base nothing is known, and that index itself is the answer.
  LogIndex LastNotAbove(LogIndex upto, Term term) const;

  // REQUIRES: not below the last term.
  void Append(Term term);
  // As many as end with that index, of one term, in the time of one. REQUIRES: above the last; not
  // below the last term.
  void AppendUpTo(LogIndex index, Term term);
  // REQUIRES: above the base.
  void TruncateFrom(LogIndex from);
  // Makes it the base. REQUIRES: from the base to the last.
  void Compact(LogIndex base);
  void Reset(LogIndex base, Term base_term);

  std::size_t runs() const { return runs_.size(); }

 private:
  struct Run {
    LogIndex first;
    Term term;
  };
  // The run that holds it. REQUIRES: above the base, not above the last.
  std::size_t Find(LogIndex index) const;

  LogIndex base_;
  Term base_term_;
  LogIndex last_;
  std::vector<Run> runs_;  // terms strictly rise; the first begins behind the base
};

}  // namespace beach::raft
