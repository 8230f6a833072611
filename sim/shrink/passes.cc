// SPDX-License-Identifier: Apache-2.0
#include "sim/shrink/passes.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <ranges>
#include <utility>

#include "sim/shrink/realign.h"

namespace beach::sim::shrink {
namespace {

using artifacts::Decision;
using artifacts::Operation;

constexpr std::uint64_t kLivesGoneMax = 5;
constexpr std::size_t kPairsMax = 24;   // operations of which pairs are tried
constexpr std::size_t kChunksMax = 64;  // of operations that fewer and larger ones stand for
constexpr std::uint64_t kSeedsLeast = 6;
constexpr std::uint64_t kSeedsMost = 48;
constexpr std::size_t kHandfuls[] = {12, 6, 3, 1};
constexpr std::size_t kHandfulsOfASize = 12;

template <class T>
void Erase(std::vector<T>& list, std::size_t begin, std::size_t end) {
  list.erase(list.begin() + static_cast<std::ptrdiff_t>(begin),
             list.begin() + static_cast<std::ptrdiff_t>(end));
}

std::size_t OperationsCount(const Candidate& candidate) { return candidate.operations.size(); }

// Smaller numbers to try instead of `value`, the smallest first.
std::vector<std::uint64_t> SmallerNumbers(std::uint64_t value) {
  std::vector<std::uint64_t> numbers;
  for (const std::uint64_t number :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{2}, value / 16, value / 2,
        value - value / 4, value - value / 16, value - 1}) {
    const bool known = std::ranges::find(numbers, number) != numbers.end();
    if (number < value && !known) numbers.push_back(number);
  }
  return numbers;
}

// The places of an operation, each once.
std::vector<std::pair<std::uint64_t, std::uint64_t>> LivesAndClients(const Candidate& candidate) {
  std::set<std::pair<std::uint64_t, std::uint64_t>> places;
  for (const Operation& operation : candidate.operations) {
    places.emplace(operation.life, operation.client);
  }
  return {places.begin(), places.end()};
}

Candidate WithoutOperations(const Candidate& candidate, const auto& unwanted) {
  Candidate fewer = candidate;
  std::erase_if(fewer.operations, unwanted);
  return fewer;
}

// "life12.early0.calls" has a part "life12" at 0, number 12.
struct NumberedPart {
  std::string before;  // of the name, up to the number: "life"
  std::uint64_t number = 0;
  std::string after;  // ".early0.calls"
};

std::vector<NumberedPart> NumberedParts(const std::string& name) {
  std::vector<NumberedPart> parts;
  for (std::size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
    std::size_t digits = dot;
    while (digits > 0 && name[digits - 1] >= '0' && name[digits - 1] <= '9') --digits;
    if (digits == dot || dot - digits > 9 || digits == 0) continue;
    std::uint64_t number = 0;
    for (std::size_t i = digits; i < dot; ++i) {
      number = number * 10 + static_cast<std::uint64_t>(name[i] - '0');
    }
    parts.push_back({name.substr(0, digits), number, name.substr(dot)});
  }
  return parts;
}

struct Numbered {
  std::string before;
  std::uint64_t number = 0;
  friend auto operator<=>(const Numbered&, const Numbered&) = default;
};

std::vector<Numbered> AllNumbered(const Candidate& candidate) {
  std::set<Numbered> all;
  for (const auto& [name, value] : candidate.options) {
    for (const NumberedPart& part : NumberedParts(name)) all.insert({part.before, part.number});
  }
  return {all.begin(), all.end()};
}

// The option that says how many of `before` there are: of the same scope, of that value, and with a
// name that begins like it ("lives" of "life", "life2.early_strikes" of "life2.early").
std::optional<std::string> CountingOption(const Candidate& candidate, const std::string& before,
                                          std::uint64_t count) {
  const std::size_t scope = before.rfind('.') + 1;  // npos + 1 is 0
  std::optional<std::string> best;
  std::size_t best_common = 1;  // more than the first letter
  for (const auto& [name, value] : candidate.options) {
    if (value != count || name.rfind('.') + 1 != scope) continue;
    const auto differ = std::ranges::mismatch(name, before).in1;
    const auto common = static_cast<std::size_t>(differ - name.begin());
    if (common <= scope || common - scope <= best_common) continue;
    best = name;
    best_common = common - scope;
  }
  return best;
}

Candidate WithoutNumbered(const Candidate& candidate, const Numbered& gone) {
  Candidate fewer = candidate;
  fewer.options.clear();
  std::set<std::uint64_t> numbers;
  for (const auto& [name, value] : candidate.options) {
    std::string renamed = name;
    bool keep = true;
    for (const NumberedPart& part : NumberedParts(name)) {
      if (part.before != gone.before) continue;
      numbers.insert(part.number);
      keep = part.number != gone.number;
      if (part.number > gone.number) {
        renamed = part.before + std::to_string(part.number - 1) + part.after;
      }
    }
    if (keep) fewer.options[renamed] = value;
  }
  if (const auto counting = CountingOption(candidate, gone.before, numbers.size())) {
    --fewer.options[*counting];
  }
  if (gone.before == "life") {
    std::erase_if(fewer.operations,
                  [&](const Operation& operation) { return operation.life == gone.number; });
    for (Operation& operation : fewer.operations) {
      if (operation.life > gone.number) --operation.life;
    }
  }
  return fewer;
}

std::vector<Candidate> WithRealigned(const Candidate& candidate) {
  std::vector<Candidate> all;
  for (auto& decisions : Realigned(candidate.decisions, kLivesGoneMax)) {
    all.push_back(candidate);
    all.back().decisions = std::move(decisions);
  }
  return all;
}

std::vector<std::string> SimplerArguments(const std::string& argument) {
  std::vector<std::string> simpler;
  const std::uint64_t size = ArgumentSize(argument);
  const bool is_number = std::to_string(size - 1) == argument && size > 0;
  if (is_number) {
    for (const std::uint64_t number : SmallerNumbers(size - 1)) {
      simpler.push_back(std::to_string(number));
    }
  } else if (!argument.empty()) {
    simpler = {"", argument.substr(0, 1), argument.substr(0, argument.size() / 2),
               argument.substr(0, argument.size() - 1)};
  }
  return simpler;
}

// Under other seeds: with the choices that were recorded, with new ones, and with these and faults
// that strike earlier, as there may be fewer calls to strike.
std::vector<Candidate> DrawnAnew(Candidate candidate, const std::set<std::string>& fault_sites,
                                 std::uint64_t seeds = kSeedsLeast) {
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

// The number that an argument is becomes at least that.
void Enlarge(Operation& operation, std::uint64_t least) {
  for (std::string& argument : operation.arguments) {
    const std::uint64_t size = ArgumentSize(argument);
    if (size > 0 && size <= least && std::to_string(size - 1) == argument) {
      argument = std::to_string(least);
    }
  }
}

// The last of its numbers, which is a size where there is one, grows by so many disk blocks: what
// follows stands where it stood when each of those that are gone had written one.
void TakeOver(Operation& operation, std::size_t gone) {
  constexpr std::uint64_t kDiskBlock = 4'096;
  for (std::string& argument : std::views::reverse(operation.arguments)) {
    const std::uint64_t size = ArgumentSize(argument);
    if (size == 0 || std::to_string(size - 1) != argument) continue;
    argument = std::to_string(size - 1 + gone * kDiskBlock);
    return;
  }
}

// Without operations [begin, end), and those left do more: the one before, the one after, all.
std::vector<Candidate> WithLarger(const Candidate& candidate, std::size_t begin, std::size_t end) {
  std::vector<Candidate> forms;
  const Candidate fewer = Operations().without(candidate, begin, end);
  const std::size_t count = fewer.operations.size();
  if (begin > 0) {
    forms.push_back(fewer);
    TakeOver(forms.back().operations[begin - 1], end - begin);
  }
  if (begin < count) {
    forms.push_back(fewer);
    TakeOver(forms.back().operations[begin], end - begin);
  }
  for (const std::uint64_t least : {std::uint64_t{16'000}, std::uint64_t{2'000}}) {
    if (begin > 0) {
      forms.push_back(fewer);
      Enlarge(forms.back().operations[begin - 1], least);
    }
    if (begin < count) {
      forms.push_back(fewer);
      Enlarge(forms.back().operations[begin], least);
    }
    forms.push_back(fewer);
    for (Operation& operation : forms.back().operations) Enlarge(operation, least);
  }
  return forms;
}

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
    if (value > kLivesGoneMax || NumberedParts(name).empty()) continue;
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
  std::ranges::stable_sort(by_load, std::ranges::greater{}, [&](std::size_t index) {
    return candidate.operations[index].arguments.size();
  });
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

Removal Operations() {
  return {"operations", OperationsCount,
          [](const Candidate& candidate, std::size_t begin, std::size_t end) {
            Candidate fewer = candidate;
            Erase(fewer.operations, begin, end);
            return fewer;
          }};
}

Simplification OperationsOfOne() {
  return {
      "clients", [](const Candidate& candidate) { return LivesAndClients(candidate).size(); },
      [](const Candidate& candidate, std::size_t item) {
        const auto [life, client] = LivesAndClients(candidate)[item];
        std::vector<Candidate> forms;
        forms.push_back(WithoutOperations(candidate, [&, by = life](const Operation& operation) {
          return operation.life == by;
        }));
        forms.push_back(WithoutOperations(candidate, [&, by = client](const Operation& operation) {
          return operation.client == by;
        }));
        forms.push_back(
            WithoutOperations(candidate, [&, in = life, by = client](const Operation& operation) {
              return operation.life == in && operation.client == by;
            }));
        return forms;
      }};
}

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
              Erase(fewer.decisions, found[i - 1], found[i - 1] + 1);
            }
            return fewer;
          }};
}

