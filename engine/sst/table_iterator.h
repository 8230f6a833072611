// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/iterator.h"
#include "engine/sst/block.h"
#include "engine/sst/readahead.h"
#include "engine/sst/table.h"
#include "engine/sst/table_index.h"

namespace beach::engine::sst {

// What one walk over a table wants, and what it has read ahead.
struct Walk {
  TableReadOptions options;
  Readahead readahead;
};

// Gives data blocks by their number.
class BlockSource {
 public:
  virtual ~BlockSource() = default;
  virtual Result<std::shared_ptr<const Block>> Load(std::size_t block, Walk& walk) = 0;
  // The error for an index that does not describe the block it led to.
  virtual std::unexpected<Error> IndexDamage() const = 0;
  // A block that it gave has turned out to be damaged.
  virtual void Met(const Error& error) = 0;
};

// All entries of a table: a walk over the index, and in it one over the block at hand. `index` and
// `blocks` must outlive it.
std::unique_ptr<Iterator> NewTableIterator(const TableIndex& index, BlockSource& blocks, Walk walk);

}  // namespace beach::engine::sst
