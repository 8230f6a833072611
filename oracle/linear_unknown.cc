// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "oracle/linear_problem.h"

// What can be said beforehand of operations whose outcome is unknown. Each of them doubles the
// states of a search, so all that can be settled is.
//
// **It has taken effect** if a known operation saw a value that nothing else can have written: then
// it did so before that operation returned, and its conditions held. It becomes known, with that
// return.
//
// **It does not matter** if, in any order that is legal with it, it can be left out. That holds
// where what it writes is looked for by nobody, and no condition on the keys that it changes failed
// of another. Proof: leave it out, and look at one of its keys until the next put or delete of that
// key. With it, each test of the key there failed, so no known operation there tests the key, an
// unknown one that does has no effect and may be left out as well, and no failed one needs the key
// to differ from something. What remains there are appends, which are legal in every state, and
// whose results, with it, nobody looked for before the key was overwritten. So all stay legal.
//
// What appends make is not followed here: a key with appends keeps its unknown operations, but for
// puts of what no value that is looked for begins with.

namespace beach::oracle {

void LinearProblem::CountUses() {
  uses_.assign(values_.value_count(), Use{});
  for (const LinearOperation& operation : operations_) {
    for (const LinearTerm& term : terms(operation.tests)) {
      Use& use = uses_[term.value];
      ++use.looks;
      if (operation.is_known)
        use.first_seen_at = std::min(use.first_seen_at, operation.returned_at);
    }
    for (const LinearTerm& term : terms(operation.failed)) {
      ++uses_[term.value].looks;
      ++keys_[term.key].failed;
    }
    for (const LinearEffect& effect : effects(operation)) {
      if (!effect.is_append) ++uses_[effect.value].writers;
    }
  }
  // Each key is absent in the beginning.
  for (KeyIndex key = 0; key < keys_.size(); ++key) ++uses_[values_.Absent(key)].writers;
}

bool LinearProblem::Promote(LinearOperation& operation) {
  std::uint64_t seen_at = kNotSeen;
  for (const LinearEffect& effect : effects(operation)) {
    if (effect.is_append || effect.value == kUnseenValue || values_.has_appends(effect.key))
      continue;
    const Use& use = uses_[effect.value];
    if (use.writers == 1) seen_at = std::min(seen_at, use.first_seen_at);
  }
  // Seen before it was called: nothing explains that, and the search will say so.
  if (seen_at == kNotSeen || seen_at < operation.called_at) return false;
  operation.is_known = true;
  operation.returned_at = seen_at;
  for (const LinearTerm& term : terms(operation.tests)) {
    Use& use = uses_[term.value];
    use.first_seen_at = std::min(use.first_seen_at, seen_at);
  }
  return true;
}

bool LinearProblem::IsUseless(const LinearOperation& operation) const {
  for (const LinearEffect& effect : effects(operation)) {
    if (keys_[effect.key].failed > 0) return false;
    if (effect.is_append) return false;
    if (effect.value == kUnseenValue) continue;
    if (values_.has_appends(effect.key) || uses_[effect.value].looks > 0) return false;
  }
  return true;
}

// From the last to the first: what is settled of one mostly settles those that it builds upon.
void LinearProblem::JudgeUnknown() {
  CountUses();
  std::vector<std::uint8_t> left_out(operations_.size());
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t i = operations_.size(); i-- > 0;) {
      LinearOperation& operation = operations_[i];
      if (operation.is_known || left_out[i] != 0) continue;
      if (Promote(operation)) {
        changed = true;
      } else if (IsUseless(operation)) {
        for (const LinearTerm& term : terms(operation.tests)) --uses_[term.value].looks;
        left_out[i] = 1;
        changed = true;
      }
    }
  }
  std::erase_if(operations_, [&](const LinearOperation& operation) {
    return left_out[static_cast<std::size_t>(&operation - operations_.data())] != 0;
  });
}

}  // namespace beach::oracle
