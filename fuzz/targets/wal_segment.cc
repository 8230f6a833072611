// SPDX-License-Identifier: Apache-2.0
// A segment of the log: header block, items, and whatever a crash or a disk made of them. What the
// chain of items, the scan of all blocks and the dump say of it must agree.
#include <algorithm>

#include "base/check.h"
#include "base/coding.h"
#include "engine/dump.h"
#include "engine/testing/memory_files.h"
#include "engine/wal/dump.h"
#include "engine/wal/segment_reader.h"
#include "fuzz/targets/targets.h"
#include "fuzz/targets/wal_seal.h"

namespace beach::fuzz {
namespace {

using namespace engine::wal;  // NOLINT(google-build-using-namespace): the whole file is about it
using engine::LogPosition;
using engine::testing::FileCall;
using engine::testing::FileEvent;
using engine::testing::MemoryFiles;

constexpr char kPath[] = "segment";
// Segments end in blocks of zeros, which a corpus does not hold.
constexpr std::uint64_t kPaddedSizeMax = 256 * 1024;
// Of the file's bytes, at most so often is each read from the disk: the piece held is larger.
constexpr std::uint64_t kReadsMax = 16;

void Seal(Bytes& input) { SealSegment(input.data(), input.size()); }

struct Chain {
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;
  std::uint64_t end = kSegmentHeaderSize;
  LogPosition durable;
};

Chain Follow(SegmentReader& reader, std::uint64_t limit) {
  Chain chain;
  ItemHeader header;
  for (;;) {
    const auto found = reader.NextItem(chain.end, limit, header);
    BEACH_CHECK(found.has_value());  // the disk fails nothing here
    if (!*found) return chain;
    BEACH_CHECK_GE(header.begin.offset, chain.end);
    BEACH_CHECK_GT(header.end(), header.begin.offset);
    BEACH_CHECK_LE(header.end(), limit);
    BEACH_CHECK_EQ(header.previous_end, chain.end);
    BEACH_CHECK(header.begin.segment == reader.block().ordinal);
    const auto payload = reader.Payload(header);
    BEACH_CHECK(payload.has_value());
    BEACH_CHECK_EQ(payload->size(), header.payload_length);
    ItemHeader again;
    const auto still = reader.ItemAt(header.begin.offset, limit, again);
    BEACH_CHECK(still.has_value());
    BEACH_CHECK(*still);
    BEACH_CHECK(again == header);
    ++chain.items;
    chain.bytes += header.size();
    chain.end = header.end();
    chain.durable = std::max(chain.durable, header.durable);
  }
}

void CheckScan(const SegmentScan& scan, const Chain& chain, std::uint64_t limit) {
  BEACH_CHECK(scan.durable() >= chain.durable);
  BEACH_CHECK_GE(scan.BytesFrom(kSegmentHeaderSize), chain.bytes);
  BEACH_CHECK_LE(scan.BytesFrom(kSegmentHeaderSize), limit);
  if (chain.items > 0) BEACH_CHECK(scan.holds_items());
  const std::uint64_t first = scan.FirstFrom(kSegmentHeaderSize);
  if (scan.holds_items()) BEACH_CHECK_LT(first, limit);
  if (!scan.holds_items()) BEACH_CHECK_EQ(scan.BytesFrom(0), 0U);
}

void CheckBlock(ByteView input, const SegmentBlock& block) {
  const Bytes again = EncodeSegmentBlock(block);
  const auto decoded = DecodeSegmentBlock(again);
  BEACH_CHECK(decoded.has_value());
  BEACH_CHECK(*decoded == block);
  const std::uint64_t fields = kSegmentFormerOffset + kSegmentFormerSize;
  BEACH_CHECK(ByteView(again).substr(kSegmentOrdinalOffset, fields - kSegmentOrdinalOffset) ==
              input.substr(kSegmentOrdinalOffset, fields - kSegmentOrdinalOffset));
}

void CheckSegment(Bytes content) {
  MemoryFiles files;
  const Bytes input = content;
  files.SetContent(kPath, std::move(content));
  std::uint64_t bytes_read = 0;
  files.set_hook([&bytes_read](const FileEvent& event) -> Status {
    if (event.call == FileCall::kRead) bytes_read += event.length;
    return {};
  });
  auto reader = SegmentReader::Open(files, kPath);
  const auto dump = DumpSegment(files, kPath, [](const std::string&) {});
  if (!reader) {
    const ErrorCode code = reader.error().code();
    BEACH_CHECK(code == ErrorCode::kCorruption || code == ErrorCode::kRefused);
    if (dump) BEACH_CHECK(dump->state == SegmentState::kDamaged);
    return;
  }
  CheckBlock(input, reader->block());
  const std::uint64_t limit = reader->file_size_bytes();
  BEACH_CHECK_EQ(limit, input.size());
  const auto scan = SegmentScan::Of(*reader, limit);
  BEACH_CHECK(scan.has_value());
  const Chain chain = Follow(*reader, limit);
  CheckScan(*scan, chain, limit);

  BEACH_CHECK(dump.has_value());
  BEACH_CHECK_EQ(dump->end, chain.end);
  BEACH_CHECK_GE(dump->items, chain.items);
  const bool damaged = scan->durable() > LogPosition{reader->block().ordinal, chain.end};
  BEACH_CHECK_EQ(dump->state == SegmentState::kDamaged, damaged);
  const Status of_database = engine::DumpLogSegment(files, kPath, [](std::string_view) {});
  BEACH_CHECK_EQ(of_database.has_value(), !damaged);
  BEACH_CHECK_LE(bytes_read, kReadsMax * (input.size() + kBlockSize));
}

void Run(ByteView input) {
  CheckSegment(Bytes(input));
  if (input.size() < kSegmentHeaderSize) return;
  const auto size = LoadFixed<std::uint64_t>(input.data() + kSegmentFileSizeOffset);
  if (size <= input.size() || size > kPaddedSizeMax) return;
  Bytes padded(input);
  padded.resize(static_cast<std::size_t>(size), '\0');
  CheckSegment(std::move(padded));
}

}  // namespace

const Target wal_segment_target = {
    .name = "wal_segment", .run = Run, .seal = Seal, .size_max = 64 * 1024};

}  // namespace beach::fuzz
