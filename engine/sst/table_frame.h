// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/error.h"
#include "engine/sst/compression.h"
#include "engine/sst/filter.h"
#include "engine/sst/format.h"
#include "engine/sst/properties.h"
#include "engine/sst/range_deletes.h"
#include "engine/sst/table_index.h"
#include "env/files.h"

namespace beach::engine::sst {

// All of a table but its data.
struct TableFrame {
  Footer footer;
  std::uint64_t blocks_end = 0;  // where the footer begins
  std::uint64_t data_end = 0;    // where the data blocks end
  Properties properties;
  TableIndex index;
  std::optional<Filter> filter;
  RangeDeletes range_deletes;
};

// `file_size` is what File::Size() said.
Result<Footer> ReadFooter(env::File& file, std::uint64_t file_size);

// Whether the blocks that the footer names lie one behind the other and end at `blocks_end`; gives
// where they begin, which is where the data blocks end. kCorruption.
Result<std::uint64_t> CheckLayout(const Footer& footer, std::uint64_t blocks_end,
                                  const std::string& path);

// `blocks_end`: where the footer begins.
Result<Properties> ReadProperties(env::File& file, const Footer& footer, std::uint64_t blocks_end);
Result<TableIndex> ReadIndex(env::File& file, const Footer& footer, std::uint64_t blocks_end,
                             std::uint64_t data_end);
// Nothing, where the table has none.
Result<std::optional<Filter>> ReadFilter(env::File& file, const Footer& footer,
                                         std::uint64_t blocks_end);
Result<RangeDeletes> ReadRangeDeletes(env::File& file, const Footer& footer,
                                      std::uint64_t blocks_end);

// Everything above, for a file whose identity is known: another one's is damage.
Result<TableFrame> ReadTableFrame(env::File& file, std::uint64_t file_size,
                                  const Identity& identity);

// Walks all data blocks: checksums, order within and between them, that hash indexes and the filter
// know each key, and that all of it is what the properties say.
Status VerifyBlocks(env::File& file, const TableFrame& frame, Decompressor& decompressor);

}  // namespace beach::engine::sst
