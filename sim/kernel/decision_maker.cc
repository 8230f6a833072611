// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/decision_maker.h"

#include <algorithm>

#include "base/check.h"
#include "base/random.h"
#include "sim/kernel/scheduler.h"
#include "sim/system_scope.h"

namespace beach::sim {
namespace {

constexpr std::uint64_t kMillion = 1'000'000;
// A run takes a quarter of the buggify sites, and each of those at one use in eight.
constexpr std::uint64_t kBuggifySites = 4;
constexpr std::uint64_t kBuggifyUses = 8;

std::uint64_t UseKey(std::uint64_t site, std::uint64_t identity, std::uint64_t use) {
  return RandomValue(site, identity, use);
}

}  // namespace

std::uint64_t IdentityHash(const std::string& host, const std::string& thread) {
  return RandomValue(Site::Hash(host), Site::Hash(thread));
}

DecisionMaker::DecisionMaker(std::uint64_t seed, const artifacts::Artifact* replay,
                             Scheduler& scheduler)
    : seed_(seed), replays_(replay != nullptr), scheduler_(scheduler) {
  if (replay == nullptr) return;
  for (const artifacts::Decision& decision : replay->decisions) {
    const std::uint64_t identity = IdentityHash(decision.host, decision.thread);
    replayed_[UseKey(Site::Hash(decision.site), identity, decision.use)] = decision.value;
  }
}

DecisionMaker::Use DecisionMaker::NextUse(Site site) {
  const Identity& who = scheduler_.identity();
  const std::uint64_t number = uses_[Mix64(site.hash ^ who.hash)]++;
  return {&who, number, RandomValue(seed_, site.hash, who.hash, number)};
}

std::uint64_t DecisionMaker::Replayed(Site site, const Use& use) {
  const std::uint64_t* const value = replayed_.Find(UseKey(site.hash, use.who->hash, use.number));
  return value == nullptr ? 0 : *value;
}

void DecisionMaker::Record(Site site, const Use& use, const char* kind, std::uint64_t value) {
  BEACH_CHECK_NE(value, 0U);
  taken_.push_back(Taken{site.name, use.who, use.number, value});
  scheduler_.Note(kind, site.name, value);
}

std::uint64_t DecisionMaker::Draw(Site site) {
  const SystemScope system;
  const Use use = NextUse(site);
  scheduler_.Count(site.hash, use.value);
  return use.value;
}

std::uint64_t DecisionMaker::Fault(Site site, std::uint64_t outcomes) {
  BEACH_CHECK_GE(outcomes, 1U);
  const SystemScope system;
  const Use use = NextUse(site);
  std::uint64_t outcome = 0;
  if (replays_) {
    outcome = std::min(Replayed(site, use), outcomes);
  } else if (const std::uint64_t* const rate = rates_.Find(site.hash)) {
    if (RandomBelow(use.value, kMillion) < *rate) {
      outcome = 1 + RandomBelow(Mix64(use.value), outcomes);
    }
  }
  scheduler_.Count(site.hash, outcome);
  if (outcome == 0) return 0;
  Hit(faults_, site);
  Record(site, use, "fault", outcome);
  return outcome;
}

std::uint64_t DecisionMaker::Choose(Site site, std::uint64_t bound) {
  BEACH_CHECK_GE(bound, 1U);
  const SystemScope system;
  const Use use = NextUse(site);
  const std::uint64_t value =
      replays_ ? std::min(Replayed(site, use), bound - 1) : RandomBelow(use.value, bound);
  scheduler_.Count(site.hash, value);
  if (value != 0) Record(site, use, "choice", value);
  return value;
}

bool DecisionMaker::Buggify(Site site) {
  const SystemScope system;
  const Use use = NextUse(site);
  bool taken = false;
  if (replays_) {
    taken = Replayed(site, use) != 0;
  } else if (RandomBelow(RandomValue(seed_, site.hash, 0xb0661f), kBuggifySites) == 0) {
    taken = RandomBelow(use.value, kBuggifyUses) == 0;
  }
  scheduler_.Count(site.hash, taken ? 1 : 0);
  if (taken) Record(site, use, "buggify", 1);
  return taken;
}

void DecisionMaker::Sometimes(Site site) {
  const SystemScope system;
  Hit(sometimes_, site);
}

void DecisionMaker::SetFault(Site site, std::uint64_t per_million) {
  BEACH_CHECK_LE(per_million, kMillion);
  const SystemScope system;
  rates_[site.hash] = per_million;
}

void DecisionMaker::CountFault(Site site) {
  const SystemScope system;
  Hit(faults_, site);
}

void DecisionMaker::Hit(HashTable<Counter>& counters, Site site) {
  Counter& counter = counters[site.hash];
  counter.name = site.name;
  ++counter.count;
}

std::map<std::string, std::uint64_t> DecisionMaker::Named(const HashTable<Counter>& counters) {
  std::map<std::string, std::uint64_t> named;
  for (const auto& entry : counters.entries()) named[entry.value.name] = entry.value.count;
  return named;
}

std::vector<artifacts::Decision> DecisionMaker::Recorded() const {
  std::vector<artifacts::Decision> decisions;
  decisions.reserve(taken_.size());
  for (const Taken& taken : taken_) {
    decisions.push_back({taken.site, taken.who->host, taken.who->thread, taken.use, taken.value});
  }
  return decisions;
}

}  // namespace beach::sim
