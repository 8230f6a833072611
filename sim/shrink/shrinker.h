// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "sim/shrink/candidate.h"
#include "sim/shrink/judge.h"
#include "sim/shrink/passes.h"

namespace beach::sim::shrink {

// How far it is. `tried` are candidates that had to be judged, one after the other; those that were
// judged at the same time and turned out not to be needed do not count, so that the number is the
// same however many are judged at once.
struct ShrinkProgress {
  const Measured* best = nullptr;
  std::uint64_t tried = 0;
  std::string pass;
};
using ShrinkProgressFunction = std::function<void(const ShrinkProgress&)>;

struct Shrunk {
  Measured best;
  std::uint64_t tried = 0;
  bool complete = false;  // nothing more can be made smaller; else it was stopped
};

// Makes a failing candidate smaller, pass after pass, until no pass finds anything: then no
// operation and no fault can be taken away alone. Where that is still much for a person to read, it
// begins again with the passes in another order, and the smallest counts. What it holds at any time
// fails; it ends, since each step lowers the cost.
class Shrinker {
 public:
  // `start` fails. Borrows the judge. `fault_sites`: the sites whose decisions are faults.
  Shrinker(Measured start, std::set<std::string> fault_sites, Judge& judge,
           ShrinkProgressFunction progress = {});

  Result<Shrunk> Run();

 private:
  // The index of the candidate that became the best, or `kNone`.
  static constexpr std::size_t kNone = ~std::size_t{0};
  Result<std::size_t> Try(const std::vector<Candidate>& candidates);
  Status Apply(const Removal& pass);
  Status Apply(const Simplification& pass);
  // From where it stands to where no pass finds anything.
  Status GoDown();
  // The passes of one level, the cheapest level first.
  static constexpr int kLevels = 5;
  Status Round(int level);
  // Those of the first level begin with another one in each of these orders.
  static constexpr int kOrders = 3;
  Status CheapPass(int number);

  Measured best_;
  const std::set<std::string> fault_sites_;
  Judge& judge_;
  const ShrinkProgressFunction progress_;
  std::string pass_;
  int order_ = 0;
  std::uint64_t tried_ = 0;
  // The contents of those that do not fail, or are no better than an earlier best.
  std::set<std::uint64_t> refused_;
};

}  // namespace beach::sim::shrink
