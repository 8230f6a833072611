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
    case ErrorCode::kClosed: return ExitCode::kEnvironment;
  }
  return ExitCode::kEnvironment;
}

ExitCode ExitCodeOfInspecting(const Error& error) {
  return error.code() == ErrorCode::kCorruption ? ExitCode::kFound : ExitCodeOfOpening(error);
}

}  // namespace beach::server
