// SPDX-License-Identifier: Apache-2.0
#include "bench/soak/run_soak.h"

#include <algorithm>
#include <memory>

#include "base/units.h"
#include "bench/folder.h"
#include "bench/machine.h"
#include "bench/signals.h"
#include "bench/soak/report.h"
#include "bench/soak/soak.h"
#include "command_line/terminal.h"
#include "engine/budgets.h"
#include "engine/verify.h"
#include "env/os/os_env.h"
#include "env/os/process_memory.h"

namespace beach::bench {
namespace {

constexpr std::uint64_t kDiskFactor = 16;
constexpr std::uint64_t kDiskLeast = std::uint64_t{1} << 30;
constexpr std::uint64_t kMemoryMin = std::uint64_t{8} << 20;
constexpr std::uint64_t kRecordsMax = std::uint64_t{1} << 40;

Result<SoakPlan> PlanOf(const SoakArguments& arguments) {
  SoakPlan plan{.clients = arguments.clients};
  BEACH_TRY_ASSIGN(const std::uint64_t user_bytes, ParseSize(arguments.user_bytes));
  BEACH_TRY_ASSIGN(plan.memory_bytes, ParseSize(arguments.memory));
  BEACH_TRY_ASSIGN(plan.time_ns, ParseTime(arguments.time));
  BEACH_TRY_ASSIGN(plan.stall_ns_max, ParseTime(arguments.stall));
  plan.records = user_bytes / kSoakRecordBytes;
  if (plan.records < arguments.clients || plan.records > kRecordsMax) {
    return Fail(ErrorCode::kInvalidArgument, "--user-bytes " + arguments.user_bytes +
                                                 " is less than a record for each client, or too "
                                                 "much");
  }
  if (plan.memory_bytes < kMemoryMin) {
    return Fail(ErrorCode::kInvalidArgument, "--memory " + arguments.memory + " is below 8M");
  }
  plan.disk_bytes_max = user_bytes * kDiskFactor + kDiskLeast;
  if (!arguments.disk.empty()) {
    BEACH_TRY_ASSIGN(plan.disk_bytes_max, ParseSize(arguments.disk));
  }
  return plan;
}

Status CheckRoom(const SoakPlan& plan, const std::string& directory) {
  BEACH_TRY_ASSIGN(const std::uint64_t free, FreeBytes(directory));
  if (free >= plan.disk_bytes_max) return {};
  return Fail(ErrorCode::kNoSpace,
              directory + " has " + std::to_string(free >> 20) + " MiB free, the run may take " +
                  std::to_string(plan.disk_bytes_max >> 20) + ": fewer --user-bytes, less --disk");
}

// Reports each thing that is wrong with the closed database.
Status Verify(const env::OsEnv& os, const std::string& directory, SoakReport& report) {
  BEACH_TRY_ASSIGN(const engine::VerifyReport verified,
                   engine::VerifyDatabase(*os.files, directory));
  for (const Error& damage : verified.damage) {
    report.findings.push_back("verify: " + damage.ToString());
  }
  return {};
}

Result<SoakReport> Run(const SoakArguments& arguments) {
  BEACH_TRY_ASSIGN(const SoakPlan plan, PlanOf(arguments));
  env::KeepLargePiecesApart();
  const HeldSignals signals;  // the end that they ask for is checked as any other
  BEACH_TRY_ASSIGN(const std::unique_ptr<Folder> folder, Folder::Make(arguments.data));
  BEACH_TRY(CheckRoom(plan, folder->path()));
  const std::string directory = folder->path() + "/db";
  const env::OsEnv os;
  SoakReport report;
  {
    BEACH_TRY_ASSIGN(const auto derived, engine::DeriveOptions({.memory = plan.memory_bytes}));
    BEACH_TRY_ASSIGN(const auto db, engine::Db::Open(os.env(), directory, derived.options));
    const SoakMeters meters{.rss_bytes = RssBytes,
                            .disk_bytes = [&] { return DiskBytes(directory); },
                            .asked_to_end = HeldSignals::AwaitFor};
    const auto told = [&](const SoakSample& sample) {
      const std::string line = AsText(sample);
      arguments.json ? command_line::PrintError(line) : command_line::PrintOut(line);
    };
    BEACH_TRY_ASSIGN(report, RunSoak(*db, plan, meters, told));
    BEACH_TRY(db->Close());
  }
  BEACH_TRY(Verify(os, directory, report));
  return report;
}

}  // namespace

int RunSoakCommand(const SoakArguments& arguments) {
  const Result<SoakReport> report = Run(arguments);
  if (!report) return command_line::ReportError(report.error());
  command_line::PrintOut(arguments.json ? AsJson(*report) : AsText(*report));
  return report->findings.empty() ? command_line::kExitFine : command_line::kExitFound;
}

}  // namespace beach::bench
