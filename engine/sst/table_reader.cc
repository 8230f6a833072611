// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "base/check.h"
#include "engine/internal_key.h"
#include "engine/sst/block.h"
#include "engine/sst/block_io.h"
#include "engine/sst/key_hash.h"
#include "engine/sst/table.h"
#include "engine/sst/table_cache.h"
#include "engine/sst/table_frame.h"
#include "engine/sst/table_iterator.h"
#include "env/marks.h"

namespace beach::engine {
namespace {

using sst::Block;
using sst::BlockHandle;
using sst::TableCache;
using sst::TableFile;
using sst::TableFrame;

// What the manifest says must be what the file says. The file's own word is in its properties.
Status CheckAgainstInfo(const TableFrame& frame, const TableInfo& info, const std::string& path) {
  const sst::Properties& properties = frame.properties;
  const bool equal = properties.entries + properties.range_deletes == info.entries &&
                     properties.smallest == info.smallest && properties.largest == info.largest &&
                     properties.sequence_min == info.sequence_min &&
                     properties.sequence_max == info.sequence_max;
  if (equal) return {};
  return sst::Damaged(path, frame.footer.properties.offset,
                      "the table is not the one that the manifest lists");
}

class FileTableReader final : public TableReader, private sst::BlockSource {
 public:
  FileTableReader(env::FileSystem& files, std::string path, FileNumber number, TableFrame frame,
                  std::shared_ptr<TableCache> cache)
      : number_(number),
        file_(files, std::move(path)),
        path_(std::make_shared<const std::string>(file_.path())),
        frame_(std::move(frame)),
        cache_(std::move(cache)) {}
  ~FileTableReader() override { cache_->Forget(file_); }
  FileTableReader(const FileTableReader&) = delete;
  FileTableReader& operator=(const FileTableReader&) = delete;

  // The file that Open has read the frame from.
  void Give(std::shared_ptr<env::File> file) { cache_->Add(file_, std::move(file)); }

  FileNumber file() const override { return number_; }
  const sst::Properties& properties() const override { return frame_.properties; }
  const sst::RangeDeletes& range_deletes() const override { return frame_.range_deletes; }

  Result<std::optional<VersionFound>> Get(ByteView key, SequenceNumber sequence,
                                          const TableReadOptions& options) override {
    BEACH_CHECK_LE(sequence.value, kMaxSequence.value);
    auto found = Find(key, sequence, options);
    if (!found) Met(found.error());
    return found;
  }

  std::unique_ptr<Iterator> NewIterator(const TableReadOptions& options) override {
    return sst::NewTableIterator(
        frame_.index, *this,
        {.options = options, .readahead = sst::Readahead(cache_->readahead_max())});
  }

  Status Verify() override {
    Status sound = VerifyFile();
    if (!sound) Met(sound.error());
    return sound;
  }

  Status KeepOpen() override { return cache_->Keep(file_); }

 private:
  Result<std::optional<VersionFound>> Find(ByteView key, SequenceNumber sequence,
                                           const TableReadOptions& options) {
    const std::uint64_t hash = sst::HashUserKey(key);
    if (frame_.filter && !frame_.filter->MayContain(hash)) {
      BEACH_SOMETIMES("sst.filter_said_absent", true);
      return std::nullopt;
    }
    const std::size_t number = frame_.index.Find(key, PackTrailer(sequence, kKindFirst));
    if (number == frame_.index.count()) return std::nullopt;
    BEACH_TRY_ASSIGN(const auto block, Load(number, options, nullptr));
    if (block == nullptr) return std::nullopt;  // it would block
    bool beyond = false;
    auto found = block->Get(key, sequence, hash, beyond);
    // The index said that the block's last key is not before the target.
    if (beyond) return IndexDamage();
    BEACH_SOMETIMES("sst.filter_was_wrong", frame_.filter.has_value() && found && !*found);
    return found;
  }

