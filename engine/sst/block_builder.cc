// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "engine/internal_key.h"
#include "engine/sst/block.h"
#include "engine/sst/key_hash.h"

namespace beach::engine::sst {

BlockBuilder::BlockBuilder(std::uint64_t restart_interval) : restart_interval_(restart_interval) {
  BEACH_CHECK_GT(restart_interval, 0U);
}

void BlockBuilder::Add(ByteView internal_key, ByteView value) {
  BEACH_CHECK_GE(internal_key.size(), kInternalKeyTrailerSize);
  Add(internal_key, HashUserKey(UserKeyOf(internal_key)), value);
}

void BlockBuilder::Add(ByteView internal_key, std::uint64_t hash, ByteView value) {
  BEACH_CHECK_GE(internal_key.size(), kInternalKeyTrailerSize);
  const bool ascending = empty() || CompareInternalKeys(last_key_, internal_key) < 0;
  BEACH_CHECK(ascending);
  std::size_t shared = 0;
  if (empty() || since_restart_ == restart_interval_) {
    BEACH_CHECK_LE(entries_.size(), std::numeric_limits<std::uint32_t>::max());
    restarts_.push_back(static_cast<std::uint32_t>(entries_.size()));
    since_restart_ = 0;
  } else {
    const std::size_t shared_max = std::min(last_key_.size(), internal_key.size());
    while (shared < shared_max && last_key_[shared] == internal_key[shared]) ++shared;
  }
  if (runs_.empty() || runs_.back().hash != hash || runs_.back().restart + 1 != restarts_.size()) {
    runs_.push_back({.hash = hash, .restart = restarts_.size() - 1});
  }
  Encoder encoder(entries_);
  encoder.Varint(shared);
  encoder.Varint(internal_key.size() - shared);
  encoder.Varint(value.size());
  encoder.Raw(internal_key.substr(shared));
  encoder.Raw(value);
  ++since_restart_;
  last_key_.assign(internal_key);
}

void BlockBuilder::AppendBuckets() {
  const std::size_t count = bucket_count();
  const std::size_t begin = entries_.size();
  entries_.append(count, static_cast<char>(kBucketNone));
  for (const Run& run : runs_) {
    if (count == 0) break;
    char& bucket = entries_[begin + ReduceHash(run.hash, static_cast<std::uint32_t>(count))];
    const auto now = static_cast<std::uint8_t>(bucket);
    const auto restart = static_cast<std::uint8_t>(run.restart);
    const bool alone = now == kBucketNone || now == restart;
    bucket = static_cast<char>(alone ? restart : kBucketSearch);
  }
  Encoder(entries_).Fixed32(static_cast<std::uint32_t>(count));
}

Bytes BlockBuilder::Finish() {
  BEACH_CHECK(!empty());
  Encoder encoder(entries_);
  for (const std::uint32_t restart : restarts_) encoder.Fixed32(restart);
  AppendBuckets();
  encoder.Fixed32(static_cast<std::uint32_t>(restarts_.size()));
  restarts_.clear();
  runs_.clear();
  since_restart_ = 0;
  last_key_.clear();
  return std::exchange(entries_, Bytes());
}

}  // namespace beach::engine::sst
