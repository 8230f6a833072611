// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "sim/shrink/passes.h"
#include "sim/shrink/smaller.h"

namespace beach::sim::shrink {
namespace {

using artifacts::Decision;

}  // namespace

Removal Faults(std::set<std::string> fault_sites) {
  const auto indices = [sites = std::move(fault_sites)](const Candidate& candidate) {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < candidate.decisions.size(); ++i) {
      if (sites.contains(candidate.decisions[i].site)) found.push_back(i);
    }
    return found;
  };
  return {"faults", [indices](const Candidate& candidate) { return indices(candidate).size(); },
          [indices](const Candidate& candidate, std::size_t begin, std::size_t end) {
            const std::vector<std::size_t> found = indices(candidate);
            Candidate fewer = candidate;
            for (std::size_t i = end; i > begin; --i) {
              fewer.decisions.erase(fewer.decisions.begin() +
                                    static_cast<std::ptrdiff_t>(found[i - 1]));
            }
            return fewer;
          }};
}

Simplification DecisionValues() {
  return {"choices", [](const Candidate& candidate) { return candidate.decisions.size(); },
          [](const Candidate& candidate, std::size_t item) {
            std::vector<Candidate> forms;
            for (const std::uint64_t value : SmallerNumbers(candidate.decisions[item].value)) {
              forms.push_back(candidate);
              forms.back().decisions[item].value = value;
            }
            if (OfMachine(candidate.decisions[item])) return forms;
            for (const std::uint64_t use : SmallerNumbers(candidate.decisions[item].use)) {
              forms.push_back(candidate);
              forms.back().decisions[item].use = use;
            }
            return forms;
          }};
}

Simplification OperationsBeforeFaults(std::set<std::string> fault_sites) {
  return {"before faults", Operations().count,
          [sites = std::move(fault_sites)](const Candidate& candidate, std::size_t item) {
            constexpr std::uint64_t kCallsMax = 4;  // of an operation, at one site
            std::vector<Candidate> forms;
            for (std::size_t i = 0; i < candidate.decisions.size(); ++i) {
              const Decision& fault = candidate.decisions[i];
              if (!sites.contains(fault.site)) continue;
              for (std::uint64_t calls = 1; calls <= std::min(kCallsMax, fault.use); ++calls) {
                Candidate fewer = Operations().without(candidate, item, item + 1);
                fewer.decisions[i].use -= calls;
                forms.push_back(std::move(fewer));
              }
            }
            return forms;
          }};
}

}  // namespace beach::sim::shrink
