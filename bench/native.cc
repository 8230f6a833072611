// SPDX-License-Identifier: Apache-2.0
#include "bench/native.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "command_line/terminal.h"

namespace beach::bench {

int BecomeNative(char** argv) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string path = (self.parent_path() / "beachbench_native").string();
  ::execv(path.c_str(), argv);
  return command_line::ReportError(ErrnoError(errno, "start", path));
}

}  // namespace beach::bench
