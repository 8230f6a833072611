// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/os_files.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace beach::sim::sweep {

Result<std::string> OsReadFile(const std::string& path) {
  std::error_code failure;
  if (std::filesystem::is_directory(path, failure)) return Fail(ErrnoError(EISDIR, "open", path));
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return Fail(ErrnoError(errno, "open", path));
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (file.bad()) return Fail(ErrnoError(EIO, "read", path));
  return text;
}

Status OsMakeFolder(const std::string& path) {
  if (path.empty()) return {};
  std::error_code failure;
  std::filesystem::create_directories(path, failure);
  if (failure) return Fail(ErrnoError(failure.value(), "create directory", path));
  return {};
}

Status OsWriteFile(const std::string& path, const std::string& text) {
  BEACH_TRY(OsMakeFolder(std::filesystem::path(path).parent_path().string()));
  const std::string draft = path + ".new";
  errno = 0;
  std::ofstream file(draft, std::ios::binary | std::ios::trunc);
  if (!file) return Fail(ErrnoError(errno, "create", draft));
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file) return Fail(ErrnoError(errno == 0 ? EIO : errno, "write", draft));
  if (std::rename(draft.c_str(), path.c_str()) != 0) {
    return Fail(ErrnoError(errno, "rename", draft));
  }
  return {};
}

}  // namespace beach::sim::sweep
