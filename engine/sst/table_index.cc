// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/table_index.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "engine/internal_key.h"

namespace beach::engine::sst {

void TableIndexBuilder::Add(ByteView last_key, std::uint64_t size_bytes) {
  BEACH_CHECK_GE(last_key.size(), kInternalKeyTrailerSize);
  BEACH_CHECK_GT(size_bytes, 0U);
  Encoder encoder(content_);
  encoder.LengthPrefixed(last_key);
  encoder.Varint(size_bytes);
}

Result<TableIndex> TableIndex::Parse(Bytes content, std::uint64_t data_end, const std::string& path,
                                     std::uint64_t offset) {
  TableIndex index;
  index.content_ = std::move(content);
  std::vector<Entry> entries;
  ByteView before;  // key
  Decoder decoder(index.content_);
  std::uint64_t end = 0;  // of the blocks so far
  while (!decoder.rest().empty()) {
    const std::uint64_t at = offset + index.content_.size() - decoder.rest().size();
    const ByteView key = decoder.LengthPrefixed();
    const std::uint64_t size = decoder.Varint();
    InternalKey parsed;
    if (!decoder.ok() || key.size() > kKeySizeMax || !ParseInternalKey(key, parsed)) {
      return Damaged(path, at, "malformed index entry");
    }
    if (!entries.empty() && CompareInternalKeys(before, key) >= 0) {
      return Damaged(path, at, "the index is out of order");
    }
    const std::uint64_t room = data_end - end;
    if (size == 0 || room < kBlockTrailerSize || size > room - kBlockTrailerSize) {
      return Damaged(path, at, "the index does not describe its blocks");
    }
    Entry entry{.offset = end};
    entry.key_offset = static_cast<std::uint64_t>(key.data() - index.content_.data()) & kOffsetMask;
    entry.key_size = key.size() & kKeySizeMax;
    entries.push_back(entry);
    before = key;
    end += size + kBlockTrailerSize;
  }
  if (end != data_end) return Damaged(path, offset, "bytes between the blocks belong to none");
  const std::size_t count = entries.size();
  if (count == 0) return index;
  entries.push_back({.offset = end});
  index.entries_.assign(entries.begin(), entries.end());
  // Sorted: what the first and the last have in common, all have.
  const ByteView first = UserKeyOf(index.last_key(0));
  const ByteView last = UserKeyOf(index.last_key(count - 1));
  const std::size_t most = std::min(first.size(), last.size());
  while (index.common_ < most && first[index.common_] == last[index.common_]) ++index.common_;
  index.prefixes_.reserve(count);
  for (std::size_t block = 0; block < count; ++block) {
    index.prefixes_.push_back(index.PrefixOf(UserKeyOf(index.last_key(block))));
  }
  return index;
}

std::uint64_t TableIndex::PrefixOf(ByteView user_key) const {
  const ByteView rest = user_key.substr(common_);
  std::uint64_t prefix = 0;
  if (rest.size() >= sizeof prefix) {
    prefix = LoadFixed<std::uint64_t>(rest.data());
  } else {
    for (std::size_t i = 0; i < rest.size(); ++i) {
      prefix |= std::uint64_t{static_cast<unsigned char>(rest[i])} << 8 * i;
    }
  }
  return __builtin_bswap64(prefix);
}

std::size_t TableIndex::Find(ByteView user_key, std::uint64_t trailer) const {
  if (count() == 0) return 0;
  // Before all of them, or behind, by what they have in common alone.
  const int side = user_key.substr(0, common_).compare(last_key(0).substr(0, common_));
  if (side != 0) return side < 0 ? 0 : count();
  const std::uint64_t prefix = PrefixOf(user_key);
  const std::uint64_t* base = prefixes_.data();
  for (std::size_t length = count(); length > 0;) {  // the first prefix that is not below
    const std::size_t half = length / 2;
    const bool below = base[half] < prefix;
    base = below ? base + half + 1 : base;
    length = below ? length - half - 1 : half;
  }
  std::size_t low = static_cast<std::size_t>(base - prefixes_.data());
  if (low == count() || *base != prefix) return low;
  const auto equal_end = std::upper_bound(base, prefixes_.data() + count(), prefix);
  std::size_t high = static_cast<std::size_t>(equal_end - prefixes_.data());
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    const ByteView key = last_key(middle);
    const int order = UserKeyOf(key).compare(user_key);
    if (order < 0 || (order == 0 && TrailerOf(key) > trailer)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace beach::engine::sst
