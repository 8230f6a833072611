// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

namespace beach::command_line {

// The exit codes of all programs of the project.
inline constexpr int kExitFine = 0;
inline constexpr int kExitFound = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitEnvironment = 3;
inline constexpr int kExitNeverFired = 5;  // an armed fault; or a replay failed differently

void PrintOut(const std::string& text);  // stdout, at once
void PrintError(const std::string& text);

// Says what went wrong and returns the exit code for it: damage was found, the request is wrong, or
// the environment.
int ReportError(const Error& error);

// A line on stderr that says how far the work is: redrawn in place on a terminal, ten times a
// second at most; else one a second.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();  // clears it on a terminal
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // Whether it is time to draw again; if so, Draw at once.
  bool Due();
  void Draw(const std::string& line);

 private:
  bool terminal_;
  std::uint64_t drawn_ns_;
  bool on_screen_ = false;
};

// "[=====     ]", `width` characters between the brackets. REQUIRES: whole > 0.
std::string Bar(std::uint64_t part, std::uint64_t whole, std::size_t width);

}  // namespace beach::command_line
