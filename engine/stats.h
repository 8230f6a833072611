// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace beach::engine {

// What a handle has done since it was opened, and what its tables are now. A value.
struct DbStats {
  struct Level {
    std::uint64_t tables = 0;
    std::uint64_t bytes = 0;
  };

  // Written, in bytes.
  std::uint64_t user_bytes = 0;  // batches, as encoded
  std::uint64_t log_bytes = 0;   // what the log took for them, padding included
  std::uint64_t flush_bytes = 0;
  std::uint64_t compaction_bytes = 0;
  // Read by compactions.
  std::uint64_t compaction_read_bytes = 0;

  std::uint64_t flushes = 0;
  std::uint64_t compactions = 0;  // finished, moves not counted
  std::uint64_t moves = 0;
  std::uint64_t expired_dropped = 0;  // values that compactions found expired for everybody
  std::uint64_t compactions_failed = 0;
  std::uint64_t compactions_running = 0;
  std::uint64_t tables_aside = 0;  // that could not be read, and that no compaction takes now

  std::vector<Level> levels;
  std::uint64_t time = 0;  // the database's, as a read that begins now sees it

  std::uint64_t named_tables = 0;  // that there are; their names: Db::ListTables

  // That live, and views (memtables and tables) that readers still look at though others have taken
  // their place: with no read, iterator or snapshot there is none.
  std::uint64_t snapshots = 0;
  std::uint64_t log_cursors = 0;
  std::uint64_t log_pinned_bytes = 0;  // of log segments that only cursors still need
  std::uint64_t file_pins = 0;
  std::uint64_t pinned_views = 0;

  // Why writers are slowed down ("" where they are not), how much (0 to 1000; there they wait), and
  // the bytes to be moved before all levels are as they should be.
  std::string pressure_reason;
  std::uint64_t pressure = 0;
  std::uint64_t debt_bytes = 0;
  std::uint64_t throttled_ns = 0;  // that writers have waited for it

  // Amplification, in hundredths. Bytes written to disk for each byte of the user's.
  std::uint64_t write_amplification() const;
  // Sources that a read of a key that is not there may have to ask, beside memtables.
  std::uint64_t read_amplification() const;
  // Bytes of all tables for each byte of the deepest level that has any.
  std::uint64_t space_amplification() const;

  // For people: several lines, each ending in a newline.
  std::string ToString() const;
};

}  // namespace beach::engine
