// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <utility>

#include "base/check.h"
#include "engine/internal_key.h"
#include "engine/sst/block.h"
#include "engine/sst/block_io.h"
#include "engine/sst/format.h"
#include "engine/sst/properties.h"
#include "engine/sst/table.h"
#include "env/marks.h"

// Blocks gather in `pending_`, which goes to the file in large pieces, in order. Nothing in the
// file counts before Finish has synced it and the caller has listed it in the manifest.

namespace beach::engine {
namespace {

using sst::BlockBuilder;
using sst::BlockHandle;
using sst::Identity;

constexpr std::size_t kPieceSize = 256 * kKiB;

class FileTableBuilder final : public TableBuilder {
 public:
  FileTableBuilder(std::unique_ptr<env::File> file, Identity identity, std::uint64_t block_size,
                   std::uint64_t restart_interval)
      : file_(std::move(file)),
        identity_(identity),
        block_size_(block_size),
        data_(restart_interval),
        index_(1) {}

  Status Add(ByteView internal_key, ByteView value) override {
    BEACH_CHECK(!finished_);
    if (failed_) return Fail(*failed_);
    if (internal_key.size() + value.size() > sst::kEntrySizeMax) {
      return Fail(
          Error(ErrorCode::kInvalidArgument, "an entry of more than 1 GiB").At(file_->path()));
    }
    const bool ascending =
        properties_.entries == 0 || CompareInternalKeys(properties_.largest, internal_key) < 0;
    BEACH_CHECK(ascending);
    data_.Add(internal_key, value);
    properties_.Count(internal_key, value);
    if (data_.size_bytes() < block_size_) return {};
    return Remember(EndDataBlock());
  }

  Result<TableInfo> Finish() override {
    BEACH_CHECK(!finished_);
    BEACH_CHECK_GT(properties_.entries, 0U);
    finished_ = true;
    if (failed_) return Fail(*failed_);
    BEACH_TRY(WriteRest());
    // FAILPOINT: sst.written: a whole table that is not durable: any of its sectors may be lost. No
    // manifest lists it; it is debris.
    BEACH_FAILPOINT("sst.written");
    BEACH_TRY(file_->Sync());
    // FAILPOINT: sst.finished: a durable table under a name that need not be, unlisted: debris.
    BEACH_FAILPOINT("sst.finished");
    BEACH_SOMETIMES("sst.several_blocks", properties_.data_blocks > 1);
    return TableInfo{.file = identity_.file,
                     .size_bytes = offset_,
                     .entries = properties_.entries,
                     .smallest = properties_.smallest,
                     .largest = properties_.largest,
                     .sequence_min = properties_.sequence_min,
                     .sequence_max = properties_.sequence_max};
  }

 private:
  Status EndDataBlock() {
    const Bytes last_key(data_.last_key());
    BEACH_TRY_ASSIGN(const BlockHandle handle, WriteBlock(data_.Finish()));
    index_.Add(last_key, sst::EncodeHandle(handle));
    ++properties_.data_blocks;
    return {};
  }

  Status WriteRest() {
    if (!data_.empty()) BEACH_TRY(EndDataBlock());
    sst::Footer footer{.identity = identity_, .index = {}, .properties = {}};
    BEACH_TRY_ASSIGN(footer.properties, WriteBlock(sst::EncodeProperties(properties_)));
    BEACH_TRY_ASSIGN(footer.index, WriteBlock(index_.Finish()));
    pending_ += sst::EncodeFooter(footer);
    offset_ += sst::kFooterSize;
    return WritePending();
  }

  Result<BlockHandle> WriteBlock(const Bytes& content) {
    const BlockHandle handle{.offset = offset_, .size = content.size()};
    pending_ += content;
    pending_ += sst::BlockTrailer(identity_, offset_, content);
    offset_ += content.size() + sst::kBlockTrailerSize;
    if (pending_.size() >= kPieceSize) BEACH_TRY(WritePending());
    return handle;
  }

  Status WritePending() {
    BEACH_CHECK_GE(offset_, pending_.size());
    BEACH_TRY(file_->WriteAt(offset_ - pending_.size(), pending_));
    pending_.clear();
    return {};
  }

  // What a failed write left in the file is unknown: nothing more goes there.
  Status Remember(Status status) {
    if (!status) failed_ = status.error();
    return status;
  }

  const std::unique_ptr<env::File> file_;
  const Identity identity_;
  const std::uint64_t block_size_;
  BlockBuilder data_;
  BlockBuilder index_;
  sst::Properties properties_;
  Bytes pending_;             // ends at offset_, not yet in the file
  std::uint64_t offset_ = 0;  // where the next block goes
  std::optional<Error> failed_;
  bool finished_ = false;
};

}  // namespace

Result<std::unique_ptr<TableBuilder>> TableBuilder::Create(env::FileSystem& files, std::string path,
                                                           DatabaseId database, FileNumber file,
                                                           const Options& options) {
  BEACH_CHECK_GT(file.value, 0U);
  BEACH_CHECK_GT(options.block_restart_interval, 0U);
  const bool tiny = BEACH_BUGGIFY("sst.tiny_blocks");
  const std::uint64_t block_size = tiny ? 64 : options.block_size;
  BEACH_TRY_ASSIGN(auto handle,
                   files.Open(path, {.mode = env::OpenMode::kCreate, .direct = false}));
  const Identity identity{.database = database, .file = file};
  return std::make_unique<FileTableBuilder>(std::move(handle), identity, block_size,
                                            options.block_restart_interval);
}

}  // namespace beach::engine
