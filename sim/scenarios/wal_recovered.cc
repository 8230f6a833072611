// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/wal_recovered.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/directory.h"
#include "engine/wal/format.h"
#include "env/marks.h"
#include "sim/disk/disk.h"
#include "sim/system_scope.h"

namespace beach::sim::scenarios::log_alone {
namespace {

using engine::ManifestState;
using engine::RecoveryMode;

// Where a damaged item may begin before the sector that is damaged: the largest that is written.
constexpr std::uint64_t kReachOfDamage = 2 * wal::kChunkSize;

struct Found {
  wal::Recovery recovery;
  std::vector<oracle::LogEntry> entries;
  SequenceNumber last_sequence;
  bool in_order = true;
};

Result<Found> Recover(const env::Env& env, const ManifestState& state, RecoveryMode mode) {
  Found found;
  if (state.segments.empty()) return found;
  const wal::RecoveryInput input{.directory = kDirectory,
                                 .segments = state.segments,
                                 .replay_from = state.replay_from,
                                 .durable = state.durable,
                                 .mode = mode};
  LogPosition reached = state.replay_from;
  const auto replay = [&](const wal::Flight& flight) -> Status {
    found.in_order = found.in_order && reached <= flight.begin && flight.begin < flight.end;
    reached = flight.end;
    found.entries.push_back({.first_sequence = flight.first_sequence.value,
                             .count = flight.count,
                             .payload = Bytes(flight.payload)});
    const SequenceNumber last(flight.first_sequence.value + flight.count - 1);
    found.last_sequence = std::max(found.last_sequence, last);
    return {};
  };
  BEACH_TRY_ASSIGN(found.recovery, wal::RecoverLog(*env.files, input, replay));
  found.in_order = found.in_order && reached <= found.recovery.end;
  return found;
}

class Opener {
 public:
  Opener(World& world, const env::Env& env, const OpenWork& work)
      : world_(world), env_(env), files_(*env.files), work_(work) {}

  Result<OpenedLog> Run() {
    BEACH_TRY(ReadDirectory());
    BEACH_TRY(RecoverAndJudge());
    BEACH_TRY(files_.SyncDirectory(kDirectory));
    engine::RemoveFilesFrom(files_, kDirectory, manifest_.state.next_file,
                            engine::ListedFiles(manifest_.state, manifest_.file));
    const bool many = state_.segments.size() > world_.plan.segments_max;
    const bool needed = !many && !found_.entries.empty();
    KeepSegments(needed);
    BEACH_TRY(StartSegment(needed));
    BEACH_TRY(state_.Check());
    BEACH_TRY_ASSIGN(opened_.manifest, engine::Manifest::Prepare(files_, kDirectory, state_,
                                                                 world_.plan.manifest_size_max));
    {
      const SystemScope system;
      BEACH_SOMETIMES("log_alone.damage_given_up", found_.recovery.loss.has_value());
      // What rot took, too: this open may die when it is the log already.
      if (found_.recovery.loss || world_.IsRotten()) world_.oracle.GiveUpRest();
      if (many) world_.oracle.Retire(end_);
    }
    BEACH_TRY(opened_.manifest->Publish());
    {
      const SystemScope system;
      world_.oracle.Opened();
      if (many) world_.oracle.Retired(end_);
      world_.report.opened = true;
      world_.tidy = false;
    }
    engine::RemoveDebris(files_, kDirectory, engine::ListedFiles(state_, opened_.manifest->file()));
    opened_.epoch = state_.epoch;
    opened_.last_sequence = state_.last_sequence;
    return std::move(opened_);
  }

