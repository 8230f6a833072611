// SPDX-License-Identifier: Apache-2.0
// `beachdb cluster N`: that many nodes on this machine, each a process of its own.
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "env/env.h"
#include "server/cli/child_process.h"
#include "server/cli/commands.h"
#include "server/cli/exit_code.h"
#include "server/cli/settings.h"
#include "server/cli/signals.h"

namespace beach::server {
namespace {

constexpr std::uint64_t kNodesOnOneMachineMax = 9;
constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr int kPollMs = 50;
// A node that is told to stop has so long, then it is killed.
constexpr std::uint64_t kStopMaxNs = 15'000 * kMillisecond;

struct Arguments {
  std::uint64_t nodes = 3;
  std::string directory;
  std::uint64_t port = 7700;
  bool json = false;
};

// One node, as its file of settings and its log of events say.
struct LocalNode {
  std::uint64_t id = 0;
  std::string config;
  std::string log_path;
  std::string native;
  std::string resp;
  std::string http;
  bool ready = false;
  bool told_of_end = false;
  std::optional<ChildProcess> process;
  std::ofstream log;
};

std::string Address(std::uint64_t port) { return fmt::format("127.0.0.1:{}", port); }

std::string ConfigOf(const Arguments& arguments, std::uint64_t id) {
  std::string peers;
  for (std::uint64_t other = 1; other <= arguments.nodes; ++other) {
    peers += fmt::format("{}{}={}", other == 1 ? "" : ",", other, Address(arguments.port + other));
  }
  return fmt::format(
      "# A node of a cluster on one machine. `beachdb serve --print-config` tells of more.\n"
      "data = \"{}/node{}\"\nnode = {}\nlisten = \"{}\"\nresp = \"{}\"\nhttp = \"{}\"\n"
      "peers = \"{}\"\n",
      arguments.directory, id, id, Address(arguments.port + id), Address(arguments.port + 100 + id),
      Address(arguments.port + 200 + id), peers);
}

// The value of `name=` in a line of the log of events; empty: it is not there.
std::string FieldOf(const std::string& line, std::string_view name) {
  const std::string wanted = fmt::format(" {}=", name);
  const std::size_t at = line.find(wanted);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + wanted.size();
  return line.substr(begin, line.find(' ', begin) - begin);
}

// Runs the nodes, and knows of them what they say.
class LocalCluster {
 public:
  LocalCluster(const Arguments& arguments, env::Clock& clock)
      : arguments_(arguments), clock_(clock) {}

  // Files of settings that are there stay: people may have changed them.
  Status Start() {
    for (std::uint64_t id = 1; id <= arguments_.nodes; ++id) {
      LocalNode& node = nodes_.emplace_back();
      node.id = id;
      node.config = fmt::format("{}/node{}.toml", arguments_.directory, id);
      node.log_path = fmt::format("{}/node{}.log", arguments_.directory, id);
      if (access(node.config.c_str(), F_OK) != 0) {
        std::ofstream(node.config) << ConfigOf(arguments_, id);
      }
      node.log.open(node.log_path, std::ios::app);
      if (!node.log) return beach::Fail(ErrnoError(errno, "open", node.log_path));
      BEACH_TRY_ASSIGN(const Said said, ReadSettingsFile(node.config));
      BEACH_TRY_ASSIGN(const ServeSettings settings, MakeSettings({}, {}, said));
      if (settings.options.nodes.size() != arguments_.nodes) {
        return beach::Fail(ErrorCode::kInvalidArgument,
                           fmt::format("{} is of a cluster of {} nodes, not {}", node.config,
                                       settings.options.nodes.size(), arguments_.nodes));
      }
      node.native = settings.options.native_address;
      node.resp = settings.options.resp_address;
      node.http = settings.options.http_address;
    }
    for (LocalNode& node : nodes_) {
      BEACH_TRY_ASSIGN(ChildProcess process,
                       ChildProcess::Start({"serve", "--config", node.config}));
      node.process.emplace(std::move(process));
    }
    return {};
  }

  // Until a node says something, or for a while.
  void Listen() {
    std::vector<pollfd> outputs;
    for (LocalNode& node : nodes_) {
      // Of one that has ended there is nothing to wait for.
      const bool runs = !node.process->Ended();
      outputs.push_back({.fd = runs ? node.process->output() : -1, .events = POLLIN, .revents = 0});
    }
    poll(outputs.data(), outputs.size(), kPollMs);
    for (LocalNode& node : nodes_) {
      for (const std::string& line : node.process->ReadLines()) Hear(node, line);
      node.log.flush();
    }
  }

  bool complete() const {
    return leader_ != 0 &&
           std::ranges::all_of(nodes_, [](const LocalNode& node) { return node.ready; });
  }
  std::uint64_t leader() const { return leader_; }
  std::uint64_t term() const { return term_; }
  std::vector<LocalNode>& nodes() { return nodes_; }

  bool AllEnded() {
    return std::ranges::all_of(nodes_,
                               [](LocalNode& node) { return node.process->Ended().has_value(); });
  }

  void Stop() {
    for (LocalNode& node : nodes_) node.process->Tell(SIGTERM);
    const std::uint64_t by_ns = clock_.MonotonicNow() + kStopMaxNs;
    while (!AllEnded()) {
      Listen();
      if (clock_.MonotonicNow() < by_ns) continue;
      for (LocalNode& node : nodes_) node.process->Tell(SIGKILL);
    }
  }

