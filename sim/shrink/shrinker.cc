// SPDX-License-Identifier: Apache-2.0
#include "sim/shrink/shrinker.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/site.h"

namespace beach::sim::shrink {
namespace {

// Candidates that are handed over together: enough to be judged side by side.
constexpr std::size_t kTogether = 32;

// What a person reads without effort.
constexpr std::size_t kOperationsFew = 12;
constexpr std::uint64_t kFaultsFew = 3;

constexpr int kCheapPasses = 8;

bool IsSmall(const Measured& measured) {
  return measured.recorded.operations.size() <= kOperationsFew && measured.faults <= kFaultsFew;
}

std::uint64_t Key(const Candidate& candidate) { return Site::Hash(Content(candidate)); }

}  // namespace

Shrinker::Shrinker(Measured start, std::set<std::string> fault_sites, Judge& judge,
                   ShrinkProgressFunction progress)
    : best_(std::move(start)),
      fault_sites_(std::move(fault_sites)),
      judge_(judge),
      progress_(std::move(progress)) {}

Result<Shrunk> Shrinker::Run() {
  const Measured start = best_;
  Shrunk shrunk;
  for (order_ = 0; order_ < kOrders; ++order_) {
    best_ = start;
    refused_.clear();  // some only because the best was smaller
    if (order_ > 0) BEACH_TRY(Apply(Handfuls(fault_sites_)));
    BEACH_TRY(GoDown());
    if (order_ == 0 || CostOf(best_) < CostOf(shrunk.best)) {
      shrunk.best = best_;
      shrunk.complete = !judge_.Stopped();
    }
    if (IsSmall(shrunk.best) || judge_.Stopped()) break;
  }
  shrunk.tried = tried_;
  return shrunk;
}

// Level after level, each until it finds no more. What is large is looked at again at once when it
// has become less, values only at the end: there would be no end of going back and forth.
Status Shrinker::GoDown() {
  Cost at_first_level = CostOf(best_);
  for (int level = 0; level < kLevels && !judge_.Stopped();) {
    const Cost before = CostOf(best_);
    BEACH_TRY(Round(level));
    const Cost after = CostOf(best_);
    if (after == before) {
      ++level;
    } else if (after[0] < before[0] || after[1] < before[1]) {
      level = 0;
    }
    if (level == kLevels && after < at_first_level) level = 0;
    if (level == 0) at_first_level = after;
  }
  return {};
}

Status Shrinker::Round(int level) {
  switch (level) {
    case 0:
      for (int i = 0; i < kCheapPasses; ++i) {
        BEACH_TRY(CheapPass((i + order_ * kCheapPasses / kOrders) % kCheapPasses));
      }
      return {};
    case 1:
      if (!IsSmall(best_)) BEACH_TRY(Apply(Handfuls(fault_sites_)));
      return Apply(CutsDrawnAnew(fault_sites_));
    case 2:
      BEACH_TRY(Apply(Arguments()));
      BEACH_TRY(Apply(Places()));
      BEACH_TRY(Apply(OptionValues(Steps::kAll, false)));
      return Apply(DecisionValues());
    case 3:
      BEACH_TRY(Apply(OperationsBeforeFaults(fault_sites_)));
      BEACH_TRY(Apply(NumberedOptions(true)));
      return Apply(OptionValues(Steps::kAll, true));
    default: return Apply(OperationPairs());
  }
}

Status Shrinker::CheapPass(int number) {
  switch (number) {
    case 0: return Apply(Policies(fault_sites_));
    case 1: return Apply(OperationsOfOne());
    case 2: return Apply(Faults(fault_sites_));
    case 3: return Apply(Operations());
    case 4: return Apply(NumberedOptions(false));
    case 5: return Apply(FewerAndLarger());
    case 6: return Apply(OperationsBeforeOptions());
    default: return Apply(OptionValues(Steps::kLarge, false));
  }
}

Result<std::size_t> Shrinker::Try(const std::vector<Candidate>& candidates) {
  std::vector<Candidate> fresh;
  std::vector<std::size_t> indices;
  std::vector<std::uint64_t> keys;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const std::uint64_t key = Key(candidates[i]);
    if (candidates[i] == best_.recorded || refused_.contains(key)) continue;
    if (std::ranges::find(keys, key) != keys.end()) continue;
    fresh.push_back(candidates[i]);
    indices.push_back(i);
    keys.push_back(key);
  }
  for (std::size_t at = 0; at < fresh.size() && !judge_.Stopped(); at += kTogether) {
    const std::size_t count = std::min(kTogether, fresh.size() - at);
    const Cost below = CostOf(best_);
    BEACH_TRY_ASSIGN(auto found, judge_.FirstFailing(std::span(fresh).subspan(at, count), below));
    if (!found && judge_.Stopped()) return kNone;
    const std::size_t judged = found ? found->index : count;
    BEACH_CHECK_LE(judged, count);
    for (std::size_t i = at; i < at + judged; ++i) refused_.insert(keys[i]);
    tried_ += found ? judged + 1 : judged;
    if (found) {
      BEACH_CHECK(CostOf(found->measured) < below);
      best_ = std::move(found->measured);
    }
    if (progress_) progress_({.best = &best_, .tried = tried_, .pass = pass_});
    if (found) return indices[at + judged];
  }
  return kNone;
}

Status Shrinker::Apply(const Removal& pass) {
  pass_ = pass.name;
  bool removed_one = true;
  for (std::size_t size = pass.count(best_.recorded); size > 0 && !judge_.Stopped();) {
    removed_one = false;
    for (std::size_t at = 0; at < pass.count(best_.recorded) && !judge_.Stopped();) {
      const std::size_t count = pass.count(best_.recorded);
      std::vector<Candidate> candidates;
      std::size_t next = at;
      for (; next < count && candidates.size() < kTogether; next += size) {
        candidates.push_back(pass.without(best_.recorded, next, std::min(next + size, count)));
      }
      BEACH_TRY_ASSIGN(const std::size_t index, Try(candidates));
      if (index == kNone) {
        at = next;
      } else {
        at += index * size;  // where the removed ones were, stands what followed them
        removed_one = true;
      }
    }
    if (size == 1 && removed_one) continue;  // what went last may have held the others
    size /= 2;
  }
  return {};
}

Status Shrinker::Apply(const Simplification& pass) {
  pass_ = pass.name;
  for (std::size_t item = 0; item < pass.count(best_.recorded) && !judge_.Stopped();) {
    const std::size_t count = pass.count(best_.recorded);
    std::vector<Candidate> candidates;
    std::vector<std::size_t> items;  // of each candidate
    std::size_t next = item;
    for (; next < count && candidates.size() < kTogether; ++next) {
      for (Candidate& form : pass.forms(best_.recorded, next)) {
        candidates.push_back(std::move(form));
        items.push_back(next);
      }
    }
    BEACH_TRY_ASSIGN(const std::size_t index, Try(candidates));
    item = index == kNone ? next : items[index];
  }
  return {};
}

}  // namespace beach::sim::shrink
