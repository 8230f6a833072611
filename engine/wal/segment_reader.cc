// SPDX-License-Identifier: Apache-2.0
#include "engine/wal/segment_reader.h"

#include <algorithm>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/crc32c_ranges.h"
#include "env/marks.h"

namespace beach::engine::wal {

namespace {

constexpr std::uint64_t kPieceSize = 1024 * 1024;
constexpr std::uint64_t kSmallPieceSize = 512;
constexpr std::uint64_t kWastedBytesMax = 4 * kPieceSize;

}  // namespace

Result<SegmentReader> SegmentReader::Open(env::FileSystem& files, const std::string& path) {
  SegmentReader reader;
  reader.path_ = path;
  auto file = files.Open(path, {});
  if (!file && file.error().code() == ErrorCode::kNotFound) {
    return Fail(Error(ErrorCode::kCorruption, "a log segment is missing").At(path));
  }
  if (!file) return Fail(std::move(file).error());
  reader.file_ = *std::move(file);
  BEACH_TRY_ASSIGN(reader.file_size_bytes_, reader.file_->Size());
  reader.end_ = reader.file_size_bytes_;
  BEACH_TRY(reader.ReadPiece(0, kSegmentHeaderSize));  // no more: many readers look at it only
  auto block = DecodeSegmentBlock(reader.piece_);
  if (!block) return Fail(std::move(block).error().At(path, 0));
  reader.block_ = *block;
  return reader;
}

Result<ByteView> SegmentReader::Read(std::uint64_t offset, std::uint64_t length) {
  if (offset >= end_) return ByteView();
  length = std::min(length, end_ - offset);
  const bool held = offset >= piece_offset_ && offset - piece_offset_ <= piece_.size() &&
                    length <= piece_.size() - (offset - piece_offset_);
  if (!held) {
    const std::uint64_t size = BEACH_BUGGIFY("wal.small_read") ? kSmallPieceSize : kPieceSize;
    const std::uint64_t wanted = std::min(std::max(length, size), end_ - offset);
    BEACH_TRY(ReadPiece(offset, wanted));
  }
  return ByteView(piece_).substr(offset - piece_offset_, length);
}

void SegmentReader::ReadNoFurther(std::uint64_t end) {
  end = std::min(end, file_size_bytes_);
  if (end == end_) return;
  end_ = end;
  prefixes_.clear();  // of less
}

Status SegmentReader::ReadPiece(std::uint64_t offset, std::uint64_t length) {
  // Whatever the bytes were: those beyond what is read are cut off.
  piece_.clear();
  ResizeUnfilled(piece_, length);
  piece_offset_ = offset;
  BEACH_TRY_ASSIGN(const std::size_t got, file_->ReadAt(offset, piece_.data(), length));
  piece_.resize(got);
  return {};
}

Result<bool> SegmentReader::ItemAt(std::uint64_t offset, std::uint64_t limit, ItemHeader& header) {
  BEACH_TRY_ASSIGN(const ByteView head, Read(offset, kItemHeaderSize));
  const ItemPlace place{block_.ordinal, block_.epoch, offset, std::min(limit, end_), block_.salt};
  if (!DecodeItemHeader(head, place, header)) return false;
  if (wasted_bytes_ > kWastedBytesMax || BEACH_BUGGIFY("wal.prefixes_early")) {
    return ItemIsWholeByPrefixes(header);
  }
  BEACH_TRY_ASSIGN(const bool whole, ItemIsWhole(header));
  if (!whole) wasted_bytes_ += header.size();
  return whole;
}

Result<bool> SegmentReader::ItemIsWhole(const ItemHeader& header) {
  std::uint32_t crc = ItemCrcSeed(header.salt);
  std::uint64_t at = header.begin.offset + kItemLengthOffset;
  while (at < header.end()) {
    BEACH_TRY_ASSIGN(const ByteView part, Read(at, std::min(kPieceSize, header.end() - at)));
    if (part.empty()) return false;
    crc = Crc32c(part, crc);
    at += part.size();
  }
  return crc == header.crc;
}

Result<bool> SegmentReader::ItemIsWholeByPrefixes(const ItemHeader& header) {
  if (prefixes_.empty()) BEACH_TRY(ReadPrefixes());
  const std::uint64_t begin = header.begin.offset + kItemLengthOffset;
  BEACH_CHECK_LE(header.end(), file_size_bytes_);
  BEACH_TRY_ASSIGN(const auto before_begin, Prefix(begin));
  BEACH_TRY_ASSIGN(const auto before_end, Prefix(header.end()));
  if (!before_begin || !before_end) return false;
  const std::uint64_t length = header.end() - begin;
  return Crc32cBetween(*before_begin, *before_end, length, ItemCrcSeed(header.salt)) == header.crc;
}

Status SegmentReader::ReadPrefixes() {
  BEACH_SOMETIMES("wal.prefixes_read", true);
  std::vector<std::uint32_t> prefixes = {0};
  std::uint64_t at = 0;
  while (at + kBlockSize <= end_) {
    BEACH_TRY_ASSIGN(const ByteView part, Read(at, kPieceSize));
    if (part.size() < kBlockSize) break;
    for (std::uint64_t i = 0; i + kBlockSize <= part.size(); i += kBlockSize) {
      prefixes.push_back(Crc32c(part.substr(i, kBlockSize), prefixes.back()));
      at += kBlockSize;
    }
  }
  prefixes_ = std::move(prefixes);
  return {};
}

Result<std::optional<std::uint32_t>> SegmentReader::Prefix(std::uint64_t length) {
  const std::uint64_t blocks = length / kBlockSize;
  if (blocks >= prefixes_.size()) return std::nullopt;
  // Past the held piece: the ends that hostile headers claim are all over the file.
  char rest[kBlockSize];
  const std::uint64_t rest_size = length % kBlockSize;
  BEACH_TRY_ASSIGN(const std::size_t got, file_->ReadAt(blocks * kBlockSize, rest, rest_size));
  if (got != rest_size) return std::nullopt;
  return Crc32c(ByteView(rest, rest_size), prefixes_[blocks]);
}

Result<bool> SegmentReader::NextItem(std::uint64_t previous_end, std::uint64_t limit,
                                     ItemHeader& header) {
  std::uint64_t last = 0;
  for (const std::uint64_t offset : {previous_end, BlockUp(previous_end), ChunkUp(previous_end)}) {
    if (offset == last) continue;
    last = offset;
    BEACH_TRY_ASSIGN(const bool found, ItemAt(offset, limit, header));
    if (found && header.previous_end == previous_end) return true;
  }
  return false;
}

Result<ByteView> SegmentReader::Payload(const ItemHeader& header) {
  BEACH_TRY_ASSIGN(const ByteView payload,
                   Read(header.begin.offset + kItemHeaderSize, header.payload_length));
  if (payload.size() != header.payload_length) {
    return Fail(Error(ErrorCode::kCorruption, "the log segment became shorter while it was read")
                    .At(path_, header.begin.offset));
  }
  return payload;
}

Result<bool> SegmentReader::Blank(std::uint64_t offset, std::uint64_t length) {
  if (block_.former != SegmentOrdinal{}) {
    BEACH_TRY_ASSIGN(const ByteView head, Read(offset, kItemHeaderSize));
    ItemHeader header;
    const ItemPlace place{block_.ordinal, block_.epoch, offset, file_size_bytes_, block_.salt};
    return !DecodeItemHeader(head, place, header);
  }
  BEACH_TRY_ASSIGN(const ByteView bytes, Read(offset, length));
  return bytes.find_first_not_of('\0') == ByteView::npos;
}

Result<SegmentScan> SegmentScan::Of(SegmentReader& reader, std::uint64_t limit) {
  SegmentScan scan;
  scan.limit_ = limit;
  ItemHeader header;
  bool vouched = false;
  std::uint64_t offset = kSegmentHeaderSize;
  while (offset < limit) {
    BEACH_TRY_ASSIGN(bool found, reader.ItemAt(offset, limit, header));
    if (!found) {
      offset += kBlockSize;
      continue;
    }
    Extent extent{offset, 0};
    while (found) {
      scan.durable_ = std::max(scan.durable_, header.durable);
      scan.served_ = scan.served_ || vouched || header.kind == ItemKind::kFlight;
      vouched = vouched || header.kind == ItemKind::kVouch;
      extent.bytes += header.size();
      offset = header.end();
      BEACH_TRY_ASSIGN(found, reader.NextItem(offset, limit, header));
    }
    scan.extents_.push_back(extent);
    offset = BlockUp(offset);
  }
  return scan;
}

std::uint64_t SegmentScan::BytesFrom(std::uint64_t offset) const {
  std::uint64_t bytes = 0;
  for (const Extent& extent : extents_) {
    if (extent.begin >= offset) bytes += extent.bytes;
  }
  return bytes;
}

std::uint64_t SegmentScan::FirstFrom(std::uint64_t offset) const {
  for (const Extent& extent : extents_) {
    if (extent.begin >= offset) return extent.begin;
  }
  return limit_;
}

}  // namespace beach::engine::wal
