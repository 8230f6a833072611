// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/kernel.h"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <utility>

#include "base/check.h"
#include "base/random.h"
#include "sim/crash_points.h"
#include "sim/disk/image.h"
#include "sim/groups.h"
#include "sim/memory/process_memory.h"
#include "sim/steering.h"
#include "sim/system_scope.h"

namespace beach::sim {
namespace {

constexpr Site kTrace = "sim.trace";
constexpr Site kVerdict = "sim.verdict";
constexpr Site kUnreported = "sim.verdict.unreported";
constexpr Site kStream = "sim.stream";
constexpr Site kPolicy = "schedule.policy";
constexpr Site kSwitches = "schedule.switches";
constexpr Site kPctDepth = "schedule.pct_depth";
constexpr Site kPctLength = "schedule.pct_length";

constexpr std::uint64_t kRunsOfOnePct = 4;
constexpr std::uint64_t kPctDepthDrawn = 5;
// Steps of a window, as a power of two.
constexpr std::uint64_t kPctLengthLow = 6;
constexpr std::uint64_t kPctLengthHigh = 14;
constexpr Site kPreemptOctaves = "schedule.preempt_octaves";
constexpr std::uint64_t kPreemptOctavesDrawn = 14;
constexpr std::uint64_t kPreemptOctavesMax = 40;

}  // namespace

Kernel::Kernel(const Scenario& scenario, const RunOptions& options)
    : scenario_(scenario),
      options_(options),
      recorder_(options.keep_trace),
      follower_(options.replay, options.observer),
      scheduler_(options.seed, options.policy, options.events_max, recorder_, *this),
      decisions_(options.seed, options.replay, scheduler_, follower_,
                 options.policy == Policy::kCalm),
      network_(decisions_, *this) {
  BEACH_CHECK(memory::OperatorsReplaced());
  passes_crash_points_ = options.crash_points != nullptr;
  if (options.replay != nullptr) {
    recorder_.Follow(&follower_);
    for (const artifacts::Decision& decision : options.replay->decisions) {
      passes_crash_points_ = passes_crash_points_ || decision.site == kCrashPoint.name;
    }
    if (passes_crash_points_) decisions_.SetFault(kCrashPoint, 1);
  }
  if (options.steering != nullptr) {
    BEACH_CHECK(options.replay == nullptr);
    decisions_.Steer(options.steering);
  }
  scheduler_.Attach(this, &network_.due());
  if (decisions_.knows_delays()) scheduler_.TakeDelaysFrom(&decisions_);
  if (options.close_up.last > 0) {
    close_up_.emplace(
        options.close_up, [this](CloseUpEvent& event) { DescribeEvent(event); },
        [this] { return scheduler_.current().stack; });
    recorder_.Watch(&*close_up_);
  }
  if (options.spectator != nullptr) recorder_.ShowTo(options.spectator);
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
  if (preempt::instrumented) preempt::current_watcher = this;
  former_terminate_ = std::set_terminate(&OnTerminate);
  scheduler_.Run();
  std::set_terminate(former_terminate_);
  preempt::current_watcher = nullptr;
  env::current_virtual_os = nullptr;
  if (verdict_.ok() && unreported_.empty()) scheduler_.FreeLastStack();
  for (const std::unique_ptr<Process>& process : processes_) {
    if (process->memory != nullptr) memory::Drop(std::exchange(process->memory, nullptr));
  }
  return Report();
}

void Kernel::RunHarness(void* argument) {
  Kernel& kernel = *static_cast<Kernel*>(argument);
  kernel.SwitchOff();
  kernel.DrawSchedule();
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

// Everything but a process that ran out of memory is a bug, here as without us.
void Kernel::OnTerminate() {
  if (env::current_virtual_os == nullptr) std::abort();
  Kernel& kernel = static_cast<Kernel&>(*env::current_virtual_os);
  kernel.EndIfOutOfMemory();
  if (kernel.former_terminate_ != nullptr) kernel.former_terminate_();
  std::abort();
}

void Kernel::Fail(const std::string& rule, const std::string& message) {
  const SystemScope system;
  End(rule, message);
}

void Kernel::End(const std::string& rule, std::string message) {
  const SystemScope system;
  if (decisions_.IsOff(Site::Hash(MemberOf(rule)))) EndUnreported(rule, std::move(message));
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

void Kernel::EndUnreported(const std::string& rule, std::string message) {
  scheduler_.Note("verdict", "a rule that this run is without ends it", 0);
  unreported_ = rule + ": " + std::move(message);
  decisions_.Sometimes(kUnreported);
  verdict_.virtual_ns = scheduler_.now();
  recorder_.Count(scheduler_.identity().hash, kVerdict.hash, 0);
  verdict_.event = recorder_.events();
  scheduler_.LeaveToRunner();
}

void Kernel::DescribeEvent(CloseUpEvent& event) {
  event.virtual_ns = scheduler_.now();
  event.host = scheduler_.identity().host;
  event.thread = scheduler_.identity().thread;
  event.number = Scheduler::NumberOf(event.number, scheduler_.now());
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
  if (close_up_) report.close_up = close_up_->taken();
  if (options_.keep_images) {
    for (const auto& host : hosts_) report.images[host->name] = EncodeImage(host->disk->Image());
  }
  if (options_.replay != nullptr) {
    report.decisions_recorded = decisions_.to_follow();
    report.decisions_followed = decisions_.followed();
    report.diverged_at = follower_.Finish(report);
  }
  return report;
}

std::uint64_t Kernel::Setting(const std::string& name, std::uint64_t drawn, std::uint64_t absent) {
  const SystemScope system;
  BEACH_CHECK(!expanded_options_.contains(name));
  std::uint64_t value = options_.replay != nullptr ? absent : drawn;
  if (const auto chosen = options_.options.find(name); chosen != options_.options.end()) {
    value = chosen->second;
  } else if (options_.replay != nullptr) {
    const auto recorded = options_.replay->options.find(name);
    if (recorded != options_.replay->options.end()) value = recorded->second;
  }
  expanded_options_[name] = value;
  if (options_.observer != nullptr) options_.observer->OnOption(name, value);
  if (value != absent) scheduler_.Count(Site::Hash(name), value);
  return value;
}

void Kernel::SwitchOff() {
  const SystemScope system;
  std::map<std::string, std::uint64_t> all = options_.options;
  if (options_.replay != nullptr) {
    all.insert(options_.replay->options.begin(), options_.replay->options.end());
  }
  for (const auto& [name, value] : all) {
    if (!name.starts_with(kWithoutPrefix)) continue;
    expanded_options_[name] = value;
    if (options_.observer != nullptr) options_.observer->OnOption(name, value);
    if (value == 0) continue;
    decisions_.SwitchOff(Site::Hash(std::string_view(name).substr(kWithoutPrefix.size())));
  }
}

void Kernel::DrawSchedule() {
  Policy policy = options_.policy;
  const auto number = [](Policy of) { return static_cast<std::uint64_t>(of); };
  if (policy == Policy::kMixed) {
    const std::uint64_t draw = RandomBelow(RandomValue(options_.seed, kPolicy.hash), kRunsOfOnePct);
    const bool priorities = draw == 0 && !decisions_.Off(kPolicy);
    Policy drawn = priorities ? Policy::kPct : Policy::kRandom;
    if (decisions_.Off(kSwitches)) drawn = Policy::kFewestSwitches;
    const std::uint64_t chosen = Setting(kPolicy.name, number(drawn), number(Policy::kRandom));
    if (chosen == number(Policy::kPct)) policy = Policy::kPct;
    if (chosen == number(Policy::kFewestSwitches)) scheduler_.UseFewestSwitches();
  }
  if (preempt::instrumented) {
    RandomStream octaves(RandomValue(options_.seed, kPreemptOctaves.hash));
    preempt_octaves_ =
        std::min(Setting(kPreemptOctaves.name, octaves.Between(1, kPreemptOctavesDrawn), 0),
                 kPreemptOctavesMax);
  }
  if (policy != Policy::kPct) return;
  RandomStream depths(RandomValue(options_.seed, kPctDepth.hash));
  RandomStream lengths(RandomValue(options_.seed, kPctLength.hash));
  const std::uint64_t depth = Setting(kPctDepth.name, depths.Between(1, kPctDepthDrawn), 1);
  const std::uint64_t octave = lengths.Between(kPctLengthLow, kPctLengthHigh);
  const std::uint64_t length = Setting(kPctLength.name, std::uint64_t{1} << octave, 1);
  scheduler_.UsePriorities(std::clamp(depth, std::uint64_t{1}, PctSchedule::kDepthMax),
                           std::max(length, std::uint64_t{1}));
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

const std::vector<artifacts::Operation>& Kernel::Workload(
    std::vector<artifacts::Operation> generated) {
  const SystemScope system;
  BEACH_CHECK(!has_workload_);
  has_workload_ = true;
  if (options_.replay != nullptr) {
    workload_ = options_.replay->operations;
  } else {
    workload_ = std::move(generated);
    if (options_.steering != nullptr) options_.steering->Workload(workload_);
  }
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

void Kernel::SetEventSink(env::EventSink* sink) { sink_ = sink; }

void Kernel::Trace(const char* kind, const std::string& text) {
  scheduler_.Count(kTrace.hash, Site::Hash(text));
  recorder_.NoteText(scheduler_.now(), scheduler_.identity(), kind, "", text);
}

}  // namespace beach::sim
