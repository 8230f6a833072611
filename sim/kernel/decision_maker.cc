// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/decision_maker.h"

#include <algorithm>
#include <string_view>

#include "base/check.h"
#include "base/random.h"
#include "sim/groups.h"
#include "sim/kernel/follower.h"
#include "sim/kernel/scheduler.h"
#include "sim/steering.h"
#include "sim/system_scope.h"

namespace beach::sim {
namespace {

constexpr std::uint64_t kMillion = 1'000'000;
constexpr Site kDelay = "sim.schedule.delay";
// A run takes a quarter of the buggify sites, and each of those at one use in eight.
constexpr std::uint64_t kBuggifySites = 4;
constexpr std::uint64_t kBuggifyUses = 8;

std::uint64_t UseKey(std::uint64_t site, std::uint64_t identity, std::uint64_t use) {
  return RandomValue(site, identity, use);
}

// The shortest latency, without a tail; else the end of the range: what lies beyond everything.
std::uint64_t CalmDraw(Site site) {
  const std::string_view name = site.name;
  const bool latency = name.starts_with("disk.latency.") || name.starts_with("net.latency");
  return latency ? 1 : ~std::uint64_t{0};
}

}  // namespace

std::uint64_t IdentityHash(const std::string& host, std::uint64_t life, const std::string& thread) {
  return RandomValue(Site::Hash(host), Site::Hash(thread), life);
}

DecisionMaker::DecisionMaker(std::uint64_t seed, const artifacts::Artifact* replay,
                             Scheduler& scheduler, Follower& follower, bool calm)
    : seed_(seed),
      replays_(replay != nullptr),
      calm_(calm),
      verdict_event_(replay == nullptr ? 0 : replay->verdict.event),
      scheduler_(scheduler),
      follower_(follower) {
  if (replay == nullptr) return;
  for (const artifacts::Decision& decision : replay->decisions) {
    const std::uint64_t identity = IdentityHash(decision.host, decision.life, decision.thread);
    replayed_[UseKey(Site::Hash(decision.site), identity, decision.use)].value = decision.value;
    replays_delays_ = replays_delays_ || decision.site == kDelay.name;
  }
}

DecisionMaker::Use DecisionMaker::NextUse(Site site) {
  const Identity& who = scheduler_.identity();
  Uses& uses = uses_[Mix64(site.hash ^ who.hash)];
  if (uses.number == 0) uses.stream = StreamOf(site, who);
  return {&who, uses.number++, uses.stream};
}

std::uint64_t DecisionMaker::StreamOf(Site site, const Identity& who) const {
  return RandomValue(seed_, site.hash, who.hash);
}

// RandomValue(seed_, site.hash, use.who->hash, use.number), of which all but the number is known.
std::uint64_t DecisionMaker::ValueOf(const Use& use) {
  return Mix64(use.stream ^ Mix64(use.number));
}

void DecisionMaker::Misfit() {
  const std::uint64_t event = scheduler_.events() + 1;  // the one under way
  if (event < verdict_event_) follower_.Diverged(event);
}

const std::uint64_t* DecisionMaker::Replayed(Site site, const Use& use, std::uint64_t max) {
  Followed* const found = replayed_.Find(UseKey(site.hash, use.who->hash, use.number));
  if (found == nullptr) return nullptr;
  if (!found->followed) ++followed_;
  found->followed = true;
  if (found->value > max) {
    Misfit();
    found->value = max;
  }
  return &found->value;
}

const Identity& DecisionMaker::Machine(const std::string& host) {
  const std::uint64_t hash = IdentityHash(host, 0, "");
  std::unique_ptr<Identity>& machine = machines_[hash];
  if (machine == nullptr) {
    machine = std::make_unique<Identity>();
    machine->host = host;
    machine->hash = hash;
  }
  return *machine;
}

void DecisionMaker::Record(Site site, const Use& use, const char* kind, std::uint64_t value) {
  taken_.push_back(Taken{site.name, use.who, use.number, value});
  if (observer_ != nullptr) observer_->OnDecision(DecisionOf(taken_.back()));
  scheduler_.Note(kind, site.name, value);
}

std::uint64_t DecisionMaker::Draw(Site site) {
  const SystemScope system;
  const Use use = NextUse(site);
  const std::uint64_t value = calm_ ? CalmDraw(site) : ValueOf(use);
  scheduler_.Count(site.hash, value);
  return value;
}

// Drawn at every disk call, and mostly without effect.
[[gnu::always_inline]] inline std::uint64_t DecisionMaker::DrawFault(Site site,
                                                                     std::uint64_t outcomes,
                                                                     bool strikes_now) {
  BEACH_CHECK_GE(outcomes, 1U);
  const SystemScope system;
  const Use use = NextUse(site);
  std::uint64_t outcome = 0;
  const std::uint64_t* const found = rates_.Find(site.hash);
  const std::uint64_t rate = found == nullptr ? 0 : *found;
  if (const auto forced = TakeForced(site)) {
    outcome = *forced;
    BEACH_CHECK_LE(outcome, outcomes);
  } else if (rate == 0) {
    // None on a replay either: the scenario counts on it.
  } else if (replays_) {
    if (const std::uint64_t* const value = Replayed(site, use, outcomes)) outcome = *value;
  } else if (const std::uint64_t value = ValueOf(use); RandomBelow(value, kMillion) < rate) {
    outcome = 1 + RandomBelow(Mix64(value), outcomes);
  }
  if (steering_ != nullptr && rate != 0) [[unlikely]] {
    outcome = steering_->Fault(site, outcomes, outcome);
    BEACH_CHECK_LE(outcome, outcomes);
  }
  if (outcome != 0 && strikes_now && Off(site)) [[unlikely]]
    outcome = 0;
  scheduler_.Count(site.hash, outcome);
  if (outcome == 0) return 0;
  Record(site, use, "fault", outcome);
  return outcome;
}

std::uint64_t DecisionMaker::Fault(Site site, std::uint64_t outcomes) {
  const std::uint64_t outcome = DrawFault(site, outcomes, true);
  if (outcome != 0) [[unlikely]]
    CountFault(site);
  return outcome;
}

std::uint64_t DecisionMaker::PlanFault(Site site, std::uint64_t outcomes) {
  return DrawFault(site, outcomes, false);
}

std::uint64_t DecisionMaker::Choose(Site site, std::uint64_t bound) {
  BEACH_CHECK_GE(bound, 1U);
  const SystemScope system;
  return ChooseAt(site, NextUse(site), bound);
}

std::uint64_t DecisionMaker::ChooseFor(Site site, const std::string& host, std::uint64_t number,
                                       std::uint64_t bound) {
  BEACH_CHECK_GE(bound, 1U);
  const SystemScope system;
  const Identity& machine = Machine(host);
  return ChooseAt(site, {&machine, number, StreamOf(site, machine)}, bound);
}

std::uint64_t DecisionMaker::ChooseAt(Site site, const Use& use, std::uint64_t bound) {
  std::uint64_t chosen = RandomBelow(ValueOf(use), bound);
  if (const auto forced = TakeForced(site)) {
    chosen = *forced;
    BEACH_CHECK_LT(chosen, bound);
  } else if (replays_) {
    const std::uint64_t* const value = Replayed(site, use, bound - 1);
    if (value == nullptr) Misfit();
    if (value != nullptr) chosen = *value;
  } else if (steering_ != nullptr) {
    chosen = steering_->Choice(site, bound, chosen);
    BEACH_CHECK_LT(chosen, bound);
  }
  scheduler_.Count(site.hash, chosen);
  Record(site, use, "choice", chosen);
  return chosen;
}

// Neither counted nor noted: who runs next says it.
std::uint64_t DecisionMaker::Delay(const Identity& who, std::uint64_t step, std::uint64_t drawn) {
  const SystemScope system;
  std::uint64_t delay = drawn;
  if (steering_ != nullptr) {
    delay = steering_->Delay(drawn);
    BEACH_CHECK_LE(delay, std::max(drawn, Steering::kDelayMax));
  } else if (const std::uint64_t* const value =
                 Replayed(kDelay, {&who, step, 0}, Steering::kDelayMax)) {
    delay = *value;
  }
  if (delay == drawn) return delay;
  taken_.push_back(Taken{kDelay.name, &who, step, delay});
  if (observer_ != nullptr) observer_->OnDecision(DecisionOf(taken_.back()));
  return delay;
}

void DecisionMaker::Force(Site site, std::uint64_t value) { forced_[site.hash] = value; }

std::optional<std::uint64_t> DecisionMaker::FindForced(Site site) {
  const auto found = forced_.find(site.hash);
  if (found == forced_.end()) return std::nullopt;
  const std::uint64_t value = found->second;
  forced_.erase(found);
  return value;
}

bool DecisionMaker::Buggify(Site site) {
  const SystemScope system;
  const Use use = NextUse(site);
  bool taken = false;
  if (replays_) {
    const std::uint64_t* const value = Replayed(site, use, 1);
    taken = value != nullptr && *value != 0;
  } else if (RandomBelow(RandomValue(seed_, site.hash, 0xb0661f), kBuggifySites) == 0) {
    taken = RandomBelow(ValueOf(use), kBuggifyUses) == 0;
  }
  if (steering_ != nullptr) [[unlikely]]
    taken = steering_->Buggify(site, taken);
  taken = taken && !Off(kBuggifyMember);
  scheduler_.Count(site.hash, taken ? 1 : 0);
  if (!taken) return false;
  Hit(faults_, site);
  Record(site, use, "buggify", 1);
  return true;
}

void DecisionMaker::Sometimes(Site site) {
  const SystemScope system;
  Hit(sometimes_, site);
}

void DecisionMaker::CountStrike(Site where) {
  const SystemScope system;
  Hit(strikes_, where);
}

void DecisionMaker::SetFault(Site site, std::uint64_t per_million) {
  BEACH_CHECK_LE(per_million, kMillion);
  const SystemScope system;
  rates_[site.hash] = per_million;
  if (per_million == 0 || Planned(site)) return;
  planned_[site.hash] = true;
  ++plan_version_;
}

void DecisionMaker::CountFault(Site site) {
  const SystemScope system;
  Hit(faults_, site);
}

std::uint64_t DecisionMaker::FaultCount(Site site) const {
  const Counter* const counter = faults_.Find(site.hash);
  return counter == nullptr ? 0 : counter->count;
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

artifacts::Decision DecisionMaker::DecisionOf(const Taken& taken) {
  return {taken.site, taken.who->host, taken.who->life, taken.who->thread, taken.use, taken.value};
}

std::vector<artifacts::Decision> DecisionMaker::Recorded() const {
  std::vector<artifacts::Decision> decisions;
  decisions.reserve(taken_.size());
  for (const Taken& taken : taken_) {
    decisions.push_back(DecisionOf(taken));
  }
  return decisions;
}

}  // namespace beach::sim
