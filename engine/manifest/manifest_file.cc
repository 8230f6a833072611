// SPDX-License-Identifier: Apache-2.0
#include "engine/manifest/manifest_file.h"

#include "base/check.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "base/crc32c_ranges.h"

namespace beach::engine {
namespace {

constexpr ByteView kMagic = "BEACHMAN";
constexpr std::size_t kHeaderCrcOffset = 32;
static_assert(kHeaderCrcOffset + 8 == kManifestHeaderSize);

// Of what comes before the payload: the checksum goes on from it.
std::uint32_t PlaceCrc(FileNumber file, std::uint64_t offset, std::uint64_t length) {
  char place[20];
  StoreFixed(place, file.value);
  StoreFixed(place + 8, offset);
  StoreFixed(place + 16, static_cast<std::uint32_t>(length));
  return Crc32c(ByteView(place, sizeof(place)));
}

std::uint32_t RecordCrc(FileNumber file, std::uint64_t offset, ByteView payload) {
  return Crc32c(payload, PlaceCrc(file, offset, payload.size()));
}

// The payload length that the record at `offset` claims, or 0 where there can be none.
std::uint64_t ClaimedLength(ByteView bytes, std::uint64_t offset) {
  if (bytes.size() - offset < kManifestRecordHeaderSize) return 0;
  const std::uint64_t length = LoadFixed<std::uint32_t>(bytes.data() + offset + 4);
  const std::uint64_t room = bytes.size() - offset - kManifestRecordHeaderSize;
  return length <= kManifestRecordSizeMax && length <= room ? length : 0;
}

bool RecordIsGood(ByteView bytes, FileNumber file, std::uint64_t offset, std::uint64_t length) {
  if (length == 0) return false;
  const ByteView payload = bytes.substr(offset + kManifestRecordHeaderSize, length);
  return LoadFixed<std::uint32_t>(bytes.data() + offset) == RecordCrc(file, offset, payload);
}

// Whether what begins with a bad record at `offset` is what a crash during one append leaves. Any
// byte behind it may begin a good record of any length: with the checksum of each range at hand the
// work is linear in the tail, whatever its bytes are.
bool IsTornTail(ByteView bytes, FileNumber file, std::uint64_t offset) {
  if (bytes.size() - offset > kManifestRecordHeaderSize + kManifestRecordSizeMax) return false;
  const Crc32cRanges ranges(bytes.substr(offset));
  for (std::uint64_t later = offset + 1; later < bytes.size(); ++later) {
    const std::uint64_t length = ClaimedLength(bytes, later);
    if (length == 0) continue;
    const std::uint32_t crc = ranges.Of(later - offset + kManifestRecordHeaderSize, length,
                                        PlaceCrc(file, later, length));
    if (crc == LoadFixed<std::uint32_t>(bytes.data() + later)) return false;
  }
  return true;
}

Status ParseHeader(ByteView bytes, FileNumber file, const std::string& path,
                   ManifestContents& contents) {
  if (bytes.size() >= kMagic.size() && !bytes.starts_with(kMagic)) {
    return Fail(Error(ErrorCode::kRefused, "not a manifest of ours").At(path, 0));
  }
  const auto damaged = [&path](std::uint64_t at) {
    return Fail(Error(ErrorCode::kCorruption, "damaged manifest header").At(path, at));
  };
  // First: a version is believed only under its checksum.
  if (bytes.size() < kManifestHeaderSize ||
      Crc32c(bytes.substr(0, kHeaderCrcOffset)) !=
          LoadFixed<std::uint32_t>(bytes.data() + kHeaderCrcOffset)) {
    return damaged(0);
  }
  Decoder decoder(bytes.substr(0, kManifestHeaderSize));
  decoder.Raw(kMagic.size());
  const std::uint32_t version = decoder.Fixed32();
  if (version != kManifestVersion) {
    return Fail(Error(ErrorCode::kRefused,
                      "unknown version of the manifest; use the release that "
                      "wrote it")
                    .At(path, kMagic.size()));
  }
  const std::uint32_t reserved = decoder.Fixed32();
  const FileNumber own(decoder.Fixed64());
  contents.snapshot_end = decoder.Fixed64();
  decoder.Fixed32();  // the checksum
  const std::uint32_t padding = decoder.Fixed32();
  BEACH_CHECK(decoder.done());
  if (reserved != 0 || padding != 0) return damaged(0);
  if (own != file) {
    return Fail(Error(ErrorCode::kCorruption, "the manifest of another file number").At(path, 16));
  }
  if (contents.snapshot_end < kManifestHeaderSize) return damaged(24);
  return {};
}

}  // namespace

Bytes EncodeManifestHeader(FileNumber file, std::uint64_t snapshot_end) {
  Bytes bytes;
  Encoder encoder(bytes);
  encoder.Raw(kMagic);
  encoder.Fixed32(kManifestVersion);
  encoder.Fixed32(0);
  encoder.Fixed64(file.value);
  encoder.Fixed64(snapshot_end);
  encoder.Fixed32(Crc32c(bytes));
  encoder.Fixed32(0);
  BEACH_CHECK_EQ(bytes.size(), kManifestHeaderSize);
  return bytes;
}

void AppendManifestRecord(Bytes& target, FileNumber file, std::uint64_t offset, ByteView payload) {
  BEACH_CHECK(!payload.empty());
  BEACH_CHECK_LE(payload.size(), kManifestRecordSizeMax);
  Encoder encoder(target);
  encoder.Fixed32(RecordCrc(file, offset, payload));
  encoder.Fixed32(static_cast<std::uint32_t>(payload.size()));
  encoder.Raw(payload);
}

Status ParseManifest(ByteView bytes, FileNumber file, const std::string& path,
                     ManifestContents& contents) {
  contents = {};
  BEACH_TRY(ParseHeader(bytes, file, path, contents));
  std::uint64_t offset = kManifestHeaderSize;
  while (offset < bytes.size()) {
    const std::uint64_t length = ClaimedLength(bytes, offset);
    if (!RecordIsGood(bytes, file, offset, length)) break;
    contents.records.push_back(
        {.offset = offset, .payload = bytes.substr(offset + kManifestRecordHeaderSize, length)});
    offset += kManifestRecordHeaderSize + length;
  }
  contents.end = offset;
  contents.torn_tail_bytes = bytes.size() - offset;
  if (offset < contents.snapshot_end) {
    return Fail(Error(ErrorCode::kCorruption, "damage in the snapshot that begins the manifest")
                    .At(path, offset));
  }
  if (contents.torn_tail_bytes > 0 && !IsTornTail(bytes, file, offset)) {
    return Fail(Error(ErrorCode::kCorruption, "damaged manifest record").At(path, offset));
  }
  return {};
}

}  // namespace beach::engine
