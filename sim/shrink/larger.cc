// SPDX-License-Identifier: Apache-2.0
#include "sim/shrink/larger.h"

#include <ranges>

#include "sim/shrink/passes.h"

namespace beach::sim::shrink {
namespace {

using artifacts::Operation;

// The number that an argument is becomes at least that.
void Enlarge(Operation& operation, std::uint64_t least) {
  for (std::string& argument : operation.arguments) {
    const std::uint64_t size = ArgumentSize(argument);
    if (size > 0 && size <= least && std::to_string(size - 1) == argument) {
      argument = std::to_string(least);
    }
  }
}

}  // namespace

void TakeOver(artifacts::Operation& operation, std::size_t gone) {
  constexpr std::uint64_t kDiskBlock = 4'096;
  for (std::string& argument : std::views::reverse(operation.arguments)) {
    const std::uint64_t size = ArgumentSize(argument);
    if (size == 0 || std::to_string(size - 1) != argument) continue;
    argument = std::to_string(size - 1 + gone * kDiskBlock);
    return;
  }
}

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

}  // namespace beach::sim::shrink
