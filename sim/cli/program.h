// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "command_line/command.h"
#include "sim/groups.h"
#include "sim/scenario.h"
#include "sim/sweep/pool.h"
#include "sim/sweep/report.h"
#include "sim/sweep/runner.h"

namespace beach::sim::cli {

inline constexpr int kExitFine = 0;
inline constexpr int kExitFound = 1;  // a violation, a failing seed
inline constexpr int kExitUsage = 2;
inline constexpr int kExitEnvironment = 3;  // files, processes; a sweep that was cut short
inline constexpr int kExitDifferent = 5;    // a replay failed in another way

// What the commands work on.
struct Program {
  std::string name = "beachsim";
  std::vector<std::unique_ptr<Scenario>> scenarios;
  std::vector<Group> groups = OwnGroups();  // what runs can be made without
  sweep::Runner runner;

  // Null when there is none of that name.
  const Scenario* Find(const std::string& scenario) const;
};

// Runs the command line; returns the exit code.
int Main(int argc, char** argv, const Program& program);

// Each adds one command to `root`.
void AddScenarios(command_line::Command root, const Program& program);
void AddRun(command_line::Command root, const Program& program);
void AddSweep(command_line::Command root, const Program& program);
void AddMerge(command_line::Command root, const Program& program);
void AddCrashpoints(command_line::Command root, const Program& program);
void AddCheckHistory(command_line::Command root, const Program& program);
void AddReplay(command_line::Command root, const Program& program);
void AddShrink(command_line::Command root, const Program& program);
void AddTimeline(command_line::Command root, const Program& program);
void AddImage(command_line::Command root, const Program& program);
void AddWorker(command_line::Command root, const Program& program);

// The program that runs now, whatever its file is called by now.
inline constexpr const char* kThisProgram = "/proc/self/exe";
// How the program at `path` serves these scenarios with these options: PoolOptions::fresh_command.
std::vector<std::string> WorkerCommand(const std::string& path,
                                       const std::vector<const Scenario*>& scenarios,
                                       const sweep::PoolOptions& options);

// Says what went wrong and returns the exit code for it.
int UsageError(const std::string& message);
int EnvironmentError(const Error& error);
// The exit code for a report. One that is not of all seeds says on stderr that it is not.
int ReportExitCode(const sweep::SweepReport& report);
// "there is no scenario 'x'; there are: ..." as a usage error.
int NoSuchScenario(const Program& program, const std::string& name);

// Adds to `knobs` what a run without these groups asks for: names, with commas between them. Fails
// with kInvalidArgument for one that there is not; what was set by hand stays.
Status AddWithout(const Program& program, const std::string& names,
                  std::map<std::string, std::uint64_t>& knobs);
inline constexpr const char* kImagesHelp =
    "Write what is on the disks in the end into this folder, as HOST.image: see the command image";
// kNotFound: the process of the run died, and left none.
Status WriteImages(const std::string& folder, const sweep::JobOutcome& outcome);

inline constexpr const char* kWithoutHelp =
    "Without these groups of faults and oracles (scenarios --groups):\nNAME[,NAME]";

// Knobs of the command line: each "name=number".
Result<std::map<std::string, std::uint64_t>> ParseKnobs(const std::vector<std::string>& texts);

}  // namespace beach::sim::cli
