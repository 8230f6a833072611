// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "engine/wal/log.h"
#include "env/files.h"
#include "raft/disk/disk_log.h"
#include "raft/disk/register.h"
#include "raft/types.h"

namespace beach::raft {

// What a damaged log is known to have been, from behind what the state machine holds on.
struct SalvagedLog {
  HardState hard_state;
  LogIndex base;
  Term base_term;
  std::vector<Entry> entries;  // all of them, those whose bytes are nowhere as EntryKind::kLost

  // As flights that follow each other, in a log that begins at that base. Gives up the entries.
  std::vector<engine::wal::Recovery::TailFlight> TakeFlights();
};

// Reads all that is sound in the segments of the register. `damage` is what was met; it is the
// error where it is not known what the log was: its end, its hard state, or the term of an entry.
// kRefused: another release wrote some of it. kIo: the device does not answer, or gives now what it
// refused: then nothing is lost. Blocking. Changes nothing on disk.
Result<SalvagedLog> Salvage(env::FileSystem& files, const std::string& directory,
                            const Register& content, const HeldState& held, const Error& damage);

}  // namespace beach::raft
