// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "raft/disk/disk_log.h"
#include "raft/types.h"

// For the crash test: what a log may hold after a crash. Work is a list of steps; a crash leaves
// all that was acknowledged and any number of the steps behind it. Damage leaves the same, but for
// bytes of entries, and may take what nothing vouched for yet.

namespace beach::raft::testing {

struct ModelEntry {
  Term term;
  std::uint64_t payload = 0;  // number of its payload, which gives size and content

  friend bool operator==(const ModelEntry&, const ModelEntry&) = default;
};

// The bytes of payload `number`.
Bytes PayloadOf(std::uint64_t number);

struct Step {
  enum class Kind : std::uint8_t { kHardState, kCut, kEntry, kBase };
  Kind kind{};
  HardState hard_state{};
  LogIndex index{};
  ModelEntry entry{};  // of kEntry; its term of kBase
  bool keeps_suffix = false;
};

struct ModelState {
  HardState hard_state;
  LogIndex base;
  Term base_term;
  std::map<LogIndex, ModelEntry> entries;

  LogIndex last() const { return entries.empty() ? base : entries.rbegin()->first; }
  std::optional<Term> TermAt(LogIndex index) const;
  void Take(const Step& step);
  void Reset(LogIndex index, Term term);
  void RaiseBase(LogIndex index);
};

struct FoundLog {
  DiskLogContents contents;
  std::vector<Entry> entries;
};

class CrashModel {
 public:
  // What all the work comes to.
  const ModelState& now() const { return now_; }
  LogIndex applied() const { return applied_; }
  Term applied_term() const { return applied_term_; }
  std::uint64_t issued() const { return steps_.size(); }
  bool idle() const { return acknowledged_ == steps_.size(); }
  std::uint64_t acknowledged() const { return acknowledged_; }
  LogIndex last_acknowledged() const { return durable_.last(); }
  std::optional<Term> TermAcknowledged(LogIndex index) const { return durable_.TermAt(index); }

  // Returns how many steps there are: what an acknowledgement names.
  std::uint64_t Issue(Step step);
  void Acknowledge(std::uint64_t steps);
  // The state machine holds all up to there durably.
  void Applied(LogIndex index, Term term);

  // The bytes of this entry may be gone, or are there again for good.
  void MayBeLost(LogIndex index, Term term) { lost_.insert({index, term}); }
  void UnacknowledgedMayBeLost();
  void Filled(LogIndex index, Term term) {
    lost_.erase({index, term});
    filled_.insert({index, term});
  }
  bool IsLost(LogIndex index, Term term) const { return lost_.contains({index, term}); }
  // At the last open, or since.
  bool WasLost(LogIndex index, Term term) const {
    return IsLost(index, term) || filled_.contains({index, term});
  }
  // Steps since the log was opened may be gone, acknowledged or not.
  void MayBeTorn() { torn_ = true; }

  // After a crash and an open. Empty: the log is as it may be, and all of it counts from here on.
  // Else what is wrong.
  std::string Found(const FoundLog& found);
  // What was once at this index in this term.
  std::optional<std::uint64_t> PayloadAt(LogIndex index, Term term) const;

 private:
  bool Matches(ModelState state, const FoundLog& found) const;

  ModelState opened_;   // as the log was found
  ModelState durable_;  // all that is acknowledged
  ModelState now_;
  std::vector<Step> steps_;  // since the log was opened
  std::uint64_t acknowledged_ = 0;
  LogIndex applied_;
  Term applied_term_;
  std::uint64_t starts_ = 0;
  bool torn_ = false;
  std::set<std::pair<LogIndex, Term>> lost_;
  std::set<std::pair<LogIndex, Term>> filled_;  // since the log was opened
  std::map<std::pair<LogIndex, Term>, std::uint64_t> history_;
};

}  // namespace beach::raft::testing
