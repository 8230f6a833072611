// SPDX-License-Identifier: Apache-2.0
#include "server/machine/snapshot.h"

#include <algorithm>
#include <utility>

#include "base/coding.h"
#include "server/machine/place.h"

namespace beach::server {
namespace {

constexpr std::uint8_t kVersion = 1;
// Of a file's description: what has a fixed size, and a byte of all else.
constexpr std::uint64_t kFileSizeMin = 16 + 7;

void WriteFile(const engine::PinnedFile& file, Encoder& encoder) {
  encoder.Fixed64(file.written_by.high);
  encoder.Fixed64(file.written_by.low);
  encoder.Varint(file.number.value);
  encoder.Varint(file.size_bytes);
  encoder.Varint(file.level);
  encoder.Varint(file.sequence_min.value);
  encoder.Varint(file.sequence_max.value);
  encoder.LengthPrefixed(file.smallest);
  encoder.LengthPrefixed(file.largest);
}

engine::PinnedFile ReadFile(Decoder& decoder) {
  engine::PinnedFile file;
  file.written_by.high = decoder.Fixed64();
  file.written_by.low = decoder.Fixed64();
  file.number = engine::FileNumber(decoder.Varint());
  file.size_bytes = decoder.Varint();
  file.level = decoder.Varint32();
  file.sequence_min = engine::SequenceNumber(decoder.Varint());
  file.sequence_max = engine::SequenceNumber(decoder.Varint());
  file.smallest = Bytes(decoder.LengthPrefixed());
  file.largest = Bytes(decoder.LengthPrefixed());
  return file;
}

class Pinned final : public raft::PinnedSnapshot {
 public:
  Pinned(std::unique_ptr<engine::PinnedFiles> pin, raft::SnapshotMeta meta)
      : pin_(std::move(pin)),
        meta_(std::move(meta)),
        description_(EncodeSnapshotDescription({.mark = pin_->mark(),
                                                .last_sequence = pin_->sequence(),
                                                .time = pin_->time(),
                                                .files = pin_->files()})) {
    for (const engine::PinnedFile& file : pin_->files()) {
      files_.push_back({.path = file.path, .size_bytes = file.size_bytes});
    }
  }

  const raft::SnapshotMeta& meta() const override { return meta_; }
  const Bytes& description() const override { return description_; }
  const std::vector<raft::SnapshotFile>& files() const override { return files_; }
  Status Check(std::size_t number) const override { return pin_->Check(number); }

 private:
  const std::unique_ptr<engine::PinnedFiles> pin_;
  const raft::SnapshotMeta meta_;
  const Bytes description_;
  std::vector<raft::SnapshotFile> files_;
};

// The described files, where they are here.
Status SetPaths(SnapshotDescription& described, const std::vector<std::string>& paths) {
  if (described.files.size() != paths.size()) {
    return Fail(ErrorCode::kCorruption, "the description is of another snapshot");
  }
  for (std::size_t i = 0; i < paths.size(); ++i) described.files[i].path = paths[i];
  return {};
}

}  // namespace

Bytes EncodeSnapshotDescription(const SnapshotDescription& description) {
  Bytes bytes;
  Encoder encoder(bytes);
  encoder.Fixed8(kVersion);
  encoder.Varint(description.mark.index);
  encoder.LengthPrefixed(description.mark.state);
  encoder.Varint(description.last_sequence.value);
  encoder.Varint(description.time);
  encoder.Varint(description.files.size());
  for (const engine::PinnedFile& file : description.files) WriteFile(file, encoder);
  return bytes;
}

Result<SnapshotDescription> DecodeSnapshotDescription(ByteView bytes) {
  Decoder decoder(bytes);
  SnapshotDescription description;
  const std::uint8_t version = decoder.Fixed8();
  description.mark.index = decoder.Varint();
  description.mark.state = Bytes(decoder.LengthPrefixed());
  description.last_sequence = engine::SequenceNumber(decoder.Varint());
  description.time = decoder.Varint();
  const std::uint64_t count = decoder.Varint();
  const bool fits = version == kVersion && description.mark.index != 0 &&
                    count <= decoder.rest().size() / kFileSizeMin;
  if (fits) description.files.reserve(count);
  for (std::uint64_t i = 0; fits && i < count; ++i) description.files.push_back(ReadFile(decoder));
  if (fits && decoder.done()) return description;
  return Fail(ErrorCode::kCorruption,
              "no description of a snapshot in " + std::to_string(bytes.size()) + " bytes");
}

Result<std::unique_ptr<raft::PinnedSnapshot>> PinSnapshot(engine::Db& db) {
  BEACH_TRY_ASSIGN(auto pin, db.PinFiles());
  const engine::LogMark mark = pin->mark();
  if (mark.index == 0) return Fail(ErrorCode::kNotFound, "nothing is applied yet");
  BEACH_TRY_ASSIGN(const PlaceAndConfiguration found, DecodePlace(mark));
  return std::make_unique<Pinned>(std::move(pin), found.meta());
}

Status CheckSnapshot(engine::Db& db, ByteView description, const std::vector<std::string>& paths) {
  BEACH_TRY_ASSIGN(SnapshotDescription described, DecodeSnapshotDescription(description));
  BEACH_TRY(SetPaths(described, paths));
  for (const engine::PinnedFile& file : described.files) BEACH_TRY(db.CheckFile(file));
  return {};
}

Status InstallSnapshot(engine::Db& db, const raft::SnapshotMeta& meta, ByteView description,
                       const std::vector<std::string>& paths) {
  BEACH_TRY_ASSIGN(SnapshotDescription described, DecodeSnapshotDescription(description));
  BEACH_TRY_ASSIGN(const PlaceAndConfiguration found, DecodePlace(described.mark));
  const bool same = found.place.index == meta.index && found.place.term == meta.term;
  if (!same) return Fail(ErrorCode::kCorruption, "the description is of another snapshot");
  BEACH_TRY(SetPaths(described, paths));
  return db.Install(described.files, described.last_sequence, described.time,
                    std::move(described.mark));
}

}  // namespace beach::server
