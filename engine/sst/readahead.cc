// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/readahead.h"

#include <algorithm>
#include <utility>

#include "engine/sst/block_io.h"
#include "env/marks.h"

namespace beach::engine::sst {
namespace {

constexpr std::uint64_t kBlocksInARow = 3;

}  // namespace

void Readahead::Visit(std::size_t block) {
  if (in_a_row_ > 0 && block == last_) return;
  if (in_a_row_ > 0 && block == last_ + 1) {
    ++in_a_row_;
  } else {
    in_a_row_ = 1;
    size_ = kReadaheadMin;
  }
  last_ = block;
}

ByteView Readahead::Held(const BlockHandle& handle) const {
  const std::uint64_t length = handle.size + kBlockTrailerSize;
  if (handle.offset < offset_ || handle.offset - offset_ > bytes_.size()) return {};
  const std::uint64_t at = handle.offset - offset_;
  if (length > bytes_.size() - at) return {};
  return ByteView(bytes_).substr(at, length);
}

// A read of several that fails is no failure of this block, which may be sound: it is read alone
// then, and that tells.
ByteView Readahead::Fetch(env::File& file, const TableIndex& index, std::size_t block) {
  const BlockHandle first = index.handle(block);
  if (const ByteView held = Held(first); !held.empty()) return held;
  if (in_a_row_ < kBlocksInARow) return {};
  const std::uint64_t most = std::min(size_, size_max_);
  size_ = std::min(size_ * 2, std::max(size_max_, kReadaheadMin));
  std::uint64_t length = first.size + kBlockTrailerSize;
  std::size_t blocks = 1;
  while (block + blocks < index.count()) {
    const std::uint64_t more = index.handle(block + blocks).size + kBlockTrailerSize;
    if (length + more > most) break;
    length += more;
    ++blocks;
  }
  if (blocks == 1) return {};
  offset_ = first.offset;
  ResizeUnfilled(bytes_, static_cast<std::size_t>(length));
  const auto got = file.ReadAt(first.offset, bytes_.data(), bytes_.size());
  bytes_.resize(got ? std::min(*got, bytes_.size()) : 0);
  BEACH_SOMETIMES("sst.read_ahead", !bytes_.empty());
  return Held(first);
}

}  // namespace beach::engine::sst
