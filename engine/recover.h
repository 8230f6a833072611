// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/log_shelf.h"
#include "engine/manifest/manifest.h"
#include "engine/options.h"
#include "engine/view.h"
#include "engine/wal/log.h"
#include "env/env.h"

namespace beach::engine {

struct Recovered {
  // What the next manifest file is to say. Until it does, the directory means what it meant.
  ManifestState state;
  std::shared_ptr<LoggedMemtable> memtable;  // what tables do not hold
  SequenceNumber last_sequence;
  wal::Segment segment;  // fresh: the log goes on in it
  LogPosition end;       // at this position
  // The one behind it, kept for deletes; nothing where there was no space.
  std::optional<wal::Segment> reserve;
  LogStart log_start;  // what cursors may read
};

// Reads the log that `state` lists, replays it, and makes durable what it found: as tables, where
// it exceeded a memtable, else by copying the tail into a fresh segment (step 5 of
// docs/formats/wal.md). Changes nothing that `state` lists, so that a crash at any point leaves the
// same to recover. A log that is refused leaves the directory untouched: all of it is read before
// anything is written. Then debris numbered from the manifest's own next_file on is removed first:
// that of opens that failed or crashed, which would pile up, and which no state that a power loss
// may bring back lists. REQUIRES: `state` is the manifest's, but state.next_file is above every
// number in the directory, state.epoch not below any segment's in it.
Result<Recovered> RecoverDatabase(const env::Env& env, const std::string& directory,
                                  const Options& options, const ManifestState& state,
                                  const ManifestOnDisk& manifest);

// What a flight holds, checked as hostile input; errors name the segment's file and the offset.
// `last` is the newest sequence number below it, and becomes its own. Without a memtable it is only
// checked.
Status ReplayFlight(const std::string& directory, const std::vector<wal::Segment>& segments,
                    const wal::Flight& flight, SequenceNumber& last, LoggedMemtable* memtable);

}  // namespace beach::engine
