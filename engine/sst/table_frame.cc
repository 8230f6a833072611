// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/table_frame.h"

#include <utility>

#include "base/check.h"
#include "engine/internal_key.h"
#include "engine/sst/block.h"
#include "engine/sst/block_io.h"
#include "engine/sst/key_hash.h"

namespace beach::engine::sst {
namespace {

bool IsThere(const BlockHandle& handle) { return handle != BlockHandle(); }

// One that is read once: the index, the filter and their like.
Result<Bytes> ReadOnce(env::File& file, const Footer& footer, const BlockHandle& handle,
                       std::uint64_t limit) {
  Decompressor decompressor;
  return ReadBlock(file, footer.identity, handle, limit, decompressor);
}

// Checks one data block and counts its entries.
Status VerifyBlock(env::File& file, const TableFrame& frame, std::size_t number,
                   Decompressor& decompressor, Properties& counted, ExpirySampler& expiring) {
  const BlockHandle handle = frame.index.handle(number);
  BEACH_TRY_ASSIGN(Bytes content,
                   ReadBlock(file, frame.footer.identity, handle, frame.blocks_end, decompressor));
  counted.raw_data_size += content.size();
  counted.data_size += handle.size;
  ++counted.data_blocks;
  BEACH_TRY_ASSIGN(const auto block, Block::Parse(std::move(content), file.path(), handle.offset));
  const auto entry = block->NewIterator();
  for (entry->SeekToFirst(); entry->Valid(); entry->Next()) {
    const bool ascending =
        counted.entries == 0 || CompareInternalKeys(counted.largest, entry->key()) < 0;
    if (!ascending) return Damaged(file.path(), handle.offset, "entries are out of order");
    const bool is_new = counted.Count(entry->key(), entry->value());
    CountExpiry(entry->key(), entry->value(), expiring);
    if (!is_new || !frame.filter) continue;
    if (!frame.filter->MayContain(HashUserKey(UserKeyOf(entry->key())))) {
      return Damaged(file.path(), frame.footer.filter.offset, "the filter lacks a key");
    }
  }
  BEACH_TRY(entry->status());
  BEACH_TRY(block->CheckRestarts());
  BEACH_TRY(block->CheckBuckets());
  if (counted.largest != frame.index.last_key(number)) {
    return Damaged(file.path(), handle.offset, "a block does not end with its index key");
  }
  return {};
}

// Its size is what so many keys make. That it knows them was seen with each.
Status CheckFilterSize(const TableFrame& frame, const std::string& path) {
  const std::uint64_t bits_per_key = frame.properties.filter_bits_per_key;
  const bool there = frame.filter.has_value();
  bool sound = there == (bits_per_key > 0);
  if (there && sound) {
    sound = frame.filter->probes() == FilterProbes(bits_per_key) &&
            frame.filter->lines() == FilterLines(frame.properties.user_keys, bits_per_key);
  }
  if (sound) return {};
  return Damaged(path, there ? frame.footer.filter.offset : frame.footer.properties.offset,
                 "the filter is not the one that the properties describe");
}

}  // namespace

Result<Footer> ReadFooter(env::File& file, std::uint64_t file_size) {
  if (file_size < kFooterSize) return Damaged(file.path(), 0, "too short for a table");
  const std::uint64_t offset = file_size - kFooterSize;
  BEACH_TRY_ASSIGN(const Bytes bytes, ReadExactly(file, offset, kFooterSize));
  return DecodeFooter(bytes, file.path(), offset);
}

// From the footer to the front: index, properties, then what need not be there.
Result<std::uint64_t> CheckLayout(const Footer& footer, std::uint64_t blocks_end,
                                  const std::string& path) {
  std::uint64_t begin = blocks_end;
  const struct {
    BlockHandle handle;
    bool optional;
  } blocks[] = {{footer.index, false},
                {footer.properties, false},
                {footer.range_deletes, true},
                {footer.filter, true}};
  for (const auto& [handle, optional] : blocks) {
    if (optional && !IsThere(handle)) continue;
    const bool fits = begin >= kBlockTrailerSize && handle.size <= begin - kBlockTrailerSize &&
                      handle.offset == begin - kBlockTrailerSize - handle.size;
    if (!fits) return Damaged(path, blocks_end, "a block is not where one goes");
    begin = handle.offset;
  }
  return begin;
}

Result<Properties> ReadProperties(env::File& file, const Footer& footer, std::uint64_t blocks_end) {
  BEACH_TRY_ASSIGN(const Bytes content, ReadOnce(file, footer, footer.properties, blocks_end));
  return DecodeProperties(content, file.path(), footer.properties.offset);
}

Result<TableIndex> ReadIndex(env::File& file, const Footer& footer, std::uint64_t blocks_end,
                             std::uint64_t data_end) {
  BEACH_TRY_ASSIGN(Bytes content, ReadOnce(file, footer, footer.index, blocks_end));
  return TableIndex::Parse(std::move(content), data_end, file.path(), footer.index.offset);
}

Result<std::optional<Filter>> ReadFilter(env::File& file, const Footer& footer,
                                         std::uint64_t blocks_end) {
  if (!IsThere(footer.filter)) return std::nullopt;
  BEACH_TRY_ASSIGN(const Bytes content, ReadOnce(file, footer, footer.filter, blocks_end));
  return Filter::Parse(content, file.path(), footer.filter.offset);
}

Result<RangeDeletes> ReadRangeDeletes(env::File& file, const Footer& footer,
                                      std::uint64_t blocks_end) {
  if (!IsThere(footer.range_deletes)) return RangeDeletes();
  BEACH_TRY_ASSIGN(const Bytes content, ReadOnce(file, footer, footer.range_deletes, blocks_end));
  return DecodeRangeDeletes(content, file.path(), footer.range_deletes.offset);
}

Result<TableFrame> ReadTableFrame(env::File& file, std::uint64_t file_size,
                                  const Identity& identity) {
  TableFrame frame;
  BEACH_TRY_ASSIGN(frame.footer, ReadFooter(file, file_size));
  BEACH_CHECK_GE(file_size, kFooterSize);
  frame.blocks_end = file_size - kFooterSize;
  const Footer& footer = frame.footer;
  if (footer.identity != identity) {
    return Damaged(file.path(), frame.blocks_end, "the table is another's: foreign identity");
  }
  BEACH_TRY_ASSIGN(frame.data_end, CheckLayout(footer, frame.blocks_end, file.path()));
  BEACH_TRY_ASSIGN(frame.properties, ReadProperties(file, footer, frame.blocks_end));
  BEACH_TRY_ASSIGN(frame.index, ReadIndex(file, footer, frame.blocks_end, frame.data_end));
  BEACH_TRY_ASSIGN(frame.filter, ReadFilter(file, footer, frame.blocks_end));
  BEACH_TRY_ASSIGN(frame.range_deletes, ReadRangeDeletes(file, footer, frame.blocks_end));
  BEACH_TRY(CheckFilterSize(frame, file.path()));
  if (frame.range_deletes.size() != frame.properties.range_deletes ||
      frame.index.count() != frame.properties.data_blocks) {
    return Damaged(file.path(), footer.properties.offset,
                   "the properties do not describe the blocks");
  }
  return frame;
}

Status VerifyBlocks(env::File& file, const TableFrame& frame, Decompressor& decompressor) {
  Properties counted;
  ExpirySampler expiring;
  for (std::size_t block = 0; block < frame.index.count(); ++block) {
    BEACH_TRY(VerifyBlock(file, frame, block, decompressor, counted, expiring));
  }
  counted.expiring = expiring.Finish();
  for (const RangeDelete& range : frame.range_deletes) counted.Count(range);
  counted.compression = frame.properties.compression;
  counted.filter_bits_per_key = frame.properties.filter_bits_per_key;
  if (counted != frame.properties) {
    return Damaged(file.path(), frame.footer.properties.offset,
                   "the properties do not describe the entries");
  }
  return {};
}

}  // namespace beach::engine::sst
