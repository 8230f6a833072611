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
  Finder(env::File& file, const engine::wal::Segment& segment, const Register& content,
         const VisitSoundItem& visit)
      : file_(file),
        segment_(segment),
        epoch_max_(content.epoch()),
        salt_(content.salt),
        visit_(visit) {}

  Result<SoundItems> Run() {
    BEACH_TRY_ASSIGN(const std::uint64_t size, file_.Size());
    found_.size = std::min({size, segment_.size_bytes, segment_.end});
    BEACH_TRY(ReadHeaderBlock());
    std::uint64_t offset = kSegmentHeaderSize;
    while (offset < found_.size) {
      ItemHeader header;
      BEACH_TRY_ASSIGN(bool found, ItemAt(offset, header));
      if (!found) {
        offset += kBlockSize;
        continue;
      }
      while (found) {
        epoch_ = header.epoch;
        BEACH_TRY(Take(header));
        offset = header.end();
        BEACH_TRY_ASSIGN(found, ItemBehind(offset, header));
      }
      offset = BlockUp(offset);
    }
    found_.is_there = size >= segment_.size_bytes && (epoch_ || has_header_block_);
    return std::move(found_);
  }

 private:
  // Fewer bytes at the end of what is looked at. The view lives until the next call.
  Result<ByteView> Read(std::uint64_t offset, std::uint64_t length) {
    if (offset >= found_.size) return ByteView();
    length = std::min(length, found_.size - offset);
    const bool held = offset >= window_begin_ && offset + length <= window_begin_ + window_.size();
    if (!held) BEACH_TRY(ReadWindow(offset, length));
    return ByteView(window_).substr(offset - window_begin_, length);
  }

  Status ReadWindow(std::uint64_t offset, std::uint64_t length) {
    window_begin_ = offset / kBlockSize * kBlockSize;
    const std::uint64_t wanted = std::max(BlockUp(offset + length), window_begin_ + kPieceSize);
    const std::uint64_t end = std::min(wanted, found_.size);
    window_.assign(end - window_begin_, '\0');
    for (std::uint64_t at = window_begin_; at < end; at += kPieceSize) {
      BEACH_TRY(ReadPiece(at, std::min(at + kPieceSize, end)));
    }
    return {};
  }

  // A piece of which some cannot be read is read again block by block. Such a block is zeros here.
  Status ReadPiece(std::uint64_t begin, std::uint64_t end) {
    char* const target = window_.data() - window_begin_;
    if (file_.ReadAt(begin, target + begin, end - begin)) return {};
    for (std::uint64_t at = begin; at < end; at += kBlockSize) {
      const std::uint64_t length = std::min(kBlockSize, end - at);
      auto got = file_.ReadAt(at, target + at, length);
      if (got) continue;
      // All else, no memory for one, may go well the next time.
      if (!env::IsUnreadable(got.error())) return Fail(std::move(got).error());
      std::fill_n(target + at, length, '\0');
      NoteUnread(at, std::move(got).error());
    }
    return {};
  }

  // Windows overlap.
  void NoteUnread(std::uint64_t offset, Error error) {
    const auto place =
        std::ranges::lower_bound(found_.unread, offset, {}, &SoundItems::Unread::offset);
    if (place != found_.unread.end() && place->offset == offset) return;
    found_.unread.insert(place, {.offset = offset, .error = std::move(error)});
  }

  Status ReadHeaderBlock() {
    BEACH_TRY_ASSIGN(const ByteView bytes, Read(0, kSegmentHeaderSize));
    // Damaged as it may be: a segment that was entered and holds nothing has no more.
    has_header_block_ = found_.UnreadIn(0, kSegmentHeaderSize) != nullptr ||
                        std::ranges::any_of(bytes, [](char byte) { return byte != '\0'; });
    auto block = engine::wal::DecodeSegmentBlock(bytes);
    if (block && block->ordinal == segment_.ordinal && block->salt == salt_) {
      epoch_ = block->epoch;
    } else if (block) {
      has_header_block_ = false;  // another's
    }
    if (block || block.error().code() != ErrorCode::kRefused) return {};
    return Fail(std::move(block).error().At(file_.path(), 0));
  }

  Result<bool> ItemAt(std::uint64_t offset, ItemHeader& header) {
    BEACH_TRY_ASSIGN(const ByteView head, Read(offset, kItemHeaderSize));
    if (head.size() < kItemHeaderSize) return false;
    // One epoch for all items of a segment: the first sound one says which.
    const OpenEpoch epoch = epoch_.value_or(
        OpenEpoch(LoadFixed<std::uint64_t>(head.data() + engine::wal::kItemEpochOffset)));
    if (epoch > epoch_max_) return false;
    const engine::wal::ItemPlace place{segment_.ordinal, epoch, offset, found_.size, salt_};
    if (!engine::wal::DecodeItemHeader(head, place, header)) return false;
    BEACH_TRY_ASSIGN(const ByteView item, Read(offset, header.size()));
    return engine::wal::ItemCrc(item, salt_) == header.crc;
  }

  Result<bool> ItemBehind(std::uint64_t end, ItemHeader& header) {
    for (const std::uint64_t offset : {end, BlockUp(end), ChunkUp(end)}) {
      BEACH_TRY_ASSIGN(const bool found, ItemAt(offset, header));
      if (found && header.previous_end == end) return true;
    }
    return false;
  }

  Status Take(const ItemHeader& header) {
    found_.items.push_back({.begin = header.begin,
                            .end = {segment_.ordinal, header.end()},
                            .follows = {segment_.ordinal, header.previous_end},
                            .durable = header.durable});
    if (!visit_) return {};
    BEACH_TRY_ASSIGN(const ByteView payload,
                     Read(header.begin.offset + kItemHeaderSize, header.payload_length));
    return visit_(found_.items.back(), payload, found_);
  }

  env::File& file_;
  const engine::wal::Segment& segment_;
  const OpenEpoch epoch_max_;
  // Whatever a payload imitates, it lacks this.
  const engine::LogSalt salt_;
  const VisitSoundItem& visit_;
  Bytes window_;  // of the file, from window_begin_ on
  std::uint64_t window_begin_ = 0;
  bool has_header_block_ = false;
  std::optional<OpenEpoch> epoch_;
  SoundItems found_;
};

}  // namespace

const SoundItems::Unread* SoundItems::UnreadIn(std::uint64_t begin, std::uint64_t end) const {
  const auto first = std::ranges::lower_bound(unread, begin, {}, &Unread::offset);
  return first != unread.end() && first->offset < end ? &*first : nullptr;
}

Result<SoundItems> FindSoundItems(env::FileSystem& files, const std::string& path,
                                  const engine::wal::Segment& segment, const Register& content,
                                  const VisitSoundItem& visit) {
  auto file = files.Open(path, {.mode = env::OpenMode::kRead});
  if (!file && file.error().code() == ErrorCode::kNotFound) return SoundItems();
  if (!file) return Fail(std::move(file).error());
  return Finder(**file, segment, content, visit).Run();
}

}  // namespace beach::raft
