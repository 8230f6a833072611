// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/program.h"

#include <algorithm>

#include "sim/cli/os_terminal.h"
#include "sim/sweep/os_files.h"
#include "sim/sweep/seeds.h"

namespace beach::sim::cli {

const Scenario* Program::Find(const std::string& scenario) const {
  for (const auto& candidate : scenarios) {
    if (candidate->name() == scenario) return candidate.get();
  }
  return nullptr;
}

int UsageError(const std::string& message) {
  PrintError(message + "\n");
  return kExitUsage;
}

int EnvironmentError(const Error& error) {
  PrintError(error.ToString() + "\n");
  return kExitEnvironment;
}

int ReportExitCode(const sweep::SweepReport& report) {
  if (!report.Clean()) return kExitFound;
  if (report.Complete()) return kExitFine;
  PrintError(report.seeds == 0 ? "no seed ran: nothing was checked\n"
                               : "interrupted: not all seeds ran\n");
  return kExitEnvironment;
}

int NoSuchScenario(const Program& program, const std::string& name) {
  std::string message = "there is no scenario '" + name + "'; there are:";
  for (const auto& scenario : program.scenarios) message += " " + scenario->name();
  return UsageError(message);
}

Status WriteImages(const std::string& folder, const sweep::JobOutcome& outcome) {
  if (outcome.crashed) {
    return Fail(ErrorCode::kNotFound, "the run took its process with it: there are no images");
  }
  for (const auto& [host, bytes] : outcome.report.images) {
    BEACH_TRY(sweep::OsWriteFile(folder + "/" + host + ".image", bytes));
  }
  return {};
}

Status AddWithout(const Program& program, const std::string& names,
                  std::map<std::string, std::uint64_t>& knobs) {
  for (std::size_t begin = 0; !names.empty() && begin <= names.size();) {
    const std::size_t end = std::min(names.find(',', begin), names.size());
    const std::string name = names.substr(begin, end - begin);
    const auto group = std::ranges::find(program.groups, name, &Group::name);
    if (group == program.groups.end()) {
      return Fail(
          ErrorCode::kInvalidArgument,
          "there is no group '" + name + "'; '" + program.name + " scenarios --groups' lists them");
    }
    for (const std::string& member : group->members) {
      knobs.emplace(std::string(kWithoutPrefix) + member, 1);
    }
    begin = end + 1;
  }
  return {};
}

Result<std::map<std::string, std::uint64_t>> ParseKnobs(const std::vector<std::string>& texts) {
  std::map<std::string, std::uint64_t> knobs;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    const auto value = equals == std::string::npos
                           ? Result<std::uint64_t>(Fail(ErrorCode::kInvalidArgument, ""))
                           : sweep::ParseNumber(std::string_view(text).substr(equals + 1));
    if (!value || equals == 0) {
      return Fail(ErrorCode::kInvalidArgument, "'" + text + "' is not a knob like name=3");
    }
    knobs[text.substr(0, equals)] = *value;
  }
  return knobs;
}

}  // namespace beach::sim::cli
