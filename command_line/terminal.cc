// SPDX-License-Identifier: Apache-2.0
#include "command_line/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>

namespace beach::command_line {
namespace {

constexpr std::uint64_t kTerminalPeriodNs = 100'000'000;
constexpr std::uint64_t kPipedPeriodNs = 1'000'000'000;

void Print(std::FILE* stream, const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stream);
  std::fflush(stream);
}

// Monotonic.
std::uint64_t NowNs() {
  timespec now = {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

std::size_t Width() {
  winsize size = {};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

}  // namespace

void PrintOut(const std::string& text) { Print(stdout, text); }
void PrintError(const std::string& text) { Print(stderr, text); }

int ReportError(const Error& error) {
  PrintError("error: " + error.ToString() + "\n");
  switch (error.code()) {
    case ErrorCode::kCorruption: return kExitFound;
    case ErrorCode::kInvalidArgument: return kExitUsage;
    default: return kExitEnvironment;
  }
}

ProgressLine::ProgressLine() : terminal_(::isatty(STDERR_FILENO) == 1), drawn_ns_(NowNs()) {}

ProgressLine::~ProgressLine() {
  if (terminal_ && on_screen_) PrintError("\r\033[K");
}

bool ProgressLine::Due() {
  const std::uint64_t now_ns = NowNs();
  if (now_ns - drawn_ns_ < (terminal_ ? kTerminalPeriodNs : kPipedPeriodNs)) return false;
  drawn_ns_ = now_ns;
  return true;
}

void ProgressLine::Draw(const std::string& line) {
  on_screen_ = true;
  PrintError(terminal_ ? "\r" + line.substr(0, Width() - 1) + "\033[K" : line + "\n");
}

std::string Bar(std::uint64_t part, std::uint64_t whole, std::size_t width) {
  const std::size_t full = std::min<std::uint64_t>(part, whole) * width / whole;
  return "[" + std::string(full, '=') + std::string(width - full, ' ') + "]";
}

}  // namespace beach::command_line
