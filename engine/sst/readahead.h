// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/sst/format.h"
#include "engine/sst/table_index.h"
#include "env/files.h"

namespace beach::engine::sst {

inline constexpr std::uint64_t kReadaheadMin = 8 * kKiB;

// What one iterator over a table has read ahead: from the third block in a row on, several at once,
// more each time. Of one thread. Nothing in it was verified.
class Readahead {
 public:
  // At most so many bytes at once; 0: never.
  explicit Readahead(std::uint64_t size_max) : size_max_(size_max) {}

  // Tells that the walk has come to this block, read or not.
  void Visit(std::size_t block);

  // The block and its trailer as the file has them, from memory where they are there; empty where
  // they are not and should be read alone. REQUIRES: visited just now.
  ByteView Fetch(env::File& file, const TableIndex& index, std::size_t block);

 private:
  ByteView Held(const BlockHandle& handle) const;

  const std::uint64_t size_max_;
  std::size_t last_ = 0;
  std::uint64_t in_a_row_ = 0;
  std::uint64_t size_ = kReadaheadMin;  // of the next read
  std::uint64_t offset_ = 0;            // of bytes_ in the file
  Bytes bytes_;
};

}  // namespace beach::engine::sst
