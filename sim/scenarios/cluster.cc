// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/cluster.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "env/marks.h"
#include "sim/decisions.h"
#include "sim/disk/disk.h"
#include "sim/scenarios/cluster_client.h"
#include "sim/scenarios/cluster_damage.h"
#include "sim/scenarios/cluster_judge.h"
#include "sim/scenarios/cluster_node.h"
#include "sim/scenarios/cluster_plan.h"
#include "sim/scenarios/resp_client.h"
#include "sim/scenarios/server_node.h"
#include "sim/swarm.h"
#include "sim/weather.h"

namespace beach::sim::scenarios {
namespace {

using namespace cluster;  // NOLINT: the parts of this scenario

constexpr std::uint64_t kWeatherNs = 100 * kMillisecond;
// In the end, for what clients have given up and the log has not.
constexpr std::uint64_t kQuietNs = 200 * kMillisecond;
constexpr std::uint64_t kLookNs = 20 * kMillisecond;
// A node that has ended by itself is started again: sooner, and its reasons would be the same.
constexpr std::uint64_t kRestartNs = 200 * kMillisecond;

// The machines, and who runs on them.
class Machines {
 public:
  Machines(Simulation& simulation, Judge& judge, const Plan& plan, const Works& works)
      : simulation_(simulation), judge_(judge), plan_(plan), works_(works), nodes_(plan.nodes) {
    const HostOptions options{
        .clock_drift_max_ppm = 40'000, .slow_cpu_max = 4, .draw_disk_speed = true};
    for (std::uint64_t place = 0; place < plan.nodes; ++place) {
      hosts_.push_back(simulation.AddHost("n" + std::to_string(place), options));
    }
    hosts_.push_back(simulation.AddHost("clients"));
  }

  const std::vector<HostId>& hosts() const { return hosts_; }

  void Start(std::uint64_t place) {
    judge_.Began(place);
    nodes_[place] = simulation_.Start(hosts_[place], "node", [this, place](const env::Env& env) {
      const auto run = plan_.focus == Focus::kServer ? RunServer : RunNode;
      run(judge_, plan_, place, env);
    });
  }

  void StartClients() {
    for (std::uint64_t client = 0; client < plan_.clients; ++client) {
      clients_.push_back(
          simulation_.Start(hosts_.back(), "client", [this, client](const env::Env& env) {
            const bool of_redis = plan_.focus == Focus::kServer && client % 2 == 0;
            const auto run = of_redis ? RunRespClient : RunClient;
            run(judge_, plan_, client, works_[client], env);
          }));
    }
  }

  void Strike(const Blow& blow) {
    const Decisions& decisions = simulation_.decisions();
    const bool kills = blow.end == End::kKill;
    ends_ = Ends();
    if (IsArmed(blow)) {  // one that is off is armed, and does not strike
      return simulation_.ArmStrike(hosts_[blow.node], StrikeOf(blow), blow.strike_calls);
    }
    if (blow.end == End::kNone || (kills && decisions.Off("crash.kill"))) return;
    if (!kills && decisions.Off("crash.power_loss")) return;
    for (std::uint64_t place = 0; place < plan_.nodes; ++place) {
      if (blow.end != End::kPowerLossOfAll && place != blow.node) continue;
      if (kills) {
        simulation_.Kill(nodes_[place]);
      } else {
        simulation_.PowerLoss(hosts_[place]);
      }
      judge_.Died(place);
    }
  }

  // Behind the strike. A cluster must get over damage of few of its nodes at a time.
  void Damage(const Blow& blow) {
    if (blow.damage == DamageKind::kNone || judge_.IsExcused(blow.node)) return;
    if (!judge_.HasLog(blow.node)) return;  // it is no node yet
    const bool swaps = blow.damage == DamageKind::kEmptyDisk;
    const bool is_up = !judge_.IsGone(blow.node);
    if (swaps && (is_up || simulation_.decisions().Off("disk.swapped"))) return;
    std::uint64_t damaged = 1;
    for (std::uint64_t place = 0; place < plan_.nodes; ++place) {
      if (place == blow.node) continue;
      // What is set aside is damaged still: until its node runs nobody knows what it lacks.
      const bool is_one = judge_.IsExcused(place) || judge_.IsIncomplete(place) ||
                          !simulation_.disk(hosts_[place]).Damages().empty();
      damaged += is_one ? 1 : 0;
    }
    if (damaged * 2 >= plan_.nodes && !plan_.damages_beyond) return;
    if (swaps) simulation_.Wait(nodes_[blow.node]);
    const std::uint64_t sectors = DamageDisk(simulation_, hosts_[blow.node], blow);
    BEACH_SOMETIMES("cluster.disk_damaged", sectors > 0);
    const bool of_log = blow.damage == DamageKind::kLog || blow.damage == DamageKind::kRegister;
    if (sectors > 0 && of_log) judge_.LogIsDamaged(blow.node);
    if (!swaps) return;
    judge_.DiskIsEmpty(blow.node);
    Start(blow.node);  // it must not take part
  }

  // Until ReturnSpace. What is freed meanwhile may be used.
  void FillDisk(const Blow& blow) {
    if (!blow.bytes_left) return;
    const HostId host = hosts_[blow.node];
    Disk& disk = simulation_.disk(host);
    const std::uint64_t used = disk.capacity() - disk.FreeSpace();
    full_.push_back({.host = host, .capacity_bytes = disk.capacity()});
    simulation_.SetCapacity(host, std::min(disk.capacity(), used + *blow.bytes_left));
  }

  void ReturnSpace() {
    for (const Full& full : full_) simulation_.SetCapacity(full.host, full.capacity_bytes);
    full_.clear();
  }

  void KillClients() {
    for (const ProcessId process : clients_) simulation_.Kill(process);
  }

  // What was armed strikes now, or not at all.
  void AwaitStrike(const Blow& blow) {
    if (!IsArmed(blow)) return;
    const std::uint64_t until = simulation_.Now() + blow.armed_ms * kMillisecond;
    while (simulation_.Now() < until && Ends() == ends_) simulation_.SleepFor(kLookNs);
    simulation_.ArmStrike(hosts_[blow.node], StrikeOf(blow), 0);
    if (Ends() != ends_) judge_.Died(blow.node);
  }

  void StartWhoIsGone() {
    for (std::uint64_t place = 0; place < plan_.nodes; ++place) {
      if (!judge_.IsGone(place) || judge_.IsExcused(place)) continue;
      simulation_.Wait(nodes_[place]);
      Start(place);
    }
  }

  // The others stand still from now on: they neither speak nor come back.
  void KeepAMajority() {
    const bool kills = !simulation_.decisions().Off("crash.kill");
    RandomStream stream = simulation_.Stream("cluster.majority");
    for (std::uint64_t lost = (plan_.nodes - 1) / 2; lost > 0;) {
      const std::uint64_t place = stream.Below(plan_.nodes);
      if (judge_.IsExcused(place)) continue;
      --lost;
      if (!judge_.IsGone(place) && !kills) continue;
      judge_.Excuse(place);
      if (!judge_.IsGone(place)) simulation_.Kill(nodes_[place]);
      judge_.Died(place);
    }
  }

  void WaitForAll() {
    for (const ProcessId process : clients_) simulation_.Wait(process);
    for (const ProcessId process : nodes_) simulation_.Wait(process);
  }

 private:
  struct Full {
    HostId host;
    std::uint64_t capacity_bytes = 0;  // before
  };
  static sim::Strike StrikeOf(const Blow& blow) {
    return blow.end == End::kKill ? sim::Strike::kKill : sim::Strike::kPowerLoss;
  }
  static bool IsArmed(const Blow& blow) {
    return blow.strike_calls > 0 && (blow.end == End::kKill || blow.end == End::kPowerLoss);
  }
  std::uint64_t Ends() {
    return simulation_.FaultCount("crash.kill") + simulation_.FaultCount("crash.power_loss");
  }

  Simulation& simulation_;
  Judge& judge_;
  const Plan& plan_;
  const Works& works_;
  std::vector<Full> full_;
  std::uint64_t ends_ = 0;  // of processes and machines, when something was armed
  std::vector<HostId> hosts_;
  std::vector<ProcessId> nodes_;
  std::vector<ProcessId> clients_;
};

// A machine may stand still for more than two minutes, since before nothing went wrong any more.
constexpr std::uint64_t kPauseNs = 140'000 * kMillisecond;
// Of a cluster that has lost more than it must get over.
constexpr std::uint64_t kTryNs = 20'000 * kMillisecond;
// A connection is given up after two seconds, dialled for as long, and again after as long.
constexpr std::uint64_t kRedialNs = 8'000 * kMillisecond;
// Connections take their time to be given up, and elections follow (rule 28).
std::uint64_t CalmNs(const Plan& plan) {
  if (plan.focus == Focus::kLiveness) return kRedialNs + 10 * plan.core.election_timeout_ns;
  return kPauseNs + 30'000 * kMillisecond + 10 * plan.core.election_timeout_ns;
}

void AwaitService(Simulation& simulation, Judge& judge, Machines& machines, const Plan& plan) {
  judge.calm = true;
  const std::uint64_t begin = simulation.Now();
  // What a client has left to say takes time too; as long as it is answered, there is service.
  std::uint64_t progress = begin;
  std::uint64_t answered = judge.answered();
  while (judge.clients_done() < plan.clients || !judge.AllApplied()) {
    machines.StartWhoIsGone();
    if (std::exchange(answered, judge.answered()) != judge.answered()) progress = simulation.Now();
    if (simulation.Now() - progress > CalmNs(plan)) {
      simulation.Fail("no-service", "nothing goes wrong any more, and " +
                                        std::to_string(plan.clients - judge.clients_done()) +
                                        " clients are not served; " + judge.AppliedText());
    }
    simulation.SleepFor(kLookNs);
  }
}

// Whoever is served is served right; nobody need be.
void TryForAWhile(Simulation& simulation, Judge& judge, Machines& machines) {
  judge.calm = true;
  const std::uint64_t begin = simulation.Now();
  while (simulation.Now() - begin < kTryNs) {
    machines.StartWhoIsGone();
    simulation.SleepFor(kRestartNs);
  }
  machines.KillClients();
}

}  // namespace

std::string Cluster::name() const {
  switch (focus_) {
    case Focus::kEverything: break;
    case Focus::kMembership: return "cluster-membership";
    case Focus::kSnapshots: return "cluster-snapshot";
    case Focus::kClocks: return "cluster-clock";
    case Focus::kLiveness: return "cluster-liveness";
    case Focus::kStorage: return "cluster-storage-faults";
    case Focus::kServer: return "server";
  }
  return "cluster";
}

std::string Cluster::boots() const {
  switch (focus_) {
    case Focus::kEverything: break;
    case Focus::kMembership: return "the same, and nodes that come, go and hand over leadership";
    case Focus::kSnapshots: return "the same with short logs, so that who lags gets a snapshot";
    case Focus::kClocks: return "the same, with clocks that drift, step and stand still";
    case Focus::kLiveness: return "the same, and in the end only a majority of the nodes";
    case Focus::kStorage: return "the same, with disks that lose what they had, or are others";
    case Focus::kServer: return "servers as `beachdb serve` runs them, native and Redis clients";
  }
  return "one to five nodes with log, engine and port, and clients that come over the network";
}

std::string Cluster::checks() const {
  if (focus_ == Focus::kLiveness) return "what cluster does; the majority serves, and in time";
  if (focus_ == Focus::kStorage) {
    return "what cluster does; few damaged nodes are made whole, many are never wrong";
  }
  if (focus_ == Focus::kServer) return "what cluster does, through both protocols";
  return "linearizable, Raft's invariants, retries once, equal replicas; in calm all are served";
}

std::vector<std::uint32_t> Cluster::rules() const {
  std::vector<std::uint32_t> rules{21, 22, 23, 24, 25, 26};
  if (focus_ == Focus::kStorage) rules.push_back(27);
  if (focus_ == Focus::kLiveness) rules.push_back(28);
  if (focus_ == Focus::kClocks) rules.push_back(29);
  return rules;
}

void Cluster::Run(Simulation& simulation) const {
  const Plan plan = DrawPlan(simulation, focus_);
  const std::vector<FaultRate> faults = DrawClusterFaults(simulation, plan);
  const Works works = TakeWorkload(simulation, plan);
  Judge judge(simulation, plan);
  Machines machines(simulation, judge, plan, works);
  SetFaults(simulation, faults, true);
  Weather weather(simulation, machines.hosts(), kWeatherNs);
  for (std::uint64_t place = 0; place < plan.nodes; ++place) machines.Start(place);
  machines.StartClients();
  for (const Blow& blow : plan.blows) {
    simulation.SleepFor(blow.after_ms * kMillisecond);
    machines.ReturnSpace();
    if (blow.order != Order::kNone) judge.Give(blow);
    machines.Strike(blow);
    machines.AwaitStrike(blow);
    machines.Damage(blow);
    simulation.SleepFor(std::max(blow.down_ms * kMillisecond, kRestartNs));
    machines.StartWhoIsGone();
    machines.FillDisk(blow);
  }
  simulation.SleepFor(2'000 * kMillisecond);
  weather.Stop();
  machines.ReturnSpace();
  SetFaults(simulation, faults, false);
  if (focus_ == Focus::kLiveness) machines.KeepAMajority();
  if (plan.damages_beyond) {
    TryForAWhile(simulation, judge, machines);
  } else {
    AwaitService(simulation, judge, machines, plan);
  }
  simulation.SleepFor(kQuietNs);
  judge.stop = true;
  machines.WaitForAll();
  judge.ExpectEqualContents();
  judge.ExpectLinearizable();
}

}  // namespace beach::sim::scenarios
