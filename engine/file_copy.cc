// SPDX-License-Identifier: Apache-2.0
#include "engine/file_copy.h"

#include <algorithm>
#include <memory>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "engine/options.h"
#include "env/marks.h"

namespace beach::engine {
namespace {

constexpr std::uint64_t kPieceSize = kMiB;

// What is in the file as it is now, piece by piece. `use` returns a Status.
template <class Use>
Result<std::uint32_t> ReadPieces(env::File& file, const Use& use) {
  BEACH_TRY_ASSIGN(const std::uint64_t size, file.Size());
  Bytes piece(std::min(size, kPieceSize), '\0');
  std::uint32_t crc = 0;
  for (std::uint64_t offset = 0; offset < size;) {
    const std::uint64_t wanted = std::min(size - offset, kPieceSize);
    BEACH_TRY_ASSIGN(const std::size_t length, file.ReadAt(offset, piece.data(), wanted));
    if (length < wanted) {
      return Fail(Error(ErrorCode::kCorruption, "the file became shorter while it was read")
                      .At(file.path(), offset + length));
    }
    const ByteView bytes = ByteView(piece).substr(0, length);
    crc = Crc32c(bytes, crc);
    BEACH_TRY(use(bytes));
    offset += length;
  }
  return crc;
}

}  // namespace

Result<std::uint32_t> CopyFile(env::FileSystem& files, const std::string& from,
                               const std::string& to) {
  BEACH_TRY_ASSIGN(const auto source, files.Open(from, {.mode = env::OpenMode::kRead}));
  BEACH_TRY_ASSIGN(const auto target, files.Open(to, {.mode = env::OpenMode::kCreate}));
  BEACH_TRY_ASSIGN(const std::uint32_t crc,
                   ReadPieces(*source, [&](ByteView bytes) { return target->Append(bytes); }));
  // FAILPOINT: copy_after_write: a whole copy that is not durable; nothing names it.
  BEACH_FAILPOINT("copy_after_write");
  BEACH_TRY(target->Sync());
  return crc;
}

Result<std::uint32_t> ChecksumOfFile(env::FileSystem& files, const std::string& path) {
  BEACH_TRY_ASSIGN(const auto file, files.Open(path, {.mode = env::OpenMode::kRead}));
  return ReadPieces(*file, [](ByteView) { return Status(); });
}

}  // namespace beach::engine
