// SPDX-License-Identifier: Apache-2.0
#include "raft/disk/register.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "base/no_space.h"
#include "base/random.h"
#include "base/site.h"
#include "engine/wal/format.h"
#include "env/small_file.h"

namespace beach::raft {
namespace {

using engine::wal::BlockUp;
using engine::wal::kBlockSize;

constexpr ByteView kMagic = "BEACHRLR";
constexpr std::uint64_t kVersionOffset = 8;
constexpr std::uint64_t kCrcOffset = 12;
constexpr std::uint64_t kCrcEnd = 16;
constexpr std::uint64_t kCopySizeMax =
    BlockUp(kRegisterHeadSize + kRegisterSegmentsMax * kRegisterSegmentSize + kHeadRecordMax +
            kRegisterRunsMax * 20);
// It leaves all arithmetic on counters far from overflow.
constexpr std::uint64_t kCounterMax = std::uint64_t{1} << 62;
// Of one that is read: so that counting on from it, for as long as a log lives, stays below the
// other.
constexpr std::uint64_t kCounterReadMax = kCounterMax / 2;

bool IsPossible(const engine::wal::Segment& segment, const Register& content) {
  const bool open = segment.end == engine::wal::Segment::kOpenEnd;
  return segment.ordinal.value > 0 && segment.ordinal < content.next_ordinal &&
         segment.file.value > 0 && segment.file < content.next_file &&
         segment.size_bytes >= engine::wal::kSegmentSizeMin &&
         segment.size_bytes <= engine::wal::kSegmentSizeMax &&
         (open ||
          (segment.end >= engine::wal::kSegmentHeaderSize && segment.end <= segment.size_bytes));
}

// Its checksum was right; still nothing that is computed from it may crash.
bool IsPossible(const Register& content) {
  if (content.starts > kCounterMax || content.next_file.value > kCounterMax ||
      content.next_ordinal.value > kCounterMax || content.base > kLogIndexMax ||
      content.salt == engine::LogSalt{} || !IsPossible(content.head, kRegisterRunsMax)) {
    return false;
  }
  engine::SegmentOrdinal below;
  for (const engine::wal::Segment& segment : content.segments) {
    if (!IsPossible(segment, content) || segment.ordinal <= below) return false;
    below = segment.ordinal;
  }
  return engine::wal::MayBePosition(content.durable);
}

std::uint32_t CopyCrc(ByteView copy) {
  return Crc32c(copy.substr(kCrcEnd), Crc32c(copy.substr(0, kCrcOffset)));
}

Bytes EncodeCopy(const Register& content) {
  Bytes bytes;
  Encoder encoder(bytes);
  encoder.Raw(kMagic);
  encoder.Fixed32(kRegisterVersion);
  encoder.Fixed32(0);  // the checksum
  encoder.Fixed64(content.cluster.value);
  encoder.Fixed64(content.node.value);
  encoder.Fixed64(content.starts);
  encoder.Fixed64(content.next_file.value);
  encoder.Fixed64(content.next_ordinal.value);
  encoder.Fixed64(content.base.value);
  encoder.Fixed64(content.base_term.value);
  encoder.Fixed64(content.durable.segment.value);
  encoder.Fixed64(content.durable.offset);
  encoder.Fixed64(content.segments.size());
  encoder.Fixed64(content.salt.value);
  BEACH_CHECK_EQ(bytes.size(), kRegisterHeadSize);
  for (const engine::wal::Segment& segment : content.segments) {
    encoder.Fixed64(segment.ordinal.value);
    encoder.Fixed64(segment.file.value);
    encoder.Fixed64(segment.size_bytes);
    encoder.Fixed64(segment.end);
  }
  EncodeHead(encoder, content.head, kRegisterRunsMax);
  bytes.resize(BlockUp(bytes.size()));
  StoreFixed(bytes.data() + kCrcOffset, CopyCrc(bytes));
  return bytes;
}

// REQUIRES: its checksum is right.
bool DecodeCopy(ByteView copy, Register& read) {
  Decoder decoder(copy.substr(kCrcEnd));
  read.cluster = ClusterId(decoder.Fixed64());
  read.node = NodeId(decoder.Fixed64());
  read.starts = decoder.Fixed64();
  read.next_file = engine::FileNumber(decoder.Fixed64());
  read.next_ordinal = engine::SegmentOrdinal(decoder.Fixed64());
  read.base = LogIndex(decoder.Fixed64());
  read.base_term = Term(decoder.Fixed64());
  read.durable.segment = engine::SegmentOrdinal(decoder.Fixed64());
  read.durable.offset = decoder.Fixed64();
  const std::uint64_t count = decoder.Fixed64();
  read.salt = engine::LogSalt(decoder.Fixed64());
  if (!decoder.ok() || count > kRegisterSegmentsMax) return false;
  for (std::uint64_t i = 0; i < count && decoder.ok(); ++i) {
    engine::wal::Segment& segment = read.segments.emplace_back();
    segment.ordinal = engine::SegmentOrdinal(decoder.Fixed64());
    segment.file = engine::FileNumber(decoder.Fixed64());
    segment.size_bytes = decoder.Fixed64();
    segment.end = decoder.Fixed64();
  }
  if (!DecodeHead(decoder, read.head, kRegisterRunsMax)) return false;
  const bool can_go_on = read.starts <= kCounterReadMax &&
                         read.next_file.value <= kCounterReadMax &&
                         read.next_ordinal.value <= kCounterReadMax;
  return can_go_on && decoder.rest().find_first_not_of('\0') == ByteView::npos && IsPossible(read);
}

std::unexpected<Error> UnknownVersion(const std::string& path, std::uint64_t offset) {
  return Fail(Error(ErrorCode::kRefused,
                    "unknown version of the register of a Raft log; use the release that wrote it")
                  .At(path, offset + kVersionOffset));
}

Result<Register> ReadCopy(ByteView copy, const std::string& path, std::uint64_t offset) {
  const auto damaged = [&] {
    return Fail(Error(ErrorCode::kCorruption, "damaged register of a Raft log").At(path, offset));
  };
  // First: a version is believed only under its checksum.
  if (copy.size() < kBlockSize || !copy.starts_with(kMagic)) return damaged();
  if (LoadFixed<std::uint32_t>(copy.data() + kCrcOffset) != CopyCrc(copy)) return damaged();
  if (LoadFixed<std::uint32_t>(copy.data() + kVersionOffset) != kRegisterVersion) {
    return UnknownVersion(path, offset);
  }
  Register read;
  if (!DecodeCopy(copy, read)) return damaged();
  return read;
}

// Blocks that cannot be read are zeros, and `unread` the first one's error.
Result<Bytes> ReadWhatCanBe(env::File& file, std::optional<Error>& unread) {
  BEACH_TRY_ASSIGN(const std::uint64_t size, file.Size());
  if (size > 2 * kCopySizeMax) {
    return Fail(Error(ErrorCode::kCorruption, "the file is larger than any register")
                    .At(file.path(), 2 * kCopySizeMax));
  }
  Bytes bytes(size, '\0');
  for (std::uint64_t at = 0; at < size; at += kBlockSize) {
    auto got = file.ReadAt(at, bytes.data() + at, std::min(kBlockSize, size - at));
    if (got) continue;
    if (got.error().code() != ErrorCode::kIo) return Fail(std::move(got).error());
    if (!unread) unread = std::move(got).error();
  }
  return bytes;
}

}  // namespace

engine::LogSalt NewLogSalt(env::Clock& clock, const std::string& directory) {
  const std::uint64_t wall = clock.WallNow();
  const std::uint64_t monotonic = clock.MonotonicNow();
  const std::uint64_t drawn = RandomValue(wall, monotonic, Site::Hash(directory));
  return engine::LogSalt(std::max<std::uint64_t>(drawn, 1));
}

Bytes EncodeRegister(const Register& content) {
  BEACH_CHECK(IsPossible(content));
  BEACH_CHECK_LE(content.segments.size(), kRegisterSegmentsMax);
  const Bytes copy = EncodeCopy(content);
  return copy + copy;
}

Result<FoundRegister> DecodeRegister(ByteView bytes, const std::string& path) {
  const std::size_t half = bytes.size() / 2;
  const bool is_ours = bytes.starts_with(kMagic) || bytes.substr(half).starts_with(kMagic);
  if (!is_ours) {
    return Fail(Error(ErrorCode::kRefused, "not the register of a Raft log of ours").At(path, 0));
  }
  // It had one copy, and no checksum where this one has it.
  const bool is_first_version = bytes.size() % kBlockSize != 0 && bytes.size() > kCrcEnd &&
                                LoadFixed<std::uint32_t>(bytes.data() + kVersionOffset) == 1;
  if (is_first_version) return UnknownVersion(path, 0);
  auto first = ReadCopy(bytes.substr(0, half), path, 0);
  auto second = ReadCopy(bytes.substr(half), path, half);
  if (first) {
    std::optional<Error> damage;
    if (!second) damage = std::move(second).error();
    return FoundRegister{.content = *std::move(first), .damage = std::move(damage)};
  }
  // An unknown version is one under its checksum: that of the other copy was the same.
  const bool is_unknown = !second && second.error().code() == ErrorCode::kRefused;
  if (is_unknown) return Fail(std::move(second).error());
  if (!second) return Fail(std::move(first).error());
  return FoundRegister{.content = *std::move(second), .damage = std::move(first).error()};
}

Result<FoundRegister> ReadRegister(env::FileSystem& files, const std::string& directory) {
  const std::string path = env::JoinPath(directory, kRegisterFileName);
  BEACH_TRY_ASSIGN(const auto file, files.Open(path, {.mode = env::OpenMode::kRead}));
  std::optional<Error> unread;
  BEACH_TRY_ASSIGN(const Bytes bytes, ReadWhatCanBe(*file, unread));
  auto found = DecodeRegister(bytes, path);
  if (!found && unread) return Fail(*std::move(unread));
  return found;
}

Status WriteRegister(env::FileSystem& files, const std::string& directory,
                     const Register& content) {
  if (content.segments.size() > kRegisterSegmentsMax) {
    return Fail(Error(ErrorCode::kIo, "more segments than a Raft log can have").At(directory));
  }
  BEACH_TRY(env::WriteTemporaryFile(files, directory, kRegisterFileName, EncodeRegister(content)));
  const Status published = env::PublishSmallFile(files, directory, kRegisterFileName);
  return published ? published : Fail(WithoutNoSpace(published.error()));
}

}  // namespace beach::raft
