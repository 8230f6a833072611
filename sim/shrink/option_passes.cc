// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <utility>

#include "sim/shrink/drawn_anew.h"
#include "sim/shrink/numbered.h"
#include "sim/shrink/passes.h"
#include "sim/shrink/realign.h"
#include "sim/shrink/smaller.h"

namespace beach::sim::shrink {
namespace {

constexpr std::uint64_t kLivesGoneMax = 5;
constexpr std::uint64_t kSeeds = 6;

std::vector<Candidate> WithRealigned(const Candidate& candidate) {
  std::vector<Candidate> all;
  for (auto& decisions : Realigned(candidate.decisions, kLivesGoneMax)) {
    all.push_back(candidate);
    all.back().decisions = std::move(decisions);
  }
  return all;
}

}  // namespace

Simplification Policies(const std::set<std::string>& fault_sites) {
  return {"schedule", [](const Candidate&) { return std::size_t{1}; },
          [fault_sites](const Candidate& candidate, std::size_t) {
            std::vector<Candidate> forms;
            for (const char* const policy : {"calm", "fewest-switches"}) {
              if (candidate.policy == policy) break;
              Candidate other = candidate;
              other.policy = policy;
              forms.push_back(other);
              std::ranges::move(DrawnAnew(other, fault_sites, kSeeds), std::back_inserter(forms));
            }
            return forms;
          }};
}

Simplification NumberedOptions(bool realigned) {
  return {"lives", [](const Candidate& candidate) { return AllNumbered(candidate).size(); },
          [realigned](const Candidate& candidate, std::size_t item) {
            Candidate fewer = WithoutNumbered(candidate, AllNumbered(candidate)[item]);
            if (realigned) return WithRealigned(fewer);
            return std::vector<Candidate>{std::move(fewer)};
          }};
}

Simplification OptionValues(Steps steps, bool realigned) {
  return {realigned ? "crashes" : "options",
          [](const Candidate& candidate) { return candidate.options.size(); },
          [steps, realigned](const Candidate& candidate, std::size_t item) {
            const auto option =
                std::next(candidate.options.begin(), static_cast<std::ptrdiff_t>(item));
            const auto& [name, value] = *option;
            std::vector<std::uint64_t> values;
            const std::uint64_t simplest = OptionSimplest(name);
            if (simplest != 0 && value != simplest) values.push_back(simplest);
            if (simplest == 0) values = SmallerNumbers(value);
            if (steps == Steps::kLarge) {
              std::erase_if(values, [&](auto other) { return simplest == 0 && other > value / 2; });
            }
            // What 0 means is the scenario's; the other side may have fewer faults.
            if (value == 0) values.push_back(1);
            std::vector<Candidate> forms;
            for (const std::uint64_t other : values) {
              Candidate changed = candidate;
              changed.options[name] = other;
              if (!realigned) {
                forms.push_back(std::move(changed));
              } else if (value <= kLivesGoneMax && IsNumbered(name)) {
                std::ranges::move(WithRealigned(changed), std::back_inserter(forms));
              }
            }
            return forms;
          }};
}

}  // namespace beach::sim::shrink
