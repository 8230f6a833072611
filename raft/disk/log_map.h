// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/wal/log.h"
#include "raft/core.h"
#include "raft/disk/record.h"
#include "raft/term_runs.h"
#include "raft/types.h"

namespace beach::raft {

// What the records of the log come to, taken in its order: hard state, base, terms, and in which
// flight each entry stands. The same code takes them when they are written and when they are read
// back, so that what a start will find is what is here.
//
// A replay begins with base and hard state of the register, which may be younger than the records
// it meets first, and may begin in the middle of what was cut later: such entries are passed over.
// So a replay ends with CheckWhole.
class LogMap {
 public:
  LogMap(LogIndex base, Term base_term, HardState hard_state = {})
      : hard_state_(hard_state), terms_(base, base_term) {}

  // Without path: kCorruption for no records of ours, or what does not follow what is here;
  // kRefused for those of another version.
  Status Apply(ByteView payload, engine::LogPosition at);
  // Behind damage: the log is what the head says, whatever came before it. Terms that it does not
  // say are those that were known, where these agree with it. Where they do not, the base goes up
  // to what is known, and lacks_terms() says so. From here on it is not known where entries stand.
  // However many the head claims, it takes no time of each.
  void Jump(const LogHead& head);
  // Entries between the base of the records and base() are there, and their terms are not known.
  bool lacks_terms() const { return lacks_terms_; }
  // kCorruption: an entry is missing between the base and the end.
  Status CheckWhole() const;

  // Makes it the base. REQUIRES: from the base to the last.
  void Compact(LogIndex upto);
  // What stood at `from` stands at `to`.
  void Move(engine::LogPosition from, engine::LogPosition to);

  HardState hard_state() const { return hard_state_; }
  LogIndex base() const { return terms_.base(); }
  Term base_term() const { return terms_.base_term(); }
  LogIndex last() const { return terms_.last(); }
  std::optional<Term> TermAt(LogIndex index) const { return terms_.TermAt(index); }
  // Of all entries behind the base.
  std::vector<StoredRun> Runs() const;
  // What all this is.
  LogHead Head(std::size_t runs_max = kHeadRunsMax) const;
  // Entries whose bytes are nowhere.
  std::uint64_t lost() const;

  // Entries that stand in one flight.
  struct Stretch {
    LogIndex first;
    LogIndex last;
    engine::LogPosition at;
  };
  // The stretch from this entry on. REQUIRES: above the base, not above the last.
  Stretch Find(LogIndex index) const;
  // The least that a replay needs; nothing where there are no entries.
  std::optional<engine::SegmentOrdinal> OldestSegment() const;

 private:
  struct Place {  // of the entries from `first` on, up to those of the next place
    LogIndex first;
    engine::LogPosition at;  // where their bytes are
    // Where they came to be. Never goes back from place to place, as `at` does behind a fill, which
    // is nothing without the entry that it fills.
    engine::LogPosition home;
    bool lost = false;

    bool GoesOn(const Place& other) const {
      return at == other.at && home == other.home && lost == other.lost;
    }
  };
  Status TakeHead(const LogHead& head);
  Status TakeEntry(const Record& record, engine::LogPosition at);
  void TakeFill(const Record& record, engine::LogPosition at);
  void FillAt(std::size_t place, LogIndex index, engine::LogPosition at);
  void Cut(LogIndex from);
  void TakeBase(const Record& record);
  void Reset(LogIndex base, Term term);
  // The greatest index up to which the log is also what the head says; nothing where they differ
  // in all that both say.
  std::optional<LogIndex> AgreesUpTo(const LogHead& head) const;
  // The terms of the head that are behind the last.
  void AppendRuns(const LogHead& head);
  LogIndex FirstOfTerm(LogIndex last) const;
  std::size_t PlaceOf(LogIndex index) const;

  HardState hard_state_;
  TermRuns terms_;
  std::deque<Place> places_;  // by entry; empty where there are no entries
  // The entry that must come next in the log's order; 0: nothing has come yet.
  LogIndex next_;
  bool lacks_terms_ = false;
};

}  // namespace beach::raft
