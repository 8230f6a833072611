// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "env/env.h"
#include "raft/node/replica.h"
#include "server/machine/machine.h"
#include "sim/scenarios/cluster_judge.h"
#include "sim/scenarios/cluster_workload.h"

namespace beach::sim::scenarios::cluster {

class LocalClient {
 public:
  LocalClient(Judge& judge, std::uint64_t client, const std::vector<Work>& works,
              raft::Replica& replica, server::Machine& machine, env::Loop& loop, env::Clock& clock)
      : judge_(judge), client_(client), works_(works), replica_(replica), machine_(machine),
        loop_(loop), clock_(clock) {
    Next();
  }

 private:
  void Next();
  void Do(const Work& work);
  void Write(const Work& work);
  void Get(const Work& work);

  Judge& judge_;
  const std::uint64_t client_;
  const std::vector<Work>& works_;
  raft::Replica& replica_;
  server::Machine& machine_;
  env::Loop& loop_;
  env::Clock& clock_;
};

}  // namespace beach::sim::scenarios::cluster
