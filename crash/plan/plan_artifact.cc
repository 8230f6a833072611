// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <string>

#include "crash/plan/plan.h"
#include "crash/plan/workload.h"
#include "crash/protocol/message.h"

namespace beach::crash {
namespace {

constexpr const char* kHost = "worker";
constexpr const char* kKill = "crash.kill";
constexpr const char* kKillMs = "crash.kill_ms";
constexpr const char* kClose = "crash.close";
constexpr const char* kPowerAt = "crash.power_at";
constexpr const char* kLives = "lives";
constexpr std::uint64_t kLivesMax = 1'000'000;

std::unexpected<Error> NoPlan(const std::string& what) {
  return Fail(ErrorCode::kCorruption, "not an artifact of beachcrash: " + what);
}

artifacts::Decision DecisionOf(const Life& life, std::uint64_t number) {
  artifacts::Decision decision{
      .site = kKill, .host = kHost, .life = number, .thread = {}, .use = 0, .value = 0};
  switch (life.ending) {
    case Ending::kClose: decision.site = kClose; break;
    case Ending::kKill: break;
    case Ending::kKillAfter: decision.value = life.ending_at; break;
    case Ending::kKillAt:
      decision.site = kKillMs;
      decision.value = life.ending_at;
      break;
  }
  return decision;
}

Status TakeDecision(const artifacts::Decision& decision, std::vector<Life>& lives) {
  if (decision.host != kHost) return {};
  if (decision.life == 0 || decision.life > lives.size()) {
    return NoPlan("a decision is of a life that there is not");
  }
  Life& life = lives[decision.life - 1];
  if (decision.site == kPowerAt) {
    life.power_lost_at = decision.value;
  } else if (decision.site == kClose) {
    life.ending = Ending::kClose;
  } else if (decision.site == kKillMs) {
    life.ending = Ending::kKillAt;
    life.ending_at = decision.value;
  } else if (decision.site == kKill) {
    life.ending = decision.value == 0 ? Ending::kKill : Ending::kKillAfter;
    life.ending_at = decision.value;
  } else if (decision.use > 0) {
    life.armed.push_back({decision.site, decision.use});
  } else {
    return NoPlan("a decision at \"" + decision.site + "\" has no passage");
  }
  return {};
}

}  // namespace

void PutPlan(const Plan& plan, artifacts::Artifact& artifact) {
  artifact.scenario = kScenarioName;
  artifact.seed = plan.seed;
  artifact.policy = "real";
  artifact.options = plan.options;
  artifact.options[kLives] = plan.lives.size();
  for (std::size_t i = 0; i < plan.lives.size(); ++i) {
    const Life& life = plan.lives[i];
    for (artifacts::Operation operation : life.operations) {
      operation.life = i;
      artifact.operations.push_back(std::move(operation));
    }
    for (const env::ArmedFailpoint& armed : life.armed) {
      artifact.decisions.push_back({.site = armed.name,
                                    .host = kHost,
                                    .life = i + 1,
                                    .thread = {},
                                    .use = armed.hit,
                                    .value = 1});
    }
    if (life.power_lost_at > 0) {
      artifact.decisions.push_back({.site = kPowerAt,
                                    .host = kHost,
                                    .life = i + 1,
                                    .thread = {},
                                    .use = 0,
                                    .value = life.power_lost_at});
    }
    artifact.decisions.push_back(DecisionOf(life, i + 1));
  }
}

Result<Plan> TakePlan(const artifacts::Artifact& artifact) {
  if (artifact.scenario != kScenarioName) return NoPlan("its scenario is " + artifact.scenario);
  Plan plan{.seed = artifact.seed, .options = artifact.options, .lives = {}};
  const auto lives = plan.options.find(kLives);
  if (lives == plan.options.end() || lives->second > kLivesMax) {
    return NoPlan("how many lives it has is not said");
  }
  plan.lives.resize(lives->second);
  plan.options.erase(lives);
  std::set<std::uint64_t> ids;
  for (const artifacts::Operation& operation : artifact.operations) {
    const bool known = operation.id == 0 || !ids.insert(operation.id).second;
    if (known || operation.life >= plan.lives.size() || operation.client >= kClientsMax ||
        !ParseOperation(operation)) {
      return NoPlan("operation " + std::to_string(operation.id) + " makes no sense");
    }
    plan.lives[operation.life].operations.push_back(operation);
  }
  for (const artifacts::Decision& decision : artifact.decisions) {
    BEACH_TRY(TakeDecision(decision, plan.lives));
  }
  return plan;
}

}  // namespace beach::crash