Simplification OperationPairs() {
  return {"pairs",
          [](const Candidate& candidate) {
            return candidate.operations.size() > kPairsMax ? 0 : candidate.operations.size();
          },
          [](const Candidate& candidate, std::size_t item) {
            std::vector<Candidate> forms;
            for (std::size_t other = item + 1; other < candidate.operations.size(); ++other) {
              Candidate fewer = candidate;
              Erase(fewer.operations, other, other + 1);
              Erase(fewer.operations, item, item + 1);
              forms.push_back(std::move(fewer));
            }
            return forms;
          }};
}

Simplification FewerAndLarger() {
  // Of all sizes, the large ones first.
  const auto chunks = [](std::size_t count) {
    std::vector<std::pair<std::size_t, std::size_t>> all;
    for (std::size_t size = count / 2; size > 0 && count / size <= kChunksMax; size /= 2) {
      for (std::size_t at = 0; at < count; at += size) {
        all.emplace_back(at, std::min(at + size, count));
      }
    }
    return all;
  };
  return {
      "fewer and larger",
      [chunks](const Candidate& candidate) { return chunks(candidate.operations.size()).size(); },
      [chunks](const Candidate& candidate, std::size_t item) {
        const auto [begin, end] = chunks(candidate.operations.size())[item];
        return WithLarger(candidate, begin, end);
      }};
}

