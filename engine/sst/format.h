// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/sst/table.h"
#include "engine/types.h"

// The bytes of a table, format v2. docs/formats/sst.md is the same for humans; a test compares.
//
//   data block, trailer | ... | filter block, trailer | range-delete block, trailer |
//   properties block, trailer | index block, trailer | footer
//
// The filter and the range-delete block are there only where they have something to say.

namespace beach::engine::sst {

// Ends every table of every version, together with the version, which follows it, and the CRC,
// which is last: "BEACHSST" read as little-endian bytes.
inline constexpr std::uint64_t kMagic = 0x5453534843414542U;
inline constexpr std::uint32_t kFormatVersion = 2;

// Offsets within the footer, which is the last kFooterSize bytes of the file.
inline constexpr std::size_t kFooterMagicOffset = 0;
inline constexpr std::size_t kFooterVersionOffset = 8;
inline constexpr std::size_t kFooterDatabaseHighOffset = 12;
inline constexpr std::size_t kFooterDatabaseLowOffset = 20;
inline constexpr std::size_t kFooterFileNumberOffset = 28;
inline constexpr std::size_t kFooterIndexOffsetOffset = 36;
inline constexpr std::size_t kFooterIndexSizeOffset = 44;
inline constexpr std::size_t kFooterPropertiesOffsetOffset = 52;
inline constexpr std::size_t kFooterPropertiesSizeOffset = 60;
inline constexpr std::size_t kFooterFilterOffsetOffset = 68;
inline constexpr std::size_t kFooterFilterSizeOffset = 76;
inline constexpr std::size_t kFooterRangeDeletesOffsetOffset = 84;
inline constexpr std::size_t kFooterRangeDeletesSizeOffset = 92;
inline constexpr std::size_t kFooterCrcOffset = 100;
inline constexpr std::size_t kFooterSize = 104;
static_assert(kFooterCrcOffset + sizeof(std::uint32_t) == kFooterSize);

// Follows every block.
inline constexpr std::size_t kTrailerCompressionOffset = 0;
inline constexpr std::size_t kTrailerCrcOffset = 1;
inline constexpr std::size_t kBlockTrailerSize = 5;

// Key and value together; keeps every offset within a block in 32 bits.
inline constexpr std::uint64_t kEntrySizeMax = std::uint64_t{1} << 30;

// Whose file this is. Part of every checksum: bytes of another file, or of another place in this
// one, never pass.
struct Identity {
  DatabaseId database;
  FileNumber file;
  friend bool operator==(const Identity&, const Identity&) = default;
};

// The place of a block: [offset, offset + size), its trailer behind it.
struct BlockHandle {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  friend bool operator==(const BlockHandle&, const BlockHandle&) = default;
};

struct Footer {
  Identity identity;
  BlockHandle index;
  BlockHandle properties;
  BlockHandle filter;         // both 0: none
  BlockHandle range_deletes;  // both 0: none
  friend bool operator==(const Footer&, const Footer&) = default;
};

Bytes EncodeFooter(const Footer& footer);
// `offset`: of the footer in the file, for the error. kCorruption, or kRefused for a version that
// is not ours in a footer that is otherwise whole.
Result<Footer> DecodeFooter(ByteView bytes, const std::string& path, std::uint64_t offset);

// The error for damage at a place.
std::unexpected<Error> Damaged(const std::string& path, std::uint64_t offset, std::string what);

}  // namespace beach::engine::sst
