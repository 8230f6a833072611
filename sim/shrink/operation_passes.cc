// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "sim/shrink/larger.h"
#include "sim/shrink/passes.h"
#include "sim/shrink/smaller.h"

namespace beach::sim::shrink {
namespace {

using artifacts::Operation;

constexpr std::size_t kPairsMax = 24;   // operations of which pairs are tried
constexpr std::size_t kChunksMax = 64;  // of operations that fewer and larger ones stand for

template <class T>
void Erase(std::vector<T>& list, std::size_t begin, std::size_t end) {
  list.erase(list.begin() + static_cast<std::ptrdiff_t>(begin),
             list.begin() + static_cast<std::ptrdiff_t>(end));
}

std::size_t OperationsCount(const Candidate& candidate) { return candidate.operations.size(); }

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

}  // namespace beach::sim::shrink
