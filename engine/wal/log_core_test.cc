// SPDX-License-Identifier: Apache-2.0
#include "engine/wal/log_core.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace beach::engine::wal {
namespace {

constexpr SegmentOrdinal kOrdinal{7};
constexpr LogPosition kStart{kOrdinal, kSegmentHeaderSize};

LogCore NewCore(std::uint64_t size_bytes = 1024 * 1024) {
  return LogCore(OpenEpoch(3), {kOrdinal, FileNumber(9), size_bytes, Segment::kOpenEnd}, kStart);
}

ItemHeader Decoded(const AlignedBuffer& image, LogPosition begin) {
  ItemHeader header;
  const ItemPlace place{begin.segment, OpenEpoch(3), begin.offset, kSegmentSizeMax};
  EXPECT_TRUE(DecodeItemHeader(image.view(), place, header));
  EXPECT_EQ(header.crc, ItemCrc(image.view()));
  return header;
}

TEST(LogCore, AFlightCountsWhenAllBelowItIsDurable) {
  LogCore core = NewCore();
  AlignedBuffer image;
  const PlannedItem first = core.Plan(ItemKind::kFlight, "a", SequenceNumber(1), 1, image);
  const PlannedItem second = core.Plan(ItemKind::kFlight, "b", SequenceNumber(2), 1, image);
  EXPECT_EQ(Decoded(image, second.begin).durable, kStart);
  EXPECT_EQ(Decoded(image, second.begin).previous_end, first.end.offset);
  core.Completed(second.id, true);
  EXPECT_EQ(core.durable(), kStart);
  core.Completed(first.id, true);
  EXPECT_EQ(core.durable(), second.end);
  EXPECT_TRUE(core.NeedsVouch());
  const PlannedItem vouch = core.Plan(ItemKind::kVouch, {}, {}, 0, image);
  EXPECT_EQ(Decoded(image, vouch.begin).durable, second.end);
  core.Completed(vouch.id, true);
  EXPECT_FALSE(core.NeedsVouch());
  EXPECT_EQ(core.vouched(), second.end);
}

TEST(LogCore, ASpreadRunStartsABlockForEachRecord) {
  LogCore core = NewCore(kSegmentSizeMin);
  core.SpreadRuns();
  AlignedBuffer image;
  core.Plan(ItemKind::kRunRecord, "a", SequenceNumber(1), 1, image);
  const LogPosition end = core.end();
  const PlannedItem second = core.Plan(ItemKind::kRunRecord, "b", SequenceNumber(2), 1, image);
  EXPECT_EQ(second.begin.offset, 2 * kBlockSize);
  EXPECT_EQ(Decoded(image, second.begin).previous_end, end.offset);
  const Bytes large(kChunkSize - 2 * kBlockSize, 'c');
  const PlannedItem third = core.Plan(ItemKind::kRunRecord, large, SequenceNumber(3), 1, image);
  EXPECT_EQ(third.begin.offset, kChunkSize);
  EXPECT_FALSE(core.CanFly());
  core.RunSynced(true);
  EXPECT_EQ(core.durable(), third.end);
}

// Up to eight flights complete in any order, or fail: the watermark is the whole prefix, always.
RC_GTEST_PROP(LogCore, AnyOrderOfCompletions, ()) {
  struct Outstanding {
    PlannedItem item;
    int state = 0;  // 0 in flight, 1 durable, 2 failed
  };
  LogCore core = NewCore(64 * 1024 * 1024);
  AlignedBuffer image;
  std::vector<Outstanding> all;
  const auto steps =
      *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange<std::uint32_t>(0, 1000));
  for (const std::uint32_t step : steps) {
    std::vector<std::size_t> flying;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].state == 0) flying.push_back(i);
    }
    if (!core.poisoned() && core.in_flight() < 8 && step % 2 == 0) {
      all.push_back(
          {core.Plan(ItemKind::kFlight, Bytes(step * 10, 'x'), SequenceNumber(1), 1, image)});
      RC_ASSERT(Decoded(image, all.back().item.begin).durable == core.durable());
    } else if (!flying.empty()) {
      Outstanding& chosen = all[flying[step / 2 % flying.size()]];
      chosen.state = step > 970 ? 2 : 1;
      core.Completed(chosen.item.id, chosen.state == 1);
    }
    LogPosition durable = kStart;
    for (const Outstanding& flight : all) {
      if (flight.state != 1) break;
      durable = flight.item.end;
    }
    RC_ASSERT(core.durable() == durable);
  }
}

