// SPDX-License-Identifier: Apache-2.0
#include "sim/shrink/smaller.h"

#include <algorithm>

#include "sim/shrink/candidate.h"

namespace beach::sim::shrink {

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

}  // namespace beach::sim::shrink
