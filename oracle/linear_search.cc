// SPDX-License-Identifier: Apache-2.0
#include "oracle/linear_search.h"

#include <algorithm>

#include "base/check.h"

namespace beach::oracle {
namespace {

constexpr std::uint32_t kNobody = ~std::uint32_t{0};

std::uint32_t WordsFor(std::size_t bits) { return static_cast<std::uint32_t>((bits + 63) / 64); }

}  // namespace

LinearSearch::LinearSearch(LinearProblem& problem, const LinearPart& part,
                           const LinearLimits& limits)
    : problem_(problem),
      part_(part),
      limits_(limits),
      mask_words_(WordsFor(part.slot_count)),
      state_words_(static_cast<std::uint32_t>((part.keys.size() + 1) / 2)),
      used_words_(WordsFor(part.unknown.size())),
      first_made_(problem.moment_count()),
      now_(1 + mask_words_ + state_words_ + used_words_),
      underway_(part.slot_count, kNobody),
      failures_(now_.size() - used_words_, used_words_, part.events.size() / 2) {
  for (std::uint32_t slot = 0; slot < part.keys.size(); ++slot) {
    SetState(slot, problem.values().Absent(part.keys[slot]));
  }
}

LinearVerdict LinearSearch::Run() {
  if (part_.impossible != kNeverReturns) {
    furthest_ = part_.impossible;
    return LinearVerdict::kNot;
  }
  for (;;) {
    if (Advance()) return LinearVerdict::kLinearizable;
    Enter();
    while (!out_of_bounds_ && !frames_.empty() && !TakeNext()) {
    }
    if (out_of_bounds_) return LinearVerdict::kUndecided;
    if (frames_.empty()) return LinearVerdict::kNot;
  }
}

// Walks to the next return of an operation that has not taken effect; true at the end.
bool LinearSearch::Advance() {
  for (; at_ < part_.events.size(); ++at_) {
    const LinearEvent& event = part_.events[at_];
    const LinearOperation& operation = problem_.operation(event.operation);
    if (!operation.is_known) continue;
    if (event.is_return) {
      if (!IsDone(operation)) return false;
      ClearDone(operation);
      underway_[operation.slot] = kNobody;
    } else {
      underway_[operation.slot] = event.operation;
      if (IsFree(operation)) SetDone(operation);
    }
  }
  return true;
}

// Who is under way at an earlier event; the configuration is the caller's business.
void LinearSearch::Back(std::uint32_t at) {
  while (at_ > at) {
    const LinearEvent& event = part_.events[--at_];
    const LinearOperation& operation = problem_.operation(event.operation);
    if (!operation.is_known) continue;
    underway_[operation.slot] = event.is_return ? event.operation : kNobody;
  }
}

// At a return that cannot be passed: what may be tried to get past it.
void LinearSearch::Enter() {
  const std::uint32_t stuck = part_.events[at_].operation;
  furthest_ = std::max(furthest_, at_);
  Forget();
  if (IsDeadEnd(stuck) || !IsNew()) return;
  const auto begin = static_cast<std::uint32_t>(choices_.size());
  frames_.push_back({.at = at_, .choice = begin, .choices_begin = begin});
  saved_.insert(saved_.end(), now_.begin(), now_.end());
  AddChoices(stuck);
}

bool LinearSearch::TakeNext() {
  Frame& frame = frames_.back();
  Back(frame.at);
  if (frame.choice == choices_.size()) {
    choices_.resize(frame.choices_begin);
    saved_.resize(saved_.size() - now_.size());
    frames_.pop_back();
    return false;
  }
  std::copy(saved_.end() - static_cast<std::ptrdiff_t>(now_.size()), saved_.end(), now_.begin());
  TakeEffect(choices_[frame.choice++].operation);
  return true;
}

// Values that nobody looks for any more are all alike.
void LinearSearch::Forget() {
  for (std::uint32_t slot = 0; slot < part_.keys.size(); ++slot) {
    const ValueIndex value = State(slot);
    if (!problem_.IsLookedFor(part_.keys[slot], value, at_)) SetState(slot, kUnseenValue);
  }
}

// Whether the configuration has a key that shows what nobody looks for, and will until somebody
// looks at it.
bool LinearSearch::IsDeadEnd(std::uint32_t stuck_index) const {
  const LinearOperation& stuck = problem_.operation(stuck_index);
  const auto puts = [&](std::uint32_t slot, const LinearOperation& operation) {
    return std::ranges::any_of(problem_.effects(operation), [&](const LinearEffect& effect) {
      return effect.slot == slot && !effect.is_append;
    });
  };
  for (const LinearTerm& term : problem_.terms(stuck.tests)) {
    if (State(term.slot) != kUnseenValue) continue;
    const auto may_put = [&](std::uint32_t index) {
      return index != kNobody && index != stuck_index && !IsDone(problem_.operation(index)) &&
             puts(term.slot, problem_.operation(index));
    };
    const auto unknown_may_put = [&](const IndexRange& group) {
      return puts(term.slot, problem_.operation(part_.unknown[group.begin]));
    };
    if (std::ranges::none_of(underway_, may_put) &&
        std::ranges::none_of(part_.alike, unknown_may_put)) {
      return true;
    }
  }
  if (!part_.has_appends) return false;
  for (std::uint32_t slot = 0; slot < part_.keys.size(); ++slot) {
    const KeyIndex key = part_.keys[slot];
    if (State(slot) == kUnseenValue && !problem_.HasPuts(key) && problem_.IsTestedLater(key, at_)) {
      return true;
    }
  }
  return false;
}

// Whether the configuration has not failed before; if so, it counts as tried from now on. It is
// seen again only after all that follows from it has been tried, since each step places an
// operation or walks on.
bool LinearSearch::IsNew() {
  now_.front() = at_;
  const LinearFailures::Place place = failures_.Find(now_);
  if (place.known) return false;
  const std::uint64_t bytes = failures_.bytes() + now_.size() * sizeof(std::uint64_t);
  if (tried_ >= limits_.configurations_max || bytes > limits_.memory_bytes_max) {
    out_of_bounds_ = true;
    return false;
  }
  ++tried_;
  failures_.Add(place, now_);
  return true;
}

}  // namespace beach::oracle