 private:
  Status ReadDirectory() {
    BEACH_TRY(engine::PrepareDirectory(files_, kDirectory, true));
    BEACH_TRY_ASSIGN(auto contents, engine::InspectDirectory(files_, kDirectory));
    if (!contents.has_current) {
      engine::Options options;
      options.manifest_size_max = world_.plan.manifest_size_max;
      BEACH_TRY(engine::CreateDatabase(env_, kDirectory, contents, options));
      BEACH_TRY_ASSIGN(contents, engine::InspectDirectory(files_, kDirectory));
    }
    BEACH_TRY_ASSIGN(manifest_, engine::ReadDatabase(files_, kDirectory));
    BEACH_TRY_ASSIGN(const auto unlisted,
                     engine::InspectUnlistedSegments(files_, kDirectory, contents, manifest_));
    state_ = manifest_.state;
    state_.epoch = std::max(state_.epoch, unlisted.epoch_max);
    state_.next_file = std::max(state_.next_file, contents.highest_number.Next());
    return {};
  }

  Status RecoverAndJudge() {
    auto found = Recover(env_, state_, RecoveryMode::kTornTail);
    const bool damaged = !found && found.error().code() == ErrorCode::kCorruption;
    if (damaged && !world_.DamageExplains(found.error())) {
      world_.simulation.Fail("false-corruption", "recovery found damage where none was done: " +
                                                     found.error().ToString());
    }
    BEACH_SOMETIMES("log_alone.damage_refused", damaged);
    BEACH_SOMETIMES("log_alone.rot_survived", found && world_.IsRotten());
    if (work_.peek && (found || damaged)) Compare(found);
    if (damaged && work_.give_up) {
      found = Recover(env_, state_, RecoveryMode::kPointInTime);
      if (found) JudgeLoss(*found);
    }
    if (!found) return Fail(std::move(found).error());
    found_ = *std::move(found);
    Judge();
    return {};
  }

  void Judge() {
    const wal::Recovery& recovery = found_.recovery;
    if (!found_.in_order) {
      world_.simulation.Fail("out-of-order", "recovery replays positions that do not ascend");
    }
    oracle::Judgement judgement;
    {
      const SystemScope system;
      const auto floor = recovery.loss ? 0 : world_.oracle.Floor(world_.IsRotten());
      judgement = world_.oracle.Recovered(found_.entries, floor);
      if (!judgement) end_ = world_.oracle.found_end();
      world_.Trace("recovered " + std::to_string(found_.entries.size()) + " entries, the end " +
                   std::to_string(recovery.end.segment.value) + ":" +
                   std::to_string(recovery.end.offset) + ", durable " +
                   std::to_string(recovery.durable.segment.value) + ":" +
                   std::to_string(recovery.durable.offset));
    }
    world_.Settle(judgement);
    const bool torn = recovery.torn || recovery.bytes_beyond_end > 0 || !recovery.tail.empty();
    if (world_.tidy && torn && !world_.IsRotten()) {
      world_.simulation.Fail("torn-after-close",
                             "a clean close left a log with a torn end, or not vouched for");
    }
  }

  // The log may end in front of the damage only, and what is behind was in it.
  void JudgeLoss(const Found& found) {
    const std::optional<wal::LogLoss>& loss = found.recovery.loss;
    if (!loss) {
      world_.simulation.Fail("loss-untold",
                             "point-in-time opened a log that torn-tail refused, "
                             "and says that nothing is lost");
    }
    if (!world_.DamageExplains(loss->damage)) {
      world_.simulation.Fail(
          "false-corruption",
          "point-in-time gave up where no damage was done: " + loss->damage.ToString());
    }
    const LogPosition end = found.recovery.end;
    bool reached = false;
    {
      const SystemScope system;
      reached = std::ranges::any_of(world_.simulation.disk(world_.host).Damages(),
                                    [&](const Damage& damage) {
                                      return damage.offset < wal::kSegmentHeaderSize ||
                                             (end.offset < damage.offset + damage.length &&
                                              damage.offset < end.offset + kReachOfDamage);
                                    });
    }
    if (!reached) {
      world_.simulation.Fail("lost-before-damage", "point-in-time ended the log at offset " +
                                                       std::to_string(end.offset) +
                                                       ", which is not where the damage is");
    }
  }

