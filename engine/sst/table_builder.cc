// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "engine/internal_key.h"
#include "engine/sst/block.h"
#include "engine/sst/block_io.h"
#include "engine/sst/compression.h"
#include "engine/sst/filter.h"
#include "engine/sst/format.h"
#include "engine/sst/key_hash.h"
#include "engine/sst/properties.h"
#include "engine/sst/range_deletes.h"
#include "engine/sst/table.h"
#include "engine/sst/table_index.h"
#include "env/marks.h"

// Blocks gather in `pending_`, which goes to the file in large pieces, in order. Nothing in the
// file counts before Finish has synced it and the caller has listed it in the manifest.

namespace beach::engine {
namespace {

using sst::BlockBuilder;
using sst::BlockHandle;
using sst::Compressor;
using sst::Identity;

constexpr std::size_t kPieceSize = 256 * kKiB;

class FileTableBuilder final : public TableBuilder {
 public:
  struct Limits {
    std::uint64_t block_size;
    std::uint64_t restart_interval;
    std::uint64_t filter_bits_per_key;
    Compression compression;
  };
  FileTableBuilder(std::unique_ptr<env::File> file, Identity identity, const Limits& limits)
      : file_(std::move(file)),
        identity_(identity),
        block_size_(limits.block_size),
        data_(limits.restart_interval),
        filter_(limits.filter_bits_per_key),
        compressor_(limits.compression) {
    properties_.compression = limits.compression;
  }

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
    const std::uint64_t hash = sst::HashUserKey(UserKeyOf(internal_key));
    data_.Add(internal_key, hash, value);
    if (properties_.Count(internal_key, value)) filter_.Add(hash);
    sst::CountExpiry(internal_key, value, expiring_);
    if (data_.size_bytes() < block_size_) return {};
    return Remember(EndDataBlock());
  }

  void AddRangeDelete(ByteView begin, ByteView end, SequenceNumber sequence) override {
    BEACH_CHECK(!finished_);
    BEACH_CHECK(begin < end);
    BEACH_CHECK_LE(sequence.value, kMaxSequence.value);
    range_deletes_.push_back({Bytes(begin), Bytes(end), sequence});
    range_deletes_size_ += begin.size() + end.size() + sizeof(std::uint64_t);
  }

  std::uint64_t size_bytes() const override {
    return offset_ + data_.size_bytes() + filter_.keys() * filter_.bits_per_key() / 8 +
           range_deletes_size_ + index_.size_bytes() + sst::kFooterSize;
  }

  Result<TableInfo> Finish() override {
    BEACH_CHECK(!finished_);
    finished_ = true;
    if (failed_) return Fail(*failed_);
    std::ranges::sort(range_deletes_, sst::InOrder);
    for (const sst::RangeDelete& range : range_deletes_) properties_.Count(range);
    properties_.expiring = expiring_.Finish();
    BEACH_CHECK_GT(properties_.entries + properties_.range_deletes, 0U);
    BEACH_TRY(WriteRest());
    // FAILPOINT: sst_after_write: a whole table that is not durable: any of its sectors may be
    // lost. No manifest lists it; it is debris.
    BEACH_FAILPOINT("sst_after_write");
    // FAILPOINT: sst_sync_error: the sync of a table.
    BEACH_TRY(BEACH_FAULTPOINT("sst_sync_error"));
    BEACH_TRY(file_->Sync());
    // FAILPOINT: sst_after_sync: a durable table under a name that need not be, unlisted: debris.
    BEACH_FAILPOINT("sst_after_sync");
    BEACH_SOMETIMES("sst.several_blocks", properties_.data_blocks > 1);
    return TableInfo{.file = identity_.file,
                     .size_bytes = offset_,
                     .entries = properties_.entries + properties_.range_deletes,
                     .smallest = properties_.smallest,
                     .largest = properties_.largest,
                     .sequence_min = properties_.sequence_min,
                     .sequence_max = properties_.sequence_max};
  }

