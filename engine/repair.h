// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/types.h"
#include "env/env.h"

namespace beach::engine {

// What a repair costs, or has cost.
struct RepairReport {
  // What no repair mends: tables, the manifest, reads that failed. With any of it nothing is done,
  // and where the log itself could not be read, all below says nothing.
  std::vector<Error> damage;
  // Why the log cannot be read to its durable end; nothing: it can. All below is about that.
  std::optional<Error> log_damage;

  LogPosition end;                 // the log is cut here
  LogPosition durable;             // all below this was durable
  std::uint64_t flights_kept = 0;  // of those that tables do not hold
  std::uint64_t operations_kept = 0;
  SequenceNumber last_kept;  // in the log or in tables
  // Behind the damage and sound: dropped all the same, because what was before them is not there.
  std::uint64_t flights_lost = 0;
  std::uint64_t operations_lost = 0;
  std::uint64_t keys_lost = 0;  // distinct ones that these put or delete
  SequenceNumber first_lost;    // of these; 0: there is none
  SequenceNumber last_lost;
  // Sequence numbers between last_kept and last_lost that nothing tells of any more. How many there
  // were above last_lost nobody knows.
  std::uint64_t operations_unreadable = 0;

  bool repaired = false;
};

// Ends a damaged log at its first damage, as an open with RecoveryMode::kPointInTime does. A sound
// log is left as it is; a dry run changes nothing at all. A crash in the middle leaves what was
// there, or the repaired database: it may be run again. Errors are those of VerifyDatabase, and of
// the open.
Result<RepairReport> RepairDatabase(const env::Env& env, const std::string& directory,
                                    bool dry_run);

}  // namespace beach::engine
