// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/compression.h"

#include <lz4.h>
#define ZSTD_STATIC_LINKING_ONLY  // contexts in memory of ours
#include <zstd.h>

#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "engine/sst/format.h"

namespace beach::engine::sst {
namespace {

constexpr int kLz4Acceleration = 1;
constexpr int kZstdLevel = 3;
constexpr std::size_t kIdleContextsMax = 8;  // of a decompressor

// As aligned as any type wants it.
std::unique_ptr<char[]> State(std::size_t size_bytes) {
  return std::make_unique_for_overwrite<char[]>(size_bytes);
}

// Makes room behind the size of the content for as much as is worth storing. Returns that.
std::size_t Begin(ByteView content, Bytes& stored) {
  stored.clear();
  Encoder(stored).Varint(content.size());
  const std::size_t most = content.size() - content.size() / 8;
  if (stored.size() >= most) return 0;
  const std::size_t room = most - stored.size();
  ResizeUnfilled(stored, most);
  return room;
}

}  // namespace

const char* CompressionName(Compression compression) {
  switch (compression) {
    case Compression::kNone: return "none";
    case Compression::kLz4: return "lz4";
    case Compression::kZstd: return "zstd";
  }
  return "unknown";
}

Compression Compressor::Compress(ByteView content, Bytes& stored) {
  if (compression_ == Compression::kNone || content.size() > kBlockSizeMax) {
    return Compression::kNone;
  }
  if (compression_ == Compression::kZstd) {
    if (!Zstd(content, stored)) return Compression::kNone;
    if (content.size() <= stored.size() * kZstdRatioMax) return Compression::kZstd;
  }
  return Lz4(content, stored) ? Compression::kLz4 : Compression::kNone;
}

bool Compressor::Lz4(ByteView content, Bytes& stored) {
  if (content.size() > LZ4_MAX_INPUT_SIZE) return false;
  const std::size_t room = Begin(content, stored);
  if (room == 0) return false;
  if (lz4_state_ == nullptr) lz4_state_ = State(static_cast<std::size_t>(LZ4_sizeofState()));
  char* const target = stored.data() + stored.size() - room;
  const int made = LZ4_compress_fast_extState(lz4_state_.get(), content.data(), target,
                                              static_cast<int>(content.size()),
                                              static_cast<int>(room), kLz4Acceleration);
  if (made <= 0) return false;
  stored.resize(stored.size() - room + static_cast<std::size_t>(made));
  return true;
}

bool Compressor::Zstd(ByteView content, Bytes& stored) {
  const std::size_t room = Begin(content, stored);
  if (room == 0) return false;
  // What blocks of this size need is a tenth of what any would.
  const std::size_t needed =
      ZSTD_estimateCCtxSize_usingCParams(ZSTD_getCParams(kZstdLevel, content.size(), 0));
  if (needed > zstd_state_size_) {
    zstd_state_ = State(needed);
    zstd_state_size_ = needed;
    zstd_ = ZSTD_initStaticCCtx(zstd_state_.get(), needed);
    BEACH_CHECK(zstd_ != nullptr);
  }
  char* const target = stored.data() + stored.size() - room;
  const std::size_t made =
      ZSTD_compressCCtx(zstd_, target, room, content.data(), content.size(), kZstdLevel);
  if (ZSTD_isError(made) != 0) return false;
  stored.resize(stored.size() - room + made);
  return true;
}

struct Decompressor::Context {
  std::unique_ptr<char[]> memory;
  ZSTD_DCtx* zstd = nullptr;  // in it
};

Decompressor::Decompressor() = default;
Decompressor::~Decompressor() = default;

std::unique_ptr<Decompressor::Context> Decompressor::Take() {
  {
    const env::MutexLock lock(mutex_);
    if (!idle_.empty()) {
      auto context = std::move(idle_.back());
      idle_.pop_back();
      return context;
    }
  }
  const std::size_t size = ZSTD_estimateDCtxSize();
  auto context = std::make_unique<Context>();
  context->memory = State(size);
  context->zstd = ZSTD_initStaticDCtx(context->memory.get(), size);
  BEACH_CHECK(context->zstd != nullptr);
  return context;
}

void Decompressor::Give(std::unique_ptr<Context> context) {
  const env::MutexLock lock(mutex_);
  if (idle_.size() < kIdleContextsMax) idle_.push_back(std::move(context));
}

Result<Bytes> Decompressor::Decompress(Compression compression, ByteView stored,
                                       const std::string& path, std::uint64_t offset) {
  BEACH_CHECK(compression != Compression::kNone);
  Decoder decoder(stored);
  const std::uint64_t size = decoder.Varint();
  const ByteView source = decoder.rest();
  const std::uint64_t ratio = compression == Compression::kLz4 ? kLz4RatioMax : kZstdRatioMax;
  if (!decoder.ok() || size > kBlockSizeMax || size > stored.size() * ratio) {
    return Damaged(path, offset, "a compressed block claims to be larger than it can be");
  }
  Bytes content;
  ResizeUnfilled(content, static_cast<std::size_t>(size));
  bool whole = false;
  if (compression == Compression::kLz4) {
    const int made = LZ4_decompress_safe(source.data(), content.data(),
                                         static_cast<int>(source.size()), static_cast<int>(size));
    whole = made >= 0 && static_cast<std::uint64_t>(made) == size;
  } else {
    auto context = Take();
    const std::size_t made = ZSTD_decompressDCtx(context->zstd, content.data(), content.size(),
                                                 source.data(), source.size());
    whole = ZSTD_isError(made) == 0 && made == size;
    Give(std::move(context));
  }
  if (!whole) return Damaged(path, offset, "a compressed block does not decompress");
  return content;
}

}  // namespace beach::engine::sst
