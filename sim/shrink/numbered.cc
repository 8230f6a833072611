// SPDX-License-Identifier: Apache-2.0
#include "sim/shrink/numbered.h"

#include <algorithm>
#include <optional>
#include <set>

namespace beach::sim::shrink {
namespace {

using artifacts::Operation;

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

}  // namespace

bool IsNumbered(const std::string& option) { return !NumberedParts(option).empty(); }

std::vector<Numbered> AllNumbered(const Candidate& candidate) {
  std::set<Numbered> all;
  for (const auto& [name, value] : candidate.options) {
    for (const NumberedPart& part : NumberedParts(name)) all.insert({part.before, part.number});
  }
  return {all.begin(), all.end()};
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

}  // namespace beach::sim::shrink
