// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"

namespace beach::crash {

// Whole lines of a pipe. One thread.
class LineReader {
 public:
  // Reads from it, and does not close it.
  explicit LineReader(int descriptor) : descriptor_(descriptor) {}

  // The next line, without its end; waits for it. Nothing: the input is over; a line without an end
  // that comes before that is no line. kInvalidArgument: a line above kLineSizeMax; kIo.
  Result<std::optional<std::string>> Next();

  // What has been read of it, if it is a whole line already. Never reads.
  std::optional<std::string> Take();
  // Reads once, which waits where there is nothing to read. False: the input is over.
  Result<bool> Fill();

 private:
  const int descriptor_;
  std::string buffer_;
  std::size_t begin_ = 0;    // of what was not taken
  std::size_t scanned_ = 0;  // no line ends before that
};

}  // namespace beach::crash
