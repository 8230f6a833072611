// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace beach::sim::cli {

void PrintOut(const std::string& text);
void PrintError(const std::string& text);

// A line on stderr that says how far the work is: redrawn in place on a terminal, else written at
// most once a second. Silent for work of less than a second that is piped.
class ProgressBar {
 public:
  ProgressBar();
  // Clears the line.
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // Whether it is time to draw again; if so, Draw at once.
  bool Due();
  void Draw(const std::string& line);
  std::size_t width() const { return width_; }

 private:
  bool terminal_;
  std::size_t width_ = 80;
  std::uint64_t drawn_ns_;
  bool on_screen_ = false;
};

}  // namespace beach::sim::cli
