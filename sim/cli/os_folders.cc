// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/os_folders.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>
#include <vector>

#include "sim/sweep/os_files.h"

namespace beach::sim::cli {
namespace {

namespace fs = std::filesystem;
using Kind = DiskImage::Kind;

Status ErrorOf(const std::error_code& code, const char* operation, const std::string& path) {
  if (!code) return {};
  return Fail(ErrnoError(code.value(), operation, path));
}

bool WriteAll(int file, const DiskImage::Run& run) {
  for (std::size_t done = 0; done < run.bytes.size();) {
    const ssize_t count = ::pwrite(file, run.bytes.data() + done, run.bytes.size() - done,
                                   static_cast<off_t>(run.offset + done));
    if (count < 0 && errno != EINTR) return false;
    if (count > 0) done += static_cast<std::size_t>(count);
  }
  return true;
}

Status UnpackFile(const DiskImage::Entry& entry, const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file < 0) return Fail(ErrnoError(errno, "open", path));
  const auto write = [&file](const DiskImage::Run& run) { return WriteAll(file, run); };
  const bool written = ::ftruncate(file, static_cast<off_t>(entry.size_bytes)) == 0 &&
                       std::ranges::all_of(entry.runs, write);
  const int failed = written ? 0 : errno;
  ::close(file);
  if (!written) return Fail(ErrnoError(failed, "write", path));
  return {};
}

}  // namespace

Status OsUnpack(const DiskImage& image, const std::string& folder) {
  std::error_code code;
  const fs::path parent = fs::path(folder).lexically_normal().parent_path();
  if (!parent.empty()) fs::create_directories(parent, code);
  BEACH_TRY(ErrorOf(code, "create", parent));
  if (::mkdir(folder.c_str(), 0777) != 0) return Fail(ErrnoError(errno, "create", folder));
  for (const DiskImage::Entry& entry : image.entries) {
    const std::string path = folder + "/" + entry.path;
    switch (entry.kind) {
      case Kind::kDirectory: fs::create_directory(path, code); break;
      case Kind::kLink: fs::create_hard_link(folder + "/" + entry.target, path, code); break;
      case Kind::kFile: BEACH_TRY(UnpackFile(entry, path)); break;
    }
    BEACH_TRY(ErrorOf(code, "create", path));
  }
  return {};
}

Result<DiskImage> OsPack(const std::string& folder) {
  std::error_code code;
  std::vector<std::string> paths;
  for (auto at = fs::recursive_directory_iterator(folder, code); at != fs::end(at);
       at.increment(code)) {
    paths.push_back(at->path().lexically_relative(folder));
    if (code) break;
  }
  BEACH_TRY(ErrorOf(code, "list", folder));
  std::ranges::sort(paths);
  DiskImage image;
  std::map<std::pair<dev_t, ino_t>, std::string> first_names;
  for (const std::string& path : paths) {
    const std::string full = folder + "/" + path;
    struct stat about = {};
    if (::lstat(full.c_str(), &about) != 0) return Fail(ErrnoError(errno, "stat", full));
    DiskImage::Entry entry = {.path = path};
    if (S_ISDIR(about.st_mode)) {
      entry.kind = Kind::kDirectory;
    } else if (!S_ISREG(about.st_mode)) {
      return Fail(Error(ErrorCode::kRefused, "neither a file nor a folder").At(full));
    } else if (const auto [first, is_first] =
                   first_names.emplace(std::pair(about.st_dev, about.st_ino), path);
               !is_first) {
      entry.kind = Kind::kLink;
      entry.target = first->second;
    } else {
      BEACH_TRY_ASSIGN(const std::string content, sweep::OsReadFile(full));
      entry.size_bytes = content.size();
      entry.runs = RunsOf(content);
    }
    image.entries.push_back(std::move(entry));
  }
  return image;
}

}  // namespace beach::sim::cli
