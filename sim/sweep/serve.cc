// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/serve.h"

#include "base/check.h"

namespace beach::sim::sweep {
namespace {

// Tells the parent what it observes. In the worker.
class Teller final : public RunObserver {
 public:
  explicit Teller(const OsWorker::Tell& tell) : tell_(tell) {}
  void OnOption(const std::string& name, std::uint64_t value) override {
    tell_(EncodeProgress(name, value));
  }
  void OnWorkload(const std::vector<artifacts::Operation>& operations) override {
    tell_(EncodeProgress(operations));
  }
  void OnDecision(const artifacts::Decision& decision) override { tell_(EncodeProgress(decision)); }
  void OnEvent(const artifacts::TraceEvent& event) override { tell_(EncodeProgress(event)); }
  void OnCheckpoint(const artifacts::Checkpoint& checkpoint) override {
    tell_(EncodeProgress(checkpoint));
  }
  void OnDivergence(std::uint64_t event) override { tell_(EncodeDivergence(event)); }

 private:
  const OsWorker::Tell& tell_;
};

// Shows it to the parent's spectator. In the worker.
class Window final : public Spectator {
 public:
  explicit Window(const OsWorker::Tell& tell) : tell_(tell) {}
  void See(const Sight& sight) override { tell_(EncodeSight(sight)); }

 private:
  const OsWorker::Tell& tell_;
};

void BringBackCloseUp(EventRange range, RunReport& report) {
  std::erase_if(report.trace, [range](const artifacts::TraceEvent& line) {
    return line.event < range.first || line.event > range.last;
  });
  if (report.close_up.empty() || report.close_up.back().stack.empty()) return;
  CloseUpEvent& last = report.close_up.back();
  std::vector<std::uint64_t> addresses;
  // A return address may already belong to the next line, or function.
  for (const std::uint64_t address : last.stack) addresses.push_back(address - 1);
  OsSymbolizer symbolizer;
  const std::vector<Stack> stacks = symbolizer.Symbolize({addresses});
  for (const Frame& frame : stacks.front()) {
    last.frames.push_back(ShortName(frame.function) + "  " + frame.place);
  }
}

}  // namespace

Bytes ServeJob(const PoolOptions& options, const std::vector<const Scenario*>& scenarios,
               const RunFunction& function, ByteView request, const OsWorker::Tell& tell) {
  const Result<Job> job = DecodeJob(request);
  BEACH_CHECK(job.has_value());
  BEACH_CHECK_LT(job->scenario, scenarios.size());
  ShiftHeap(job->address_salt);
  Teller teller(tell);
  RunOptions run = options.run;
  run.observer = &teller;
  run.observe_steps = options.record_steps;
  Window window(tell);
  if (options.spectator != nullptr) run.spectator = &window;
  run.seed = job->seed;
  run.address_salt = job->address_salt;
  RunReport report = function(*scenarios[job->scenario], run);
  if (run.close_up.last > 0) BringBackCloseUp(run.close_up, report);
  if (report.verdict.ok() && !options.full_reports) {
    report.workload.clear();
    report.decisions.clear();
    report.trace.clear();
    report.options.clear();
  }
  return EncodeReport(report);
}

}  // namespace beach::sim::sweep
