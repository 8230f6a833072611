// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "env/marks.h"
#include "env/threads.h"
#include "sim/disk/disk.h"
#include "sim/kernel/test_scenario.h"
#include "sim/swarm.h"
#include "sim/system_scope.h"

// A seed that was found before an edit that has nothing to do with its bug fails after it, in the
// same way, and so does its artifact. The edits here are those that come every day: a log line, a
// mark, a kind of operation that is not switched on yet, a knob, a fault that has no rate.
// `scripts/mutants.py --unrelated` shows the same of the database with a planted bug.

namespace beach::sim {
namespace {

struct Edit {
  bool log_line = false;    // in the code under test, at each operation
  bool mark = false;        // the same: a state that a sweep wants to see
  bool trace_line = false;  // in the scenario, from the process and from the harness
  bool operation = false;   // one more kind to draw from, in front, switched off
  bool knob = false;        // one more, drawn first
  bool fault = false;       // one more that may strike, without a rate
};

constexpr std::uint64_t kOperations = 40;
constexpr std::uint64_t kWriters = 2;

// What the program under test has told the harness: how many lines of each writer are on the disk.
struct Promises {
  std::uint64_t lines[kWriters] = {};
};

// Appends lines to a file, and promises those that are synced. With a bug: what a writer appends
// while the other one syncs is promised with the rest.
class Notebook {
 public:
  Notebook(Simulation& simulation, const env::Env& env, const Edit& edit, Promises& promises)
      : simulation_(simulation), env_(env), edit_(edit), promises_(promises) {}

  void Open() { file_ = *env_.files->Open("notes", {.mode = env::OpenMode::kCreate}); }

  void Write(std::uint64_t writer, const std::string& kind) {
    if (edit_.log_line) env_.events->Record("notebook.operation", {{"writer", writer}});
    if (edit_.mark) BEACH_SOMETIMES("test.notebook_writes", true);
    if (edit_.trace_line) {
      const SystemScope system;
      simulation_.Trace("notebook", kind);
    }
    if (kind == "line") {
      const env::MutexLock lock(mutex_);
      const char letter = static_cast<char>('0' + writer);
      if (!file_->Append(std::string(300, letter))) return;
      ++written_[writer];
    } else if (kind == "sync") {
      if (!file_->SyncData()) return;
      for (std::uint64_t i = 0; i < kWriters; ++i) promises_.lines[i] = written_[i];
    }
  }

 private:
  Simulation& simulation_;
  const env::Env& env_;
  const Edit edit_;
  Promises& promises_;
  env::Mutex mutex_;
  std::unique_ptr<env::File> file_;
  std::uint64_t written_[kWriters] = {};
};

std::vector<artifacts::Operation> Generate(RandomStream stream, const Edit& edit) {
  std::vector<KindWeight> kinds = {{"line", 5}, {"sync", 1}, {"rest", 2}};
  if (edit.operation) kinds.insert(kinds.begin(), {"erase", 0});
  std::vector<artifacts::Operation> operations;
  for (std::uint64_t id = 1; id <= kOperations; ++id) {
    operations.push_back({.id = id,
                          .life = 0,
                          .client = stream.Below(kWriters),
                          .kind = DrawKind(stream, kinds),
                          .arguments = {}});
  }
  return operations;
}

void RunNotebook(Simulation& simulation, const Edit& edit) {
  const HostId host = simulation.AddHost("a");
  Knobs knobs(simulation, "notebook.knobs");
  if (edit.knob) knobs.Even("margin", 0, 100);
  const std::uint64_t calls = knobs.Log("calls", 8, 256);
  if (edit.fault) simulation.SetFault("disk.eio.read", 0);
  simulation.SetFault("disk.eio.write", 5'000);
  const std::vector<artifacts::Operation> operations =
      simulation.Workload(Generate(simulation.Stream("notebook.workload"), edit));
  if (edit.trace_line) simulation.Trace("notebook", "begins");

  Promises promises;
  simulation.ArmStrike(host, Strike::kPowerLoss, calls);
  const ProcessId process = simulation.Start(host, "notebook", [&](const env::Env& env) {
    Notebook notebook(simulation, env, edit, promises);
    notebook.Open();
    if (!env.files->SyncDirectory(".")) return;
    std::vector<env::Thread> threads;
    for (std::uint64_t writer = 0; writer < kWriters; ++writer) {
      threads.emplace_back(("w" + std::to_string(writer)).c_str(), [&, writer] {
        for (const artifacts::Operation& operation : operations) {
          if (operation.client == writer) notebook.Write(writer, operation.kind);
        }
      });
    }
    for (env::Thread& thread : threads) thread.Join();
  });
  simulation.Wait(process);
  simulation.ArmStrike(host, Strike::kKill, 0);
  simulation.PowerLoss(host);
  const Result<Bytes> left = simulation.disk(host).Inspect("notes");
  for (std::uint64_t writer = 0; writer < kWriters; ++writer) {
    const char letter = static_cast<char>('0' + writer);
    const auto count = left ? std::count(left->begin(), left->end(), letter) : 0;
    if (static_cast<std::uint64_t>(count) < 300 * promises.lines[writer]) {
      simulation.Fail(writer == 0 ? "first-lost" : "second-lost", "lines are missing");
    }
  }
}

struct Failure {
  std::string signature;
  artifacts::Artifact artifact;
};

// By seed.
std::map<std::uint64_t, Failure> FailuresOf(std::uint64_t seeds, const Edit& edit) {
  std::map<std::uint64_t, Failure> failures;
  const TestScenario scenario([&](Simulation& simulation) { RunNotebook(simulation, edit); });
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    RunOptions options;
    options.seed = seed;
    const RunReport report = RunScenario(scenario, options);
    if (report.verdict.ok()) continue;
    failures[seed] = {report.verdict.signature, MakeArtifact(scenario, options, report)};
  }
  return failures;
}

class UnrelatedEdit : public testing::TestWithParam<std::pair<const char*, Edit>> {};

TEST_P(UnrelatedEdit, LeavesEverySeedAndArtifactFailing) {
  const Edit& edit = GetParam().second;
  const auto before = FailuresOf(400, {});
  const auto after = FailuresOf(400, edit);
  ASSERT_GT(before.size(), 10U);
  ASSERT_LT(before.size(), 390U) << "one that always fails shows nothing";
  ASSERT_EQ(after.size(), before.size());
  const TestScenario scenario([&](Simulation& simulation) { RunNotebook(simulation, edit); });
  for (const auto& [seed, failure] : before) {
    ASSERT_TRUE(after.contains(seed)) << seed;
    EXPECT_EQ(after.at(seed).signature, failure.signature) << seed;
    RunOptions options;
    options.seed = seed;
    options.replay = &failure.artifact;
    EXPECT_EQ(RunScenario(scenario, options).verdict.signature, failure.signature) << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, UnrelatedEdit,
    testing::Values(std::pair("LogLine", Edit{.log_line = true}),
                    std::pair("Mark", Edit{.mark = true}),
                    std::pair("TraceLine", Edit{.trace_line = true}),
                    std::pair("Operation", Edit{.operation = true}),
                    std::pair("Knob", Edit{.knob = true}), std::pair("Fault", Edit{.fault = true}),
                    std::pair("AllOfThem", Edit{true, true, true, true, true, true})),
    [](const auto& param_info) { return param_info.param.first; });

}  // namespace
}  // namespace beach::sim