TEST(LogCore, AFailureFailsAllAboveIt) {
  LogCore core = NewCore();
  AlignedBuffer image;
  const PlannedItem first = core.Plan(ItemKind::kFlight, "a", SequenceNumber(1), 1, image);
  const PlannedItem second = core.Plan(ItemKind::kFlight, "b", SequenceNumber(2), 1, image);
  const PlannedItem third = core.Plan(ItemKind::kFlight, "c", SequenceNumber(3), 1, image);
  core.Completed(third.id, true);
  core.Completed(second.id, false);
  core.Completed(first.id, true);
  EXPECT_TRUE(core.poisoned());
  EXPECT_EQ(core.durable(), first.end);
  EXPECT_DEATH(core.Plan(ItemKind::kFlight, "d", SequenceNumber(4), 1, image), "poisoned");
}

TEST(LogCore, RunRecordsCrossNoChunkTheyDoNotStart) {
  for (std::uint64_t size = 1; size < 3 * kChunkSize; size += 997) {
    LogCore core = NewCore();
    AlignedBuffer image;
    std::uint64_t previous_end = kStart.offset;
    while (core.Fits(ItemKind::kRunRecord, size)) {
      const PlannedItem item =
          core.Plan(ItemKind::kRunRecord, Bytes(size, 'x'), SequenceNumber(1), 1, image);
      EXPECT_EQ(Decoded(image, item.begin).previous_end, previous_end);
      const std::uint64_t last = item.end.offset - 1;
      if (item.begin.offset % kChunkSize != 0) {
        EXPECT_EQ(item.begin.offset / kChunkSize, last / kChunkSize);
      }
      previous_end = item.end.offset;
    }
    EXPECT_EQ(core.durable(), kStart);
    core.RunSynced(true);
    EXPECT_EQ(core.durable(), core.end());
  }
}

TEST(LogCore, FlightsAndRunsAreNeverOutstandingTogether) {
  AlignedBuffer image;
  LogCore flying = NewCore();
  flying.Plan(ItemKind::kFlight, "a", SequenceNumber(1), 1, image);
  EXPECT_DEATH(flying.Plan(ItemKind::kRunRecord, "b", SequenceNumber(2), 1, image), "CanFly");
  LogCore running = NewCore();
  running.Plan(ItemKind::kRunRecord, "a", SequenceNumber(1), 1, image);
  EXPECT_DEATH(running.Plan(ItemKind::kFlight, "b", SequenceNumber(2), 1, image), "CanFly");
}

TEST(LogCore, KeepsTheLastBlockForWhatVouches) {
  LogCore core = NewCore(kSegmentSizeMin);
  const std::uint64_t room = kSegmentSizeMin - kSegmentHeaderSize - kItemHeaderSize - kBlockSize;
  EXPECT_TRUE(core.Fits(ItemKind::kFlight, room));
  EXPECT_FALSE(core.Fits(ItemKind::kFlight, room + 1));
  AlignedBuffer image;
  const PlannedItem item =
      core.Plan(ItemKind::kFlight, Bytes(room, 'x'), SequenceNumber(1), 1, image);
  core.Completed(item.id, true);
  EXPECT_FALSE(core.Fits(ItemKind::kFlight, 0));
  EXPECT_FALSE(core.Fits(ItemKind::kRunRecord, 0));
  ASSERT_TRUE(core.Fits(ItemKind::kVouch, 0));
  const PlannedItem vouch = core.Plan(ItemKind::kVouch, "", SequenceNumber(0), 0, image);
  core.Completed(vouch.id, true);
  EXPECT_EQ(vouch.end.offset, kSegmentSizeMin);
  EXPECT_FALSE(core.Fits(ItemKind::kVouch, 0));
  core.EnterSegment({SegmentOrdinal(8), FileNumber(10), kSegmentSizeMin, Segment::kOpenEnd});
  EXPECT_EQ(core.end(), (LogPosition{SegmentOrdinal(8), kSegmentHeaderSize}));
  EXPECT_FALSE(core.NeedsVouch());
}

}  // namespace
}  // namespace beach::engine::wal
