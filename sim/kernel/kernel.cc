// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/kernel.h"

#include <utility>

#include "base/check.h"
#include "sim/memory/process_memory.h"
#include "sim/system_scope.h"

namespace beach::sim {
namespace {

constexpr Site kTrace = "sim.trace";
constexpr Site kVerdict = "sim.verdict";
constexpr Site kStream = "sim.stream";

}  // namespace

Kernel::Kernel(const Scenario& scenario, const RunOptions& options)
    : scenario_(scenario),
      options_(options),
      recorder_(options.keep_trace),
      follower_(options.replay, options.observer),
      scheduler_(options.seed, options.policy, options.events_max, recorder_, *this),
      decisions_(options.seed, options.replay, scheduler_, follower_) {
  BEACH_CHECK(memory::OperatorsReplaced());
  if (options.replay != nullptr) recorder_.Follow(&follower_);
  if (!options.observe_steps) return;
  BEACH_CHECK(options.observer != nullptr);
  recorder_.Observe(options.observer);
  decisions_.Observe(options.observer);
}

Kernel::~Kernel() = default;

RunReport Kernel::Run() {
  BEACH_CHECK(env::current_virtual_os == nullptr);
  AddThread(nullptr, "harness", &RunHarness, this);
  env::current_virtual_os = this;
  scheduler_.Run();
  env::current_virtual_os = nullptr;
  if (verdict_.ok()) scheduler_.FreeLastStack();
  for (const std::unique_ptr<Process>& process : processes_) {
    if (process->memory != nullptr) memory::Drop(std::exchange(process->memory, nullptr));
  }
  return Report();
}

void Kernel::RunHarness(void* argument) {
  Kernel& kernel = *static_cast<Kernel*>(argument);
  kernel.scenario_.Run(kernel);
  for (const SimThread* const thread : kernel.harness_threads_) {
    if (thread == &kernel.scheduler_.current()) continue;
    if (thread->state == ThreadState::kDone) continue;
    kernel.End("threads-left", "the scenario returned while its thread '" + thread->name + "' ran");
  }
  kernel.scheduler_.Count(kVerdict.hash, 0);
  kernel.verdict_.virtual_ns = kernel.scheduler_.now();
  kernel.verdict_.event = kernel.recorder_.events();
  kernel.scheduler_.LeaveToRunner();
}

void Kernel::Fail(const std::string& rule, const std::string& message) {
  const SystemScope system;
  End(rule, message);
}

void Kernel::End(const std::string& rule, std::string message) {
  const SystemScope system;
  verdict_.signature = scenario_.name() + "/" + rule;
  verdict_.message = std::move(message);  // nothing stays behind on this stack
  verdict_.virtual_ns = scheduler_.now();
  recorder_.Count(scheduler_.identity().hash, kVerdict.hash, 1);
  verdict_.event = recorder_.events();
  recorder_.AddText(verdict_.signature);
  recorder_.AddText(verdict_.message);
  recorder_.NoteText(scheduler_.now(), scheduler_.identity(), "verdict", "",
                     verdict_.signature + ": " + verdict_.message);
  scheduler_.LeaveToRunner();
}

RunReport Kernel::Report() {
  RunReport report;
  report.verdict = verdict_;
  report.hash = recorder_.hash();
  report.checkpoints = recorder_.Checkpoints();
  report.virtual_ns = scheduler_.now();
  report.events = recorder_.events();
  report.operations = operations_;
  report.faults = decisions_.Faults();
  report.sometimes = decisions_.SometimesHits();
  report.strikes = decisions_.Strikes();
  report.options = std::move(expanded_options_);
  report.workload = std::move(workload_);
  report.decisions = decisions_.Recorded();
  report.trace = recorder_.Trace();
  if (options_.replay != nullptr) {
    report.decisions_recorded = decisions_.to_follow();
    report.decisions_followed = decisions_.followed();
    report.diverged_at = follower_.Finish(report);
  }
  return report;
}

std::uint64_t Kernel::Option(const std::string& name, std::uint64_t drawn) {
  const SystemScope system;
  BEACH_CHECK(!expanded_options_.contains(name));
  std::uint64_t value = drawn;
  if (const auto chosen = options_.options.find(name); chosen != options_.options.end()) {
    value = chosen->second;
  } else if (options_.replay != nullptr) {
    const auto recorded = options_.replay->options.find(name);
    if (recorded != options_.replay->options.end()) value = recorded->second;
  }
  expanded_options_[name] = value;
  if (options_.observer != nullptr) options_.observer->OnOption(name, value);
  scheduler_.Count(Site::Hash(name), value);
  return value;
}

std::vector<artifacts::Operation> Kernel::Workload(std::vector<artifacts::Operation> generated) {
  const SystemScope system;
  BEACH_CHECK(!has_workload_);
  has_workload_ = true;
  workload_ = options_.replay != nullptr ? options_.replay->operations : std::move(generated);
  if (options_.observer != nullptr) options_.observer->OnWorkload(workload_);
  for (const artifacts::Operation& operation : workload_) {
    recorder_.AddText(operation.kind);
    for (const std::string& argument : operation.arguments) recorder_.AddText(argument);
  }
  return workload_;
}

RandomStream Kernel::Stream(Site site) {
  return RandomStream(RandomValue(options_.seed, kStream.hash, site.hash));
}

void Kernel::SetFault(Site site, std::uint64_t per_million) {
  decisions_.SetFault(site, per_million);
}

void Kernel::SetEventSink(env::EventSink* sink) { sink_ = sink; }

void Kernel::Trace(const char* kind, const std::string& text) {
  scheduler_.Count(kTrace.hash, Site::Hash(text));
  recorder_.NoteText(scheduler_.now(), scheduler_.identity(), kind, "", text);
}

}  // namespace beach::sim
