// SPDX-License-Identifier: Apache-2.0

// Calls that take paths, open directories, and what stat(2) tells.
#include <fcntl.h>
#include <stdio.h>  // RENAME_NOREPLACE

#include <algorithm>
#include <cerrno>

#include "crash/power/posix_disk.h"

namespace beach::crash {
namespace {

constexpr std::uint64_t kBlockSize = 4096;
constexpr std::uint64_t kNameMax = 255;
constexpr std::uint64_t kSecond = 1'000'000'000;

std::uint64_t NanosecondsOf(const timespec& time, std::uint64_t now, std::uint64_t before) {
  if (time.tv_nsec == UTIME_NOW) return now;
  if (time.tv_nsec == UTIME_OMIT) return before;
  return static_cast<std::uint64_t>(time.tv_sec) * kSecond +
         static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace

int PosixDisk::Stat(Request& request, const FileReference& file, sim::FileStat& stat) {
  if (file.handle == HandleId{}) return request.disk().Stat(file.path, stat);
  const OpenHandle& handle = request.handle();
  if (handle.descriptor != sim::Descriptor{}) {
    stat = request.disk().Stat(handle.descriptor);
    return 0;
  }
  std::string path;
  if (const int error = PathOf(request, path); error != 0) return error;
  return request.disk().Stat(path, stat);
}

int PosixDisk::PathOf(Request& request, std::string& path) {
  const OpenHandle& directory = request.handle();
  sim::FileStat stat;
  path = directory.path;
  if (request.disk().Stat(path, stat) == 0 && stat.id == directory.file) return 0;
  // It was moved since it was opened: rare, so that looking at all of them will do.
  const auto files = request.disk().Files();
  const auto found = std::ranges::find(files, directory.file, &sim::FileState::id);
  if (found == files.end() || found->path.empty()) return -ENOENT;
  path = found->path;
  return 0;
}

void PosixDisk::ModifiedAbove(Request& request, const std::string& path) {
  const std::string above = path.substr(0, path.rfind('/') + 1);
  sim::FileStat stat;
  if (request.disk().Stat(above.empty() ? "/" : above, stat) == 0) {
    request.attributes().Modified(stat.id, request.Now());
  }
}

int PosixDisk::GetAttributes(const Caller& caller, const FileReference& file, struct stat& about) {
  Request request(machine_, Touch::kLooks, caller.killed, file.handle);
  if (request.error() != 0) return request.error();
  sim::FileStat stat;
  if (const int error = Stat(request, file, stat); error != 0) return error;
  about = request.attributes().Describe(stat);
  return 0;
}

int PosixDisk::SetPermissions(const Caller& caller, const FileReference& file, mode_t permissions) {
  Request request(machine_, Touch::kLooks, caller.killed, file.handle);
  if (request.error() != 0) return request.error();
  sim::FileStat stat;
  if (const int error = Stat(request, file, stat); error != 0) return error;
  request.attributes().SetPermissions(stat.id, permissions);
  return 0;
}

int PosixDisk::SetOwner(const Caller& caller, const FileReference& file, uid_t owner, gid_t group) {
  Request request(machine_, Touch::kLooks, caller.killed, file.handle);
  if (request.error() != 0) return request.error();
  sim::FileStat stat;
  if (const int error = Stat(request, file, stat); error != 0) return error;
  request.attributes().SetOwner(stat.id, owner, group);
  return 0;
}

int PosixDisk::SetTimes(const Caller& caller, const FileReference& file, const timespec times[2]) {
  Request request(machine_, Touch::kLooks, caller.killed, file.handle);
  if (request.error() != 0) return request.error();
  sim::FileStat stat;
  if (const int error = Stat(request, file, stat); error != 0) return error;
  Attributes& attributes = request.attributes();
  const std::uint64_t now = request.Now();
  const std::uint64_t accessed = NanosecondsOf(times[0], now, attributes.accessed(stat.id));
  const std::uint64_t modified = NanosecondsOf(times[1], now, attributes.modified(stat.id));
  attributes.SetTimes(stat.id, accessed, modified);
  return 0;
}

int PosixDisk::GetStatistics(const Caller& caller, struct statvfs& about) {
  Request request(machine_, Touch::kLooks, caller.killed);
  if (request.error() != 0) return request.error();
  about = {};
  about.f_bsize = kBlockSize;
  about.f_frsize = kBlockSize;
  about.f_blocks = request.disk().capacity() / kBlockSize;
  about.f_bfree = request.disk().FreeSpace() / kBlockSize;
  about.f_bavail = about.f_bfree;
  about.f_namemax = kNameMax;
  return 0;
}

int PosixDisk::SyncDirectory(const Caller& caller, HandleId handle) {
  Request request(machine_, Touch::kChanges, caller.killed, handle);
  if (request.error() != 0) return request.error();
  std::string path;
  if (const int error = PathOf(request, path); error != 0) return error;
  const int error = request.disk().SyncDirectory(path);
  return error != 0 ? error : request.SyncNames();
}

int PosixDisk::List(const Caller& caller, HandleId handle, std::vector<DirectoryEntry>& entries) {
  Request request(machine_, Touch::kLooks, caller.killed, handle);
  if (request.error() != 0) return request.error();
  std::string path;
  if (const int error = PathOf(request, path); error != 0) return error;
  std::vector<std::string> names;
  if (const int error = request.disk().List(path, names); error != 0) return error;
  for (const std::string& name : names) {
    sim::FileStat stat;
    if (request.disk().Stat(path + "/" + name, stat) != 0) continue;
    entries.push_back({name, request.attributes().Describe(stat)});
  }
  return 0;
}

int PosixDisk::Rename(const Caller& caller, const std::string& from, const std::string& to,
                      unsigned flags) {
  if ((flags & ~unsigned{RENAME_NOREPLACE}) != 0) return -EINVAL;
  Request request(machine_, Touch::kChanges, caller.killed);
  if (request.error() != 0) return request.error();
  sim::FileStat target;
  if (flags != 0 && request.disk().Stat(to, target) == 0) return -EEXIST;
  const int error = request.disk().Rename(from, to);
  if (error != 0) return error;
  ModifiedAbove(request, from);
  ModifiedAbove(request, to);
  return 0;
}

int PosixDisk::Link(const Caller& caller, const std::string& from, const std::string& to) {
  Request request(machine_, Touch::kChanges, caller.killed);
  if (request.error() != 0) return request.error();
  const int error = request.disk().Link(from, to);
  if (error == 0) ModifiedAbove(request, to);
  return error;
}

int PosixDisk::Remove(const Caller& caller, const std::string& path) {
  Request request(machine_, Touch::kChanges, caller.killed);
  if (request.error() != 0) return request.error();
  const int error = request.disk().Remove(path);
  if (error == 0) ModifiedAbove(request, path);
  return error;
}

int PosixDisk::CreateDirectory(const Caller& caller, const std::string& path, mode_t permissions) {
  Request request(machine_, Touch::kChanges, caller.killed);
  if (request.error() != 0) return request.error();
  if (const int error = request.disk().CreateDirectory(path); error != 0) return error;
  sim::FileStat stat;
  if (const int error = request.disk().Stat(path, stat); error != 0) return error;
  request.attributes().Create(stat.id, permissions, caller.user, caller.group, request.Now());
  ModifiedAbove(request, path);
  return 0;
}

int PosixDisk::RemoveDirectory(const Caller& caller, const std::string& path) {
  Request request(machine_, Touch::kChanges, caller.killed);
  if (request.error() != 0) return request.error();
  const int error = request.disk().RemoveDirectory(path);
  if (error == 0) ModifiedAbove(request, path);
  return error;
}

}  // namespace beach::crash
