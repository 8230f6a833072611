// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "env/threads.h"
#include "sim/simulation.h"
#include "sim/swarm.h"

namespace beach::sim {

// What may happen to connections and is no excuse for wrong data: lateness, resets, silence, and
// the partitions and slow ways of a Weather. Bits that flip are not among them.
std::span<const FaultLadder> UsualNetworkFaults();

// Partitions that come and go while a scenario runs: every so often "net.partition" is drawn, and
// cuts ways between the hosts in a chosen manner (two halves, one host alone, one host that only
// hears or is only heard, one pair, one direction of a pair) for a chosen time; "net.slow" makes
// one way narrow and long. Several may stand at once. All of it is decisions of the run, on a
// harness thread of its own, so that a failure replays and each partition can be taken out.
class Weather {
 public:
  // Begins at once. `round_ns`: how often it is drawn.
  Weather(Simulation& simulation, std::vector<HostId> hosts, std::uint64_t round_ns);
  // REQUIRES: Stop was called.
  ~Weather();
  Weather(const Weather&) = delete;
  Weather& operator=(const Weather&) = delete;

  // No more of it, and all ways are whole and fast again.
  void Stop();

 private:
  struct Way {
    HostId from;
    HostId to;
  };
  struct Spell {
    std::uint64_t until_ns = 0;
    bool slow = false;
    std::vector<Way> ways;
  };

  void Blow();
  void Round();
  std::vector<Way> ChoosePartition();
  std::vector<Way> Between(std::uint64_t half, bool there, bool back) const;
  void Begin(bool slow, std::vector<Way> ways);
  // Those whose time has come.
  void EndSpells(std::uint64_t now_ns);
  void Undo(const Spell& spell);
  bool StandsCut(const Way& way) const;

  Simulation& simulation_;
  const std::vector<HostId> hosts_;
  const std::uint64_t round_ns_;
  std::vector<Spell> spells_;
  bool stopped_ = false;
  env::Mutex mutex_;
  env::CondVar woken_;
  env::Thread thread_;
};

}  // namespace beach::sim
