// SPDX-License-Identifier: Apache-2.0
// What redis-benchmark drives: one node of BeachDB, and Redis.
#include <filesystem>
#include <optional>

#include "bench/server/process.h"
#include "bench/server/redis_benchmark.h"
#include "bench/server/server_system.h"

namespace beach::bench {
namespace {

constexpr std::uint64_t kStartNs = 20'000'000'000;
constexpr char kPut[] = "SET ready 1\r\n";
constexpr char kDone[] = "+OK\r\n";

class RespSystem : public ServerSystem {
 public:
  explicit RespSystem(const ServerSettings& settings) : settings_(settings) {}
  ~RespSystem() override {
    if (server_) server_->Stop();
  }

  Status Start(const std::string& directory) override {
    const std::uint64_t port = FreePort({1});
    BEACH_TRY_ASSIGN(server_, Process::Start(WordsOf(directory, port), directory + "/log"));
    BEACH_TRY(AwaitReply(*server_, port, kPut, kDone, kStartNs));
    version_ = FirstLineOf({WordsOf(directory, port)[0], "--version"}, directory);
    benchmark_.emplace(settings_, port, directory + "/redis-benchmark");
    return benchmark_->PutKeys();
  }
  Result<ServerSample> Measure(ServerWork work, std::uint64_t clients) override {
    return benchmark_->Measure(work, clients);
  }

 protected:
  const std::string& version() const { return version_; }

 private:
  virtual std::vector<std::string> WordsOf(const std::string& directory, std::uint64_t port) = 0;

  const ServerSettings& settings_;
  std::unique_ptr<Process> server_;
  std::string version_;
  std::optional<RedisBenchmark> benchmark_;
};

class BeachNode final : public RespSystem {
 public:
  using RespSystem::RespSystem;
  const char* name() const override { return "beachdb"; }
  std::string what() const override {
    return version() + ", one node: a write is on disk when it is answered, a read is linearizable";
  }

 private:
  std::vector<std::string> WordsOf(const std::string& directory, std::uint64_t port) override {
    return {BeachDbPath(), "serve",
            "--data",      directory + "/node",
            "--resp",      "127.0.0.1:" + std::to_string(port),
            "--listen",    "127.0.0.1:" + std::to_string(port + 1)};
  }
};

class Redis final : public RespSystem {
 public:
  using RespSystem::RespSystem;
  const char* name() const override { return "redis"; }
  std::string what() const override {
    return version() +
           "; appendonly yes, appendfsync always: a write is on disk when it is answered, a read "
           "is "
           "from memory";
  }

 private:
  std::vector<std::string> WordsOf(const std::string& directory, std::uint64_t port) override {
    return {
        "redis-server", "--port", std::to_string(port), "--bind", "127.0.0.1", "--dir", directory,
        "--appendonly", "yes",    "--appendfsync",      "always", "--save",    ""};
  }
};

}  // namespace

std::unique_ptr<ServerSystem> NewBeachNode(const ServerSettings& settings) {
  return std::make_unique<BeachNode>(settings);
}
std::unique_ptr<ServerSystem> NewRedis(const ServerSettings& settings) {
  return std::make_unique<Redis>(settings);
}

std::string BeachDbPath() {
  std::error_code ignored;  // what cannot be started is told then
  return (std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / "beachdb")
      .string();
}

}  // namespace beach::bench
