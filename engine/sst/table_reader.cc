// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "base/check.h"
#include "engine/internal_key.h"
#include "engine/sst/block.h"
#include "engine/sst/block_cache.h"
#include "engine/sst/block_io.h"
#include "engine/sst/table.h"
#include "engine/sst/table_frame.h"
#include "engine/sst/table_iterator.h"

namespace beach::engine {
namespace {

using sst::Block;
using sst::BlockCache;
using sst::BlockHandle;
using sst::TableFrame;

// What the manifest says must be what the file says. The file's own word is in its properties.
Status CheckAgainstInfo(const TableFrame& frame, const TableInfo& info, const std::string& path) {
  const sst::Properties& properties = frame.properties;
  const bool equal = properties.entries == info.entries && properties.smallest == info.smallest &&
                     properties.largest == info.largest &&
                     properties.sequence_min == info.sequence_min &&
                     properties.sequence_max == info.sequence_max;
  if (equal) return {};
  return sst::Damaged(path, frame.footer.properties.offset,
                      "the table is not the one that the manifest lists");
}

class FileTableReader final : public TableReader, private sst::BlockSource {
 public:
  FileTableReader(std::unique_ptr<env::File> file, TableFrame frame,
                  std::shared_ptr<BlockCache> cache)
      : file_(std::move(file)), frame_(std::move(frame)), cache_(std::move(cache)) {}

  FileNumber file() const override { return frame_.footer.identity.file; }
  std::uint64_t deletes() const override { return frame_.properties.deletes; }

  Result<std::optional<VersionFound>> Get(ByteView key, SequenceNumber sequence) override {
    BEACH_CHECK_LE(sequence.value, kMaxSequence.value);
    Bytes target;
    AppendInternalKey(target, {.user_key = key, .sequence = sequence, .kind = kKindFirst});
    const auto index = frame_.index->NewIterator();
    index->Seek(target);
    if (!index->Valid()) {
      BEACH_TRY(index->status());
      return std::nullopt;
    }
    BEACH_TRY_ASSIGN(const auto block, Load(index->value()));
    const auto entry = block->NewIterator();
    entry->Seek(target);
    if (!entry->Valid()) {
      BEACH_TRY(entry->status());
      return IndexDamage();  // it said that the block's last key is not before the target
    }
    InternalKey found;
    const bool parsed = ParseInternalKey(entry->key(), found);
    BEACH_CHECK(parsed);
    if (found.user_key != key) return std::nullopt;
    return VersionFound{
        .sequence = found.sequence, .kind = found.kind, .value = Bytes(entry->value())};
  }

  std::unique_ptr<Iterator> NewIterator() override {
    return sst::NewTableIterator(frame_.index->NewIterator(), *this);
  }

  Status Verify() override {
    const std::uint64_t size = frame_.blocks_end + sst::kFooterSize;
    // From the disk, not from what Open read: it may have changed since.
    BEACH_TRY_ASSIGN(const TableFrame fresh, ReadTableFrame(*file_, size, frame_.footer.identity));
    if (fresh.footer != frame_.footer || fresh.properties != frame_.properties) {
      return sst::Damaged(file_->path(), frame_.blocks_end, "the table changed after its opening");
    }
    return VerifyBlocks(*file_, fresh);
  }

 private:
  Result<std::shared_ptr<const Block>> Load(ByteView encoded_handle) override {
    BlockHandle handle;
    if (!sst::DecodeHandle(encoded_handle, handle)) {
      return sst::Damaged(file_->path(), frame_.footer.index.offset, "malformed block handle");
    }
    if (cache_ != nullptr) {
      if (auto cached = cache_->Find(file(), handle.offset)) return cached;
    }
    BEACH_TRY_ASSIGN(Bytes content, sst::ReadBlock(*file_, frame_.footer.identity, handle,
                                                   frame_.footer.properties.offset));
    BEACH_TRY_ASSIGN(auto block, Block::Parse(std::move(content), file_->path(), handle.offset));
    if (cache_ != nullptr) cache_->Insert(file(), handle.offset, block);
    return block;
  }

  std::unexpected<Error> IndexDamage() const override {
    return sst::Damaged(file_->path(), frame_.footer.index.offset,
                        "the index does not describe its block");
  }

  const std::unique_ptr<env::File> file_;
  const TableFrame frame_;
  const std::shared_ptr<BlockCache> cache_;  // may be null
};

}  // namespace

Result<std::unique_ptr<TableReader>> TableReader::Open(env::FileSystem& files, std::string path,
                                                       DatabaseId database, const TableInfo& info,
                                                       std::shared_ptr<sst::BlockCache> cache) {
  BEACH_TRY_ASSIGN(auto file, files.Open(path, {.mode = env::OpenMode::kRead, .direct = false}));
  BEACH_TRY_ASSIGN(const std::uint64_t size, file->Size());
  if (size != info.size_bytes) {
    const std::string sizes = std::to_string(size) + " bytes, " + std::to_string(info.size_bytes);
    return sst::Damaged(path, size < info.size_bytes ? size : info.size_bytes,
                        "the table has " + sizes + " expected");
  }
  const sst::Identity identity{.database = database, .file = info.file};
  BEACH_TRY_ASSIGN(TableFrame frame, ReadTableFrame(*file, size, identity));
  BEACH_TRY(CheckAgainstInfo(frame, info, path));
  return std::make_unique<FileTableReader>(std::move(file), std::move(frame), std::move(cache));
}

}  // namespace beach::engine
