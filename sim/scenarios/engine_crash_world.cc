// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_crash_world.h"

#include <algorithm>

#include "base/random.h"
#include "sim/disk/disk.h"
#include "sim/scenarios/engine_crash_workload.h"
#include "sim/system_scope.h"

namespace beach::sim::scenarios::engine_crash {
namespace {

constexpr Site kSequenced = "write.sequenced";
constexpr Site kRefused = "write.refused";
constexpr Site kLost = "open.log_lost";
constexpr Site kPoisoned = "db.poisoned";
constexpr Site kVouched = "log.vouched";

constexpr Site kRecovered = "open.recovered";
constexpr Site kFlushBegan = "flush.began";
constexpr Site kFlushFinished = "flush.finished";
constexpr Site kCompactionBegan = "compaction.began";
constexpr Site kCompactionFinished = "compaction.finished";
constexpr Site kCompactionFailed = "compaction.failed";

constexpr Site kReadError = "disk.eio.read";
constexpr Site kWriteNoSpace = "disk.no_space";
constexpr Site kNoSpace[] = {kWriteNoSpace, "disk.no_space.sync", "disk.full"};
constexpr Site kOpens[] = {"disk.eio.metadata", "process.descriptors"};
constexpr Site kOthers[] = {"disk.eio.write", "disk.eio.sync", "disk.eio.sync_directory",
                            "disk.eio.write_sticky", "disk.read_only"};

constexpr Site kOfSyncs[] = {"disk.eio.sync", "disk.no_space.sync", "disk.eio.write_sticky"};

constexpr std::uint64_t kSampleSizeMax = 3;
constexpr std::uint64_t kPlenty = std::uint64_t{1} << 30;

std::uint64_t Number(std::span<const env::EventField> fields, std::string_view name) {
  for (const env::EventField& field : fields) {
    if (name == field.name) return field.number;
  }
  return 0;
}

}  // namespace

World::World(Simulation& simulation_of_run, HostId host_of_run, const Plan& plan_of_run)
    : simulation(simulation_of_run),
      host(host_of_run),
      plan(plan_of_run),
      capacity_bytes_(simulation_of_run.disk(host_of_run).capacity()) {}

void World::Record(Site event, std::span<const env::EventField> fields) {
  if (pending_) return;
  if (event.hash == kRefused.hash) pending_ = model.Refuse(Number(fields, "first"));
  if (event.hash == kVouched.hash) model.Vouched();
  if (event.hash == kRecovered.hash) EndSpell(kReadError);
  if (event.hash == kFlushBegan.hash) SetSpell(kWriteNoSpace, plan.no_space_in_flush);
  if (event.hash == kFlushFinished.hash) EndSpell(kWriteNoSpace);
  if (event.hash == kCompactionBegan.hash) SetSpell(kReadError, plan.read_errors_in_compaction);
  if (event.hash == kCompactionFinished.hash) EndSpell(kReadError);
  if (event.hash == kCompactionFailed.hash) EndSpell(kReadError);
  if (event.hash == kLost.hash) {
    const std::uint64_t last_kept = Number(fields, "last_kept");
    ExpectLoss(last_kept, false);  // it counts when the open succeeds
    loss_told_ = true;
    if (!plan.beyond.on && last_kept < SoundBeforeDamage(simulation.disk(host))) {
      pending_ = oracle::Violation{.rule = "lost-too-much",
                                   .message = "the log was cut before what is sound in it"};
    }
  }
  if (event.hash == kPoisoned.hash) {
    poisoned_ = true;
    EndSpell(kWriteNoSpace);
    // A table that cannot be read back is one too.
    if (CountFaults() == forgotten_ && !IsDamaged() && !IsBeyond()) {
      pending_ = oracle::Violation{.rule = "unexplained-error",
                                   .message = "the handle was poisoned, but no fault explains it"};
    }
  }
  if (!pending_) pending_ = reserve.Hear(event, fields);
  if (event.hash != kSequenced.hash || pending_) return;
  const std::uint64_t first = Number(fields, "first");
  const std::uint64_t count = Number(fields, "count");
  const std::uint64_t tag = Number(fields, "tag");
  pending_ = model.Sequence(oracle::BatchId(tag), first, count);
}

void World::Settle(const oracle::Judgement& judgement) {
  const oracle::Judgement& first = pending_ ? pending_ : judgement;
  if (first) simulation.Fail(first->rule, first->message);
}

void World::SetSpell(Site fault, std::uint64_t per_million) {
  if (faults_on_ && per_million != 0) simulation.SetFault(fault, per_million);
}

void World::EndSpell(Site fault) {
  if (!faults_on_) return;
  for (const FaultRate& planned : plan.faults) {
    if (planned.site.hash == fault.hash) simulation.SetFault(fault, planned.per_million);
  }
}

void World::SetFaults(bool on) {
  faults_on_ = on;
  for (const FaultRate& fault : plan.faults) {
    simulation.SetFault(fault.site, on ? fault.per_million : 0);
  }
  simulation.disk(host).SetDamageVisible(on);
  damage_visible_ = on;
  // A process is never so large, whatever it reads, but where a machine has no room for it at all.
  simulation.HoldToMemory(host, on || plan.beyond.on);
  simulation.SetCapacity(host, on ? capacity_bytes_ : std::max(capacity_bytes_, kPlenty));
}

void World::ShowDamage() {
  simulation.disk(host).SetDamageVisible(true);
  damage_visible_ = true;
}

FaultCounts World::CountFaults() {
  FaultCounts counts;
  counts.reads = simulation.FaultCount(kReadError);
  for (const Site site : kNoSpace) counts.no_space += simulation.FaultCount(site);
  for (const Site site : kOpens) counts.opens += simulation.FaultCount(site);
  for (const Site site : kOthers) counts.others += simulation.FaultCount(site);
  return counts;
}

std::vector<std::uint64_t> World::Sample(std::uint64_t count) {
  const std::uint64_t size = std::min(count, kSampleSizeMax);
  const std::uint64_t pick = NextPick();
  std::vector<std::uint64_t> indexes;
  for (std::uint64_t i = 0; i < size; ++i) {
    const std::uint64_t begin = count * i / size;
    const std::uint64_t end = count * (i + 1) / size;
    indexes.push_back(begin + RandomBelow(RandomValue(pick, i), end - begin));
  }
  return indexes;
}

Bytes World::SampleStart() {
  const std::uint64_t pick = NextPick();
  const std::uint64_t one = RandomBelow(RandomValue(pick, 0), plan.keys);
  const std::uint64_t other = RandomBelow(RandomValue(pick, 1), plan.keys);
  return KeyName(std::max(one, other));
}

void World::ExpectLoss(std::uint64_t last_kept, bool sure) {
  last_kept_ = last_kept;
  loss_is_sure_ = sure;
}

oracle::Judgement World::JudgeRecovered(const std::vector<oracle::KeyValue>& found,
                                        std::uint64_t visible_sequence) {
  oracle::Judgement judgement;
  if (plan.beyond.on) {
    judgement = written.Judge(found);
    if (!judgement) crash.Rebase(found, visible_sequence);
    return judgement;
  }
  if (last_kept_) {
    oracle::Model kept;
    judgement = history.Judge(model, *last_kept_, found, kept);
    if (!judgement) {
      history.Cut(model, *last_kept_);
      crash.Rebase(kept, visible_sequence);
    }
    if (!judgement || loss_is_sure_ || loss_told_) {
      last_kept_.reset();
      return judgement;
    }
  }
  last_kept_.reset();
  if (plan.weather == Weather::kEverything) history.BeginSettling(model);
  judgement = crash.Recovered(found, visible_sequence);
  if (!judgement && plan.weather == Weather::kEverything) history.EndSettling(model);
  return judgement;
}

oracle::Judgement World::JudgeTime(std::uint64_t prefix, std::uint64_t time) const {
  const std::uint64_t expected = model.TimeAt(prefix);
  if (plan.beyond.on || time == expected) return std::nullopt;
  return oracle::Violation{.rule = "wrong-time",
                           .message = "the database's time is " + std::to_string(time) +
                                      "; expected " + std::to_string(expected)};
}

void World::Breathe() {
  if (space.full_for == 0) return;
  const SystemScope system;
  const std::uint64_t operation = operations_++;
  if (operation == space.full_from) {
    Disk& disk = simulation.disk(host);
    const std::uint64_t used = disk.capacity() - disk.FreeSpace();
    simulation.SetCapacity(host, used + space.bytes_left);
  }
  if (operation == space.full_from + space.full_for) simulation.SetCapacity(host, capacity_bytes_);
}

void World::CheckReserve() {
  if (reserve.free() || (faults_on_ && CountFaults().no_space != forgotten_.no_space)) return;
  simulation.Fail("no-reserve", "there is no want of space, and no segment is kept for deletes");
}

void World::ForgetFaults() { forgotten_ = CountFaults(); }

void World::BeginProcess() {
  ForgetFaults();
  poisoned_ = false;
  report = {};
  operations_ = 0;
  refused_by_damage = false;
  loss_told_ = false;
  reserve.BeginProcess();
  snapshots.BeginProcess();
  async.BeginProcess();
  failed_syncs_ = CountFailedSyncs();
  simulation.disk(host).Remount();
  EndSpell(kWriteNoSpace);
  SetSpell(kReadError, plan.read_errors_in_open);
  AdmitRot();
}

std::uint64_t World::CountFailedSyncs() {
  std::uint64_t count = 0;
  for (const Site site : kOfSyncs) count += simulation.FaultCount(site);
  return count;
}

oracle::LifeEnd World::CacheAfter(oracle::LifeEnd end) {
  const bool reverts = simulation.disk(host).fsync_profile() == FsyncProfile::kBtrfs;
  if (end == oracle::LifeEnd::kClosed || !reverts) return end;
  return CountFailedSyncs() != failed_syncs_ ? oracle::LifeEnd::kPowerLost : end;
}

bool World::IsDamaged() {
  const SystemScope system;
  if (!damage_visible_) return false;
  return std::ranges::any_of(simulation.disk(host).Damages(), [](const Damage& damage) {
    return damage.fault == DiskFault::kBitRot || damage.fault == DiskFault::kLatentSector;
  });
}

bool World::DamageExplains(const Error& error) {
  const SystemScope system;
  if (!damage_visible_) return false;
  const bool unreadable = error.code() == ErrorCode::kIo;
  const bool rotten = error.code() == ErrorCode::kCorruption || error.code() == ErrorCode::kRefused;
  return std::ranges::any_of(simulation.disk(host).Damages(), [&](const Damage& damage) {
    if (!(unreadable && damage.fault == DiskFault::kLatentSector) &&
        !(rotten && damage.fault == DiskFault::kBitRot)) {
      return false;
    }
    return std::ranges::find(damage.paths, error.path()) != damage.paths.end();
  });
}

void World::AdmitRot() {
  if (!IsDamaged()) return;
  for (const Damage& damage : simulation.disk(host).Damages()) {
    if (damage.fault != DiskFault::kBitRot) continue;
    for (const std::string& path : damage.paths) {
      if (path.ends_with(".wal")) crash.LogRotted();
    }
  }
}

bool World::IsBeyond() {
  if (!plan.beyond.on) return false;
  return std::ranges::any_of(KnownDiskFaults(), [this](const KnownDiskFault& fault) {
    return simulation.FaultCount(fault.site) > 0;
  });
}

bool World::FaultExplains(Doing doing, const Error& error, const FaultCounts& since) {
  const FaultCounts now = CountFaults();
  if (DamageExplains(error)) return true;
  const bool may_fail = doing != Doing::kWriting || poisoned_;
  if (may_fail && IsErrorOfDamage(error) && IsBeyond()) return true;
  const bool io = error.code() == ErrorCode::kIo;
  if (doing == Doing::kReading) {
    return io && (now.reads != since.reads || now.opens != since.opens);
  }
  if (error.code() == ErrorCode::kNoSpace) return now.no_space != since.no_space;
  return io && (poisoned_ || (doing == Doing::kOpening && now != since));
}

void World::Excuse(Doing doing, const char* operation, const Error& error) {
  Excuse(doing, operation, error, forgotten_);
}

void World::Excuse(Doing doing, const char* operation, const Error& error,
                   const FaultCounts& since) {
  if (FaultExplains(doing, error, since)) return;
  const bool corruption = error.code() == ErrorCode::kCorruption;
  simulation.Fail(
      corruption ? "false-corruption" : "unexplained-error",
      std::string(operation) + " failed, but no fault explains it: " + error.ToString());
}

void World::ExcuseOpen(const Error& error) {
  refused_by_damage = DamageExplains(error) || IsBeyond();
  const bool torn = error.code() == ErrorCode::kCorruption && error.path().ends_with(".wal");
  if (mode == engine::RecoveryMode::kAbsolute && may_be_torn && torn) return;
  if (FaultExplains(Doing::kOpening, error, forgotten_)) return;
  simulation.Fail("refused-to-open",
                  "opening failed, but no fault explains it: " + error.ToString());
}

}  // namespace beach::sim::scenarios::engine_crash
