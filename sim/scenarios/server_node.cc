// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/server_node.h"

#include <atomic>

#include "env/threads.h"
#include "server/run/server.h"

namespace beach::sim::scenarios::cluster {
namespace {

constexpr std::uint64_t kLookNs = 20 * kMillisecond;

server::ServerOptions OptionsOf(Judge& judge, const Plan& plan, std::uint64_t place) {
  server::ServerOptions options;
  options.directory = "node";
  options.native_address = AddressOf(place);
  options.resp_address = RespAddressOf(place);
  options.node = NodeOf(place);
  options.nodes = AddressesOf(plan);
  options.engine = plan.engine;
  options.sessions = plan.sessions;
  options.service = plan.service;
  options.reader_threads = plan.readers;
  options.core = plan.core;
  options.log = plan.log;
  options.snapshots = plan.snapshots;
  options.log_bytes_max = plan.log_keeper == place ? ~std::uint64_t{0} : plan.log_bytes_max;
  options.log_entries_kept = plan.log_entries_kept;
  options.call_max_ns = plan.call_max_ns;
  options.watch_bytes_max = 4096;
  options.watcher = &judge.watcher(place);
  return options;
}

// What stands beside the server in its process: tells the judge what its machine says, and stops it
// when the judge wants that, as a signal would.
class Beside {
 public:
  Beside(Judge& judge, std::uint64_t place, env::Clock& clock, server::Server& server)
      : judge_(judge), place_(place), clock_(clock), server_(server), thread_("beside", [this] {
          Look();
        }) {}
  ~Beside() {
    ended_ = true;
    thread_.Join();
  }

 private:
  void Look() {
    while (!ended_) {
      const server::DigestAt now = server_.machine().digest();
      judge_.Digest(place_, now.index, now.digest);
      const std::uint64_t now_ns = clock_.MonotonicNow();
      if (judge_.stop) return server_.Stop();
      clock_.SleepUntil(now_ns + kLookNs);
    }
  }

  Judge& judge_;
  const std::uint64_t place_;
  env::Clock& clock_;
  server::Server& server_;
  std::atomic<bool> ended_ = false;
  env::Thread thread_;
};

Status Serve(Judge& judge, const Plan& plan, std::uint64_t place, const env::Env& env, bool& ran) {
  BEACH_TRY_ASSIGN(const std::unique_ptr<server::Server> server,
                   server::Server::Open(env, OptionsOf(judge, plan, place)));
  judge.LogIsMade(place);
  ran = true;
  Status served;
  {
    const Beside beside(judge, place, *env.clock, *server);
    served = server->Run();
  }
  BEACH_TRY(served);
  BEACH_TRY_ASSIGN(const std::uint64_t contents, server->machine().ContentDigest());
  judge.Contents(place, server->machine().digest().index, contents);
  return {};
}

}  // namespace

void RunServer(Judge& judge, const Plan& plan, std::uint64_t place, const env::Env& env) {
  bool ran = false;
  const Status done = Serve(judge, plan, place, env, ran);
  if (!done) judge.Left(place, done.error(), ran);
}

std::string RespAddressOf(std::uint64_t place) { return "n" + std::to_string(place) + ":6379"; }

}  // namespace beach::sim::scenarios::cluster
