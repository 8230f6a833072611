// SPDX-License-Identifier: Apache-2.0
#include "engine/manifest/manifest_file.h"

#include "base/check.h"
#include "base/coding.h"
#include "base/crc32c.h"

namespace beach::engine {
namespace {

constexpr ByteView kMagic = "BEACHMAN";
constexpr std::size_t kHeaderCrcOffset = 32;
static_assert(kHeaderCrcOffset + 8 == kManifestHeaderSize);

// Bytes that the search for a good record behind a bad one may checksum before it gives up and
// calls the damage corruption: keeps hostile files from quadratic work.
constexpr std::uint64_t kScanBudget = 64 * kMiB;

std::uint32_t RecordCrc(FileNumber file, std::uint64_t offset, ByteView payload) {
  Bytes place;
  Encoder encoder(place);
  encoder.Fixed64(file.value);
  encoder.Fixed64(offset);
  encoder.Fixed32(static_cast<std::uint32_t>(payload.size()));
  return Crc32c(payload, Crc32c(place));
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

// Whether what begins with a bad record at `offset` is what a crash during one append leaves.
bool IsTornTail(ByteView bytes, FileNumber file, std::uint64_t offset) {
  if (bytes.size() - offset > kManifestRecordHeaderSize + kManifestRecordSizeMax) return false;
  std::uint64_t budget = kScanBudget;
  for (std::uint64_t later = offset + 1; later < bytes.size(); ++later) {
    const std::uint64_t length = ClaimedLength(bytes, later);
    if (length == 0) continue;
    if (length > budget) return false;
    budget -= length;
    if (RecordIsGood(bytes, file, later, length)) return false;
  }
  return true;
}

Status ParseHeader(ByteView bytes, FileNumber file, const std::string& path,
                   ManifestContents& contents) {
  if (bytes.size() >= kMagic.size() && !bytes.starts_with(kMagic)) {
    return Fail(Error(ErrorCode::kRefused, "not a manifest of ours").At(path, 0));
  }
  Decoder decoder(bytes);
  decoder.Raw(kMagic.size());
  const std::uint32_t version = decoder.Fixed32();
  if (decoder.ok() && version != kManifestVersion) {
    return Fail(Error(ErrorCode::kRefused,
                      "unknown version of the manifest; use the release that "
                      "wrote it")
                    .At(path, kMagic.size()));
  }
  const std::uint32_t reserved = decoder.Fixed32();
  const FileNumber own(decoder.Fixed64());
  contents.snapshot_end = decoder.Fixed64();
  const std::uint32_t crc = decoder.Fixed32();
  const std::uint32_t padding = decoder.Fixed32();
  if (!decoder.ok() || reserved != 0 || padding != 0 ||
      crc != Crc32c(bytes.substr(0, kHeaderCrcOffset))) {
    return Fail(Error(ErrorCode::kCorruption, "damaged manifest header").At(path, 0));
  }
  if (own != file) {
    return Fail(Error(ErrorCode::kCorruption, "the manifest of another file number").At(path, 16));
  }
  if (contents.snapshot_end < kManifestHeaderSize) {
    return Fail(Error(ErrorCode::kCorruption, "damaged manifest header").At(path, 24));
  }
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
