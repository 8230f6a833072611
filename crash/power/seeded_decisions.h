// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "sim/decisions.h"

namespace beach::crash {

// A fault of the disk, how often it is to strike where it could, and how often it has.
struct FaultRate {
  std::string site;
  std::string label;  // what a program may be asked for where it struck: "mask", "detect", "beyond"
  std::uint64_t per_million = 0;
  std::uint64_t strikes = 0;
};

// The choices of a disk outside of the simulator. The n-th value at a site is a pure function of
// (seed, site, n), that of the n-th power cut of (seed, site, host, n): the same requests in the
// same order meet the same choices. No fault strikes until it is given a rate. Not thread-safe.
class SeededDecisions final : public sim::Decisions {
 public:
  explicit SeededDecisions(std::uint64_t seed) : seed_(seed) {}

  std::uint64_t Draw(Site site) override;
  std::uint64_t Fault(Site site, std::uint64_t outcomes) override;
  std::uint64_t Choose(Site site, std::uint64_t bound) override;
  std::uint64_t ChooseFor(Site site, const std::string& host, std::uint64_t number,
                          std::uint64_t bound) override;
  bool Planned(Site site) const override;
  bool Off(Site) const override { return false; }
  void CountFault(Site site) override { ++sites_[site.hash].strikes; }

  // From now on the fault strikes so often in a million places where it could; 0: never. By its
  // name in docs/internals/disk.md. kInvalidArgument: there is no such fault, or none that a rate
  // could bring about, or the rate is above a million.
  Status SetRate(const std::string& site, std::uint64_t per_million);
  // All that SetRate takes, and those that only count.
  std::vector<FaultRate> Faults() const;

 private:
  struct SiteState {
    std::uint64_t uses = 0;
    std::uint64_t per_million = 0;
    std::uint64_t strikes = 0;
    bool planned = false;
  };

  const std::uint64_t seed_;
  std::map<std::uint64_t, SiteState> sites_;  // by the hash of their names
};

}  // namespace beach::crash
