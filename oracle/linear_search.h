// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "oracle/linear_failures.h"
#include "oracle/linear_problem.h"

namespace beach::oracle {

enum class LinearVerdict : std::uint8_t {
  kLinearizable,
  kNot,
  kUndecided,  // the limits were reached: nothing is known
};

// Of the search in one part.
struct LinearLimits {
  std::uint64_t configurations_max = 1'000'000;
  std::uint64_t memory_bytes_max = std::uint64_t{256} << 20;
};

// Looks for an order in which the operations of one part can have taken effect: Wing and Gong's
// search ("Testing and verifying concurrent objects", JPDC 1993), with the configurations that were
// tried in memory, and operations placed just in time (Lowe, "Testing for linearizability", CPAE
// 2017). It walks along the events. An operation is placed when its return is met, and others
// before it where that is tried; what failed in one configuration is not tried again.
//
// A configuration is: how far the events are walked, which operations under way have taken effect,
// the state, and which unknown operations were used. Three things make them few:
// - What can be placed now at no cost is. A read that holds is. A put that nobody looks for is,
// right
//   before another one that overwrites it, since its only use would be to make a condition fail.
// - A value is not overwritten while an operation has yet to see it, if nothing writes it again.
// - A configuration that used more unknown operations than one that failed, and is equal otherwise,
//   fails as well: one that was not used need never be. Of unknown ones that are alike, the
//   earliest called is used first, so that used ones are a subset of each other or differ in kind.
class LinearSearch {
 public:
  // Borrows all.
  LinearSearch(LinearProblem& problem, const LinearPart& part, const LinearLimits& limits);

  LinearVerdict Run();
  // Of a part that is not linearizable: the event, a return, that no order gets beyond.
  std::uint32_t furthest() const { return furthest_; }
  // How many configurations.
  std::uint64_t tried() const { return tried_; }

 private:
  struct Frame {
    std::uint32_t at = 0;      // the event at which an operation returns without effect
    std::uint32_t choice = 0;  // the next of choices_
    std::uint32_t choices_begin = 0;
  };
  struct Choice {
    std::uint32_t operation = 0;
    std::uint32_t rank = 0;
    std::uint32_t returned = 0;
  };

  bool IsDone(const LinearOperation& operation) const {
    return (mask()[operation.slot / 64] >> (operation.slot % 64) & 1) != 0;
  }
  void SetDone(const LinearOperation& operation) {
    mask()[operation.slot / 64] |= std::uint64_t{1} << (operation.slot % 64);
  }
  void ClearDone(const LinearOperation& operation) {
    mask()[operation.slot / 64] &= ~(std::uint64_t{1} << (operation.slot % 64));
  }
  std::uint64_t* mask() { return now_.data() + 1; }
  const std::uint64_t* mask() const { return now_.data() + 1; }
  ValueIndex State(std::uint32_t slot) const {
    return static_cast<ValueIndex>(now_[1 + mask_words_ + slot / 2] >> (slot % 2 * 32));
  }
  void SetState(std::uint32_t slot, ValueIndex value);
  std::uint64_t* used() { return mask() + mask_words_ + state_words_; }

  bool IsLegal(const LinearOperation& operation) const;
  ValueIndex After(const LinearEffect& effect);
  bool IsForgotten(const LinearOperation& operation) const;
  bool IsFree(const LinearOperation& operation) const;
  bool IsNeeded(const LinearEffect& change, ValueIndex value, std::uint32_t but) const;
  void Settle();
  void TakeEffect(std::uint32_t index);
  void HideBehind(const LinearOperation& operation);

  bool Advance();
  void Back(std::uint32_t at);
  void Forget();
  bool IsDeadEnd(std::uint32_t stuck_index) const;
  bool IsNew();
  void Enter();
  bool TakeNext();

  void FindTouched(const LinearOperation& stuck);
  void AddChoices(std::uint32_t stuck_index);
  void AddChoice(std::uint32_t index, std::uint32_t stuck_index);
  bool Touches(const LinearOperation& operation) const;
  bool Touch(const LinearOperation& operation);

  LinearProblem& problem_;
  const LinearPart& part_;
  const LinearLimits& limits_;
  std::uint64_t tried_ = 0;
  std::uint32_t mask_words_ = 0;
  std::uint32_t state_words_ = 0;
  std::uint32_t used_words_ = 0;
  std::uint32_t at_ = 0;
  std::uint32_t furthest_ = 0;
  bool out_of_bounds_ = false;
  ValueIndex first_made_ = 0;            // above all values that operations look for
  std::vector<std::uint64_t> now_;       // the event when last stuck, done, state, used
  std::vector<std::uint32_t> underway_;  // by slot; kNobody
  std::vector<Frame> frames_;
  std::vector<std::uint64_t> saved_;  // one configuration for each frame
  std::vector<Choice> choices_;
  LinearFailures failures_;
  std::vector<std::uint64_t> scratch_;
  std::vector<std::uint8_t> touched_;  // by slot of the state
};

}  // namespace beach::oracle
