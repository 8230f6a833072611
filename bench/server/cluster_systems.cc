// SPDX-License-Identifier: Apache-2.0
// Three nodes on this machine: of BeachDB, and of etcd.
#include <fmt/format.h>

#include <vector>

#include "bench/server/drive.h"
#include "bench/server/exchange.h"
#include "bench/server/process.h"
#include "bench/server/server_system.h"

namespace beach::bench {
namespace {

constexpr std::uint64_t kNodes = 3;
constexpr std::uint64_t kStartNs = 30'000'000'000;

std::string Local(std::uint64_t port) { return fmt::format("127.0.0.1:{}", port); }

class ClusterSystem : public ServerSystem {
 public:
  ClusterSystem(const ServerSettings& settings, std::unique_ptr<Exchange> exchange)
      : settings_(settings), exchange_(std::move(exchange)) {
    target_.exchange = exchange_.get();
  }
  ~ClusterSystem() override {
    for (const auto& process : processes_) process->Stop();
  }
  Result<ServerSample> Measure(ServerWork work, std::uint64_t clients) override {
    return Drive(target_, settings_, work, clients);
  }

 protected:
  Status StartProcess(const std::vector<std::string>& words, const std::string& output_path) {
    BEACH_TRY_ASSIGN(auto process, Process::Start(words, output_path));
    processes_.push_back(std::move(process));
    return {};
  }
  // Waits until every node, at such a port, replies so, and puts the keys.
  Status Begin(std::uint64_t first_port, const std::string& request, const std::string& wanted) {
    for (std::uint64_t node = 0; node < kNodes; ++node) {
      BEACH_TRY(AwaitReply(*processes_[node % processes_.size()], first_port + node, request,
                           wanted, kStartNs));
      target_.addresses.push_back(Local(first_port + node));
    }
    return DrivePuts(target_, settings_);
  }

 private:
  const ServerSettings& settings_;
  const std::unique_ptr<Exchange> exchange_;
  DriveTarget target_;
  std::vector<std::unique_ptr<Process>> processes_;
};

class BeachCluster final : public ClusterSystem {
 public:
  explicit BeachCluster(const ServerSettings& settings)
      : ClusterSystem(settings, NewRespExchange()) {}
  const char* name() const override { return "beachdb"; }
  std::string what() const override {
    return version_ + ", asked in Redis' protocol; a read is linearizable";
  }
  // The command's own numbers of ports.
  Status Start(const std::string& directory) override {
    const std::uint64_t port = FreePort({1, 2, 3, 101, 102, 103, 201, 202, 203});
    version_ = FirstLineOf({BeachDbPath(), "--version"}, directory);
    BEACH_TRY(StartProcess({BeachDbPath(), "cluster", std::to_string(kNodes), "--data",
                            directory + "/cluster", "--port", std::to_string(port), "--json"},
                           directory + "/log"));
    return Begin(port + 101, "SET ready 1\r\n", "+OK\r\n");
  }

 private:
  std::string version_;
};

class Etcd final : public ClusterSystem {
 public:
  explicit Etcd(const ServerSettings& settings) : ClusterSystem(settings, NewEtcdExchange()) {}
  const char* name() const override { return "etcd"; }
  std::string what() const override {
    return version_ +
           ", as it comes, asked through its JSON gateway over HTTP/1.1 with connections kept: it "
           "translates each request for its own gRPC port, which costs it what a client of gRPC "
           "would not; a read is linearizable";
  }
  Status Start(const std::string& directory) override {
    const std::uint64_t port = FreePort({1, 2, 3, 101, 102, 103});
    version_ = FirstLineOf({"etcd", "--version"}, directory);
    std::string peers;
    for (std::uint64_t node = 1; node <= kNodes; ++node) {
      peers += fmt::format("{}n{}=http://{}", node == 1 ? "" : ",", node, Local(port + 100 + node));
    }
    for (std::uint64_t node = 1; node <= kNodes; ++node) {
      const std::string name = fmt::format("n{}", node);
      const std::string client = "http://" + Local(port + node);
      const std::string peer = "http://" + Local(port + 100 + node);
      BEACH_TRY(StartProcess({"etcd",
                              "--name",
                              name,
                              "--data-dir",
                              directory + "/" + name,
                              "--listen-client-urls",
                              client,
                              "--advertise-client-urls",
                              client,
                              "--listen-peer-urls",
                              peer,
                              "--initial-advertise-peer-urls",
                              peer,
                              "--initial-cluster",
                              peers,
                              "--initial-cluster-state",
                              "new",
                              "--logger",
                              "zap",
                              "--log-level",
                              "error"},
                             directory + "/" + name + ".log"));
    }
    return Begin(port + 1, "GET /health HTTP/1.1\r\nHost: etcd\r\n\r\n", "HTTP/1.1 200 ");
  }

 private:
  std::string version_;
};

}  // namespace

std::unique_ptr<ServerSystem> NewBeachCluster(const ServerSettings& settings) {
  return std::make_unique<BeachCluster>(settings);
}
std::unique_ptr<ServerSystem> NewEtcd(const ServerSettings& settings) {
  return std::make_unique<Etcd>(settings);
}

}  // namespace beach::bench