  // What the modes say of one log. A read that fails, as it may, says nothing.
  void Compare(const Result<Found>& usual) {
    const auto again = Recover(env_, state_, RecoveryMode::kTornTail);
    const auto strict = Recover(env_, state_, RecoveryMode::kAbsolute);
    const auto lenient = Recover(env_, state_, RecoveryMode::kPointInTime);
    const auto differs = [&](const Result<Found>& other) {
      return !usual || !other || other->entries != usual->entries ||
             other->recovery.end != usual->recovery.end;
    };
    const auto corrupt = [](const Result<Found>& other) {
      return !other && other.error().code() == ErrorCode::kCorruption;
    };
    if (usual && (again || corrupt(again)) && differs(again)) {
      return Disagree("two recoveries of one log");
    }
    if (usual && (lenient || corrupt(lenient)) && (differs(lenient) || lenient->recovery.loss)) {
      return Disagree("point-in-time and torn-tail, of a log that is sound,");
    }
    const bool torn = usual && (usual->recovery.torn || usual->recovery.bytes_beyond_end > 0);
    if (strict && (torn || differs(strict))) return Disagree("absolute and torn-tail");
    if (usual && !torn && corrupt(strict)) return Disagree("absolute, of a log without torn end,");
    if (!usual && corrupt(lenient)) return Disagree("point-in-time, which must end the log,");
    if (!usual && lenient) JudgeLoss(*lenient);
  }

  void Disagree(const char* what) {
    world_.simulation.Fail("modes-disagree", std::string(what) + " differ");
  }

  // Those that hold what stands between the place that replay begins at and V; none of a log that
  // is kept elsewhere, or empty.
  void KeepSegments(bool needed) {
    highest_ = std::max(state_.replay_from.segment, state_.durable.segment);
    for (const wal::Segment& segment : manifest_.state.segments) {
      highest_ = std::max(highest_, segment.ordinal);
    }
    state_.segments.clear();
    if (needed) state_.segments = found_.recovery.kept;
    if (!needed) found_.recovery.tail.clear();
  }

  Status StartSegment(bool needed) {
    state_.epoch = state_.epoch.Next();
    wal::Segment& segment = opened_.segment;
    segment.ordinal = highest_.Next();
    segment.file = state_.next_file;
    state_.next_file = state_.next_file.Next();
    const std::vector<wal::Recovery::TailFlight>& tail = found_.recovery.tail;
    segment.size_bytes = wal::TailSegmentSize(tail, world_.plan.segment_size);
    wal::SegmentHeader header{
        .ordinal = segment.ordinal, .epoch = state_.epoch, .predecessor_end = {}};
    if (needed) header.predecessor_end = found_.recovery.durable;
    const std::string path = env::JoinPath(kDirectory, wal::SegmentFileName(segment.file));
    BEACH_TRY(wal::CreateSegment(files_, path, segment.size_bytes, header));
    BEACH_TRY_ASSIGN(opened_.end, wal::RelogTail(files_, path, segment, state_.epoch, tail));
    BEACH_TRY(files_.SyncDirectory(kDirectory));
    if (!needed) state_.replay_from = opened_.end;
    state_.segments.push_back(segment);
    state_.durable = opened_.end;
    SequenceNumber last = std::max(state_.last_sequence, found_.last_sequence);
    if (found_.recovery.loss) last = std::max(last, found_.recovery.loss->last_sequence);
    state_.last_sequence = last;
    return {};
  }

  World& world_;
  const env::Env& env_;
  env::FileSystem& files_;
  const OpenWork& work_;
  engine::ManifestOnDisk manifest_;
  ManifestState state_;  // as it will be
  Found found_;
  oracle::LogOracle::Place end_ = 0;
  SegmentOrdinal highest_;
  OpenedLog opened_;
};

}  // namespace

Result<OpenedLog> OpenLog(World& world, const env::Env& env, const OpenWork& work) {
  return Opener(world, env, work).Run();
}

}  // namespace beach::sim::scenarios::log_alone
