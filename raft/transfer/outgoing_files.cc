// SPDX-License-Identifier: Apache-2.0
#include "raft/transfer/outgoing_files.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/crc32c.h"
#include "raft/transfer/file_sum.h"

namespace beach::raft {

Result<std::shared_ptr<OutgoingSnapshot>> OutgoingSnapshot::Make(
    std::unique_ptr<PinnedSnapshot> pinned) {
  SnapshotBegin begin{.index = pinned->meta().index,
                      .term = pinned->meta().term,
                      .description = pinned->description(),
                      .sizes = {}};
  for (const SnapshotFile& file : pinned->files()) begin.sizes.push_back(file.size_bytes);
  if (!Fits(begin)) {
    return Fail(ErrorCode::kInvalidArgument, "a snapshot of " + std::to_string(begin.sizes.size()) +
                                                 " files, with a description of " +
                                                 std::to_string(begin.description.size()) +
                                                 " bytes, is none that can be sent");
  }
  return std::shared_ptr<OutgoingSnapshot>(
      new OutgoingSnapshot(std::move(pinned), std::move(begin)));
}

OutgoingSnapshot::OutgoingSnapshot(std::unique_ptr<PinnedSnapshot> pinned, SnapshotBegin begin)
    : pinned_(std::move(pinned)), begin_(std::move(begin)), key_(KeyOf(begin_)) {
  for (const std::uint64_t size : begin_.sizes) ends_.push_back(total_ += size);
  sums_.resize(ends_.size());
}

std::size_t OutgoingSnapshot::NumberAt(std::uint64_t place) const {
  BEACH_CHECK_LT(place, total_);
  return static_cast<std::size_t>(std::upper_bound(ends_.begin(), ends_.end(), place) -
                                  ends_.begin());
}

std::uint64_t OutgoingSnapshot::EndOfFileAt(std::uint64_t place) const {
  return ends_[NumberAt(place)];
}

Status OutgoingReader::OpenFile(std::size_t number) {
  if (file_ != nullptr && number_ == number) return {};
  const std::string& path = snapshot_->files()[number].path;
  BEACH_TRY_ASSIGN(file_, files_.Open(path, {.mode = env::OpenMode::kRead}));
  number_ = number;
  summed_ = 0;
  crc_ = 0;
  return {};
}

Result<SnapshotChunk> OutgoingReader::Read(std::uint64_t place, std::uint64_t length) {
  const std::size_t number = snapshot_->NumberAt(place);
  const std::uint64_t end = snapshot_->EndOfFileAt(place);
  BEACH_CHECK_LE(length, end - place);
  SnapshotChunk chunk{.place = place, .file_crc = 0, .bytes = Bytes(length, '\0')};
  const std::uint64_t size = snapshot_->files()[number].size_bytes;
  if (Status read = ReadBytes(number, size - (end - place), chunk.bytes); !read) {
    static_cast<void>(snapshot_->Check(number));
    return Fail(std::move(read).error());
  }
  if (place + length == end) {
    BEACH_TRY_ASSIGN(chunk.file_crc, SumOf(number));
  }
  return chunk;
}

Status OutgoingReader::ReadBytes(std::size_t number, std::uint64_t offset, Bytes& bytes) {
  BEACH_TRY(OpenFile(number));
  BEACH_TRY_ASSIGN(const std::size_t read, file_->ReadAt(offset, bytes.data(), bytes.size()));
  if (read != bytes.size()) {
    return Fail(Error(ErrorCode::kCorruption, "the file is shorter than when it was pinned")
                    .At(file_->path(), offset + read));
  }
  if (offset == summed_) {
    crc_ = Crc32c(bytes, crc_);
    summed_ += bytes.size();
  }
  return {};
}

// What was not read from its begin on, in one go, is read again for it. Where what was read differs
// from what is known, the file is damaged by now, or was read wrongly once: it is checked again.
Result<std::uint32_t> OutgoingReader::SumOf(std::size_t number) {
  std::optional<std::uint32_t>& known = snapshot_->sums()[number];
  const std::uint64_t size = snapshot_->files()[number].size_bytes;
  const bool whole = summed_ == size;
  if (known && (!whole || *known == crc_)) return *known;
  known.reset();
  BEACH_TRY(snapshot_->Check(number));
  if (whole) return *(known = crc_);
  BEACH_TRY_ASSIGN(const FileSum sum, SumOfFile(files_, snapshot_->files()[number].path));
  if (sum.size_bytes != size) {
    return Fail(Error(ErrorCode::kCorruption, "the file is not as long as when it was pinned")
                    .At(snapshot_->files()[number].path, sum.size_bytes));
  }
  known = sum.crc;
  return sum.crc;
}

}  // namespace beach::raft
