// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/db.h"
#include "engine/write_batch.h"
#include "sim/scenarios/engine_backup_plan.h"

namespace beach::sim::scenarios::copies {

using Values = std::map<Bytes, Bytes>;

// How far in the future of its time a database is read as well: what has been told to expire by
// then.
inline constexpr std::uint64_t kLookAhead = 30;

// What a database shows.
struct State {
  Values values;
  Values later;  // to whom asks for kLookAhead more than its time
  std::uint64_t time = 0;

  friend bool operator==(const State&, const State&) = default;
};

// All there is at one moment, or the error that kept it from being read; in the process's memory.
Result<State> ReadState(engine::Db& db);

engine::WriteBatch BatchOf(const Command& command);

// Which batch got which sequence numbers: what any state of the database is a prefix of. A value,
// so that a copy that was made keeps the history that it is of, whatever the database loses later.
class History {
 public:
  void Add(std::uint64_t first, std::uint64_t count, std::uint64_t id) {
    batches_[first] = {.id = id, .count = count};
  }
  // What was above is lost; its numbers may be given again.
  void Cut(std::uint64_t last) { batches_.erase(batches_.upper_bound(last), batches_.end()); }
  // Nothing where a batch would be cut in two.
  std::optional<State> At(std::uint64_t last,
                          const std::map<std::uint64_t, Command>& batches) const;
  struct Batch {
    std::uint64_t id = 0;
    std::uint64_t count = 0;
  };
  // That holds the first operation above, and its first number; {}: there is none.
  std::pair<std::uint64_t, Batch> After(std::uint64_t last) const;
  std::uint64_t LastOf(std::uint64_t id) const;
  std::uint64_t last() const;

 private:
  std::map<std::uint64_t, Batch> batches_;  // by first sequence number
};

}  // namespace beach::sim::scenarios::copies
