// SPDX-License-Identifier: Apache-2.0
#include "raft/transfer/file_sum.h"

#include "base/bytes.h"
#include "base/crc32c.h"

namespace beach::raft {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{1} << 18;

}  // namespace

Result<FileSum> SumOfFile(env::FileSystem& files, const std::string& path) {
  BEACH_TRY_ASSIGN(const auto file, files.Open(path, {.mode = env::OpenMode::kRead}));
  Bytes piece(kPieceBytes, '\0');
  FileSum sum;
  for (;;) {
    BEACH_TRY_ASSIGN(const std::size_t length,
                     file->ReadAt(sum.size_bytes, piece.data(), piece.size()));
    sum.crc = Crc32c(ByteView(piece).substr(0, length), sum.crc);
    sum.size_bytes += length;
    if (length < piece.size()) return sum;
  }
}

}  // namespace beach::raft
