// SPDX-License-Identifier: Apache-2.0
//
// Flights go out and land. What waits is put together only when a flight may leave, so that all
// that came meanwhile shares it. They land in any order, and are acknowledged in that of the log.

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/no_space.h"
#include "engine/wal/format.h"
#include "raft/disk/disk_log_impl.h"
#include "raft/disk/record.h"

namespace beach::raft {

namespace {

using engine::wal::ItemKind;

// After the last acknowledgement. Flights in a row never pay for a vouch: each vouches for those
// before it.
constexpr std::uint64_t kVouchDelayNs = 2'000'000;
// In the block that each flight leaves behind it.
static_assert(engine::wal::kItemHeaderSize + 1 + kHeadRecordMax <= engine::wal::kBlockSize);

}  // namespace

void DiskLog::Impl::Pump() {
  const std::uint64_t flights_max = direct_ ? options_.flights_max : 1;
  while (usable() && !rotating_ && core_.in_flight() < flights_max) {
    if (!staged_) {
      if (queue_.empty()) return;
      staged_ = queue_.Stage(StagedBytesMax());
    }
    const Bytes payload = StagedPayload();
    if (!core_.Fits(ItemKind::kFlight, payload.size())) {
      rotating_ = true;
      return Rotate();
    }
    SubmitStaged(payload);
  }
}

// Of records that fit a segment of the usual size with a head before them.
std::uint64_t DiskLog::Impl::StagedBytesMax() const {
  const std::uint64_t room = engine::wal::PayloadSizeMax(options_.segment_size_bytes);
  return std::min(options_.flight_bytes_max, room - kHeadRecordMax - 1);
}

Bytes DiskLog::Impl::StagedPayload() const {
  Bytes payload{static_cast<char>(kRecordsVersion)};
  payload.reserve(1 + kHeadRecordMax + staged_->records.size());
  AppendHead(payload, map_.Head());
  payload.append(staged_->records);
  return payload;
}

void DiskLog::Impl::SubmitStaged(const Bytes& payload) {
  const std::uint32_t count = staged_->count + 1;
  Submit(ItemKind::kFlight, payload, count, std::move(staged_->completions));
  staged_.reset();
  segment_begun_ = true;
}

void DiskLog::Impl::Submit(ItemKind kind, ByteView payload, std::uint32_t count,
                           std::vector<Completion>&& completions) {
  auto flight = std::make_shared<Flight>();
  if (!spare_images_.empty()) {
    flight->image = std::move(spare_images_.back());
    spare_images_.pop_back();
  }
  flight->file = file_;
  flight->lock = lock_;
  flight->item = core_.Plan(kind, payload, {}, count, flight->image);
  if (kind == ItemKind::kFlight) {
    // What a start would make of it.
    BEACH_CHECK(map_.Apply(payload, flight->item.begin).has_value());
    BEACH_CHECK(map_.CheckWhole().has_value());
    unacknowledged_.push_back({.end = flight->item.end,
                               .range = {.base = map_.base(), .last = map_.last()},
                               .completions = std::move(completions)});
  }
  loop_->SubmitWrite(*flight->file, flight->item.begin.offset, flight->image.view(),
                     [weak = weak_from_this(), flight](const Status& status) {
                       const std::shared_ptr<Impl> log = weak.lock();
                       if (log == nullptr || log->closed_) return;
                       log->Landed(*flight, status);
                       if (log->spare_images_.size() < log->options_.flights_max) {
                         log->spare_images_.push_back(std::move(flight->image));
                       }
                     });
}

void DiskLog::Impl::Landed(const Flight& flight, const Status& status) {
  core_.Completed(flight.item.id, status.has_value());
  if (!status) return FailWith(status.error());
  Acknowledge();
  if (!usable()) return;
  if (rotating_) return Rotate();
  Pump();
  if (core_.in_flight() == 0 && usable()) Rest();
}

// One word for work in a row.
void DiskLog::Impl::Acknowledge() {
  PersistId persisted;
  const auto tell = [this, &persisted] {
    const PersistId id = std::exchange(persisted, {});
    if (id != PersistId{} && !closed_) callbacks_.on_persisted(id);
  };
  while (!unacknowledged_.empty() && unacknowledged_.front().end <= core_.durable()) {
    const std::vector<Completion> done = std::move(unacknowledged_.front().completions);
    durable_ = unacknowledged_.front().range;
    unacknowledged_.pop_front();
    for (const Completion& completion : done) {
      if (const PersistId* const id = std::get_if<PersistId>(&completion)) {
        persisted = *id;
        continue;
      }
      tell();
      if (!closed_) (*std::get_if<std::function<void()>>(&completion))();
    }
  }
  tell();
}

// All that was submitted is durable, and nothing waits.
void DiskLog::Impl::Rest() {
  if (retire_wanted_) RetireSegments();
  if (!core_.NeedsVouch()) return;
  vouch_due_ns_ = env_.clock->MonotonicNow() + kVouchDelayNs;
  if (!vouch_timer_) SetVouchTimer();
}

void DiskLog::Impl::SetVouchTimer() {
  vouch_set_ns_ = vouch_due_ns_;
  vouch_timer_ = loop_->At(vouch_due_ns_, [weak = weak_from_this()] {
    if (const std::shared_ptr<Impl> log = weak.lock(); log && !log->closed_) log->VouchIfDue();
  });
}

// One timer for writes in a row: it finds that its time has moved.
void DiskLog::Impl::VouchIfDue() {
  vouch_timer_.reset();
  if (!usable() || rotating_ || core_.in_flight() > 0 || !core_.NeedsVouch()) return;
  if (vouch_set_ns_ < vouch_due_ns_) return SetVouchTimer();
  const Bytes head = HeadPayload(map_.Head());
  if (core_.Fits(ItemKind::kVouch, head.size())) Submit(ItemKind::kVouch, head, 0, {});
}

// At the end, when nothing is under way. What fails then is no loss.
void DiskLog::Impl::VouchBlocking() {
  if (failed_ || rotating_ || core_.in_flight() > 0 || !core_.NeedsVouch()) return;
  const Bytes head = HeadPayload(map_.Head());
  if (!core_.Fits(ItemKind::kVouch, head.size())) return;
  engine::wal::AlignedBuffer image;
  const engine::wal::PlannedItem item = core_.Plan(ItemKind::kVouch, head, {}, 0, image);
  const Status written = file_->WriteAt(item.begin.offset, image.view());
  if (written && !direct_) static_cast<void>(file_->SyncData());
}

void DiskLog::Impl::FailWith(const Error& error) {
  if (failed_) return;
  failed_ = true;
  queue_.Clear();
  staged_.reset();
  if (vouch_timer_) loop_->Cancel(*vouch_timer_);
  vouch_timer_.reset();
  if (space_timer_) loop_->Cancel(*space_timer_);
  space_timer_.reset();
  callbacks_.on_failed(WithoutNoSpace(error));
}

}  // namespace beach::raft
