// SPDX-License-Identifier: Apache-2.0
#include "sim/shrink/drawn_anew.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <numeric>
#include <utility>

#include "sim/shrink/larger.h"
#include "sim/shrink/numbered.h"
#include "sim/shrink/passes.h"

namespace beach::sim::shrink {
namespace {

using artifacts::Decision;

constexpr std::uint64_t kSeedsLeast = 6;
constexpr std::uint64_t kSeedsMost = 48;
constexpr std::size_t kHandfuls[] = {12, 6, 3, 1};
constexpr std::size_t kHandfulsOfASize = 12;
constexpr std::uint64_t kSwitchMax = 5;  // of an option that may be one of a few ways

// The bigger a cut, the more it gains, and the less likely it is to be found again.
std::uint64_t SeedsFor(const Candidate& cut, const Candidate& whole) {
  const std::size_t gone = whole.operations.size() - cut.operations.size();
  if (gone == 0) return kSeedsLeast;
  return std::clamp(2 * kSeedsMost * gone / whole.operations.size(), kSeedsLeast, kSeedsMost);
}

// Ways to take something away, the most first.
std::vector<Candidate> Cuts(const Candidate& candidate, const std::set<std::string>& fault_sites) {
  std::vector<Candidate> cuts;
  const auto add = [&cuts](std::vector<Candidate> forms) {
    std::ranges::move(forms, std::back_inserter(cuts));
  };
  const Removal faults = Faults(fault_sites);
  const std::size_t faults_count = faults.count(candidate);
  if (faults_count > 0) cuts.push_back(faults.without(candidate, 0, faults_count));
  for (const Numbered& numbered : AllNumbered(candidate)) {
    cuts.push_back(WithoutNumbered(candidate, numbered));
  }
  const Simplification clients = OperationsOfOne();
  for (std::size_t i = 0; i < clients.count(candidate); ++i) add(clients.forms(candidate, i));
  const Removal operations = Operations();
  const std::size_t count = candidate.operations.size();
  for (std::size_t size = count / 2; size > 0; size /= 2) {
    for (std::size_t at = 0; at < count; at += size) {
      const std::size_t end = std::min(at + size, count);
      cuts.push_back(operations.without(candidate, at, end));
      if (size >= count / 8) cuts.push_back(WithLarger(candidate, at, end).back());
    }
  }
  for (std::size_t i = 0; i < faults_count; ++i)
    cuts.push_back(faults.without(candidate, i, i + 1));
  for (const auto& [name, value] : candidate.options) {
    if (value > kSwitchMax || !IsNumbered(name)) continue;
    cuts.push_back(candidate);
    cuts.back().options[name] = value == 0 ? 1 : 0;
  }
  return cuts;
}

Candidate WithOnly(const Candidate& candidate, const std::set<std::size_t>& kept) {
  Candidate fewer = candidate;
  fewer.operations.clear();
  for (const std::size_t index : kept) fewer.operations.push_back(candidate.operations[index]);
  return fewer;
}

// Of each size: the operations with the most arguments, and neighbours here and there.
std::vector<Candidate> HandfulsOf(const Candidate& candidate) {
  const std::size_t count = candidate.operations.size();
  std::vector<std::size_t> by_load(count);
  std::iota(by_load.begin(), by_load.end(), std::size_t{0});
  const auto load = [&](std::size_t index) {  // the number makes equal ones keep their order
    return std::pair(candidate.operations[index].arguments.size(), count - index);
  };
  std::ranges::sort(by_load, std::ranges::greater{}, load);
  std::vector<Candidate> handfuls;
  for (const std::size_t size : kHandfuls) {
    if (size >= count) continue;
    const auto most = by_load.begin() + static_cast<std::ptrdiff_t>(size);
    handfuls.push_back(WithOnly(candidate, {by_load.begin(), most}));
    const std::size_t step = std::max(size, count / kHandfulsOfASize);
    for (std::size_t at = 0; at + size <= count; at += step) {
      std::set<std::size_t> neighbours;
      for (std::size_t i = at; i < at + size; ++i) neighbours.insert(i);
      handfuls.push_back(WithOnly(candidate, neighbours));
    }
  }
  return handfuls;
}

}  // namespace

std::vector<Candidate> DrawnAnew(Candidate candidate, const std::set<std::string>& fault_sites,
                                 std::uint64_t seeds) {
  std::vector<Candidate> forms;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    candidate.seed = seed;
    forms.push_back(candidate);
    Candidate chosen_anew = candidate;
    std::erase_if(chosen_anew.decisions,
                  [&](const Decision& decision) { return !fault_sites.contains(decision.site); });
    forms.push_back(chosen_anew);
    for (Decision& fault : chosen_anew.decisions) fault.use = fault.use * seed / (seeds + 1);
    if (chosen_anew != forms.back()) forms.push_back(std::move(chosen_anew));
  }
  return forms;
}

Simplification Handfuls(const std::set<std::string>& fault_sites) {
  return {"handfuls", [](const Candidate& candidate) { return HandfulsOf(candidate).size(); },
          [fault_sites](const Candidate& candidate, std::size_t item) {
            return DrawnAnew(HandfulsOf(candidate)[item], fault_sites, kSeedsMost);
          }};
}

Simplification CutsDrawnAnew(const std::set<std::string>& fault_sites) {
  struct Memory {
    Candidate of;
    std::vector<Candidate> cuts;
  };
  const auto memory = std::make_shared<Memory>();
  const auto cuts_of = [ memory, fault_sites ](const Candidate& candidate) -> const auto& {
    if (memory->cuts.empty() || memory->of != candidate) {
      *memory = {.of = candidate, .cuts = Cuts(candidate, fault_sites)};
    }
    return memory->cuts;
  };
  return {"drawn anew", [cuts_of](const Candidate& candidate) { return cuts_of(candidate).size(); },
          [cuts_of, fault_sites](const Candidate& candidate, std::size_t item) {
            const Candidate& cut = cuts_of(candidate)[item];
            return DrawnAnew(cut, fault_sites, SeedsFor(cut, candidate));
          }};
}

}  // namespace beach::sim::shrink
