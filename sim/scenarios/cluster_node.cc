// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/cluster_node.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "engine/db.h"
#include "raft/disk/disk_log.h"
#include "raft/node/node.h"
#include "raft/node/peer_host.h"
#include "raft/node/port.h"
#include "server/machine/machine.h"
#include "server/machine/node_state.h"
#include "server/service/change_ring.h"
#include "server/service/client_host.h"
#include "server/service/machine_store.h"
#include "server/service/node_admin.h"
#include "server/service/service.h"
#include "sim/scenarios/cluster_machine.h"

namespace beach::sim::scenarios::cluster {
namespace {

constexpr std::uint64_t kChangesBytesMax = 4096;  // that watchers may be behind
constexpr std::uint64_t kLookNs =
    20 * kMillisecond;  // how often the judge is asked whether to stop

// In the order in which they are made; they go the other way round.
class Process {
 public:
  Process(Judge& judge, const Plan& plan, std::uint64_t place, const env::Env& env)
      : judge_(judge), plan_(plan), place_(place), env_(env) {}

  Status Open() {
    BEACH_TRY_ASSIGN(
        state_, server::NodeState::Open(env_, kTablesDirectory, server::EngineOptions(plan_.engine),
                                        {.sessions = plan_.sessions, .bootstrap = VotersOf(plan_)},
                                        judge_.HasLog(place_)));
    machine_ = &state_->machine();
    driven_.emplace(judge_, plan_, place_, *env_.clock, *machine_);
    const raft::SnapshotMeta held = machine_->durable();
    raft::DiskLogOptions log = plan_.log;
    log.cluster = raft::ClusterNumber(kCluster);
    log.node = NodeOf(place_);
    log.create = !judge_.HasLog(place_);
    BEACH_TRY_ASSIGN(
        log_, raft::DiskLog::Open(env_, kLogDirectory, log,
                                  {.index = held.index, .term = held.term, .may_be_lost = true}));
    judge_.LogIsMade(place_);
    if (held.index < log_->contents().base) machine_->AwaitSnapshot();
    BEACH_TRY_ASSIGN(loop_, env_.network->NewLoop());
    changes_.emplace(*loop_, kChangesBytesMax);
    machine_->SetListener(&*changes_);
    BEACH_TRY_ASSIGN(node_, raft::Node::Start(*loop_, env_, NodeOptions(), *log_, *driven_,
                                              [this](const Error& error) { Fail(error); }));
    peers_.emplace(*node_);
    return Listen();
  }

  Status Run() {
    Look();
    loop_->Run();
    port_.reset();
    clients_.reset();
    service_.reset();
    store_.reset();
    node_.reset();
    log_.reset();
    if (failure_) {
      static_cast<void>(state_->SteppedAside(*failure_));
      return beach::Fail(*failure_);
    }
    BEACH_TRY_ASSIGN(const std::uint64_t contents, machine_->ContentDigest());
    // A thread may have applied something while the node closed, and told nobody.
    judge_.Contents(place_, machine_->digest().index, contents);
    return {};
  }

 private:
  raft::NodeOptions NodeOptions() const {
    raft::NodeOptions options;
    options.core = plan_.core;
    options.core.id = NodeOf(place_);
    options.cluster = kCluster;
    options.addresses = AddressesOf(plan_);
    options.bootstrap = VotersOf(plan_);
    options.log_bytes_max = plan_.log_keeper == place_ ? ~std::uint64_t{0} : plan_.log_bytes_max;
    options.log_entries_kept = plan_.log_entries_kept;
    options.snapshots = plan_.snapshots;
    options.call_max_ns = plan_.call_max_ns;
    options.watcher = &judge_.watcher(place_);
    return options;
  }

