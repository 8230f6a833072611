// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/block_io.h"

#include "base/check.h"
#include "base/coding.h"
#include "base/crc32c.h"

namespace beach::engine::sst {
namespace {

// The checksum of a block as far as `content` goes; the byte of its compression is its last.
std::uint32_t BlockCrc(const Identity& identity, std::uint64_t offset, ByteView content) {
  char place[4 * sizeof(std::uint64_t)];
  StoreFixed(place, identity.database.high);
  StoreFixed(place + 8, identity.database.low);
  StoreFixed(place + 16, identity.file.value);
  StoreFixed(place + 24, offset);
  return Crc32c(content, Crc32c(ByteView(place, sizeof place)));
}

}  // namespace

Bytes BlockTrailer(const Identity& identity, std::uint64_t offset, ByteView content) {
  Bytes trailer;
  Encoder encoder(trailer);
  encoder.Fixed8(kCompressionNone);
  encoder.Fixed32(Crc32c(trailer, BlockCrc(identity, offset, content)));
  BEACH_CHECK_EQ(trailer.size(), kBlockTrailerSize);
  return trailer;
}

Result<Bytes> ReadExactly(env::File& file, std::uint64_t offset, std::uint64_t length) {
  Bytes bytes;
  ResizeUnfilled(bytes, static_cast<std::size_t>(length));
  BEACH_TRY_ASSIGN(const std::size_t got, file.ReadAt(offset, bytes.data(), bytes.size()));
  BEACH_CHECK_LE(got, bytes.size());
  if (got != bytes.size()) return Damaged(file.path(), offset + got, "the file ends within a read");
  return bytes;
}

Result<Bytes> ReadBlock(env::File& file, const Identity& identity, const BlockHandle& handle,
                        std::uint64_t limit) {
  const bool fits = handle.offset <= limit && limit - handle.offset >= kBlockTrailerSize &&
                    handle.size <= limit - handle.offset - kBlockTrailerSize;
  if (!fits) return Damaged(file.path(), handle.offset, "a block handle reaches beyond the blocks");
  BEACH_TRY_ASSIGN(Bytes bytes, ReadExactly(file, handle.offset, handle.size + kBlockTrailerSize));
  const char* const trailer = bytes.data() + handle.size;
  const auto compression = static_cast<std::uint8_t>(trailer[kTrailerCompressionOffset]);
  const auto crc = LoadFixed<std::uint32_t>(trailer + kTrailerCrcOffset);
  bytes.resize(static_cast<std::size_t>(handle.size) + sizeof compression);
  if (crc != BlockCrc(identity, handle.offset, bytes)) {
    return Damaged(file.path(), handle.offset, "bad block checksum");
  }
  bytes.pop_back();
  if (compression != kCompressionNone) {
    return Damaged(file.path(), handle.offset, "unknown block compression");
  }
  return bytes;
}

}  // namespace beach::engine::sst
