// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/options.h"
#include "engine/sst/compression.h"
#include "engine/sst/format.h"
#include "env/files.h"

namespace beach::engine::sst {

// The trailer for a block that goes to `offset` of the file: its checksum covers the identity, the
// offset, what is stored and the compression byte, in this order.
Bytes BlockTrailer(const Identity& identity, std::uint64_t offset, ByteView stored,
                   Compression compression = Compression::kNone);

// Reads all of [offset, offset + length); a file that ends before is damage.
Result<Bytes> ReadExactly(env::File& file, std::uint64_t offset, std::uint64_t length);

// The content of a block, its checksum verified and then decompressed. `limit`: where blocks must
// have ended, trailers included; nothing is allocated for a handle that reaches beyond it.
Result<Bytes> ReadBlock(env::File& file, const Identity& identity, const BlockHandle& handle,
                        std::uint64_t limit, Decompressor& decompressor);

// The same for bytes that were read before: the block and its trailer, for a handle of that size.
Result<Bytes> BlockContent(ByteView block_and_trailer, const Identity& identity,
                           std::uint64_t offset, const std::string& path,
                           Decompressor& decompressor);

}  // namespace beach::engine::sst
