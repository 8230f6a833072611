// SPDX-License-Identifier: Apache-2.0
#include "server/run/server.h"

#include <map>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/random.h"

namespace beach::server {
namespace {

constexpr std::uint64_t kLookNs = 20'000'000;  // how often it looks at itself

std::vector<MemberFacts> MembersOf(const NodeView& view,
                                   const std::map<raft::NodeId, std::string>& addresses) {
  std::map<raft::NodeId, MemberFacts> members;
  const auto add = [&](const std::vector<raft::NodeId>& nodes, bool voter) {
    for (const raft::NodeId node : nodes) {
      MemberFacts& member = members[node];
      member.node = node;
      member.voter |= voter;
      if (const auto found = addresses.find(node); found != addresses.end()) {
        member.address = found->second;
      }
    }
  };
  add(view.configuration.voters, true);
  add(view.configuration.outgoing, true);
  add(view.configuration.learners, false);
  for (const MemberProgress& progress : view.progress) {
    const auto found = members.find(progress.node);
    if (found == members.end()) continue;
    found->second.match = progress.match;
    found->second.silent_ns = progress.silent_ns;
  }
  std::vector<MemberFacts> listed;
  for (auto& [node, member] : members) listed.push_back(std::move(member));
  return listed;
}

Status CheckTlsOptions(const ServerOptions& options) {
  const auto wrong = [](std::string what) {
    return beach::Fail(ErrorCode::kInvalidArgument, std::move(what));
  };
  const env::TlsFiles& tls = options.tls;
  const bool asks = options.tls_clients != env::ClientCertificates::kNone;
  if (tls.certificate.empty() != tls.key.empty()) {
    return wrong("of TLS certificate and key one is given; give both, or neither");
  }
  if (tls.certificate.empty() && (!tls.authorities.empty() || asks)) {
    return wrong("for TLS no certificate is given");
  }
  if (asks && tls.authorities.empty()) {
    return wrong(
        "certificates are asked of TLS clients, and no authority is given that signs them");
  }
  const bool nodes_ask =
      options.nodes.size() > 1 && options.tls_nodes != env::ServerCheck::kNothing;
  if (!tls.certificate.empty() && nodes_ask && tls.authorities.empty()) {
    return wrong(
        "nodes ask each other for certificates, and no authority is given that signs them");
  }
  return {};
}

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
  return CheckTlsOptions(options);
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
  BEACH_TRY(BeginTls());
  if (options_.users) users_ = std::make_unique<Users>(*options_.users);
  changes_ = std::make_unique<ChangeRing>(*loop_, options_.watch_bytes_max);
  directory_->machine().SetListener(changes_.get());
  BEACH_TRY_ASSIGN(log_, directory_->OpenLog(options_.log));
  BEACH_TRY_ASSIGN(
      node_, raft::Node::Start(NativeLoop(), env_, NodeOptions(), *log_, directory_->machine(),
                               [this](const Error& error) { Fail(error); }));
  peers_.emplace(*node_);
  return Listen();
}

Result<Server::TlsContexts> Server::ReadTls() const {
  TlsContexts contexts;
  if (options_.tls.certificate.empty()) return contexts;
  env::TlsOptions options;
  options.client_certificates = options_.tls_clients;
  options.server_check = options_.tls_nodes;
  BEACH_TRY_ASSIGN(contexts.others, env::ReadTlsContext(*env_.files, options_.tls, options));
  const bool asked = options_.tls_clients != env::ClientCertificates::kNone;
  if (!asked && !options_.tls.authorities.empty()) {  // nodes show theirs there
    options.client_certificates = env::ClientCertificates::kOptional;
  }
  BEACH_TRY_ASSIGN(contexts.native, env::ReadTlsContext(*env_.files, options_.tls, options));
  return contexts;
}

Status Server::BeginTls() {
  BEACH_TRY_ASSIGN(const TlsContexts contexts, ReadTls());
  if (contexts.native == nullptr) return {};
  native_tls_ = std::make_unique<env::TlsLoop>(*loop_, *env_.clock, contexts.native);
  others_tls_ = std::make_unique<env::TlsLoop>(*loop_, *env_.clock, contexts.others);
  return {};
}

Status Server::Reload(std::vector<User> users) {
  BEACH_TRY_ASSIGN(const TlsContexts contexts, ReadTls());
  loop_->Post([this, contexts, users = std::move(users)] {
    if (users_ != nullptr) users_->Renew(users);
    if (contexts.native != nullptr) {
      native_tls_->Renew(contexts.native);
      others_tls_->Renew(contexts.others);
    }
    if (env_.events != nullptr) env_.events->Record("server.reloaded", {});
  });
  return {};
}

// Whose certificate is for another host is another node, or a client.
bool Server::Believes(const wire::Guest& guest) const {
  if (native_tls_ == nullptr || options_.tls_nodes == env::ServerCheck::kNothing) return true;
  if (options_.tls_nodes == env::ServerCheck::kAuthority) return guest.Proves({});
  const auto found = options_.nodes.find(raft::NodeId(guest.hello().from.value));
  return found != options_.nodes.end() && guest.Proves(found->second);
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
  slow_ = std::make_unique<SlowLog>(env_.events, options_.slow_ns);
  service_ = std::make_unique<Service>(*loop_, clock, *node_, *store_, options_.service,
                                       ServiceParts{.admin = admin_.get(),
                                                    .authenticator = users_.get(),
                                                    .changes = changes_.get(),
                                                    .slow = slow_.get()});
  clients_.emplace(*service_);
  raft::PortOptions options;
  options.guests = {.cluster = identity().cluster, .self = wire::NodeNumber(identity().node.value)};
  options.guests_max = options_.clients_max;
  options.client_payload_max = RequestBytesMax;
  options.connections.send_queue_max_bytes = options_.reply_queue_bytes;
  options.peer_payload_max = raft::PeerPayloadMax(node_->core().options());
  options.believes = [this](const wire::Guest& guest) { return Believes(guest); };
  BEACH_TRY_ASSIGN(port_, raft::Port::Open(NativeLoop(), clock, options_.native_address, options,
                                           &*peers_, &*clients_));
  std::map<wire::NodeNumber, std::string> addresses;
  for (const auto& [node, address] : options_.nodes) {
    addresses[wire::NodeNumber(node.value)] = address;
  }
  if (addresses.empty()) addresses[wire::NodeNumber(identity().node.value)] = port_->address();
  service_->SetAddresses(std::move(addresses));
  return ListenForOthers();
}

Status Server::ListenForOthers() {
  env::Clock& clock = *env_.clock;
  if (!options_.resp_address.empty()) {
    RespOptions resp;
    resp.clients_max = options_.clients_max;
    resp.version = options_.version;
    resp.authenticator = users_.get();
    resp.slow = slow_.get();
    resp.slow_ns = options_.slow_ns;
    BEACH_TRY_ASSIGN(resp_port_, RespPort::Open(OthersLoop(), clock, options_.resp_address, resp,
                                                *node_, *store_));
  }
  if (!options_.http_address.empty()) {
    opened_ns_ = clock.MonotonicNow();
    BEACH_TRY_ASSIGN(http_port_, HttpPort::Open(OthersLoop(), clock, options_.http_address, {},
                                                [this] { return Gather(); }));
  }
  return {};
}

std::string Server::resp_address() const {
  return resp_port_ == nullptr ? std::string() : resp_port_->address();
}

std::string Server::http_address() const {
  return http_port_ == nullptr ? std::string() : http_port_->address();
}

Status Server::Run() {
  if (env_.events != nullptr) {
    const std::string& address = port_->address();
    const std::string resp = resp_address();
    const std::string http = http_address();
    env_.events->Record("server.ready", {{.name = "node", .number = identity().node.value},
                                         {.name = "address", .text = address},
                                         {.name = "resp", .text = resp},
                                         {.name = "http", .text = http}});
  }
  Look();
  loop_->Run();
  http_port_.reset();
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

// Blocks for no longer than the engine's counters are copied.
NodeFacts Server::Gather() const {
  const NodeView view = admin_->View();
  NodeFacts facts{.version = options_.version,
                  .uptime_ns = env_.clock->MonotonicNow() - opened_ns_,
                  .failed = node_->failed(),
                  .leaving = leave_by_ns_ != 0,
                  .node = identity().node,
                  .leader = node_->leader(),
                  .role = node_->role(),
                  .term = node_->term(),
                  .commit = node_->commit(),
                  .applied = node_->applied(),
                  .log_base = view.log_base,
                  .log_durable = view.log_durable,
                  .state_durable = view.state_durable,
                  .log_bytes = view.log_bytes,
                  .members = MembersOf(view, options_.nodes),
                  .engine = directory_->db().Stats(),
                  .native_clients = port_->guests(),
                  .resp_clients = resp_port_ == nullptr ? 0 : resp_port_->clients(),
                  .requests_waiting = service_->calls(),
                  .slow_requests = slow_->count(),
                  .work = service_->work(),
                  .scan_cursors = service_->cursors(),
                  .watch_buffer_bytes = changes_->bytes()};
  return facts;
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
