// SPDX-License-Identifier: Apache-2.0
#include "raft/disk/sound_items.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/coding.h"
#include "engine/wal/format.h"
#include "env/device_probe.h"

namespace beach::raft {
namespace {

using engine::LogPosition;
using engine::OpenEpoch;
using engine::wal::BlockUp;
using engine::wal::ChunkUp;
using engine::wal::ItemHeader;
using engine::wal::kBlockSize;
using engine::wal::kItemHeaderSize;
using engine::wal::kSegmentHeaderSize;

constexpr std::uint64_t kPieceSize = std::uint64_t{1} << 20;

class Finder {
 public:
  Finder(const engine::wal::Segment& segment, const Register& content)
      : segment_(segment), epoch_max_(content.epoch()), salt_(content.salt) {}

  Result<SoundItems> Run(env::File& file) {
    BEACH_TRY(Read(file));
    BEACH_TRY(ReadHeaderBlock(file.path()));
    std::uint64_t offset = kSegmentHeaderSize;
    while (offset < bytes_.size()) {
      ItemHeader header;
      bool found = ItemAt(offset, header);
      if (!found) {
        offset += kBlockSize;
        continue;
      }
      while (found) {
        epoch_ = header.epoch;
        Take(header);
        offset = header.end();
        found = ItemBehind(offset, header);
      }
      offset = BlockUp(offset);
    }
    found_.is_there = is_whole_ && (epoch_ || HasHeaderBlock());
    return std::move(found_);
  }

 private:
  // A piece of which some cannot be read is read again block by block. Such a block is zeros here.
  Status Read(env::File& file) {
    BEACH_TRY_ASSIGN(const std::uint64_t size, file.Size());
    is_whole_ = size >= segment_.size_bytes;
    found_.size = std::min({size, segment_.size_bytes, segment_.end});
    bytes_.resize(found_.size);
    for (std::uint64_t at = 0; at < bytes_.size(); at += kPieceSize) {
      const std::uint64_t end = std::min<std::uint64_t>(at + kPieceSize, bytes_.size());
      if (file.ReadAt(at, bytes_.data() + at, end - at)) continue;
      for (std::uint64_t block = at; block < end; block += kBlockSize) {
        BEACH_TRY(ReadBlock(file, block, std::min(kBlockSize, end - block)));
      }
    }
    return {};
  }

  Status ReadBlock(env::File& file, std::uint64_t offset, std::uint64_t length) {
    char* const target = bytes_.data() + offset;
    auto got = file.ReadAt(offset, target, length);
    if (got) return {};
    // All else, no memory for one, may go well the next time.
    if (!env::IsUnreadable(got.error())) return Fail(std::move(got).error());
    std::fill_n(target, length, '\0');
    found_.unread.push_back({.offset = offset, .error = std::move(got).error()});
    return {};
  }

  Status ReadHeaderBlock(const std::string& path) {
    auto block = engine::wal::DecodeSegmentBlock(bytes_);
    if (block && block->ordinal == segment_.ordinal) epoch_ = block->epoch;
    if (block || block.error().code() != ErrorCode::kRefused) return {};
    return Fail(std::move(block).error().At(path, 0));
  }

  // Damaged as it may be: a segment that was entered and holds nothing has no more.
  bool HasHeaderBlock() const {
    const bool unread = found_.UnreadIn(0, kSegmentHeaderSize) != nullptr;
    const ByteView block = ByteView(bytes_).substr(0, kSegmentHeaderSize);
    return unread || std::ranges::any_of(block, [](char byte) { return byte != '\0'; });
  }

  bool ItemAt(std::uint64_t offset, ItemHeader& header) const {
    const ByteView rest = ByteView(bytes_).substr(std::min<std::uint64_t>(offset, bytes_.size()));
    if (rest.size() < kItemHeaderSize) return false;
    // One epoch for all items of a segment: the first sound one says which.
    const OpenEpoch epoch = epoch_.value_or(
        OpenEpoch(LoadFixed<std::uint64_t>(rest.data() + engine::wal::kItemEpochOffset)));
    if (epoch > epoch_max_) return false;
    const engine::wal::ItemPlace place{segment_.ordinal, epoch, offset, bytes_.size(), salt_};
    return engine::wal::DecodeItemHeader(rest, place, header) &&
           engine::wal::ItemCrc(rest.substr(0, header.size()), salt_) == header.crc;
  }

  bool ItemBehind(std::uint64_t end, ItemHeader& header) const {
    for (const std::uint64_t offset : {end, BlockUp(end), ChunkUp(end)}) {
      if (ItemAt(offset, header) && header.previous_end == end) return true;
    }
    return false;
  }

  void Take(const ItemHeader& header) {
    found_.items.push_back(
        {.begin = header.begin,
         .end = {segment_.ordinal, header.end()},
         .follows = {segment_.ordinal, header.previous_end},
         .durable = header.durable,
         .payload = bytes_.substr(header.begin.offset + kItemHeaderSize, header.payload_length)});
  }

  const engine::wal::Segment& segment_;
  const OpenEpoch epoch_max_;
  // Whatever a payload imitates, it lacks this.
  const engine::LogSalt salt_;
  Bytes bytes_;
  std::optional<OpenEpoch> epoch_;
  SoundItems found_;
  bool is_whole_ = false;
};

}  // namespace

const SoundItems::Unread* SoundItems::UnreadIn(std::uint64_t begin, std::uint64_t end) const {
  const auto first = std::ranges::lower_bound(unread, begin, {}, &Unread::offset);
  return first != unread.end() && first->offset < end ? &*first : nullptr;
}

Result<SoundItems> FindSoundItems(env::FileSystem& files, const std::string& path,
                                  const engine::wal::Segment& segment, const Register& content) {
  auto file = files.Open(path, {.mode = env::OpenMode::kRead});
  if (!file && file.error().code() == ErrorCode::kNotFound) return SoundItems();
  if (!file) return Fail(std::move(file).error());
  return Finder(segment, content).Run(**file);
}

}  // namespace beach::raft
