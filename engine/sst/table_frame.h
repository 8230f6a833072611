// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "base/error.h"
#include "engine/sst/block.h"
#include "engine/sst/format.h"
#include "engine/sst/properties.h"
#include "env/files.h"

namespace beach::engine::sst {

// All of a table but its data.
struct TableFrame {
  Footer footer;
  std::uint64_t blocks_end = 0;  // where the footer begins
  Properties properties;
  std::shared_ptr<const Block> index;  // last key of each data block -> its handle
};

// `file_size` is what File::Size() said.
Result<Footer> ReadFooter(env::File& file, std::uint64_t file_size);
Result<Properties> ReadProperties(env::File& file, const Footer& footer, std::uint64_t blocks_end);
Result<std::shared_ptr<const Block>> ReadIndex(env::File& file, const Footer& footer,
                                               std::uint64_t blocks_end);

// Everything above, for a file whose identity is known: another one's is damage.
Result<TableFrame> ReadTableFrame(env::File& file, std::uint64_t file_size,
                                  const Identity& identity);

// Walks all data blocks: checksums, order within and between them, that they fill the file without
// gaps, and that all of it is what the properties say.
Status VerifyBlocks(env::File& file, const TableFrame& frame);

}  // namespace beach::engine::sst
