// SPDX-License-Identifier: Apache-2.0
#include "env/memory/memory_content.h"

#include <algorithm>
#include <cstring>

namespace beach::env {
namespace {

constexpr std::uint64_t kChunkSize = 64 * 1024;

bool IsZeros(ByteView bytes) { return bytes.find_first_not_of('\0') == ByteView::npos; }

}  // namespace

std::uint64_t MemoryContent::allocated_bytes() const {
  const auto there = [](const std::unique_ptr<char[]>& chunk) { return chunk != nullptr; };
  return kChunkSize * static_cast<std::uint64_t>(std::ranges::count_if(chunks_, there));
}

std::size_t MemoryContent::ReadAt(std::uint64_t offset, char* target, std::size_t length) const {
  if (offset >= size_bytes_) return 0;
  length = static_cast<std::size_t>(std::min<std::uint64_t>(length, size_bytes_ - offset));
  for (std::size_t done = 0; done < length;) {
    const std::uint64_t within = (offset + done) % kChunkSize;
    const std::size_t part = std::min<std::size_t>(length - done, kChunkSize - within);
    const auto& chunk = chunks_[(offset + done) / kChunkSize];
    if (chunk == nullptr) {
      std::memset(target + done, 0, part);
    } else {
      std::memcpy(target + done, chunk.get() + within, part);
    }
    done += part;
  }
  return length;
}

void MemoryContent::WriteAt(std::uint64_t offset, ByteView data) {
  if (data.empty()) return;
  if (offset + data.size() > size_bytes_) Resize(offset + data.size());
  for (std::size_t done = 0; done < data.size();) {
    const std::uint64_t within = (offset + done) % kChunkSize;
    const ByteView part = data.substr(done, kChunkSize - within);
    auto& chunk = chunks_[(offset + done) / kChunkSize];
    done += part.size();
    if (chunk == nullptr) {
      if (IsZeros(part)) continue;
      chunk = std::make_unique<char[]>(kChunkSize);  // zeros
    }
    std::memcpy(chunk.get() + within, part.data(), part.size());
  }
}

void MemoryContent::Resize(std::uint64_t size_bytes) {
  const std::uint64_t count = (size_bytes + kChunkSize - 1) / kChunkSize;
  chunks_.resize(static_cast<std::size_t>(count));
  const std::uint64_t within = size_bytes % kChunkSize;
  if (size_bytes < size_bytes_ && within != 0 && chunks_.back() != nullptr) {
    std::memset(chunks_.back().get() + within, 0, kChunkSize - within);
  }
  size_bytes_ = size_bytes;
}

}  // namespace beach::env
