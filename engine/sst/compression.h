// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/options.h"
#include "env/threads.h"

// Blocks made smaller. What is stored then is the size of the content (varint) and the library's
// bytes. The libraries get their memory from here: none of theirs allocates, so that what a killed
// process leaves is its own.

struct ZSTD_CCtx_s;

namespace beach::engine::sst {

// A block claims no more than so many bytes for each that is stored; a reader allocates no more.
inline constexpr std::uint64_t kLz4RatioMax = 255;  // the format of LZ4 has no more
inline constexpr std::uint64_t kZstdRatioMax = 1024;
inline constexpr std::uint64_t kBlockSizeMax = std::uint64_t{3} << 29;

// "none", "lz4", "zstd".
const char* CompressionName(Compression compression);

// One user at a time. Makes the same bytes of the same content everywhere.
class Compressor {
 public:
  explicit Compressor(Compression compression) : compression_(compression) {}

  // Sets `stored` and says how it is compressed; kNone, with `stored` of no meaning, where that
  // would save less than an eighth. A block too small for what Decompress allows is made with LZ4.
  Compression Compress(ByteView content, Bytes& stored);

 private:
  bool Lz4(ByteView content, Bytes& stored);
  bool Zstd(ByteView content, Bytes& stored);

  const Compression compression_;
  std::unique_ptr<char[]> lz4_state_;
  std::unique_ptr<char[]> zstd_state_;
  std::size_t zstd_state_size_ = 0;
  ZSTD_CCtx_s* zstd_ = nullptr;  // in it
};

// Memory that decompression works in, 160 KB for zstd, kept for the next block. Thread-safe: who
// comes while all of it is in use gets more, of which little is kept.
class Decompressor {
 public:
  Decompressor();
  ~Decompressor();
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  // The content of a block. Hostile bytes are kCorruption before more is allocated than the ratios
  // above allow. REQUIRES: not kNone. `path`, `offset`: for the error.
  Result<Bytes> Decompress(Compression compression, ByteView stored, const std::string& path,
                           std::uint64_t offset);

 private:
  struct Context;
  std::unique_ptr<Context> Take();
  void Give(std::unique_ptr<Context> context);

  env::Mutex mutex_;                            // innermost
  std::vector<std::unique_ptr<Context>> idle_;  // under mutex_
};

}  // namespace beach::engine::sst
