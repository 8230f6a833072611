// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "engine/manifest/manifest.h"
#include "engine/types.h"
#include "engine/wal/log.h"
#include "env/env.h"
#include "sim/scenarios/wal_world.h"

namespace beach::sim::scenarios::log_alone {

using engine::LogPosition;
using engine::OpenEpoch;
using engine::SegmentOrdinal;
using engine::SequenceNumber;
namespace wal = engine::wal;

// How an open goes about it.
struct OpenWork {
  bool peek = false;     // recovers in every mode, and compares
  bool give_up = false;  // a log that is refused as damaged ends at the damage
};

// A log that was recovered, judged, and made durable: appending goes on in `segment` at `end`.
struct OpenedLog {
  std::unique_ptr<engine::Manifest> manifest;
  OpenEpoch epoch;
  wal::Segment segment;
  LogPosition end;
  SequenceNumber last_sequence;
};

// From a directory to a log that may be appended to: steps 1 to 5 of docs/formats/wal.md, around
// the engine's directory, manifest and recovery. In the process under test. An error is one that
// somebody has to explain; what is found wrong ends the run.
Result<OpenedLog> OpenLog(World& world, const env::Env& env, const OpenWork& work);

}  // namespace beach::sim::scenarios::log_alone
