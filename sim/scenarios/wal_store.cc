// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/wal_store.h"

#include <string>
#include <utility>

#include "base/check.h"
#include "base/no_space.h"
#include "env/marks.h"
#include "sim/system_scope.h"

namespace beach::sim::scenarios::log_alone {

Store::Store(World& world, const env::Env& env, OpenedLog opened)
    : world_(world),
      env_(env),
      manifest_(std::move(opened.manifest)),
      epoch_(opened.epoch),
      first_segment_(opened.segment),
      first_end_(opened.end),
      last_sequence_(opened.last_sequence),
      last_ordinal_(opened.segment.ordinal) {}

Store::~Store() { static_cast<void>(Close()); }

Status Store::Start() {
  wal::LogOptions options;
  options.files = env_.files;
  options.directory = kDirectory;
  options.direct = world_.plan.direct;
  options.epoch = epoch_;
  options.flights_max = world_.plan.flights_max;
  options.next_segment = [this](LogPosition end) { return NextSegment(end); };
  BEACH_TRY_ASSIGN(log_, wal::Log::Open(std::move(options), first_segment_, first_end_));
  thread_ = env::Thread("prepare", [this] { PrepareLoop(); });
  return {};
}

bool Store::poisoned() {
  const env::MutexLock lock(mutex_);
  return log_failed_ || poison_.has_value();
}

void Store::AwaitRest() {
  const env::MutexLock lock(mutex_);
  while (segment_wanted_ && !poison_) prepared_.Wait(mutex_);
}

Status Store::Poison(const Error& error) {
  mutex_.AssertHeld();
  if (!poison_) poison_ = error;
  prepared_.NotifyAll();
  return Fail(error);
}

// The log is asked again nevertheless: it has to refuse by itself.
Status Store::LogFailed(const Error& error) {
  mutex_.AssertHeld();
  if (error.code() == ErrorCode::kNoSpace) {
    world_.simulation.Fail("no-space-half-way",
                           "a write that had begun says that nothing of it "
                           "was written: " +
                               error.ToString());
  }
  log_failed_ = true;
  return Fail(error);
}

void Store::AwaitLandings() {
  mutex_.AssertHeld();
  while (in_flight_ > 0) landed_.Wait(mutex_);
}

Status Store::MakeRoom(std::uint64_t size, bool sync) {
  mutex_.AssertHeld();
  bool rotate = false;
  while (true) {
    // How many may fly is asked anew after each wait: the next segment may not be written directly.
    while (in_flight_ > (sync ? log_->flights_max() - 1 : 0)) landed_.Wait(mutex_);
    if (poison_) return Fail(*poison_);
    // Asked again after each wait: somebody else may have gone on to the next segment.
    rotate = log_->WantsRotation(size, sync);
    if (!rotate) return {};
    if (in_flight_ > 0) {
      AwaitLandings();
      continue;
    }
    if (!ready_.empty()) break;
    BEACH_TRY(AwaitSegment());
  }
  if (const Status rotated = log_->Rotate(); !rotated) {
    if (rotated.error().code() == ErrorCode::kNoSpace) return rotated;
    return LogFailed(rotated.error());
  }
  const SystemScope system;
  oracle::LogOracle& oracle = world_.oracle;
  oracle.Durable(oracle.end());
  oracle.Vouched(oracle.end());
  return {};
}

// kNoSpace: of an attempt that ended after the call began.
Status Store::AwaitSegment() {
  mutex_.AssertHeld();
  const std::uint64_t attempts = attempts_;
  segment_wanted_ = true;
  prepare_.NotifyOne();
  while (attempts == attempts_ && !poison_) prepared_.Wait(mutex_);
  if (ready_.empty() && no_space_) return Fail(*no_space_);
  return {};
}

// Takes the next place and sequence numbers.
SequenceNumber Store::Enter(const Command& command, const Bytes& payload) {
  mutex_.AssertHeld();
  const SequenceNumber first = last_sequence_.Next();
  last_sequence_ = SequenceNumber(last_sequence_.value + command.count);
  const SystemScope system;
  world_.oracle.Append(
      {.first_sequence = first.value, .count = command.count, .payload = Bytes(payload)});
  return first;
}

Status Store::Append(const Command& command) {
  const Bytes payload = MakePayload(command.id, command.size);
  const env::MutexLock lock(mutex_);
  BEACH_TRY(MakeRoom(payload.size(), command.sync));
  oracle::LogOracle& oracle = world_.oracle;
  const Place vouched = oracle.durable();
  const wal::LogWrite write{.payload = payload,
                            .first_sequence = Enter(command, payload),
                            .count = static_cast<std::uint32_t>(command.count),
                            .sync = command.sync};
  const Place end = oracle.end();
  const bool failed_before = log_failed_;
  if (!command.sync) {
    if (const auto written = log_->AppendRun(write); !written) return LogFailed(written.error());
  } else {
    auto flight = log_->Submit(write);
    if (!flight) return LogFailed(flight.error());
    BEACH_TRY(Fly(**flight, end, vouched));
  }
  if (failed_before) {
    world_.simulation.Fail("acknowledged-after-failure",
                           "a log that has failed took entry " + std::to_string(command.id));
  }
  const bool far = log_->end().offset >= world_.plan.segment_size / 2;
  if (far && !segment_wanted_ && ready_.empty() && !no_space_) {
    segment_wanted_ = true;
    prepare_.NotifyOne();
  }
  if (command.sync) return {};
  const SystemScope system;
  oracle.Acknowledged(end);
  return {};
}

Status Store::Fly(wal::PendingFlight& flight, Place end, Place vouched) {
  mutex_.AssertHeld();
  ++in_flight_;
  Status status;
  {
    const env::MutexUnlock unlock(mutex_);
    status = flight.Await();
  }
  if (status) {
    status = AwaitLower(flight.end());
  } else {
    if (!failed_at_ || flight.end() < *failed_at_) failed_at_ = flight.end();
    status = LogFailed(status.error());
  }
  --in_flight_;
  landed_.NotifyAll();
  BEACH_TRY(std::move(status));
  const SystemScope system;
  world_.oracle.Durable(end);
  world_.oracle.Vouched(vouched);
  return {};
}

// Those below a flight that has landed may be under way still, and take it with them where they
// fail.
Status Store::AwaitLower(LogPosition end) {
  mutex_.AssertHeld();
  landed_.NotifyAll();
  while (log_->durable() < end) {
    if (failed_at_ && *failed_at_ < end) {
      return Fail(ErrorCode::kIo, "a flight below this one has failed");
    }
    landed_.Wait(mutex_);
  }
  return {};
}

Status Store::Sync() {
  const env::MutexLock lock(mutex_);
  AwaitLandings();
  if (const Status synced = log_->Sync(); !synced) return LogFailed(synced.error());
  const SystemScope system;
  world_.oracle.Durable(world_.oracle.end());
  return {};
}

Status Store::Vouch() {
  const env::MutexLock lock(mutex_);
  AwaitLandings();
  if (const Status vouched = log_->Vouch(); !vouched) return LogFailed(vouched.error());
  if (log_->NeedsVouch()) {
    world_.simulation.Fail("vouch-not-written", "a log that was vouched for needs it still");
  }
  const SystemScope system;
  world_.oracle.Durable(world_.oracle.end());
  world_.oracle.Vouched(world_.oracle.end());
  return {};
}

Store::LogMark Store::MarkEnd() {
  mutex_.AssertHeld();
  return {.position = log_->end(), .place = world_.oracle.end(), .last_sequence = last_sequence_};
}

void Store::Mark() {
  const env::MutexLock lock(mutex_);
  AwaitLandings();
  if (!log_failed_ && !poison_ && !retiring_) mark_ = MarkEnd();
}

// What a flush does with the log when its table is durable.
Status Store::Retire() {
  const env::MutexLock lock(mutex_);
  AwaitLandings();
  if (poison_) return Fail(*poison_);
  if (retiring_ || log_failed_) return {};
  const LogMark mark = mark_ ? *mark_ : MarkEnd();
  BEACH_SOMETIMES("log_alone.retired_in_a_segment", mark.position < log_->end());
  mark_.reset();
  engine::ManifestEdit edit;
  edit.last_sequence = mark.last_sequence;
  edit.replay_from = mark.position;
  edit.durable = std::max(log_->durable(), mark.position);
  std::vector<wal::Segment> retired;
  for (const wal::Segment& segment : manifest_->state().segments) {
    if (segment.ordinal >= mark.position.segment) continue;
    edit.segments_removed.push_back(segment.ordinal);
    retired.push_back(segment);
  }
  {
    const SystemScope system;
    world_.oracle.Retire(mark.place);
  }
  retiring_ = true;
  Status applied;
  {
    const env::MutexUnlock unlock(mutex_);
    applied = manifest_->Apply(std::move(edit));
  }
  retiring_ = false;
  if (!applied) return Poison(WithoutNoSpace(applied.error()));
  {
    const SystemScope system;
    world_.oracle.Retired(mark.place);
  }
  for (const wal::Segment& segment : retired) {
    if (segment.size_bytes == world_.plan.segment_size &&
        spare_.size() < world_.plan.recycled_max) {
      spare_.push_back(segment);
    } else {
      RemoveFile(segment);
    }
  }
  return {};
}

Status Store::Close() {
  {
    const env::MutexLock lock(mutex_);
    closing_ = true;
    prepare_.NotifyAll();
  }
  if (thread_.joinable()) thread_.Join();
  Status status;
  if (log_ != nullptr) status = log_->Close();
  log_.reset();
  for (const wal::Segment& segment : std::exchange(spare_, {})) RemoveFile(segment);
  if (poison_) return Fail(*poison_);
  return status;
}

// Called by Rotate, with mutex_ held by its caller.
Result<wal::Segment> Store::NextSegment(LogPosition end) {
  mutex_.AssertHeld();
  BEACH_CHECK(!ready_.empty());
  const wal::Segment next = ready_.front();
  ready_.pop_front();
  engine::ManifestEdit edit;
  edit.segments_sealed.push_back({.ordinal = end.segment, .end = end.offset});
  if (Status applied = manifest_->Apply(std::move(edit)); !applied) {
    return Fail(WithoutNoSpace(std::move(applied).error()));
  }
  return next;
}

void Store::PrepareLoop() {
  const env::MutexLock lock(mutex_);
  while (true) {
    while (!closing_ && (poison_ || !segment_wanted_)) prepare_.Wait(mutex_);
    if (closing_) return;
    Status prepared;
    if (ready_.empty()) prepared = PrepareSegment();
    segment_wanted_ = false;
    no_space_.reset();
    if (!prepared && prepared.error().code() == ErrorCode::kNoSpace) {
      no_space_ = prepared.error();
    } else if (!prepared) {
      static_cast<void>(Poison(prepared.error()));
    }
    ++attempts_;
    prepared_.NotifyAll();
  }
}

Status Store::PrepareSegment() {
  mutex_.AssertHeld();
  std::optional<wal::Segment> spare;
  if (!spare_.empty()) {
    spare = spare_.back();
    spare_.pop_back();
  }
  const SegmentOrdinal predecessor = last_ordinal_;
  wal::Segment segment{.ordinal = predecessor.Next(),
                       .file = {},
                       .size_bytes = world_.plan.segment_size,
                       .end = wal::Segment::kOpenEnd};
  {
    const env::MutexUnlock unlock(mutex_);
    segment.file = manifest_->NewFileNumber();
    if (Status made = MakeSegmentFile(segment, predecessor, spare); !made) {
      RemoveFile(segment);
      if (spare) RemoveFile(*spare);
      return made;
    }
    engine::ManifestEdit edit;
    edit.segments_added.push_back(segment);
    if (Status applied = manifest_->Apply(std::move(edit)); !applied) {
      return Fail(WithoutNoSpace(std::move(applied).error()));
    }
  }
  BEACH_SOMETIMES("log_alone.segment_recycled", spare.has_value());
  last_ordinal_ = segment.ordinal;
  ready_.push_back(segment);
  return {};
}

Status Store::MakeSegmentFile(const wal::Segment& segment, SegmentOrdinal predecessor,
                              const std::optional<wal::Segment>& spare) {
  const std::string path = env::JoinPath(kDirectory, wal::SegmentFileName(segment.file));
  const wal::SegmentHeader header{
      .ordinal = segment.ordinal, .epoch = epoch_, .predecessor_end = {predecessor, 0}};
  if (spare) {
    const std::string from = env::JoinPath(kDirectory, wal::SegmentFileName(spare->file));
    BEACH_TRY(wal::RecycleSegment(*env_.files, from, path, *spare, header));
  } else {
    BEACH_TRY(wal::CreateSegment(*env_.files, path, segment.size_bytes, header));
  }
  return env_.files->SyncDirectory(kDirectory);
}

// Best effort: what stays is debris that the next open removes.
void Store::RemoveFile(const wal::Segment& segment) {
  static_cast<void>(
      env_.files->Remove(env::JoinPath(kDirectory, wal::SegmentFileName(segment.file))));
}

}  // namespace beach::sim::scenarios::log_alone