  Status VerifyFile() {
    const std::uint64_t size = frame_.blocks_end + sst::kFooterSize;
    BEACH_TRY_ASSIGN(const auto file, cache_->Use(file_));
    // From the disk, not from what Open read: it may have changed since.
    BEACH_TRY_ASSIGN(const TableFrame fresh, ReadTableFrame(*file, size, frame_.footer.identity));
    if (fresh.footer != frame_.footer || fresh.properties != frame_.properties) {
      return sst::Damaged(file_.path(), frame_.blocks_end, "the table changed after its opening");
    }
    return VerifyBlocks(*file, fresh, cache_->decompressor());
  }

  Result<std::shared_ptr<const Block>> Load(std::size_t number, sst::Walk& walk) override {
    auto block = Load(number, walk.options, &walk.readahead);
    if (!block) Met(block.error());
    return block;
  }

  // From the cache, or what was read ahead, or the file. Null: it would have to be read, and is not
  // to be.
  Result<std::shared_ptr<const Block>> Load(std::size_t number, const TableReadOptions& options,
                                            sst::Readahead* readahead) {
    const BlockHandle handle = frame_.index.handle(number);
    if (auto cached = cache_->blocks().Find(file(), handle.offset)) return cached;
    if (options.would_block != nullptr) {
      *options.would_block = true;
      return nullptr;
    }
    BEACH_TRY_ASSIGN(Bytes content, Read(number, handle, readahead));
    BEACH_TRY_ASSIGN(auto block, Block::Parse(std::move(content), path_, handle.offset));
    if (options.fill_cache) cache_->blocks().Insert(file(), handle.offset, block);
    return block;
  }

  Result<Bytes> Read(std::size_t number, const BlockHandle& handle, sst::Readahead* readahead) {
    BEACH_TRY_ASSIGN(const auto open, cache_->Use(file_));
    if (readahead != nullptr) {
      const ByteView ahead = readahead->Fetch(*open, frame_.index, number);
      if (!ahead.empty()) {
        return sst::BlockContent(ahead, frame_.footer.identity, handle.offset, file_.path(),
                                 cache_->decompressor());
      }
    }
    return sst::ReadBlock(*open, frame_.footer.identity, handle, frame_.data_end,
                          cache_->decompressor());
  }

  std::unexpected<Error> IndexDamage() const override {
    return sst::Damaged(file_.path(), frame_.footer.index.offset,
                        "the index does not describe its block");
  }

  void Met(const Error& error) override { cache_->Met(error); }

  const FileNumber number_;  // that it is listed under: its blocks' in the cache
  TableFile file_;
  const std::shared_ptr<const std::string> path_;  // for its blocks, which may outlive it
  const TableFrame frame_;
  const std::shared_ptr<TableCache> cache_;
};

}  // namespace

Result<std::unique_ptr<TableReader>> TableReader::Open(env::FileSystem& files, std::string path,
                                                       DatabaseId database, const TableInfo& info,
                                                       std::shared_ptr<sst::TableCache> cache) {
  BEACH_TRY_ASSIGN(auto file, files.Open(path, {.mode = env::OpenMode::kRead, .direct = false}));
  BEACH_TRY_ASSIGN(const std::uint64_t size, file->Size());
  if (size != info.size_bytes) {
    const std::string sizes = std::to_string(size) + " bytes, " + std::to_string(info.size_bytes);
    return sst::Damaged(path, size < info.size_bytes ? size : info.size_bytes,
                        "the table has " + sizes + " expected");
  }
  const sst::Identity identity{.database = info.origin.value_or(database),
                               .file = info.origin_file.value_or(info.file)};
  BEACH_TRY_ASSIGN(TableFrame frame, ReadTableFrame(*file, size, identity));
  BEACH_TRY(CheckAgainstInfo(frame, info, path));
  if (cache == nullptr) cache = std::make_shared<TableCache>(TableCache::Limits());
  auto reader = std::make_unique<FileTableReader>(files, std::move(path), info.file,
                                                  std::move(frame), std::move(cache));
  reader->Give(std::move(file));
  return reader;
}

}  // namespace beach::engine
