// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "env/env.h"
#include "env/tls/tls_loop.h"
#include "raft/disk/disk_log.h"
#include "raft/node/node.h"
#include "raft/node/peer_host.h"
#include "raft/node/port.h"
#include "raft/transfer/helper.h"
#include "server/http/http_port.h"
#include "server/resp/resp_port.h"
#include "server/run/node_directory.h"
#include "server/run/server_options.h"
#include "server/service/change_ring.h"
#include "server/service/client_host.h"
#include "server/service/machine_store.h"
#include "server/service/node_admin.h"
#include "server/service/service.h"

namespace beach::server {

// A node, whole: opens what its directory holds, takes part in its cluster, and serves clients on
// the addresses that it listens at. Open, Run and the destructor are called on one thread, which is
// the loop's. What it is bound to is the Env's business: the same runs on a simulated host.
//
// Events: "server.ready" (node, address, resp, http), "server.leads" and "server.follows" (term,
// leader), "server.leaving", "server.failed" (why), "server.reloaded",
// "server.slow" (SlowLog).
class Server {
 public:
  // Blocking. kInvalidArgument: of CheckServerOptions, or another node's options than the
  // directory's. kRefused, kCorruption, kBusy, kIo: of the directory. kIo: an address is taken.
  static Result<std::unique_ptr<Server>> Open(const env::Env& env, const ServerOptions& options);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  // Serves until Stop, or until something fails, for good: the node's disk, mostly. Once.
  Status Run();
  // From any thread, also before Run: hands leadership over, answers what is under way, and lets
  // Run return. What takes longer than leave_max_ns is not waited for.
  void Stop();
  // From any thread, while it runs: reads the files of TLS again, and has other users. Who connects
  // from then on is shown the new certificate. Users are these, also for those who are connected
  // (Users::Renew). What reading returned: then all stays as it was. There are users if there were.
  Status Reload(std::vector<User> users);

  // As bound: a port of 0 is resolved.
  const std::string& native_address() const { return port_->address(); }
  std::string resp_address() const;  // empty: it does not listen for Redis clients
  std::string http_address() const;  // empty: it does not listen for HTTP
  const raft::Node& node() const { return *node_; }
  // What it serves; of any thread as its own page says.
  Machine& machine() const { return directory_->machine(); }
  const NodeIdentity& identity() const { return directory_->identity(); }

 private:
  Server(const env::Env& env, const ServerOptions& options) : env_(env), options_(options) {}

  // For nodes and native clients, and for others. Null: there is no TLS.
  struct TlsContexts {
    std::shared_ptr<const env::TlsContext> native;
    std::shared_ptr<const env::TlsContext> others;
  };

  Status Assemble();
  Result<TlsContexts> ReadTls() const;
  Status BeginTls();
  env::Loop& NativeLoop() { return native_tls_ == nullptr ? *loop_ : *native_tls_; }
  env::Loop& OthersLoop() { return others_tls_ == nullptr ? *loop_ : *others_tls_; }
  bool Believes(const wire::Guest& guest) const;
  raft::NodeOptions NodeOptions() const;
  Status Listen();
  Status ListenForOthers();
  NodeFacts Gather() const;
  void Fail(const Error& error);
  void Look();
  void NoteRefill();
  void ReportRole();
  void Leave();
  bool MayLeave() const;

  const env::Env env_;
  const ServerOptions options_;
  // In the order in which they are made; they go the other way round.
  std::unique_ptr<NodeDirectory> directory_;
  std::unique_ptr<env::Loop> loop_;
  std::unique_ptr<Users> users_;              // null: none
  std::unique_ptr<env::TlsLoop> native_tls_;  // null: no TLS
  std::unique_ptr<env::TlsLoop> others_tls_;  // the same
  std::unique_ptr<raft::Helper> refiller_;    // null: nothing was lost, or nothing has come yet
  std::unique_ptr<ChangeRing> changes_;
  std::unique_ptr<raft::DiskLog> log_;
  std::unique_ptr<raft::Node> node_;
  std::optional<raft::PeerHost> peers_;
  std::unique_ptr<MachineStore> store_;
  std::unique_ptr<NodeAdmin> admin_;
  std::unique_ptr<SlowLog> slow_;
  std::unique_ptr<Service> service_;
  std::optional<ClientHost> clients_;
  std::unique_ptr<raft::Port> port_;
  std::unique_ptr<RespPort> resp_port_;  // null: not wanted
  std::unique_ptr<HttpPort> http_port_;  // null: not wanted
  std::uint64_t opened_ns_ = 0;

  std::uint64_t leave_by_ns_ = 0;  // 0: it stays
  raft::Role role_told_ = raft::Role::kFollower;
  raft::NodeId leader_told_;
  std::optional<Error> failure_;
};

}  // namespace beach::server
