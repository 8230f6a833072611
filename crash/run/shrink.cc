// SPDX-License-Identifier: Apache-2.0
#include "crash/run/shrink.h"

#include <algorithm>
#include <utility>

namespace beach::crash {
namespace {

class Shrinker {
 public:
  Shrinker(Plan plan, const StillFails& still_fails, const std::function<bool()>& go_on)
      : plan_(std::move(plan)), still_fails_(still_fails), go_on_(go_on) {}

  Result<Plan> Go() {
    BEACH_TRY(Calm());
    do {
      smaller_ = false;
      BEACH_TRY(DropLives());
      for (std::size_t life = 0; life < plan_.lives.size(); ++life) {
        BEACH_TRY(DropOperations(life));
        BEACH_TRY(DropDeath(life));
      }
    } while (smaller_ && go_on_());
    return std::move(plan_);
  }

 private:
  // Takes the candidate where it fails as well.
  Result<bool> Try(Plan candidate) {
    if (!go_on_()) return false;
    BEACH_TRY_ASSIGN(const bool fails, still_fails_(candidate));
    if (!fails) return false;
    plan_ = std::move(candidate);
    smaller_ = true;
    return true;
  }

  // What one does after the other is the same in each run.
  Status Calm() {
    Plan calm = plan_;
    calm.options[kSettleKnob] = 1;
    BEACH_TRY(Try(calm));
    calm = plan_;
    for (Life& life : calm.lives) {
      for (artifacts::Operation& operation : life.operations) operation.client = 0;
    }
    BEACH_TRY(Try(std::move(calm)));
    return {};
  }

  // `drop` takes [begin, end) out of a plan with `count` of them: halves, quarters, and so on.
  Status DropChunks(std::size_t count,
                    const std::function<void(Plan&, std::size_t, std::size_t)>& drop) {
    for (std::size_t chunk = std::max<std::size_t>(count / 2, 1); count > 0; chunk /= 2) {
      for (std::size_t end = count; end > 0;) {
        const std::size_t begin = end > chunk ? end - chunk : 0;
        Plan candidate = plan_;
        drop(candidate, begin, end);
        BEACH_TRY_ASSIGN(const bool taken, Try(std::move(candidate)));
        if (taken) count -= end - begin;
        end = begin;
      }
      if (chunk <= 1) break;
    }
    return {};
  }

  Status DropLives() {
    return DropChunks(plan_.lives.size(), [](Plan& plan, std::size_t begin, std::size_t end) {
      plan.lives.erase(plan.lives.begin() + static_cast<std::ptrdiff_t>(begin),
                       plan.lives.begin() + static_cast<std::ptrdiff_t>(end));
    });
  }

  Status DropOperations(std::size_t life) {
    const std::size_t count = plan_.lives[life].operations.size();
    return DropChunks(count, [life](Plan& plan, std::size_t begin, std::size_t end) {
      auto& operations = plan.lives[life].operations;
      operations.erase(operations.begin() + static_cast<std::ptrdiff_t>(begin),
                       operations.begin() + static_cast<std::ptrdiff_t>(end));
    });
  }

  // It ends by a kill when all is answered.
  Status DropDeath(std::size_t life) {
    Plan candidate = plan_;
    Life& one = candidate.lives[life];
    const bool plain = one.armed.empty() && one.power_lost_at == 0 && one.ending == Ending::kKill;
    if (plain) return {};
    one.armed.clear();
    one.power_lost_at = 0;
    one.ending = Ending::kKill;
    one.ending_at = 0;
    BEACH_TRY(Try(std::move(candidate)));
    return {};
  }

  Plan plan_;
  const StillFails& still_fails_;
  const std::function<bool()>& go_on_;
  bool smaller_ = false;
};

}  // namespace

Result<Plan> Shrink(Plan plan, const StillFails& still_fails, const std::function<bool()>& go_on) {
  return Shrinker(std::move(plan), still_fails, go_on).Go();
}

std::uint64_t CountOperations(const Plan& plan) {
  std::uint64_t count = 0;
  for (const Life& life : plan.lives) count += life.operations.size();
  return count;
}

}  // namespace beach::crash
