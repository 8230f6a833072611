// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "sim/scenario.h"
#include "sim/sweep/report.h"
#include "sim/sweep/runner.h"

namespace CLI {
class App;
}

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
  sweep::Runner runner;

  // Null when there is none of that name.
  const Scenario* Find(const std::string& scenario) const;
};

// Runs the command line; returns the exit code.
int Main(int argc, char** argv, const Program& program);

// Each adds one command to `app`; when it is the one that was asked for, it runs while the command
// line is parsed, and leaves its exit code in `exit_code`.
void AddScenarios(CLI::App& app, const Program& program, int& exit_code);
void AddRun(CLI::App& app, const Program& program, int& exit_code);
void AddSweep(CLI::App& app, const Program& program, int& exit_code);
void AddMerge(CLI::App& app, const Program& program, int& exit_code);
void AddReplay(CLI::App& app, const Program& program, int& exit_code);

// Says what went wrong and returns the exit code for it.
int UsageError(const std::string& message);
int EnvironmentError(const Error& error);
// The exit code for a report. One that is not of all seeds says on stderr that it is not.
int ReportExitCode(const sweep::SweepReport& report);
// "there is no scenario 'x'; there are: ..." as a usage error.
int NoSuchScenario(const Program& program, const std::string& name);

// Knobs of the command line: each "name=number".
Result<std::map<std::string, std::uint64_t>> ParseKnobs(const std::vector<std::string>& texts);

}  // namespace beach::sim::cli
