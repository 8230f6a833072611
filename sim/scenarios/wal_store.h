// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "engine/manifest/manifest.h"
#include "engine/wal/log.h"
#include "env/env.h"
#include "env/threads.h"
#include "sim/scenarios/wal_recovered.h"
#include "sim/scenarios/wal_workload.h"
#include "sim/scenarios/wal_world.h"

namespace beach::sim::scenarios::log_alone {

// The user of a log: what a database does around it, and nothing else. It has the engine's manifest
// to list the segments, makes them ahead of their time in a thread of its own, lets several flights
// be under way, and acknowledges each when log->durable() has passed it. Tells the oracle each
// promise at the moment it is made. Lives in the memory of the process under test; thread-safe.
class Store {
 public:
  Store(World& world, const env::Env& env, OpenedLog opened);
  ~Store();

  // Opens the log and starts the thread that prepares segments.
  Status Start();
  // Each ends in a promise, or in an error: then nothing is known, but for kNoSpace, which says
  // that nothing was written.
  Status Append(const Command& command);
  Status Sync();
  Status Vouch();
  void Mark();
  Status Retire();
  // Returns when no segment is being prepared.
  void AwaitRest();
  // All other calls have returned.
  Status Close();

  bool poisoned();

 private:
  using Place = oracle::LogOracle::Place;
  struct LogMark {
    LogPosition position;
    Place place = 0;
    SequenceNumber last_sequence;
  };

  // All under mutex_, which they give up meanwhile where they wait.
  void AwaitLandings();
  // Until the log has taken up a segment that the write fits.
  Status MakeRoom(std::uint64_t size, bool sync);
  Status AwaitSegment();
  SequenceNumber Enter(const Command& command, const Bytes& payload);
  Status Fly(wal::PendingFlight& flight, Place end, Place vouched);
  Status AwaitLower(LogPosition end);
  LogMark MarkEnd();
  Status Poison(const Error& error);
  Status LogFailed(const Error& error);

  Result<wal::Segment> NextSegment(LogPosition end);
  void PrepareLoop();
  Status PrepareSegment();
  Status MakeSegmentFile(const wal::Segment& segment, SegmentOrdinal predecessor,
                         const std::optional<wal::Segment>& spare);
  void RemoveFile(const wal::Segment& segment);

  World& world_;
  const env::Env env_;
  const std::unique_ptr<engine::Manifest> manifest_;
  const OpenEpoch epoch_;
  const wal::Segment first_segment_;
  const LogPosition first_end_;
  std::unique_ptr<wal::Log> log_;

  env::Mutex mutex_;  // also held by whoever calls the log, but to await a flight
  // All below under mutex_.
  std::size_t in_flight_ = 0;
  bool log_failed_ = false;
  std::optional<LogPosition> failed_at_;  // the lowest flight that has failed ends there
  env::CondVar landed_;
  SequenceNumber last_sequence_;
  std::optional<LogMark> mark_;
  bool retiring_ = false;
  std::optional<Error> poison_;  // of the manifest or a new segment; the log says its own itself
  std::deque<wal::Segment> ready_;
  std::vector<wal::Segment> spare_;
  SegmentOrdinal last_ordinal_;
  bool segment_wanted_ = false;
  bool closing_ = false;
  std::uint64_t attempts_ = 0;
  std::optional<Error> no_space_;  // how the last attempt ended
  env::CondVar prepare_;
  env::CondVar prepared_;
  env::Thread thread_;
};

}  // namespace beach::sim::scenarios::log_alone
