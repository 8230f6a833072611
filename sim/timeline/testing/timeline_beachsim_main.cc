// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "env/files.h"
#include "env/threads.h"
#include "sim/cli/scenario_main.h"
#include "sim/disk/disk.h"
#include "sim/lives.h"
#include "sim/simulation.h"
#include "sim/system_scope.h"

// beachsim over scenarios that fail in each way that a timeline has to show.

namespace beach::sim {
namespace {

std::unique_ptr<env::File> MustOpen(const env::Env& env, const std::string& path,
                                    env::OpenMode mode) {
  auto file = env.files->Open(path, {.mode = mode});
  BEACH_CHECK(file.has_value());
  return std::move(*file);
}

void MustDo(const Status& status) { BEACH_CHECK(status.has_value()); }

// What is acknowledged without a sync is lost when the power fails. Two threads, so that there are
// switches; names that are torn out of their page if anything can be.
constexpr const char* kHostileName = "x</script><img src=x onerror=alert(1)>\xe2\x80\xa8\xff&\"'";

void Lose(Simulation& simulation) {
  const HostId host = simulation.AddHost("host", {});
  std::vector<artifacts::Operation> workload;
  for (std::uint64_t id = 1; id <= 4; ++id) {
    workload.push_back({.id = id, .life = 0, .client = 0, .kind = "put", .arguments = {}});
    workload.back().arguments.push_back("<b>" + std::to_string(id) + "</b>");
  }
  simulation.Workload(workload);
  const ProcessId process = simulation.Start(host, "store", [&](const env::Env& env) {
    const auto log = MustOpen(env, "log", env::OpenMode::kCreate);
    MustDo(env.files->SyncDirectory("."));
    env::Thread other("other", [&] {
      MustDo(env.files->CreateDirectory("x<"));
      const auto hostile = MustOpen(env, kHostileName, env::OpenMode::kCreate);
      MustDo(hostile->WriteAt(0, std::string(700, 'h')));
    });
    for (int i = 0; i < 4; ++i) {
      simulation.CountOperation();
      MustDo(log->Append(std::string(100, 'l')));
      if (i == 0) MustDo(log->SyncData());
      const SystemScope system;
      simulation.Trace("operation", "put <b>" + std::to_string(i) + "</b>");
    }
    other.Join();
  });
  simulation.Wait(process);
  simulation.PowerLoss(host);
  const auto found = simulation.disk(host).Inspect("log");
  const std::size_t size = found ? found->size() : 0;
  simulation.Trace("model", "expected 400 bytes, found " + std::to_string(size));
  if (size != 400) {
    simulation.Fail("lost", "expected 400 bytes of </script>, found " + std::to_string(size));
  }
}

void Abort(Simulation& simulation) {
  const HostId host = simulation.AddHost("host", {});
  simulation.Wait(simulation.Start(host, "store", [](const env::Env& env) {
    const auto log = MustOpen(env, "log", env::OpenMode::kCreate);
    MustDo(log->Append("half"));
    BEACH_CHECK(log == nullptr);  // fails
  }));
}

void Hang(Simulation& simulation) {
  const HostId host = simulation.AddHost("host", {});
  simulation.Wait(simulation.Start(host, "store", [](const env::Env& env) {
    const auto log = MustOpen(env, "log", env::OpenMode::kCreate);
    MustDo(log->Append("half"));
    volatile bool forever = true;
    while (forever) {
    }
  }));
}

// "calls": how many appends of each of four threads.
void Run(Simulation& simulation) {
  const HostId host = simulation.AddHost("host", {});
  const std::uint64_t calls = simulation.Option("calls", 100);
  simulation.Wait(simulation.Start(host, "store", [calls](const env::Env& env) {
    std::vector<env::Thread> threads;
    for (int i = 0; i < 4; ++i) {
      const std::string name = "writer" + std::to_string(i);
      threads.emplace_back(name.c_str(), [&env, name, calls] {
        const auto log = MustOpen(env, name, env::OpenMode::kCreate);
        for (std::uint64_t k = 0; k < calls; ++k) {
          MustDo(log->Append(std::string(40, 'l')));
          if (k % 16 == 15) MustDo(log->SyncData());
        }
      });
    }
    for (env::Thread& thread : threads) thread.Join();
  }));
  simulation.Fail("end", "all ran");
}

}  // namespace
}  // namespace beach::sim

int main(int argc, char** argv) {
  using namespace beach::sim;  // NOLINT
  return cli::ScenarioMain(argc, argv,
                           {{"lose", "a store", "what is acknowledged is there", &Lose},
                            {"abort", "a store", "nothing", &Abort},
                            {"hang", "a store", "nothing", &Hang},
                            {"run", "four writers", "nothing", &Run}});
}
