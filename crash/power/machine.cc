// SPDX-License-Identifier: Apache-2.0
#include "crash/power/machine.h"

#include <unistd.h>

#include <cerrno>
#include <set>
#include <utility>

#include "base/check.h"

namespace beach::crash {
namespace {

// How often one that waits for power looks whether it is being killed.
constexpr std::uint64_t kLookAgainNs = 20'000'000;

sim::DiskOptions DiskOptionsOf(const MachineOptions& options) {
  return {.capacity_bytes = options.capacity_bytes,
          .torn_percent = options.torn_percent,
          .fsync_profile = options.fsync_profile,
          .names_in_order = options.names == NameDurability::kJournal};
}

}  // namespace

Machine::Machine(const MachineOptions& options, env::Clock& clock, std::function<void()> on_change)
    : clock_(clock),
      on_change_(std::move(on_change)),
      names_(options.names),
      decisions_(options.seed),
      disk_(sim::Disk::Make(DiskOptionsOf(options), decisions_)),
      attributes_(::geteuid(), ::getegid(), clock.WallNow()) {}

Machine::Request::Request(Machine& machine, Touch touch, const Killed& killed, HandleId handle)
    : machine_(machine), handle_(handle), error_(machine.Admit(touch, killed, handle)) {}

int Machine::Request::SyncNames() {
  if (machine_.names_ == NameDurability::kPosix) return 0;
  for (const sim::FileState& file : disk().Files()) {
    // What is pending in a directory without a name goes with it.
    if (!file.is_directory || file.pending == 0 || file.path.empty()) continue;
    if (const int error = disk().SyncDirectory(file.path); error != 0) return error;
  }
  return disk().SyncDirectory("/");
}

HandleId Machine::Request::Open(OpenHandle handle) {
  handle.life = machine_.life_;
  machine_.last_handle_ = machine_.last_handle_.Next();
  machine_.handles_.emplace(machine_.last_handle_, std::move(handle));
  return machine_.last_handle_;
}

OpenHandle* Machine::Request::LivingHandle() {
  return machine_.IsLiving(handle_) ? &machine_.handles_.at(handle_) : nullptr;
}

void Machine::Request::CloseHandle() {
  const auto found = machine_.handles_.find(handle_);
  BEACH_CHECK(found != machine_.handles_.end());
  const OpenHandle& handle = found->second;
  // A cut has closed all that was open then.
  const bool is_open = handle.life == machine_.life_ && handle.descriptor != sim::Descriptor{};
  if (is_open) machine_.disk_->Close(handle.descriptor);
  machine_.handles_.erase(found);
}

bool Machine::IsLiving(HandleId handle) const {
  const auto found = handles_.find(handle);
  return found != handles_.end() && found->second.life == life_;
}

// Leaves the mutex locked, for the Request.
int Machine::Admit(Touch touch, const Killed& killed, HandleId handle) {
  mutex_.Lock();
  if (touch == Touch::kNoWait) return 0;
  if (!powered_) return WaitForPower(killed);
  if (ended_) return -EIO;
  if (handle != HandleId{} && !IsLiving(handle)) return -EIO;
  if (touch != Touch::kChanges) return 0;
  ++operations_;
  if (cut_at_ != operations_) return 0;
  LosePower();
  return WaitForPower(killed);
}

int Machine::WaitForPower(const Killed& killed) {
  const std::uint64_t life = life_;
  int error = -EIO;
  ++waiting_;
  // Power may have come and gone again before this thread looks.
  while (!powered_ && life_ == life && !ended_) {
    if (killed()) {
      error = -EINTR;
      break;
    }
    changed_.WaitUntil(mutex_, clock_.MonotonicNow() + kLookAgainNs);
  }
  --waiting_;
  return error;
}

sim::CutSummary Machine::LosePower() {
  BEACH_CHECK(powered_);
  powered_ = false;
  cut_at_.reset();
  ++life_;
  last_cut_ = disk_->PowerLoss();
  std::set<sim::FileId> left;
  for (const sim::FileState& file : disk_->Files()) left.insert(file.id);
  attributes_.AfterPowerLoss(left, clock_.WallNow());
  on_change_();
  return last_cut_;
}

Result<sim::CutSummary> Machine::Cut() {
  const env::MutexLock lock(mutex_);
  if (!powered_) return Fail(ErrorCode::kRefused, "power is off already");
  return LosePower();
}

Result<std::uint64_t> Machine::CutAt(std::uint64_t count) {
  const env::MutexLock lock(mutex_);
  if (!powered_) return Fail(ErrorCode::kRefused, "power is off already");
  cut_at_.reset();
  if (count == 0) return 0;
  if (count > ~std::uint64_t{0} - operations_) {
    return Fail(ErrorCode::kInvalidArgument, "no machine lives that long");
  }
  cut_at_ = operations_ + count;
  return *cut_at_;
}

Result<std::uint64_t> Machine::PowerOn() {
  const env::MutexLock lock(mutex_);
  if (powered_) return Fail(ErrorCode::kRefused, "power is on already");
  powered_ = true;
  disk_->Remount();
  const std::uint64_t waited = waiting_;
  changed_.NotifyAll();
  on_change_();
  return waited;
}

void Machine::End() {
  const env::MutexLock lock(mutex_);
  ended_ = true;
  powered_ = true;
  changed_.NotifyAll();
}

bool Machine::powered() {
  const env::MutexLock lock(mutex_);
  return powered_;
}

std::uint64_t Machine::cuts() {
  const env::MutexLock lock(mutex_);
  return life_ - 1;
}

Status Machine::SetFaultRate(const std::string& site, std::uint64_t per_million) {
  const env::MutexLock lock(mutex_);
  return decisions_.SetRate(site, per_million);
}

std::vector<FaultRate> Machine::Faults() {
  const env::MutexLock lock(mutex_);
  return decisions_.Faults();
}

MachineStatus Machine::GetStatus() {
  const env::MutexLock lock(mutex_);
  MachineStatus status{.powered = powered_,
                       .operations = operations_,
                       .cut_at = cut_at_,
                       .pending = disk_->Pending().size(),
                       .used_bytes = disk_->capacity() - disk_->FreeSpace(),
                       .capacity_bytes = disk_->capacity(),
                       .open_files = 0,
                       .waiting = waiting_,
                       .cuts = life_ - 1,
                       .last_cut = last_cut_};
  for (const auto& [id, handle] : handles_) {
    if (handle.life == life_ && handle.descriptor != sim::Descriptor{}) ++status.open_files;
  }
  return status;
}

std::vector<sim::PendingOperation> Machine::Pending() {
  const env::MutexLock lock(mutex_);
  return disk_->Pending();
}

}  // namespace beach::crash
