// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <tuple>

#include "base/check.h"
#include "oracle/linear_search.h"

// The steps of the search: who may take effect, what follows from it, and what is tried first.

namespace beach::oracle {
namespace {

constexpr std::uint32_t kNobody = ~std::uint32_t{0};

// In this order: what makes the operation that has to return possible, known ones first, since an
// unknown one is worth more later; then what returns soonest.
enum Rank : std::uint32_t { kItself, kKnownHelps, kUnknownHelps, kKnown, kUnknown };

}  // namespace

void LinearSearch::SetState(std::uint32_t slot, ValueIndex value) {
  std::uint64_t& word = now_[1 + mask_words_ + slot / 2];
  const std::uint32_t shift = slot % 2 * 32;
  word = (word & ~(std::uint64_t{0xffffffff} << shift)) | std::uint64_t{value} << shift;
}

bool LinearSearch::IsLegal(const LinearOperation& operation) const {
  for (const LinearTerm& term : problem_.terms(operation.tests)) {
    if (State(term.slot) != term.value) return false;
  }
  if (operation.failed.empty()) return true;
  for (const LinearTerm& term : problem_.terms(operation.failed)) {
    if (State(term.slot) != term.value) return true;
  }
  return false;
}

// What the key shows after it.
ValueIndex LinearSearch::After(const LinearEffect& effect) {
  ValueIndex value = effect.value;
  if (effect.is_append) {
    value = problem_.values().Append(effect.key, State(effect.slot), effect.value);
  }
  return problem_.IsLookedFor(effect.key, value, at_) ? value : kUnseenValue;
}

// A put or delete that depends on nothing, and that nothing to come depends on: it fits wherever
// its key shows what nobody looks for, or right before another such one.
bool LinearSearch::IsForgotten(const LinearOperation& operation) const {
  if (!operation.tests.empty() || operation.effects.end - operation.effects.begin != 1)
    return false;
  const LinearEffect& effect = problem_.effects(operation).front();
  return !effect.is_append && !problem_.IsLookedFor(effect.key, effect.value, at_) &&
         !problem_.MayFail(effect.key, at_);
}

// Whether to take effect now is as good as any time later.
bool LinearSearch::IsFree(const LinearOperation& operation) const {
  if (operation.effects.empty()) return IsLegal(operation);
  return IsForgotten(operation) && State(problem_.effects(operation).front().slot) == kUnseenValue;
}

void LinearSearch::Settle() {
  for (const std::uint32_t index : underway_) {
    if (index == kNobody) continue;
    const LinearOperation& operation = problem_.operation(index);
    if (!IsDone(operation) && IsFree(operation)) SetDone(operation);
  }
}

// What fits right before an operation that overwrites it unseen.
void LinearSearch::HideBehind(const LinearOperation& operation) {
  const auto tests = [&](std::uint32_t slot) {
    return std::ranges::any_of(problem_.terms(operation.tests),
                               [&](const LinearTerm& term) { return term.slot == slot; });
  };
  for (const LinearEffect& effect : problem_.effects(operation)) {
    if (effect.is_append || tests(effect.slot)) continue;
    for (const std::uint32_t index : underway_) {
      if (index == kNobody) continue;
      const LinearOperation& other = problem_.operation(index);
      if (IsDone(other) || other.effects.empty() || !IsForgotten(other)) continue;
      if (problem_.effects(other).front().slot == effect.slot) SetDone(other);
    }
  }
}

void LinearSearch::TakeEffect(std::uint32_t index) {
  const LinearOperation& operation = problem_.operation(index);
  if (operation.is_known) {
    SetDone(operation);
  } else {
    const auto at =
        static_cast<std::size_t>(std::ranges::find(part_.unknown, index) - part_.unknown.begin());
    used()[at / 64] |= std::uint64_t{1} << (at % 64);
  }
  HideBehind(operation);
  for (const LinearEffect& effect : problem_.effects(operation)) {
    SetState(effect.slot, After(effect));
  }
  Settle();
}

bool LinearSearch::Touches(const LinearOperation& operation) const {
  const auto is_touched = [&](const auto& one) { return touched_[one.slot] != 0; };
  return std::ranges::any_of(problem_.terms(operation.tests), is_touched) ||
         std::ranges::any_of(problem_.terms(operation.failed), is_touched) ||
         std::ranges::any_of(problem_.effects(operation), is_touched);
}

// Whether it touches a key that was not.
bool LinearSearch::Touch(const LinearOperation& operation) {
  bool more = false;
  const auto touch = [&](const auto& one) {
    more |= touched_[one.slot] == 0;
    touched_[one.slot] = 1;
  };
  std::ranges::for_each(problem_.terms(operation.tests), touch);
  std::ranges::for_each(problem_.terms(operation.failed), touch);
  std::ranges::for_each(problem_.effects(operation), touch);
  return more;
}

// The keys that can matter for the operation: those it touches, and those that others under way
// touch together with them. The rest may as well wait: it stands in nobody's way.
void LinearSearch::FindTouched(const LinearOperation& stuck) {
  touched_.assign(part_.keys.size(), part_.keys.size() == 1 ? 1 : 0);
  if (part_.keys.size() == 1) return;
  Touch(stuck);
  for (bool more = true; more;) {
    more = false;
    for (const std::uint32_t index : underway_) {
      if (index == kNobody) continue;
      const LinearOperation& operation = problem_.operation(index);
      if (!IsDone(operation) && Touches(operation)) more |= Touch(operation);
    }
    for (const IndexRange& group : part_.alike) {
      const LinearOperation& operation = problem_.operation(part_.unknown[group.begin]);
      if (operation.call < at_ && Touches(operation)) more |= Touch(operation);
    }
  }
}

// Whether an operation under way or to come, `but` one, has to see a value that its key shows, and
// nothing can write it again once it is overwritten.
bool LinearSearch::IsNeeded(const LinearEffect& change, ValueIndex value, std::uint32_t but) const {
  if (value == kUnseenValue || value >= first_made_) return false;
  // Puts and appends together make values in too many ways.
  if (problem_.HasAppends(change.key) && problem_.HasPuts(change.key)) return false;
  if (problem_.IsWrittenLater(value, at_)) return false;
  bool is_needed = problem_.IsSeenLater(value, at_);
  for (const std::uint32_t index : underway_) {
    if (index == kNobody || index == but || IsDone(problem_.operation(index))) continue;
    const LinearOperation& operation = problem_.operation(index);
    for (const LinearEffect& effect : problem_.effects(operation)) {
      if (!effect.is_append && effect.value == value) return false;
    }
    for (const LinearTerm& term : problem_.terms(operation.tests)) {
      is_needed |= term.value == value;
    }
  }
  return is_needed;
}

// REQUIRES: it may take effect now, but for the state.
void LinearSearch::AddChoice(std::uint32_t index, std::uint32_t stuck_index) {
  const LinearOperation& operation = problem_.operation(index);
  if (!IsLegal(operation) || !Touches(operation)) return;
  scratch_ = now_;
  bool matters = operation.is_known;
  bool buries = false;
  for (const LinearEffect& effect : problem_.effects(operation)) {
    const ValueIndex before = State(effect.slot);
    const ValueIndex after = After(effect);
    if (after == before) continue;
    SetState(effect.slot, after);
    // An unknown one that shows what nobody looks for might as well not have been
    // (linear_unknown.cc).
    matters |= after != kUnseenValue || problem_.MayFail(effect.key, at_);
    buries |= IsNeeded(effect, before, index);
  }
  const bool helps = IsLegal(problem_.operation(stuck_index));
  now_.swap(scratch_);
  if (!matters || buries) return;
  const Rank rank = index == stuck_index ? kItself
                    : helps              ? (operation.is_known ? kKnownHelps : kUnknownHelps)
                    : operation.is_known ? kKnown
                                         : kUnknown;
  choices_.push_back({.operation = index, .rank = rank, .returned = operation.returned});
}

void LinearSearch::AddChoices(std::uint32_t stuck_index) {
  const std::size_t begin = choices_.size();
  FindTouched(problem_.operation(stuck_index));
  for (const std::uint32_t index : underway_) {
    if (index == kNobody) continue;
    const LinearOperation& operation = problem_.operation(index);
    if (IsDone(operation) || operation.effects.empty()) continue;
    AddChoice(index, stuck_index);
  }
  // Of those that are alike, the first that was not used.
  for (const IndexRange& group : part_.alike) {
    for (std::uint32_t i = group.begin; i < group.end; ++i) {
      if ((used()[i / 64] >> (i % 64) & 1) != 0) continue;
      if (problem_.operation(part_.unknown[i]).call < at_) AddChoice(part_.unknown[i], stuck_index);
      break;
    }
  }
  std::ranges::sort(choices_.begin() + static_cast<std::ptrdiff_t>(begin), choices_.end(), {},
                    [](const Choice& choice) {
                      return std::tuple(choice.rank, choice.returned, choice.operation);
                    });
}

}  // namespace beach::oracle
