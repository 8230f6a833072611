// SPDX-License-Identifier: Apache-2.0
#include "raft/disk/register.h"

#include "base/check.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "engine/wal/format.h"
#include "env/small_file.h"
#include "raft/disk/record.h"

namespace beach::raft {
namespace {

constexpr ByteView kMagic = "BEACHRLR";
constexpr std::uint64_t kCrcSize = sizeof(std::uint32_t);
constexpr std::uint64_t kFileSizeMax =
    kRegisterHeadSize + kRegisterSegmentsMax * kRegisterSegmentSize + kCrcSize;
// It leaves all arithmetic on counters far from overflow.
constexpr std::uint64_t kCounterMax = std::uint64_t{1} << 62;

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
      content.next_ordinal.value > kCounterMax || content.base > kLogIndexMax) {
    return false;
  }
  engine::SegmentOrdinal below;
  for (const engine::wal::Segment& segment : content.segments) {
    if (!IsPossible(segment, content) || segment.ordinal <= below) return false;
    below = segment.ordinal;
  }
  return engine::wal::MayBePosition(content.durable);
}

}  // namespace

Bytes EncodeRegister(const Register& content) {
  BEACH_CHECK(IsPossible(content));
  BEACH_CHECK_LE(content.segments.size(), kRegisterSegmentsMax);
  Bytes bytes;
  Encoder encoder(bytes);
  encoder.Raw(kMagic);
  encoder.Fixed32(kRegisterVersion);
  encoder.Fixed32(0);
  encoder.Fixed64(content.starts);
  encoder.Fixed64(content.next_file.value);
  encoder.Fixed64(content.next_ordinal.value);
  encoder.Fixed64(content.base.value);
  encoder.Fixed64(content.base_term.value);
  encoder.Fixed64(content.durable.segment.value);
  encoder.Fixed64(content.durable.offset);
  encoder.Fixed64(content.segments.size());
  BEACH_CHECK_EQ(bytes.size() + 4, kRegisterHeadSize);
  encoder.Fixed32(0);
  for (const engine::wal::Segment& segment : content.segments) {
    encoder.Fixed64(segment.ordinal.value);
    encoder.Fixed64(segment.file.value);
    encoder.Fixed64(segment.size_bytes);
    encoder.Fixed64(segment.end);
  }
  encoder.Fixed32(Crc32c(bytes));
  return bytes;
}

Result<Register> DecodeRegister(ByteView bytes, const std::string& path) {
  const auto damaged = [&path] {
    return Fail(Error(ErrorCode::kCorruption, "damaged register of a Raft log").At(path, 0));
  };
  if (!bytes.starts_with(kMagic)) {
    return Fail(Error(ErrorCode::kRefused, "not the register of a Raft log of ours").At(path, 0));
  }
  // First: a version is believed only under its checksum.
  if (bytes.size() < kMagic.size() + kCrcSize) return damaged();
  const ByteView content = bytes.substr(0, bytes.size() - kCrcSize);
  if (Crc32c(content) != LoadFixed<std::uint32_t>(bytes.data() + content.size())) return damaged();
  Decoder decoder(content.substr(kMagic.size()));
  const std::uint32_t version = decoder.Fixed32();
  if (version != kRegisterVersion) {
    return Fail(
        Error(ErrorCode::kRefused,
              "unknown version of the register of a Raft log; use the release that wrote it")
            .At(path, kMagic.size()));
  }
  const std::uint32_t reserved = decoder.Fixed32();
  Register read;
  read.starts = decoder.Fixed64();
  read.next_file = engine::FileNumber(decoder.Fixed64());
  read.next_ordinal = engine::SegmentOrdinal(decoder.Fixed64());
  read.base = LogIndex(decoder.Fixed64());
  read.base_term = Term(decoder.Fixed64());
  read.durable.segment = engine::SegmentOrdinal(decoder.Fixed64());
  read.durable.offset = decoder.Fixed64();
  const std::uint64_t count = decoder.Fixed64();
  const std::uint32_t padding = decoder.Fixed32();
  if (!decoder.ok() || reserved != 0 || padding != 0 || count > kRegisterSegmentsMax ||
      decoder.rest().size() != count * kRegisterSegmentSize) {
    return damaged();
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    engine::wal::Segment& segment = read.segments.emplace_back();
    segment.ordinal = engine::SegmentOrdinal(decoder.Fixed64());
    segment.file = engine::FileNumber(decoder.Fixed64());
    segment.size_bytes = decoder.Fixed64();
    segment.end = decoder.Fixed64();
  }
  if (!decoder.done() || !IsPossible(read)) return damaged();
  return read;
}

Result<Register> ReadRegister(env::FileSystem& files, const std::string& directory) {
  const std::string path = env::JoinPath(directory, kRegisterFileName);
  BEACH_TRY_ASSIGN(const Bytes bytes, env::ReadSmallFile(files, path, kFileSizeMax));
  return DecodeRegister(bytes, path);
}

Status WriteRegister(env::FileSystem& files, const std::string& directory,
                     const Register& content) {
  if (content.segments.size() > kRegisterSegmentsMax) {
    return Fail(Error(ErrorCode::kIo, "more segments than a Raft log can have").At(directory));
  }
  BEACH_TRY(env::WriteTemporaryFile(files, directory, kRegisterFileName, EncodeRegister(content)));
  return env::PublishSmallFile(files, directory, kRegisterFileName);
}

}  // namespace beach::raft
