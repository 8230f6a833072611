// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "sim/shrink/candidate.h"

// The ways to make a candidate smaller. Each knows nothing of what a scenario means by its options
// and arguments: what makes no sense there is a candidate that does not fail in the same way.

namespace beach::sim::shrink {

// Takes things away: half of them, a quarter, ..., one.
struct Removal {
  std::string name;
  std::function<std::size_t(const Candidate&)> count;
  // Without [begin, end) of them. REQUIRES: begin < end <= count.
  std::function<Candidate(const Candidate&, std::size_t begin, std::size_t end)> without;
};

// Tries other forms of one thing after the other, the simplest form first.
struct Simplification {
  std::string name;
  std::function<std::size_t(const Candidate&)> count;
  std::function<std::vector<Candidate>(const Candidate&, std::size_t item)> forms;
};

Removal Operations();
// What one client does in one life, the coarsest first.
Simplification OperationsOfOne();
// Decisions at these sites: each strikes a fault.
Removal Faults(std::set<std::string> fault_sites);
// Two operations at once: what one of them made the other undoes.
Simplification OperationPairs();
// Operations go, and the numbers in the arguments of those left become larger: few that do much
// fill what many filled that did little.
Simplification FewerAndLarger();

// Where the simpler schedule has moved the failure out of reach, other seeds may find it again.
Simplification Policies(const std::set<std::string>& fault_sites);
// Elements of what is numbered in the names of options ("life2.end"), with the operations and
// decisions that are theirs, and the option that says how many there are. What goes renumbers the
// decisions behind it: `realigned` tries how, which takes many runs.
Simplification NumberedOptions(bool realigned);
// Knobs, toward the value that means the least. Small steps are many, and gain little.
enum class Steps { kLarge, kAll };
Simplification OptionValues(Steps steps, bool realigned);
Simplification Arguments();
// Operations in fewer lives and by fewer clients.
Simplification Places();
Simplification DecisionValues();
// One operation less, and a fault of the same thread that many calls earlier: it strikes what it
// struck before.
Simplification OperationsBeforeFaults(std::set<std::string> fault_sites);
// Some operations less, and a number that may count those in front of something is so much smaller.
Simplification OperationsBeforeOptions();

// No more operations than a person reads, those that do the most and neighbours of one client,
// under many seeds: a race that every cut moves may not need the rest at all. Takes many runs.
Simplification Handfuls(const std::set<std::string>& fault_sites);

// Any of the cuts above, the big ones first, under other seeds: schedules, and choices, drawn anew
// may find the failure again that the cut has moved out of reach. Under the more of them, the more
// the cut takes away. Takes many runs.
Simplification CutsDrawnAnew(const std::set<std::string>& fault_sites);

}  // namespace beach::sim::shrink