 private:
  void Hear(LocalNode& node, const std::string& line) {
    node.log << line << '\n';
    if (line.find(" server.ready ") != std::string::npos) node.ready = true;
    if (line.find(" server.leads ") == std::string::npos) return;
    const std::string term_text = FieldOf(line, "term");
    const std::uint64_t term = std::strtoull(term_text.c_str(), nullptr, 10);
    if (term < term_) return;
    term_ = term;
    leader_ = node.id;
  }

  const Arguments& arguments_;
  env::Clock& clock_;
  std::vector<LocalNode> nodes_;
  std::uint64_t leader_ = 0;
  std::uint64_t term_ = 0;
};

void PrintTable(LocalCluster& cluster) {
  fmt::print("{:<6}{:<18}{:<18}{:<18}{:<10}{:<8}{}\n", "node", "native", "resp", "http", "pid",
             "role", "log");
  for (LocalNode& node : cluster.nodes()) {
    const char* const role = node.id == cluster.leader() ? "leader" : "";
    fmt::print("{:<6}{:<18}{:<18}{:<18}{:<10}{:<8}{}\n", node.id, node.native, node.resp, node.http,
               node.process->pid(), role, node.log_path);
  }
  fmt::print("Ctrl-C stops all.\n");
}

void PrintJson(LocalCluster& cluster) {
  nlohmann::json nodes = nlohmann::json::array();
  for (LocalNode& node : cluster.nodes()) {
    nodes.push_back({{"node", node.id},
                     {"native", node.native},
                     {"resp", node.resp},
                     {"http", node.http},
                     {"pid", node.process->pid()},
                     {"config", node.config},
                     {"log", node.log_path}});
  }
  const nlohmann::json document = {{"nodes", nodes}, {"leader", cluster.leader()}};
  fmt::print("{}\n", document.dump());
}

// A node that ended by itself: what it said last stands in its log.
void TellOfEnds(LocalCluster& cluster) {
  for (LocalNode& node : cluster.nodes()) {
    const std::optional<int> code = node.process->Ended();
    if (!code || std::exchange(node.told_of_end, true)) continue;
    fmt::print(stderr,
               "beachdb: node {} has ended ({}): see {}. `beachdb serve --config {}` starts "
               "it again\n",
               node.id, *code, node.log_path, node.config);
  }
}

ExitCode Watch(LocalCluster& cluster, const Arguments& arguments, const std::atomic<bool>& stop) {
  bool told = false;
  std::uint64_t term_told = 0;
  while (!stop && !cluster.AllEnded()) {
    cluster.Listen();
    TellOfEnds(cluster);
    if (!told && cluster.complete()) {
      arguments.json ? PrintJson(cluster) : PrintTable(cluster);
      std::fflush(stdout);
      told = true;
      term_told = cluster.term();
    }
    if (told && cluster.term() != term_told) {
      term_told = cluster.term();
      fmt::print(stderr, "node {} leads (term {})\n", cluster.leader(), term_told);
    }
  }
  const bool by_itself = !stop;
  cluster.Stop();
  return by_itself ? ExitCode::kEnvironment : ExitCode::kFine;
}

ExitCode RunCluster(const Arguments& arguments, const env::Env& env) {
  StopSignals::Hold();
  if (mkdir(arguments.directory.c_str(), 0777) != 0 && errno != EEXIST) {
    fmt::print(stderr, "beachdb: {}\n", ErrnoError(errno, "mkdir", arguments.directory).ToString());
    return ExitCode::kEnvironment;
  }
  LocalCluster cluster(arguments, *env.clock);
  if (const Status started = cluster.Start(); !started) {
    fmt::print(stderr, "beachdb: {}\n", started.error().ToString());
    const bool usage = started.error().code() == ErrorCode::kInvalidArgument;
    return usage ? ExitCode::kUsage : ExitCode::kEnvironment;
  }
  std::atomic<bool> stop = false;
  const StopSignals signals([&] { stop = true; });
  return Watch(cluster, arguments, stop);
}

}  // namespace

void AddClusterCommand(command_line::Command root, const env::Env& env) {
  auto arguments = std::make_shared<Arguments>();
  const command_line::Command command =
      root.Add("cluster", "Run a whole cluster on this machine, to try things out");
  command.Number("NODES", arguments->nodes, 1, kNodesOnOneMachineMax, "How many nodes");
  command.Text("--data", arguments->directory,
               "Directory of the cluster: of each node a directory, a file of settings, a log",
               command_line::Need::kRequired);
  command.Number("--port", arguments->port, 1, 65'000,
                 "Node K listens at this and K, for Redis clients 100 above that, for HTTP 200");
  command.Flag("--json", arguments->json, "The table as one JSON document");
  command.Examples(
      "Examples:\n"
      "  beachdb cluster 3 --data /tmp/cluster\n"
      "  redis-cli -p 7801 set colour blue\n"
      "  kill -9 PID_OF_THE_LEADER; redis-cli -p 7802 get colour");
  command.Does([arguments, env] { return static_cast<int>(RunCluster(*arguments, env)); });
}

}  // namespace beach::server
