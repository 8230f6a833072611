// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "env/env.h"
#include "sim/simulation.h"
#include "sim/swarm.h"

// The shape of most scenarios: one host, one process on it in several lives. A life ends when its
// main returns, by kill -9 or by a power loss somewhere inside a seam call; its clients do what the
// workload says; faults strike as the run drew them. In the last life nothing goes wrong and there
// are no operations: what is found then is what counts. All of it is options, operations and
// decisions of the run, so that a failure replays and shrinks.

namespace beach::sim {

// One operation of a client.
struct Call {
  std::uint64_t id = 0;  // unique in the run, from 1
  std::uint64_t client = 0;
  std::string kind;
  std::uint64_t number = 0;  // what it means (a size, a key) is the scenario's
};

struct LivesOptions {
  // What each client does, by kind: {{{"push", 1}}, {{"pop", 3}, {"peek", 1}}} are two clients.
  std::vector<std::vector<KindWeight>> clients = {};
  std::uint64_t lives_max = 3;               // drawn from 1 on; the last one not counted
  std::uint64_t operations_max = 64;         // of a client in a life; drawn from 1 on
  std::uint64_t number_max = 64;             // of Call::number, which is at least 0
  std::uint64_t strike_calls_max = 1'024;    // see Simulation::ArmStrike
  std::span<const FaultLadder> faults = {};  // UsualFaults(), or fewer
  HostOptions host = {};
};

// What may happen to one machine and is no excuse for lost or wrong data: errors of calls, no
// space, slowness, clocks that step and stand still, memory and descriptors that run out.
std::span<const FaultLadder> UsualFaults();

// One life, inside its process. Valid until its main returns.
class Life {
 public:
  virtual const env::Env& env() const = 0;
  virtual bool last() const = 0;
  // How the life before ended; kExited in the first.
  virtual ProcessEnd before() const = 0;

  // A thread for each client, which makes its calls in their order; returns when all are done. A
  // call that fails is traced, and excused or not as below. The threads share what `make` refers
  // to.
  virtual void RunClients(const std::function<Status(const Call&)>& make) = 0;
  // Nothing, if the status is fine or some fault has struck in this life. Else ends the run, with
  // the rule "unexplained-error". REQUIRES: no SystemScope is open.
  virtual void Excuse(const char* doing, const Status& status) = 0;

 protected:
  ~Life() = default;
};

// Runs all lives on one host, "host". `main` runs inside the process, whose memory goes with it:
// what it keeps for the next life is the scenario's, and whatever of that allocates is done in a
// SystemScope. Ends the run with the rule "bad-workload" where an artifact's operations are not of
// these clients. REQUIRES: called once in a run.
void RunLives(Simulation& simulation, const LivesOptions& options,
              const std::function<void(Life&)>& main);

}  // namespace beach::sim
