// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "artifacts/artifact.h"

namespace beach::sim::shrink {

// What a run is made from, without what came of it.
struct Candidate {
  std::uint64_t seed = 0;
  std::string policy;
  std::map<std::string, std::uint64_t> options;
  std::vector<artifacts::Operation> operations;
  std::vector<artifacts::Decision> decisions;

  friend bool operator==(const Candidate&, const Candidate&) = default;
};

// A run of a candidate, as it recorded itself, and what a person has to read of it.
struct Measured {
  Candidate recorded;
  // Fault decisions (faults and rare branches that struck), kills, and power cuts.
  std::uint64_t faults = 0;
  std::uint64_t events = 0;
};

// Less is better, the first number first. Every number is at least 0, so no chain of improvements
// is endless.
using Cost = std::array<std::uint64_t, 9>;
Cost CostOf(const Measured& measured);

// How far the value of an option is from the one that means the least.
std::uint64_t OptionDistance(const std::string& name, std::uint64_t value);
// The value that means the least.
std::uint64_t OptionSimplest(const std::string& name);

// The number that an argument is, if it is one; else nothing but its length counts.
std::uint64_t ArgumentSize(const std::string& argument);

// What belongs to a machine as such: which power cut, which strike.
bool OfMachine(const artifacts::Decision& decision);

// A recording of these parts and nothing else, to be followed.
artifacts::Artifact ToFollow(const Candidate& candidate, const std::string& scenario);

// For knowing a candidate again: equal ones have equal texts.
std::string Content(const Candidate& candidate);

}  // namespace beach::sim::shrink
