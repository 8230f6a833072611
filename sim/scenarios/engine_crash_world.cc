// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_crash_world.h"

namespace beach::sim::scenarios::engine_crash {
namespace {

constexpr Site kSequenced = "write.sequenced";
constexpr Site kRefused = "write.refused";

std::uint64_t Number(std::span<const env::EventField> fields, std::string_view name) {
  for (const env::EventField& field : fields) {
    if (name == field.name) return field.number;
  }
  return 0;
}

}  // namespace

void World::Record(Site event, std::span<const env::EventField> fields) {
  if (pending_) return;
  if (event.hash == kRefused.hash) pending_ = model.Refuse(Number(fields, "first"));
  if (event.hash != kSequenced.hash) return;
  const std::uint64_t first = Number(fields, "first");
  const std::uint64_t count = Number(fields, "count");
  const std::uint64_t tag = Number(fields, "tag");
  pending_ = model.Sequence(oracle::BatchId(tag), first, count);
}

void World::Settle(const oracle::Judgement& judgement) {
  const oracle::Judgement& first = pending_ ? pending_ : judgement;
  if (first) simulation.Fail(first->rule, first->message);
}

void World::SetFaults(bool on) {
  faults_on_ = false;
  for (const FaultRate& fault : plan.faults) {
    simulation.SetFault(fault.site, on ? fault.per_million : 0);
    const bool error = on && fault.per_million != 0;
    faults_on_ = faults_on_ || error;
  }
}

bool World::FaultExplains(const Error& error) const {
  const bool injected = error.code() == ErrorCode::kIo || error.code() == ErrorCode::kNoSpace;
  return injected && faults_on_;
}

void World::Excuse(const char* operation, const Error& error) {
  if (FaultExplains(error)) return;
  const bool corruption = error.code() == ErrorCode::kCorruption;
  simulation.Fail(
      corruption ? "false-corruption" : "unexplained-error",
      std::string(operation) + " failed, but no fault explains it: " + error.ToString());
}

void World::ExcuseOpen(const Error& error) {
  if (FaultExplains(error)) return;
  simulation.Fail("refused-to-open",
                  "opening failed, but no fault explains it: " + error.ToString());
}

}  // namespace beach::sim::scenarios::engine_crash
