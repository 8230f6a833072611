// SPDX-License-Identifier: Apache-2.0
#include "raft/transfer/incoming_files.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "env/small_file.h"
#include "raft/transfer/file_sum.h"

namespace beach::raft {
namespace {

constexpr std::uint32_t kPlaceMagic = 0x31504442;  // "BDP1"

struct Place {
  SnapshotKey key;
  std::uint64_t place = 0;
};

Bytes EncodePlace(const Place& place) {
  Bytes bytes;
  Encoder encoder(bytes);
  encoder.Fixed32(kPlaceMagic);
  encoder.Fixed64(place.key.value);
  encoder.Fixed64(place.place);
  encoder.Fixed32(Crc32c(bytes));
  BEACH_CHECK_EQ(bytes.size(), IncomingFiles::kPlaceSize);
  return bytes;
}

std::optional<Place> DecodePlace(ByteView bytes) {
  Decoder decoder(bytes);
  const std::uint32_t magic = decoder.Fixed32();
  const SnapshotKey key(decoder.Fixed64());
  const std::uint64_t place = decoder.Fixed64();
  const std::uint32_t crc = decoder.Fixed32();
  if (!decoder.done() || magic != kPlaceMagic) return std::nullopt;
  if (Crc32c(bytes.substr(0, IncomingFiles::kPlaceSize - sizeof crc)) != crc) return std::nullopt;
  return Place{.key = key, .place = place};
}

}  // namespace

IncomingFiles::IncomingFiles(env::FileSystem& files, std::string directory,
                             std::uint64_t sync_every_bytes)
    : files_(files), directory_(std::move(directory)), sync_every_bytes_(sync_every_bytes) {}

std::string IncomingFiles::PathOf(const std::string& directory, std::size_t number) {
  std::string digits = std::to_string(number);
  BEACH_CHECK_LE(digits.size(), 8U);
  digits.insert(0, 8 - digits.size(), '0');
  return env::JoinPath(directory, "FILE-" + digits);
}

std::size_t IncomingFiles::NumberAt(std::uint64_t place) const {
  BEACH_CHECK_LT(place, begins_.back());
  const auto behind = std::upper_bound(begins_.begin(), begins_.end(), place);
  return static_cast<std::size_t>(behind - begins_.begin()) - 1;
}

Result<std::uint64_t> IncomingFiles::Open(SnapshotKey key,
                                          const std::vector<std::uint64_t>& sizes) {
  BEACH_CHECK(key != SnapshotKey{});
  if (key == key_) return place_;  // another transfer of what is being received
  key_ = key;
  sizes_ = sizes;
  begins_.assign(1, 0);
  for (const std::uint64_t size : sizes) begins_.push_back(begins_.back() + size);
  current_ = {};
  sent_again_.assign(sizes.size(), false);
  const Result<std::uint64_t> place = Find();
  if (!place) key_ = {};
  return place;
}

Result<std::uint64_t> IncomingFiles::Find() {
  BEACH_TRY_ASSIGN(place_, Resume());
  durable_ = place_;
  if (place_ == 0) BEACH_TRY(BeginNew());
  BEACH_TRY_ASSIGN(const std::uint64_t room, files_.FreeSpace(directory_));
  if (room < begins_.back() - place_) {
    return Fail(
        Error(ErrorCode::kNoSpace, "a snapshot needs " + std::to_string(begins_.back() - place_) +
                                       " bytes more, and " + std::to_string(room) + " are left")
            .At(directory_));
  }
  return place_;
}

// Where an earlier life stopped; 0 where there was none, or of another snapshot.
Result<std::uint64_t> IncomingFiles::Resume() {
  const std::string path = env::JoinPath(directory_, kPlaceName);
  BEACH_TRY_ASSIGN(const bool there, files_.Exists(path));
  if (!there) return 0;
  const Result<Bytes> bytes = env::ReadSmallFile(files_, path, kPlaceSize);
  if (!bytes) return 0;  // all is sent again
  const std::optional<Place> found = DecodePlace(*bytes);
  if (!found || found->key != key_ || found->place > begins_.back()) return 0;
  BEACH_TRY_ASSIGN(const bool holds, Holds(found->place));
  return holds ? found->place : 0;
}

// Whether the files are as long as they have to be.
Result<bool> IncomingFiles::Holds(std::uint64_t place) {
  for (std::size_t number = 0; number < sizes_.size(); ++number) {
    if (begins_[number] >= place) break;
    BEACH_TRY_ASSIGN(const bool there, files_.Exists(PathOf(number)));
    if (!there) return false;
    BEACH_TRY_ASSIGN(const auto file, files_.Open(PathOf(number), {.mode = env::OpenMode::kRead}));
    BEACH_TRY_ASSIGN(const std::uint64_t size, file->Size());
    if (size < std::min(sizes_[number], place - begins_[number])) return false;
  }
  return true;
}

Status IncomingFiles::BeginNew() {
  const SnapshotKey key = key_;
  BEACH_TRY(Clear());
  BEACH_TRY_ASSIGN(const bool there, files_.Exists(directory_));
  if (!there) {
    BEACH_TRY(files_.CreateDirectory(directory_));
    const std::size_t slash = directory_.rfind('/');
    if (slash != std::string::npos) BEACH_TRY(files_.SyncDirectory(directory_.substr(0, slash)));
  }
  key_ = key;
  return Record();
}

// PLACE goes first: what is left without it is nothing.
Status IncomingFiles::Clear() {
  key_ = {};
  current_ = {};
  BEACH_TRY_ASSIGN(const bool there, files_.Exists(directory_));
  if (!there) return {};
  BEACH_TRY_ASSIGN(const std::vector<std::string> names, files_.List(directory_));
  if (names.empty()) return {};
  if (std::ranges::find(names, kPlaceName) != names.end()) {
    BEACH_TRY(files_.Remove(env::JoinPath(directory_, kPlaceName)));
    BEACH_TRY(files_.SyncDirectory(directory_));
  }
  for (const std::string& name : names) {
    if (name != kPlaceName) BEACH_TRY(files_.Remove(env::JoinPath(directory_, name)));
  }
  return files_.SyncDirectory(directory_);
}

// Makes names of files durable, too; if the power goes before that, PLACE may be there without
// them, which Holds finds out.
Status IncomingFiles::Record() {
  const Bytes bytes = EncodePlace({.key = key_, .place = place_});
  BEACH_TRY(env::WriteTemporaryFile(files_, directory_, kPlaceName, bytes));
  BEACH_TRY(env::PublishSmallFile(files_, directory_, kPlaceName));
  durable_ = place_;
  return {};
}

Status IncomingFiles::OpenFile(std::size_t number, bool anew) {
  const std::string path = PathOf(number);
  BEACH_TRY_ASSIGN(const bool there, files_.Exists(path));
  if (there && anew) BEACH_TRY(files_.Remove(path));
  const bool create = !there || anew;
  const env::OpenMode mode = create ? env::OpenMode::kCreate : env::OpenMode::kReadWrite;
  BEACH_TRY_ASSIGN(current_.file, files_.Open(path, {.mode = mode}));
  current_.number = number;
  return {};
}

Result<std::uint64_t> IncomingFiles::Write(std::uint64_t place, ByteView bytes,
                                           std::uint32_t file_crc) {
  if (key_ == SnapshotKey{}) return Fail(ErrorCode::kClosed, "no snapshot is being received");
  if (place != place_) return place_;
  const Result<std::uint64_t> end = Put(place, bytes, file_crc);
  if (!end) key_ = {};
  return end;
}

Result<std::uint64_t> IncomingFiles::Put(std::uint64_t place, ByteView bytes,
                                         std::uint32_t file_crc) {
  const std::size_t number = NumberAt(place);
  const std::uint64_t end = place + bytes.size();
  BEACH_CHECK_LE(end, begins_[number + 1]);
  if (current_.file == nullptr || current_.number != number) {
    // At its begin nothing of it is believed that an earlier life left.
    BEACH_TRY(OpenFile(number, place == begins_[number]));
  }
  BEACH_TRY(current_.file->WriteAt(place - begins_[number], bytes));
  place_ = end;
  if (end == begins_[number + 1]) return EndFile(number, file_crc);
  if (place_ - durable_ >= sync_every_bytes_) {
    BEACH_TRY(current_.file->Sync());
    BEACH_TRY(Record());
  }
  return place_;
}

// The place is recorded where all before it is durable, so each file is synced at its end at the
// latest.
Result<std::uint64_t> IncomingFiles::EndFile(std::size_t number, std::uint32_t file_crc) {
  BEACH_TRY(current_.file->Sync());
  current_ = {};
  BEACH_TRY_ASSIGN(const FileSum sum, SumOfFile(files_, PathOf(number)));
  const bool sound = sum.crc == file_crc && sum.size_bytes == sizes_[number];
  if (!sound && sent_again_[number]) {
    return Fail(Error(ErrorCode::kCorruption,
                      "a file of a snapshot is not what was sent, for the second time")
                    .At(PathOf(number)));
  }
  if (!sound) {
    sent_again_[number] = true;
    place_ = begins_[number];
    BEACH_TRY(Record());  // what was recorded may lie in that file
    return place_;
  }
  const bool whole = place_ == begins_.back();
  if (whole || place_ - durable_ >= sync_every_bytes_) BEACH_TRY(Record());
  return place_;
}

}  // namespace beach::raft
