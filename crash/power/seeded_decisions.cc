// SPDX-License-Identifier: Apache-2.0
#include "crash/power/seeded_decisions.h"

#include <algorithm>
#include <string_view>

#include "base/check.h"
#include "sim/disk/atlas.h"

namespace beach::crash {
namespace {

constexpr std::uint64_t kMillion = 1'000'000;

// Follow from something else than a draw, or would go unseen: this disk takes no time, and a read
// that is cut short is gone on with before the kernel hears of it.
constexpr std::string_view kNotDrawn[] = {"disk.full", "disk.torn_sector", "disk.swapped",
                                          "disk.stall", "disk.short_read"};

}  // namespace

std::uint64_t SeededDecisions::Draw(Site site) {
  return RandomValue(seed_, site.hash, ++sites_[site.hash].uses);
}

std::uint64_t SeededDecisions::Fault(Site site, std::uint64_t outcomes) {
  BEACH_CHECK_GE(outcomes, 1U);
  SiteState& state = sites_[site.hash];
  if (state.per_million == 0) return 0;
  const std::uint64_t value = Draw(site);
  if (RandomBelow(value, kMillion) >= state.per_million) return 0;
  ++state.strikes;
  return 1 + RandomBelow(Mix64(value), outcomes);
}

std::uint64_t SeededDecisions::Choose(Site site, std::uint64_t bound) {
  return RandomBelow(Draw(site), bound);
}

std::uint64_t SeededDecisions::ChooseFor(Site site, const std::string& host, std::uint64_t number,
                                         std::uint64_t bound) {
  return RandomBelow(RandomValue(seed_, site.hash, Site::Hash(host), number), bound);
}

bool SeededDecisions::Planned(Site site) const {
  const auto found = sites_.find(site.hash);
  return found != sites_.end() && found->second.planned;
}

Status SeededDecisions::SetRate(const std::string& site, std::uint64_t per_million) {
  const auto known = std::ranges::find_if(
      sim::KnownDiskFaults(), [&](const sim::KnownDiskFault& f) { return site == f.site.name; });
  if (known == sim::KnownDiskFaults().end()) {
    return Fail(ErrorCode::kInvalidArgument, "no fault is named '" + site + "'; see `faults`");
  }
  if (std::ranges::find(kNotDrawn, site) != std::end(kNotDrawn)) {
    return Fail(ErrorCode::kInvalidArgument, site + " has no rate here");
  }
  if (per_million > kMillion) {
    return Fail(ErrorCode::kInvalidArgument, "a rate is at most 1000000 in a million");
  }
  SiteState& state = sites_[known->site.hash];
  state.per_million = per_million;
  if (per_million > 0 && !state.planned) {
    state.planned = true;
    ++plan_version_;
  }
  return {};
}

std::vector<FaultRate> SeededDecisions::Faults() const {
  std::vector<FaultRate> faults;
  for (const sim::KnownDiskFault& known : sim::KnownDiskFaults()) {
    FaultRate& fault = faults.emplace_back();
    fault.site = known.site.name;
    fault.label = sim::ContractLabelName(known.label);
    const auto state = sites_.find(known.site.hash);
    if (state == sites_.end()) continue;
    fault.per_million = state->second.per_million;
    fault.strikes = state->second.strikes;
  }
  return faults;
}

}  // namespace beach::crash
