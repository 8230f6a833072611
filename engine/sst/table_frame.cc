// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/table_frame.h"

#include <utility>

#include "base/check.h"
#include "engine/internal_key.h"
#include "engine/sst/block_io.h"

namespace beach::engine::sst {
namespace {

// Checks one data block and counts its entries. `previous` is the last key of the block before.
Status VerifyBlock(env::File& file, const TableFrame& frame, const BlockHandle& handle,
                   ByteView index_key, Properties& counted) {
  BEACH_TRY_ASSIGN(Bytes content, ReadBlock(file, frame.footer.identity, handle, frame.blocks_end));
  BEACH_TRY_ASSIGN(const auto block, Block::Parse(std::move(content), file.path(), handle.offset));
  const auto entry = block->NewIterator();
  for (entry->SeekToFirst(); entry->Valid(); entry->Next()) {
    const bool ascending =
        counted.entries == 0 || CompareInternalKeys(counted.largest, entry->key()) < 0;
    if (!ascending) return Damaged(file.path(), handle.offset, "entries are out of order");
    counted.Count(entry->key(), entry->value());
  }
  BEACH_TRY(entry->status());
  BEACH_TRY(block->CheckRestarts());
  if (counted.largest != index_key) {
    return Damaged(file.path(), handle.offset, "a block does not end with its index key");
  }
  ++counted.data_blocks;
  return {};
}

}  // namespace

Result<Footer> ReadFooter(env::File& file, std::uint64_t file_size) {
  if (file_size < kFooterSize) return Damaged(file.path(), 0, "too short for a table");
  const std::uint64_t offset = file_size - kFooterSize;
  BEACH_TRY_ASSIGN(const Bytes bytes, ReadExactly(file, offset, kFooterSize));
  return DecodeFooter(bytes, file.path(), offset);
}

Result<Properties> ReadProperties(env::File& file, const Footer& footer, std::uint64_t blocks_end) {
  BEACH_TRY_ASSIGN(const Bytes content,
                   ReadBlock(file, footer.identity, footer.properties, blocks_end));
  return DecodeProperties(content, file.path(), footer.properties.offset);
}

Result<std::shared_ptr<const Block>> ReadIndex(env::File& file, const Footer& footer,
                                               std::uint64_t blocks_end) {
  BEACH_TRY_ASSIGN(Bytes content, ReadBlock(file, footer.identity, footer.index, blocks_end));
  return Block::Parse(std::move(content), file.path(), footer.index.offset);
}

Result<TableFrame> ReadTableFrame(env::File& file, std::uint64_t file_size,
                                  const Identity& identity) {
  TableFrame frame;
  BEACH_TRY_ASSIGN(frame.footer, ReadFooter(file, file_size));
  BEACH_CHECK_GE(file_size, kFooterSize);
  frame.blocks_end = file_size - kFooterSize;
  if (frame.footer.identity != identity) {
    return Damaged(file.path(), frame.blocks_end, "the table is another's: foreign identity");
  }
  BEACH_TRY_ASSIGN(frame.properties, ReadProperties(file, frame.footer, frame.blocks_end));
  BEACH_TRY_ASSIGN(frame.index, ReadIndex(file, frame.footer, frame.blocks_end));
  return frame;
}

Status VerifyBlocks(env::File& file, const TableFrame& frame) {
  Properties counted;
  std::uint64_t end = 0;
  const auto index = frame.index->NewIterator();
  for (index->SeekToFirst(); index->Valid(); index->Next()) {
    BlockHandle handle;
    const bool decoded = DecodeHandle(index->value(), handle);
    if (!decoded || handle.offset != end) {
      return Damaged(file.path(), frame.footer.index.offset, "a block is not where one goes");
    }
    BEACH_TRY(VerifyBlock(file, frame, handle, index->key(), counted));
    end = handle.offset + handle.size + kBlockTrailerSize;
  }
  BEACH_TRY(index->status());
  BEACH_TRY(frame.index->CheckRestarts());
  if (counted != frame.properties) {
    return Damaged(file.path(), frame.footer.properties.offset,
                   "the properties do not describe the entries");
  }
  const Footer& footer = frame.footer;
  const bool filled =
      footer.properties.offset == end &&
      footer.index.offset == end + footer.properties.size + kBlockTrailerSize &&
      frame.blocks_end == footer.index.offset + footer.index.size + kBlockTrailerSize;
  if (!filled) return Damaged(file.path(), end, "bytes between the blocks belong to none");
  return {};
}

}  // namespace beach::engine::sst
