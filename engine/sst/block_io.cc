// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/block_io.h"

#include "base/check.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "engine/sst/compression.h"

namespace beach::engine::sst {
namespace {

// The checksum of a block as far as `stored` goes; the byte of its compression is its last.
std::uint32_t BlockCrc(const Identity& identity, std::uint64_t offset, ByteView stored) {
  char place[4 * sizeof(std::uint64_t)];
  StoreFixed(place, identity.database.high);
  StoreFixed(place + 8, identity.database.low);
  StoreFixed(place + 16, identity.file.value);
  StoreFixed(place + 24, offset);
  return Crc32c(stored, Crc32c(ByteView(place, sizeof place)));
}

// Of a block with its trailer: how it is compressed, once its checksum is right.
Result<Compression> CheckStored(ByteView block, const Identity& identity, std::uint64_t offset,
                                const std::string& path) {
  BEACH_CHECK_GE(block.size(), kBlockTrailerSize);
  const std::size_t size = block.size() - kBlockTrailerSize;
  const char* const trailer = block.data() + size;
  const auto compression = static_cast<std::uint8_t>(trailer[kTrailerCompressionOffset]);
  const auto crc = LoadFixed<std::uint32_t>(trailer + kTrailerCrcOffset);
  if (crc != BlockCrc(identity, offset, block.substr(0, size + sizeof compression))) {
    return Damaged(path, offset, "bad block checksum");
  }
  if (compression > static_cast<std::uint8_t>(Compression::kZstd)) {
    return Damaged(path, offset, "unknown block compression");
  }
  return static_cast<Compression>(compression);
}

}  // namespace

Bytes BlockTrailer(const Identity& identity, std::uint64_t offset, ByteView stored,
                   Compression compression) {
  Bytes trailer;
  Encoder encoder(trailer);
  encoder.Fixed8(static_cast<std::uint8_t>(compression));
  encoder.Fixed32(Crc32c(trailer, BlockCrc(identity, offset, stored)));
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
                        std::uint64_t limit, Decompressor& decompressor) {
  const bool fits = handle.offset <= limit && limit - handle.offset >= kBlockTrailerSize &&
                    handle.size <= limit - handle.offset - kBlockTrailerSize;
  if (!fits) return Damaged(file.path(), handle.offset, "a block handle reaches beyond the blocks");
  BEACH_TRY_ASSIGN(Bytes bytes, ReadExactly(file, handle.offset, handle.size + kBlockTrailerSize));
  BEACH_TRY_ASSIGN(const Compression compression,
                   CheckStored(bytes, identity, handle.offset, file.path()));
  bytes.resize(static_cast<std::size_t>(handle.size));
  if (compression == Compression::kNone) return bytes;
  return decompressor.Decompress(compression, bytes, file.path(), handle.offset);
}

Result<Bytes> BlockContent(ByteView block_and_trailer, const Identity& identity,
                           std::uint64_t offset, const std::string& path,
                           Decompressor& decompressor) {
  BEACH_TRY_ASSIGN(const Compression compression,
                   CheckStored(block_and_trailer, identity, offset, path));
  const ByteView stored = block_and_trailer.substr(0, block_and_trailer.size() - kBlockTrailerSize);
  if (compression == Compression::kNone) return Bytes(stored);
  return decompressor.Decompress(compression, stored, path, offset);
}

}  // namespace beach::engine::sst
