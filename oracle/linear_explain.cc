// SPDX-License-Identifier: Apache-2.0
#include "oracle/linear_explain.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "oracle/linear_problem.h"
#include "oracle/linear_rules.h"

namespace beach::oracle {
namespace {

constexpr std::size_t kNamedMax = 3;
// Of the search after one operation less: who cannot be shown to be needless stays.
constexpr std::uint64_t kConfigurationsMax = 20'000;
// Of all these searches: one for each operation of a long history would take minutes.
constexpr std::uint64_t kConfigurationsInAllMax = 50'000;

class Shrinker {
 public:
  Shrinker(std::span<const ClientOperation> history, std::span<const std::size_t> part,
           const LinearLimits& limits)
      : history_(history), limits_(limits), roles_(history.size(), Role::kAbsent) {
    limits_.configurations_max = std::min(limits_.configurations_max, kConfigurationsMax);
    for (const std::size_t index : part) roles_[index] = Role::kKept;
  }

  // Lets `gone` loose if what is left fails without them.
  bool TryWithout(std::span<const std::size_t> gone) {
    for (const std::size_t index : gone) roles_[index] = Role::kLoose;
    if (left_ > 0 && Fails()) return true;
    for (const std::size_t index : gone) roles_[index] = Role::kKept;
    return false;
  }

 private:
  bool Fails() {
    LinearProblem problem(history_, roles_);
    return std::ranges::any_of(problem.parts(), [&](const LinearPart& part) {
      LinearLimits limits = limits_;
      limits.configurations_max = std::min(limits.configurations_max, left_);
      LinearSearch search(problem, part, limits);
      const LinearVerdict verdict = search.Run();
      left_ -= std::min(left_, search.tried());
      return verdict == LinearVerdict::kNot;
    });
  }

  std::span<const ClientOperation> history_;
  LinearLimits limits_;
  std::vector<Role> roles_;
  std::uint64_t left_ = kConfigurationsInAllMax;
};

// The one of them whose return no order gets beyond, with all others let loose.
std::size_t FindStuck(std::span<const ClientOperation> history,
                      std::span<const std::size_t> culprits, const LinearLimits& limits) {
  std::vector<Role> roles(history.size(), Role::kLoose);
  for (const std::size_t index : culprits) roles[index] = Role::kKept;
  LinearProblem problem(history, roles);
  for (const LinearPart& part : problem.parts()) {
    LinearSearch search(problem, part, limits);
    if (search.Run() != LinearVerdict::kNot) continue;
    const std::size_t stuck = problem.operation(part.events[search.furthest()].operation).source;
    if (roles[stuck] == Role::kKept) return stuck;
  }
  return culprits.back();
}

std::string List(std::span<const ClientOperation> history, std::span<const std::size_t> indexes,
                 std::size_t but) {
  std::string text;
  std::size_t named = 0;
  // The nearest in time are the last before it.
  for (auto at = indexes.rbegin(); at != indexes.rend(); ++at) {
    if (*at == but) continue;
    if (++named > kNamedMax) continue;
    text = DescribeOperation(history[*at]) + (text.empty() ? "" : "; ") + text;
  }
  if (named > kNamedMax) text += "; and " + std::to_string(named - kNamedMax) + " more";
  return text;
}

bool ChangesNothing(const ClientOperation& operation) {
  return operation.changes.empty() || operation.answer == Answer::kConditionsFailed;
}

// Leaves out as many of `candidates` as can be, first many at a time. What stays is in order.
std::vector<std::size_t> Shrink(Shrinker& shrinker, std::vector<std::size_t> candidates) {
  for (std::size_t chunk = candidates.size(); chunk > 0; chunk /= 2) {
    for (std::size_t begin = 0; begin < candidates.size();) {
      const std::size_t count = std::min(chunk, candidates.size() - begin);
      if (shrinker.TryWithout(std::span(candidates).subspan(begin, count))) {
        const auto first = candidates.begin() + static_cast<std::ptrdiff_t>(begin);
        candidates.erase(first, first + static_cast<std::ptrdiff_t>(count));
      } else {
        begin += count;
      }
    }
  }
  return candidates;
}

}  // namespace

// First those that change nothing, so that who wrote a value explains it rather than who saw it.
std::vector<std::size_t> FindCulprits(std::span<const ClientOperation> history,
                                      std::vector<std::size_t> part, const LinearLimits& limits) {
  Shrinker shrinker(history, part, limits);
  std::ranges::sort(part, {}, [&](std::size_t i) { return std::pair(history[i].called_at, i); });
  std::vector<std::size_t> changing;
  std::vector<std::size_t> reading;
  for (const std::size_t i : part) (ChangesNothing(history[i]) ? reading : changing).push_back(i);
  std::vector<std::size_t> culprits = Shrink(shrinker, std::move(reading));
  const std::vector<std::size_t> rest = Shrink(shrinker, std::move(changing));
  culprits.insert(culprits.end(), rest.begin(), rest.end());
  std::ranges::sort(culprits, {},
                    [&](std::size_t i) { return std::pair(history[i].called_at, i); });
  return culprits;
}

Violation Explain(std::span<const ClientOperation> history, std::span<const std::size_t> culprits,
                  const LinearLimits& limits) {
  BEACH_CHECK(!culprits.empty());
  const RuleFound found = FindRule(history, culprits);
  const std::size_t stuck = found.operation.value_or(FindStuck(history, culprits, limits));
  const std::string others = List(history, culprits, stuck);
  std::string message = DescribeOperation(history[stuck]) + ": " + found.reason;
  if (!others.empty()) message += "; beside " + others;
  return {.rule = found.rule, .message = std::move(message)};
}

}  // namespace beach::oracle
