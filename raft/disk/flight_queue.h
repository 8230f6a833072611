// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "raft/output.h"
#include "raft/types.h"

namespace beach::raft {

// What is done once a flight is durable: work of a core is, or somebody is to be told.
using Completion = std::variant<PersistId, std::function<void()>>;

// The records of one flight, without the version before them.
struct StagedFlight {
  Bytes records;
  std::uint32_t count = 0;
  std::size_t runs = 0;                 // of terms that begin in it, and
  Term last_term;                       // the last of them
  std::vector<Completion> completions;  // of what ends in it, in order
};

// Work that waits for a flight, and its records. Work that is larger than a flight goes out in
// several, in the order of its records, and is complete with the last. So does what has more terms
// than the head of the next flight tells of.
class FlightQueue {
 public:
  void Push(Persist&& persist);
  void PushBase(LogIndex index, Term term, bool keeps_suffix, std::function<void()> done);
  bool empty() const { return queue_.empty(); }
  void Clear() { queue_.clear(); }

  // Takes what fits `bytes_max`; one record at least. REQUIRES: not empty.
  StagedFlight Stage(std::uint64_t bytes_max);

 private:
  struct Base {
    LogIndex index;
    Term term;
    bool keeps_suffix = false;
    std::function<void()> done;
  };
  struct Work {
    std::variant<Persist, Base> what;
    std::size_t fills_taken = 0;  // of a Persist
    std::size_t entries_taken = 0;
  };
  // False: the rest of it goes into the next flight.
  static bool Take(Work& work, std::uint64_t bytes_max, StagedFlight& flight);
  static bool TakePersist(Work& work, Persist& persist, std::uint64_t bytes_max,
                          StagedFlight& flight);
  static bool TakeFills(Work& work, Persist& persist, std::uint64_t bytes_max,
                        StagedFlight& flight);
  static bool TakeEntries(Work& work, Persist& persist, std::uint64_t bytes_max,
                          StagedFlight& flight);

  std::deque<Work> queue_;
};

}  // namespace beach::raft