Simplification Policies(const std::set<std::string>& fault_sites) {
  return {"schedule", [](const Candidate&) { return std::size_t{1}; },
          [fault_sites](const Candidate& candidate, std::size_t) {
            std::vector<Candidate> forms;
            for (const char* const policy : {"calm", "fewest-switches"}) {
              if (candidate.policy == policy) break;
              Candidate other = candidate;
              other.policy = policy;
              forms.push_back(other);
              std::ranges::move(DrawnAnew(other, fault_sites), std::back_inserter(forms));
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
              } else if (value <= kLivesGoneMax && !NumberedParts(name).empty()) {
                std::ranges::move(WithRealigned(changed), std::back_inserter(forms));
              }
            }
            return forms;
          }};
}

Simplification Arguments() {
  return {"arguments", OperationsCount, [](const Candidate& candidate, std::size_t item) {
            std::vector<Candidate> forms;
            const std::vector<std::string>& arguments = candidate.operations[item].arguments;
            const auto add = [&](std::vector<std::string> changed) {
              forms.push_back(candidate);
              forms.back().operations[item].arguments = std::move(changed);
            };
            for (std::size_t count = arguments.size(); count > 0;
                 count = count > 6 ? count / 2 : count - 1) {
              for (std::size_t at = 0; at + count <= arguments.size(); ++at) {
                std::vector<std::string> fewer = arguments;
                Erase(fewer, at, at + count);
                add(std::move(fewer));
              }
            }
            for (std::size_t at = 0; at < arguments.size(); ++at) {
              for (const std::string& argument : SimplerArguments(arguments[at])) {
                std::vector<std::string> changed = arguments;
                changed[at] = argument;
                add(std::move(changed));
              }
            }
            return forms;
          }};
}

Simplification Places() {
  return {"places", OperationsCount, [](const Candidate& candidate, std::size_t item) {
            std::vector<Candidate> forms;
            const Operation& operation = candidate.operations[item];
            for (const std::uint64_t client : SmallerNumbers(operation.client)) {
              forms.push_back(candidate);
              forms.back().operations[item].client = client;
            }
            for (const std::uint64_t life : SmallerNumbers(operation.life)) {
              forms.push_back(candidate);
              forms.back().operations[item].life = life;
            }
            return forms;
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
  return {"before faults", OperationsCount,
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

Simplification OperationsBeforeOptions() {
  return {"before options", OperationsCount, [](const Candidate& candidate, std::size_t item) {
            std::vector<Candidate> forms;
            const std::size_t count = candidate.operations.size();
            for (const std::size_t gone : {std::size_t{8}, std::size_t{2}, std::size_t{1}}) {
              if (item + gone > count) continue;
              const Candidate fewer = Operations().without(candidate, item, item + gone);
              for (const auto& [name, value] : candidate.options) {
                if (value < gone || value > count) continue;
                forms.push_back(fewer);
                forms.back().options[name] = value - gone;
                if (item == 0) continue;
                forms.push_back(forms.back());
                TakeOver(forms.back().operations[item - 1], gone);
              }
            }
            return forms;
          }};
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
