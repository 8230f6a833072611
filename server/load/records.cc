// SPDX-License-Identifier: Apache-2.0
#include "server/load/records.h"

#include <fmt/format.h>

#include "base/check.h"

namespace beach::server {
namespace {

constexpr std::uint64_t kStartsOfValues = std::uint64_t{1} << 16;

}  // namespace

Bytes KeyOf(std::uint64_t number) { return fmt::format("user{:020}", Mix64(number)); }

std::uint64_t RecordNumbers::Take() {
  const env::MutexLock lock(mutex_);
  open_.insert(next_);
  return next_++;
}

void RecordNumbers::Close(std::uint64_t number) {
  const env::MutexLock lock(mutex_);
  BEACH_CHECK_EQ(open_.erase(number), 1U);
  below_.store(open_.empty() ? next_ : *open_.begin(), std::memory_order_relaxed);
}

Values::Values(std::uint64_t size, std::uint64_t seed) : size_(size) {
  RandomStream random(seed);
  bytes_.reserve(size + kStartsOfValues);
  while (bytes_.size() < size + kStartsOfValues) {
    std::uint64_t drawn = random.Next();
    for (int i = 0; i < 8; ++i, drawn >>= 8) bytes_.push_back(static_cast<char>(drawn & 0xff));
  }
}

ByteView Values::Draw(RandomStream& random) const {
  return ByteView(bytes_).substr(random.Below(kStartsOfValues), size_);
}

}  // namespace beach::server
