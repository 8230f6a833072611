// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "oracle/crash_oracle.h"
#include "oracle/value_id.h"
#include "oracle/violation.h"

namespace beach::oracle {

// What stands in a log: one write, as it was handed to it or as it came back. Its payload names it
// (MakeValue).
struct LogEntry {
  std::uint64_t first_sequence = 0;
  std::uint64_t count = 0;
  Bytes payload;

  friend bool operator==(const LogEntry&, const LogEntry&) = default;
};

// Judges a log by itself: entries go in at its end and come back in order, from where it was
// retired to, at least as many as were promised. A *place* is how many entries were ever put below;
// one that recovery cut is given again. The order of events is
//   Ended, Recovered (and an open that dies: Ended, Recovered), Opened
// and only then are entries appended again. Not thread-safe.
class LogOracle {
 public:
  using Place = std::uint64_t;

  // The entry has the next place. Nothing is known of its fate.
  void Append(LogEntry entry) { entries_.push_back(std::move(entry)); }
  Place end() const { return begin_ + entries_.size(); }

  // What has been promised of all below a place: that the process's death leaves it, that a power
  // loss does, and that a later entry which a power loss leaves says so too.
  void Acknowledged(Place end);
  void Durable(Place end);
  void Vouched(Place end);
  Place durable() const { return durable_; }

  // All below `end` is kept elsewhere, durably, and the log may begin there from now on; it must,
  // once Retired says so.
  void Retire(Place end) { begins_.push_back(end); }
  void Retired(Place end);

  void Ended(LifeEnd end);

  // Up to where the log must have survived. `rotted`: one place of it has rotted, and whoever reads
  // it may see that: what nothing later vouches for may be cut off like a torn end.
  Place Floor(bool rotted) const;

  // All that a recovery found, in order, and the places up to which that has to reach.
  Judgement Recovered(const std::vector<LogEntry>& found, Place floor);
  // What was last found is the log from now on, and durable; what it lacks is cut for good.
  void Opened();
  // Where that ends.
  Place found_end() const { return *found_end_; }
  // What was last found may become the log from now on, whatever was promised of the rest: somebody
  // has asked for that.
  void GiveUpRest();
  // What has been found so far binds nobody: damage is seen now that was not, or no longer is.
  void Forget() { found_end_.reset(); }

 private:
  // How many of `found` stand in the log from `begin` on.
  std::uint64_t Matches(Place begin, const std::vector<LogEntry>& found) const;
  Place LikelyBegin(const std::vector<LogEntry>& found, Place floor) const;
  Violation Explain(Place begin, const std::vector<LogEntry>& found, Place floor) const;
  Violation ExplainEntry(Place place, const LogEntry& found) const;
  std::string Describe(Place place) const;
  void DropBelow(Place end);

  Place begin_ = 0;               // of entries_
  std::deque<LogEntry> entries_;  // from begin_ on
  std::vector<Place> begins_;     // where else the log may begin
  Place acknowledged_ = 0;
  Place durable_ = 0;
  Place vouched_ = 0;
  bool power_lost_ = false;         // since the log was last opened
  std::optional<Place> found_end_;  // by a recovery that this machine's cache has outlived
  Place found_begin_ = 0;
  std::vector<BatchId> gone_;  // cut or retired
};

}  // namespace beach::oracle
