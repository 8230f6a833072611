// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "sim/decisions.h"

namespace beach::sim {

// Decisions of a test: choices come from a seed, faults strike only where the test armed them.
class TestDecisions final : public Decisions {
 public:
  explicit TestDecisions(std::uint64_t seed = 1) : seed_(seed) {}

  std::uint64_t Draw(Site site) override {
    return RandomValue(seed_, site.hash, ++uses_[site.name]);
  }

  std::uint64_t Fault(Site site, std::uint64_t outcomes) override {
    BEACH_CHECK_GE(outcomes, 1U);
    const auto armed = armed_.find(site.name);
    if (armed != armed_.end()) {
      const std::uint64_t outcome = armed->second;
      armed_.erase(armed);
      BEACH_CHECK_LE(outcome, outcomes);
      return outcome;
    }
    const auto rate = per_million_.find(site.name);
    if (rate == per_million_.end()) return 0;
    const std::uint64_t value = Draw(site);
    if (RandomBelow(value, 1'000'000) >= rate->second) return 0;
    return 1 + RandomBelow(Mix64(value), outcomes);
  }

  std::uint64_t Choose(Site site, std::uint64_t bound) override {
    const auto chosen = chosen_.find(site.name);
    if (chosen != chosen_.end()) return chosen->second % bound;
    return RandomBelow(Draw(site), bound);
  }

  std::uint64_t ChooseFor(Site site, const std::string&, std::uint64_t number,
                          std::uint64_t bound) override {
    BEACH_CHECK(numbers_[site.name].insert(number).second);
    return Choose(site, bound);
  }

  bool Planned(Site site) const override { return planned_.contains(site.name); }

  bool Off(Site site) const override { return off_.contains(site.name); }

  void CountFault(Site site) override { ++counted_[site.name]; }

  // The next use of the site strikes with this outcome.
  void Arm(const std::string& site, std::uint64_t outcome = 1) {
    armed_[site] = outcome;
    Plan(site);
  }
  bool IsArmed(const std::string& site) const { return armed_.contains(site); }
  void SetRate(const std::string& site, std::uint64_t per_million) {
    per_million_[site] = per_million;
    if (per_million > 0) Plan(site);
  }
  std::uint64_t Counted(const std::string& site) { return counted_[site]; }
  void SwitchOff(const std::string& site) { off_.insert(site); }
  void Fix(const std::string& site, std::uint64_t choice) { chosen_[site] = choice; }

 private:
  void Plan(const std::string& site) {
    if (planned_.insert(site).second) ++plan_version_;
  }

  const std::uint64_t seed_;
  std::set<std::string> planned_;
  std::set<std::string> off_;
  std::map<std::string, std::uint64_t> uses_;
  std::map<std::string, std::uint64_t> armed_;
  std::map<std::string, std::uint64_t> per_million_;
  std::map<std::string, std::uint64_t> chosen_;
  std::map<std::string, std::uint64_t> counted_;
  std::map<std::string, std::set<std::uint64_t>> numbers_;
};

// Values of "disk.cut.mode".
inline constexpr std::uint64_t kCutAll = 0;
inline constexpr std::uint64_t kCutNone = 1;
inline constexpr std::uint64_t kCutPrefix = 2;
inline constexpr std::uint64_t kCutMix = 4;

}  // namespace beach::sim
