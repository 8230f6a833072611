// SPDX-License-Identifier: Apache-2.0
// A frame of a snapshot's transfer. What it decodes to, written again, decodes to the same, and is
// no longer than what a hostile writer needed for it.
#include "raft/transfer/snapshot_frame.h"

#include "base/check.h"
#include "base/coding.h"
#include "fuzz/targets/targets.h"

namespace beach::fuzz {
namespace {

void Run(ByteView input) {
  const Result<raft::SnapshotFrame> frame = raft::DecodeSnapshotFrame(input);
  if (!frame) {
    BEACH_CHECK(frame.error().code() == ErrorCode::kCorruption);
    return;
  }
  Bytes again;
  raft::EncodeSnapshotFrame(*frame, again);
  BEACH_CHECK_LE(again.size(), input.size());
  const Result<raft::SnapshotFrame> second = raft::DecodeSnapshotFrame(again);
  BEACH_CHECK(second.has_value());
  Bytes third;
  raft::EncodeSnapshotFrame(*second, third);
  BEACH_CHECK(again == third);
}

// A begin that was changed is of another key.
void Seal(Bytes& input) {
  constexpr std::size_t kKeyOffset = 9;
  constexpr std::size_t kBodyOffset = 17;
  if (input.size() < kBodyOffset || input[0] != 0) return;
  Decoder decoder(ByteView(input).substr(kBodyOffset));
  raft::SnapshotBegin begin;
  begin.index = raft::LogIndex(decoder.Fixed64());
  begin.term = raft::Term(decoder.Fixed64());
  begin.description = Bytes(decoder.LengthPrefixed());
  const std::uint64_t count = decoder.Varint();
  for (std::uint64_t i = 0; i < count && decoder.ok() && !decoder.done(); ++i) {
    begin.sizes.push_back(decoder.Varint());
  }
  StoreFixed(input.data() + kKeyOffset, raft::KeyOf(begin).value);
}

}  // namespace

const Target snapshot_frame_target = {
    .name = "snapshot_frame", .run = Run, .seal = Seal, .size_max = 4096};

}  // namespace beach::fuzz
