// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/expiry_profile.h"

#include <algorithm>

#include "base/check.h"
#include "engine/expiry.h"
#include "engine/internal_key.h"

namespace beach::engine::sst {

std::uint64_t ExpiryProfile::ExpiredAt(std::uint64_t time) const {
  if (entries == 0 || time < times.front()) return 0;
  std::uint64_t parts = 0;
  while (parts < kExpiryParts && times[parts + 1] <= time) ++parts;
  // In two steps: a count that was read may be anything.
  const std::uint64_t expired =
      entries / kExpiryParts * parts + entries % kExpiryParts * parts / kExpiryParts;
  return std::max<std::uint64_t>(expired, 1);
}

void ExpirySampler::Add(std::uint64_t expires_at) {
  first_ = count_ == 0 ? expires_at : std::min(first_, expires_at);
  last_ = count_ == 0 ? expires_at : std::max(last_, expires_at);
  const bool taken = count_ % step_ == 0;
  ++count_;
  if (!taken) return;
  sample_.push_back(expires_at);
  if (sample_.size() <= kExpirySampleMax) return;
  // Those whose place is a multiple of twice the step stay.
  std::size_t kept = 0;
  for (std::size_t i = 0; i < sample_.size(); i += 2) sample_[kept++] = sample_[i];
  sample_.resize(kept);
  step_ *= 2;
}

ExpiryProfile ExpirySampler::Finish() const {
  ExpiryProfile profile;
  profile.entries = count_;
  if (count_ == 0) return profile;
  std::vector<std::uint64_t> sorted = sample_;
  std::ranges::sort(sorted);
  for (std::size_t part = 1; part < kExpiryParts; ++part) {
    // The last of the first `part` eighths, rounded up: by then at least so many have expired.
    const std::size_t upto = (sorted.size() * part + kExpiryParts - 1) / kExpiryParts;
    profile.times[part] = sorted[upto - 1];
  }
  profile.times.front() = first_;
  profile.times.back() = last_;
  return profile;
}

void CountExpiry(ByteView internal_key, ByteView value, ExpirySampler& sampler) {
  const auto kind = static_cast<ValueKind>(TrailerOf(internal_key) & 0xff);
  ExpiringValue expiring;
  if (kind != ValueKind::kPutUntil) return;
  const bool parsed = ParseExpiring(value, expiring);
  BEACH_CHECK(parsed);
  sampler.Add(expiring.expires_at);
}

}  // namespace beach::engine::sst
