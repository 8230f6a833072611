// SPDX-License-Identifier: Apache-2.0
#include "server/run/server.h"

#include <map>
#include <utility>

#include "base/check.h"
#include "base/random.h"

namespace beach::server {
namespace {

constexpr std::uint64_t kLookNs = 20'000'000;  // how often it looks at itself

std::string TextOf(raft::NodeId node) { return std::to_string(node.value); }

}  // namespace

Status CheckServerOptions(const ServerOptions& options) {
  const auto wrong = [](std::string what) {
    return beach::Fail(ErrorCode::kInvalidArgument, std::move(what));
  };
  if (options.directory.empty()) return wrong("no directory is given");
  if (options.native_address.empty()) return wrong("no address to listen at is given");
  if (options.node.value == 0) return wrong("node 0 is none");
  if (options.nodes.size() > kFoundersMax) {
    return wrong("a cluster has at most " + std::to_string(kFoundersMax) + " nodes");
  }
  if (!options.nodes.empty() && !options.nodes.contains(options.node)) {
    return wrong("node " + TextOf(options.node) + " is none of its cluster's");
  }
  for (const auto& [node, address] : options.nodes) {
    if (node.value == 0) return wrong("node 0 is none");
    if (address.empty() || address.size() > kAddressSizeMax) {
      return wrong("node " + TextOf(node) + " has no address that may be");
    }
  }
  const raft::Options& core = options.core;
  if (core.heartbeat_interval_ns == 0 ||
      core.election_timeout_ns < 2 * core.heartbeat_interval_ns) {
    return wrong("the election timeout is less than two heartbeats");
  }
  if (options.reader_threads == 0) return wrong("there is no thread to read");
  return {};
}

Result<std::unique_ptr<Server>> Server::Open(const env::Env& env, const ServerOptions& options) {
  BEACH_TRY(CheckServerOptions(options));
  std::unique_ptr<Server> server(new Server(env, options));
  BEACH_TRY(server->Assemble());
  return server;
}

Server::~Server() = default;

Status Server::Assemble() {
  BEACH_TRY_ASSIGN(directory_, NodeDirectory::Open(env_, options_));
  BEACH_TRY_ASSIGN(loop_, env_.network->NewLoop());
  changes_ = std::make_unique<ChangeRing>(*loop_, options_.watch_bytes_max);
  directory_->machine().SetListener(changes_.get());
  BEACH_TRY_ASSIGN(log_, directory_->OpenLog(options_.log));
  BEACH_TRY_ASSIGN(node_,
                   raft::Node::Start(*loop_, env_, NodeOptions(), *log_, directory_->machine(),
                                     [this](const Error& error) { Fail(error); }));
  peers_.emplace(*node_);
  return Listen();
}

raft::NodeOptions Server::NodeOptions() const {
  const NodeIdentity& identity = directory_->identity();
  raft::NodeOptions options;
  options.core = options_.core;
  options.core.id = identity.node;
  // No two nodes, and no two lives of one, draw the same election timeouts.
  options.core.random_key = RandomValue(identity.node.value, env_.clock->WallNow());
  options.cluster = identity.cluster;
  options.addresses = options_.nodes;
  if (options.addresses.empty()) options.addresses[identity.node] = options_.native_address;
  options.bootstrap.voters = identity.founders;
  options.log_bytes_max = options_.log_bytes_max;
  options.log_entries_kept = options_.log_entries_kept;
  options.call_max_ns = options_.call_max_ns;
  options.snapshots = options_.snapshots;
  options.snapshots.receiver.directory = directory_->incoming();
  options.links.random_key = options.core.random_key;
  options.watcher = options_.watcher;
  return options;
}

Status Server::Listen() {
  env::Clock& clock = *env_.clock;
  store_ = std::make_unique<MachineStore>(*loop_, directory_->machine(), options_.reader_threads);
  admin_ = std::make_unique<NodeAdmin>(clock, *node_);
  service_ =
      std::make_unique<Service>(*loop_, clock, *node_, *store_, options_.service,
                                ServiceParts{.admin = admin_.get(), .changes = changes_.get()});
  clients_.emplace(*service_);
  raft::PortOptions options;
  options.guests = {.cluster = identity().cluster, .self = wire::NodeNumber(identity().node.value)};
  options.guests_max = options_.clients_max;
  options.client_payload_max = RequestBytesMax;
  options.connections.send_queue_max_bytes = options_.reply_queue_bytes;
  options.peer_payload_max = raft::PeerPayloadMax(node_->core().options());
  BEACH_TRY_ASSIGN(port_, raft::Port::Open(*loop_, clock, options_.native_address, options,
                                           &*peers_, &*clients_));
  std::map<wire::NodeNumber, std::string> addresses;
  for (const auto& [node, address] : options_.nodes) {
    addresses[wire::NodeNumber(node.value)] = address;
  }
  if (addresses.empty()) addresses[wire::NodeNumber(identity().node.value)] = port_->address();
  service_->SetAddresses(std::move(addresses));
  if (options_.resp_address.empty()) return {};
  RespOptions resp;
  resp.clients_max = options_.clients_max;
  resp.version = options_.version;
  BEACH_TRY_ASSIGN(resp_port_,
                   RespPort::Open(*loop_, clock, options_.resp_address, resp, *node_, *store_));
  return {};
}

std::string Server::resp_address() const {
  return resp_port_ == nullptr ? std::string() : resp_port_->address();
}

Status Server::Run() {
  if (env_.events != nullptr) {
    const std::string& address = port_->address();
    const std::string resp = resp_address();
    env_.events->Record("server.ready", {{.name = "node", .number = identity().node.value},
                                         {.name = "address", .text = address},
                                         {.name = "resp", .text = resp}});
  }
  Look();
  loop_->Run();
  resp_port_.reset();
  port_.reset();
  clients_.reset();
  service_.reset();
  admin_.reset();
  store_.reset();
  node_.reset();
  log_.reset();
  refiller_.reset();
  if (!failure_) return {};
  if (env_.events != nullptr) {
    const std::string why = failure_->ToString();
    env_.events->Record("server.failed", {{.name = "why", .text = why}});
  }
  static_cast<void>(directory_->SteppedAside(*failure_));  // the next life may find it out itself
  return beach::Fail(*failure_);
}

void Server::Fail(const Error& error) {
  failure_ = error;
  loop_->Stop();
}

void Server::Look() {
  const std::uint64_t now_ns = env_.clock->MonotonicNow();
  ReportRole();
  if (refiller_ == nullptr && directory_->awaits_refill()) NoteRefill();
  if (leave_by_ns_ != 0 && (now_ns >= leave_by_ns_ || MayLeave())) return loop_->Stop();
  loop_->At(now_ns + kLookNs, [this] { Look(); });
}

// Once in a life. What cannot be written now is found out by the next one.
void Server::NoteRefill() {
  refiller_ = std::make_unique<raft::ThreadHelper>(*loop_, "refilled");
  refiller_->Do([this] { static_cast<void>(directory_->Refilled()); }, [] {});
}

void Server::ReportRole() {
  const raft::Role role = node_->role();
  const raft::NodeId leader = node_->leader();
  if (role == role_told_ && leader == leader_told_) return;
  role_told_ = role;
  leader_told_ = leader;
  if (env_.events == nullptr) return;
  static constexpr Site kLeads("server.leads");
  static constexpr Site kFollows("server.follows");
  const Site event = role == raft::Role::kLeader ? kLeads : kFollows;
  env_.events->Record(event, {{.name = "term", .number = node_->term().value},
                              {.name = "leader", .number = leader.value}});
}

void Server::Stop() {
  loop_->Post([this] { Leave(); });
}

void Server::Leave() {
  if (leave_by_ns_ != 0) return;
  leave_by_ns_ = env_.clock->MonotonicNow() + options_.leave_max_ns;
  if (env_.events != nullptr) {
    env_.events->Record("server.leaving", {{.name = "work", .number = service_->work()}});
  }
  node_->HandOver();
}

// Nobody waits for it any more: another one leads, if anybody can, and what clients have asked is
// answered.
bool Server::MayLeave() const {
  const bool leads = node_->role() == raft::Role::kLeader;
  const bool alone = node_->core().configuration().voters.size() == 1;
  const bool busy = service_->work() > 0 || (resp_port_ != nullptr && resp_port_->busy());
  return (!leads || alone) && !busy;
}

}  // namespace beach::server
