// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/os_terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

#include "sim/sweep/os_worker.h"

namespace beach::sim::cli {
namespace {

constexpr std::uint64_t kTerminalPeriodNs = 100'000'000;
constexpr std::uint64_t kPipedPeriodNs = 1'000'000'000;

void Print(std::FILE* stream, const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stream);
  std::fflush(stream);
}

}  // namespace

void PrintOut(const std::string& text) { Print(stdout, text); }
void PrintError(const std::string& text) { Print(stderr, text); }

ProgressBar::ProgressBar()
    : terminal_(::isatty(STDERR_FILENO) == 1), drawn_ns_(sweep::OsMonotonicNs()) {
  winsize size = {};
  if (terminal_ && ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    width_ = size.ws_col;
  }
}

ProgressBar::~ProgressBar() {
  if (terminal_ && on_screen_) PrintError("\r\033[K");
}

bool ProgressBar::Due() {
  const std::uint64_t now_ns = sweep::OsMonotonicNs();
  if (now_ns - drawn_ns_ < (terminal_ ? kTerminalPeriodNs : kPipedPeriodNs)) return false;
  drawn_ns_ = now_ns;
  return true;
}

void ProgressBar::Draw(const std::string& line) {
  on_screen_ = true;
  PrintError(terminal_ ? "\r" + line.substr(0, width_ - 1) + "\033[K" : line + "\n");
}

}  // namespace beach::sim::cli
