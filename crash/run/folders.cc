// SPDX-License-Identifier: Apache-2.0
#include "crash/run/folders.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

namespace beach::crash {

namespace fs = std::filesystem;

Result<Workspace> Workspace::Make(const std::string& parent) {
  std::error_code error;
  const fs::path folder =
      parent.empty() ? fs::temp_directory_path(error) : fs::absolute(parent, error);
  if (error) return Fail(ErrnoError(error.value(), "find", parent));
  fs::create_directories(folder, error);
  if (error) return Fail(ErrnoError(error.value(), "create", folder.string()));
  std::string pattern = (folder / "beachcrash-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) return Fail(ErrnoError(errno, "create", pattern));
  return Workspace(std::move(pattern));
}

Workspace::~Workspace() {
  std::error_code ignored;  // there is nobody to be told
  if (goes_) fs::remove_all(path_, ignored);
}

Workspace::Workspace(Workspace&& other) noexcept
    : path_(std::move(other.path_)), goes_(std::exchange(other.goes_, false)) {}

Result<std::string> OwnProgram() {
  std::error_code error;
  const fs::path path = fs::read_symlink("/proc/self/exe", error);
  if (error) return Fail(ErrnoError(error.value(), "read", "/proc/self/exe"));
  return path.string();
}

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content(std::istreambuf_iterator<char>(file), {});
  if (!file.is_open() || file.bad()) return Fail(ErrnoError(errno, "read", path));
  return content;
}

Status WriteFile(const std::string& path, const std::string& content) {
  std::error_code error;
  const fs::path folder = fs::path(path).parent_path();
  if (!folder.empty()) fs::create_directories(folder, error);
  if (error) return Fail(ErrnoError(error.value(), "create", folder.string()));
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << content;
  file.close();
  if (!file) return Fail(ErrnoError(errno, "write", path));
  return {};
}

}  // namespace beach::crash
