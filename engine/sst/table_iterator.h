// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/iterator.h"
#include "engine/sst/block.h"

namespace beach::engine::sst {

// Gives the block for a value of the index.
class BlockSource {
 public:
  virtual ~BlockSource() = default;
  virtual Result<std::shared_ptr<const Block>> Load(ByteView encoded_handle) = 0;
  // The error for an index that does not describe the block it led to.
  virtual std::unexpected<Error> IndexDamage() const = 0;
};

// All entries of a table: a walk over the index, and in it one over the block at hand. `blocks`
// must outlive it.
std::unique_ptr<Iterator> NewTableIterator(std::unique_ptr<Iterator> index, BlockSource& blocks);

}  // namespace beach::engine::sst