 private:
  Status EndDataBlock() {
    const Bytes last_key(data_.last_key());
    const Bytes content = data_.Finish();
    const Compression made = compressor_.Compress(content, compressed_);
    const Bytes& stored = made == Compression::kNone ? content : compressed_;
    BEACH_SOMETIMES("sst.block_compressed", made != Compression::kNone);
    index_.Add(last_key, stored.size());
    ++properties_.data_blocks;
    properties_.data_size += stored.size();
    properties_.raw_data_size += content.size();
    BEACH_TRY_ASSIGN(const BlockHandle handle, WriteBlock(stored, made));
    BEACH_CHECK_EQ(handle.size, stored.size());
    return {};
  }

  Status WriteRest() {
    if (!data_.empty()) BEACH_TRY(EndDataBlock());
    sst::Footer footer{
        .identity = identity_, .index = {}, .properties = {}, .filter = {}, .range_deletes = {}};
    if (filter_.keys() > 0) {
      properties_.filter_bits_per_key = filter_.bits_per_key();
      BEACH_TRY_ASSIGN(footer.filter, WriteBlock(filter_.Finish()));
    }
    if (!range_deletes_.empty()) {
      BEACH_TRY_ASSIGN(footer.range_deletes, WriteBlock(sst::EncodeRangeDeletes(range_deletes_)));
    }
    BEACH_TRY_ASSIGN(footer.properties, WriteBlock(sst::EncodeProperties(properties_)));
    BEACH_TRY_ASSIGN(footer.index, WriteBlock(index_.Finish()));
    pending_ += sst::EncodeFooter(footer);
    offset_ += sst::kFooterSize;
    return WritePending();
  }

  Result<BlockHandle> WriteBlock(const Bytes& stored,
                                 Compression compression = Compression::kNone) {
    const BlockHandle handle{.offset = offset_, .size = stored.size()};
    pending_ += stored;
    pending_ += sst::BlockTrailer(identity_, offset_, stored, compression);
    offset_ += stored.size() + sst::kBlockTrailerSize;
    if (pending_.size() >= kPieceSize) BEACH_TRY(WritePending());
    return handle;
  }

  Status WritePending() {
    BEACH_CHECK_GE(offset_, pending_.size());
    // FAILPOINT: sst_write_error: a write of a part of a table.
    BEACH_TRY(BEACH_FAULTPOINT("sst_write_error"));
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
  sst::TableIndexBuilder index_;
  sst::FilterBuilder filter_;
  sst::RangeDeletes range_deletes_;
  std::uint64_t range_deletes_size_ = 0;
  Compressor compressor_;
  Bytes compressed_;
  sst::Properties properties_;
  sst::ExpirySampler expiring_;
  Bytes pending_;             // ends at offset_, not yet in the file
  std::uint64_t offset_ = 0;  // where the next block goes
  std::optional<Error> failed_;
  bool finished_ = false;
};

}  // namespace

Result<std::unique_ptr<TableBuilder>> TableBuilder::Create(env::FileSystem& files, std::string path,
                                                           DatabaseId database, FileNumber file,
                                                           const Options& options, bool bottom) {
  BEACH_CHECK_GT(file.value, 0U);
  BEACH_CHECK_GT(options.block_restart_interval, 0U);
  FileTableBuilder::Limits limits{
      .block_size = options.block_size,
      .restart_interval = options.block_restart_interval,
      .filter_bits_per_key = options.filter_bits_per_key,
      .compression = bottom ? options.bottom_compression : options.compression};
  if (BEACH_BUGGIFY("sst.tiny_blocks")) limits.block_size = 64;
  if (BEACH_BUGGIFY("sst.tiny_filter")) limits.filter_bits_per_key = 1;
  BEACH_TRY_ASSIGN(auto handle,
                   files.Open(path, {.mode = env::OpenMode::kCreate, .direct = false}));
  const Identity identity{.database = database, .file = file};
  return std::make_unique<FileTableBuilder>(std::move(handle), identity, limits);
}

}  // namespace beach::engine