  Status Listen() {
    store_ = std::make_unique<server::MachineStore>(*loop_, *machine_, plan_.readers);
    admin_.emplace(*env_.clock, *node_);
    service_ = std::make_unique<server::Service>(
        *loop_, *env_.clock, *node_, *store_, plan_.service,
        server::ServiceParts{.admin = &*admin_, .changes = &*changes_});
    clients_.emplace(*service_);
    std::map<wire::NodeNumber, std::string> addresses;
    for (const auto& [node, address] : AddressesOf(plan_)) {
      addresses[wire::NodeNumber(node.value)] = address;
    }
    service_->SetAddresses(std::move(addresses));
    raft::PortOptions options;
    options.guests = {.cluster = kCluster, .self = wire::NodeNumber(place_ + 1)};
    options.client_payload_max = server::RequestBytesMax;
    options.connections.send_queue_max_bytes = std::uint64_t{8} << 20;
    options.peer_payload_max = raft::PeerPayloadMax(node_->core().options());
    BEACH_TRY_ASSIGN(port_, raft::Port::Open(*loop_, *env_.clock, AddressOf(place_), options,
                                             &*peers_, &*clients_));
    return {};
  }

  void TellDigest() {
    const server::DigestAt now = machine_->digest();
    judge_.Digest(place_, now.index, now.digest);
  }

  void Fail(const Error& error) {
    failure_ = error;
    loop_->Stop();
  }

  // What an operator orders of whoever leads.
  void Obey() {
    if (obeying_ || !judge_.order() || node_->role() != raft::Role::kLeader) return;
    const Blow order = *judge_.order();
    const raft::NodeId target = NodeOf(order.target);
    if (order.order == Order::kTransfer) {
      judge_.OrderDone();
      static_cast<void>(node_->TransferLeadership(target));
      return;
    }
    const raft::ChangeKind kind = order.order == Order::kAddVoter ? raft::ChangeKind::kAddVoter
                                  : order.order == Order::kAddLearner
                                      ? raft::ChangeKind::kAddLearner
                                      : raft::ChangeKind::kRemove;
    const raft::Change change{.kind = kind, .node = target};
    obeying_ = true;
    node_->ProposeConfiguration(
        {&change, 1}, order.joint ? raft::ChangeMode::kJoint : raft::ChangeMode::kSimple,
        [this](const raft::Outcome& outcome) {
          obeying_ = false;
          // Another one is under way, or no leader is ready: it is tried again.
          const bool again =
              outcome.fate == raft::Fate::kLost ||
              (outcome.fate == raft::Fate::kRefused && raft::RetryMayHelp(outcome.error));
          if (!again) judge_.OrderDone();
        });
  }

  void Look() {
    TellDigest();
    const std::uint64_t now = env_.clock->MonotonicNow();
    judge_.LookAtCalls(place_, now);
    if (state_->lost() && !refilled_ && machine_->durable().index > raft::LogIndex{}) {
      refilled_ = state_->Refilled().has_value();
    }
    if (judge_.stop) return loop_->Stop();
    Obey();
    loop_->At(now + kLookNs, [this] { Look(); });
  }

  Judge& judge_;
  const Plan& plan_;
  const std::uint64_t place_;
  const env::Env env_;
  std::unique_ptr<server::NodeState> state_;
  server::Machine* machine_ = nullptr;
  std::optional<DrivenMachine> driven_;
  std::unique_ptr<env::Loop> loop_;
  std::optional<server::ChangeRing> changes_;
  std::unique_ptr<raft::DiskLog> log_;
  std::unique_ptr<raft::Node> node_;
  std::optional<raft::PeerHost> peers_;
  std::unique_ptr<server::MachineStore> store_;
  std::optional<server::NodeAdmin> admin_;
  std::unique_ptr<server::Service> service_;
  std::optional<server::ClientHost> clients_;
  std::unique_ptr<raft::Port> port_;
  bool refilled_ = false;
  bool obeying_ = false;
  std::optional<Error> failure_;
};

}  // namespace

void RunNode(Judge& judge, const Plan& plan, std::uint64_t place, const env::Env& env) {
  Process process(judge, plan, place, env);
  Status done = process.Open();
  const bool runs = done.has_value();
  if (runs) done = process.Run();
  if (!done) judge.Left(place, done.error(), runs);
}

}  // namespace beach::sim::scenarios::cluster
