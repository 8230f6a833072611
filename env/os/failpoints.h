// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

// The failpoints (env/marks.h) of this process, armed from outside by one variable:
//   BEACH_FAILPOINT=wal_after_sync         dies there, by SIGKILL, when it first passes
//   BEACH_FAILPOINT=sst_write_error:3      the third call there fails, and no other
//   BEACH_FAILPOINT=count                  nothing happens; passages are counted
// Several go with commas between them. What strikes says so on stderr first:
// "failpoint wal_after_sync, passage 1: killed". `beachcrash points` lists the names.

namespace beach::env {

inline constexpr const char* kFailpointVariable = "BEACH_FAILPOINT";

struct ArmedFailpoint {
  std::string name;
  std::uint64_t hit = 1;  // the n-th passage since the process began, from 1
};

// "a,b:3". kInvalidArgument says what is wrong with it.
Result<std::vector<ArmedFailpoint>> ParseFailpoints(const std::string& text);

// Arms what the variable says, once, before the process has a second thread; nothing where it is
// not set. kInvalidArgument: it makes no sense. Names are not looked up: one that nobody has never
// strikes (UnstruckFailpoints).
Status ArmFailpoints();

// Those that are armed and have not struck. Thread-safe.
std::vector<std::string> UnstruckFailpoints();

struct FailpointCount {
  std::string name;
  std::uint64_t passages = 0;
};

// Of every failpoint that was passed since they were armed, by name. Thread-safe.
std::vector<FailpointCount> FailpointCounts();

}  // namespace beach::env
