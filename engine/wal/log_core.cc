// SPDX-License-Identifier: Apache-2.0
#include "engine/wal/log_core.h"

#include <algorithm>

#include "base/check.h"

namespace beach::engine::wal {

char* AlignedBuffer::Resize(std::size_t size) {
  if (size > capacity_) {
    const std::size_t capacity = BlockUp(std::max(size, 2 * capacity_));
    void* const bytes = ::operator new[](capacity, std::align_val_t{kBlockSize});
    data_.reset(static_cast<char*>(bytes));
    capacity_ = capacity;
  }
  size_ = size;
  return data_.get();
}

LogCore::LogCore(OpenEpoch epoch, const Segment& segment, LogPosition end, LogSalt salt)
    : epoch_(epoch),
      salt_(salt),
      segment_(segment),
      end_(end),
      durable_(end),
      vouched_(end),
      data_end_(end) {
  BEACH_CHECK(end.segment == segment.ordinal);
  BEACH_CHECK_GE(end.offset, kSegmentHeaderSize);
  BEACH_CHECK_LE(end.offset, segment.size_bytes);
  BEACH_CHECK_LE(segment.size_bytes, kSegmentSizeMax);
}

std::uint64_t LogCore::NextBegin(ItemKind kind, std::uint64_t size) const {
  if (kind != ItemKind::kRunRecord) return BlockUp(end_.offset);
  const bool packed = run_open_ && !runs_spread_;
  const std::uint64_t begin = packed ? end_.offset : BlockUp(end_.offset);
  return RunRecordBegin(begin, size);
}

bool LogCore::Fits(ItemKind kind, std::uint64_t payload_size) const {
  const std::uint64_t bytes = kItemHeaderSize + payload_size;
  const std::uint64_t size = kind == ItemKind::kRunRecord ? bytes : BlockUp(bytes);
  const std::uint64_t end = BlockUp(NextBegin(kind, size) + size);
  // Whatever stands at the end of a segment can be vouched for there.
  return end + (kind == ItemKind::kVouch ? 0 : kBlockSize) <= segment_.size_bytes;
}

PlannedItem LogCore::Plan(ItemKind kind, ByteView payload, SequenceNumber first_sequence,
                          std::uint32_t count, AlignedBuffer& image) {
  BEACH_CHECK(!poisoned_);
  BEACH_CHECK(Fits(kind, payload.size()));
  const bool run = kind == ItemKind::kRunRecord;
  BEACH_CHECK(run ? flights_.empty() : CanFly());

  ItemHeader header;
  header.payload_length = static_cast<std::uint32_t>(payload.size());
  header.kind = kind;
  header.count = count;
  header.begin = {segment_.ordinal, NextBegin(kind, header.size())};
  header.previous_end = end_.offset;
  header.epoch = epoch_;
  header.first_sequence = first_sequence;
  header.durable = durable_;
  header.salt = salt_;
  EncodeItem(header, payload, image.Resize(header.size()));

  end_.offset = header.end();
  if (kind != ItemKind::kVouch) data_end_ = end_;
  FlightId id;
  if (run) {
    run_open_ = true;
  } else {
    id = last_id_ = last_id_.Next();
    flights_.push_back({id, end_, durable_, false});
  }
  return {id, header.begin, end_};
}

void LogCore::Completed(FlightId id, bool ok) {
  const auto flight = std::find_if(flights_.begin(), flights_.end(),
                                   [id](const InFlight& other) { return other.id == id; });
  BEACH_CHECK(flight != flights_.end());
  BEACH_CHECK(!flight->done);
  if (!ok) {  // stays in the queue, and with it all above
    poisoned_ = true;
    return;
  }
  flight->done = true;
  while (!flights_.empty() && flights_.front().done) {
    durable_ = flights_.front().end;
    vouched_ = flights_.front().vouches_for;
    flights_.pop_front();
  }
  BEACH_CHECK(durable_ <= end_);
}

void LogCore::RunSynced(bool ok) {
  BEACH_CHECK(flights_.empty());
  if (!ok) {
    poisoned_ = true;
    return;
  }
  run_open_ = false;
  durable_ = end_;
}

void LogCore::EnterSegment(const Segment& segment) {
  BEACH_CHECK(!poisoned_ && !run_open_ && flights_.empty());
  BEACH_CHECK(durable_ == end_);
  BEACH_CHECK(segment.ordinal > segment_.ordinal);
  segment_ = segment;
  // The manifest that lists the segment vouches for all before it.
  end_ = durable_ = vouched_ = data_end_ = {segment.ordinal, kSegmentHeaderSize};
}

}  // namespace beach::engine::wal
