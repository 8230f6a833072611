// SPDX-License-Identifier: Apache-2.0
#include "server/cli/exit_code.h"

namespace beach::server {

ExitCode ExitCodeOfOpening(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kRefused:
    case ErrorCode::kBusy:
    case ErrorCode::kCorruption: return ExitCode::kRefused;
    case ErrorCode::kInvalidArgument: return ExitCode::kUsage;
    case ErrorCode::kNotFound:
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kIo:
    case ErrorCode::kNoSpace:
    case ErrorCode::kUnsupported:
    case ErrorCode::kOverloaded:
    case ErrorCode::kCompactedAway:
    case ErrorCode::kClosed: return ExitCode::kEnvironment;
  }
  return ExitCode::kEnvironment;
}

ExitCode ExitCodeOfUsing(const Error& error) {
  return error.code() == ErrorCode::kCorruption ? ExitCode::kFound : ExitCodeOfOpening(error);
}

ExitCode ExitCodeOfInspecting(const Error& error, const std::string& path) {
  const bool part_is_absent = error.code() == ErrorCode::kNotFound && error.path() != path;
  return part_is_absent ? ExitCode::kFound : ExitCodeOfUsing(error);
}

ExitCode ExitCodeOfFindings(const std::vector<Error>& findings, const std::string& path) {
  if (findings.empty()) return ExitCode::kFine;
  ExitCode code = ExitCode::kEnvironment;
  for (const Error& error : findings) {
    const ExitCode of_this = ExitCodeOfInspecting(error, path);
    if (of_this == ExitCode::kFound) return of_this;
    if (of_this == ExitCode::kRefused) code = of_this;
  }
  return code;
}

}  // namespace beach::server
