// SPDX-License-Identifier: Apache-2.0
#include "crash/power/fuse_operations.h"

#include <fcntl.h>

#include <cerrno>
#include <string>
#include <vector>

#include "crash/power/killed_process.h"
#include "crash/power/posix_disk.h"

namespace beach::crash {
namespace {

constexpr unsigned kRequestSizeMax = 1U << 20;

PosixDisk& Disk() { return *static_cast<PosixDisk*>(fuse_get_context()->private_data); }

Caller Asking() {
  const fuse_context* const context = fuse_get_context();
  const pid_t process = context->pid;
  return {.user = context->uid,
          .group = context->gid,
          // A signal that a program takes interrupts its request, too; a disk does not mind it.
          .killed = [process] { return fuse_interrupted() != 0 && IsBeingKilled(process); }};
}

FileReference Reference(const char* path, const fuse_file_info* info) {
  if (info != nullptr) return {.path = {}, .handle = HandleId(info->fh)};
  return {.path = path, .handle = {}};
}

HandleId HandleOf(const fuse_file_info* info) { return HandleId(info->fh); }

int Opened(int error, HandleId handle, fuse_file_info* info) {
  if (error != 0) return error;
  info->fh = handle.value;
  info->keep_cache = 0;  // what the kernel has of the file may be from before a cut
  info->noflush = 1;     // closing asks nothing of us: a killed process ends without power
  return 0;
}

void* Init(fuse_conn_info* connection, fuse_config* config) {
  config->nullpath_ok = 1;
  config->hard_remove = 1;
  config->use_ino = 1;
  config->attr_timeout = 0;
  config->entry_timeout = 0;
  config->negative_timeout = 0;
  config->kernel_cache = 0;
  connection->max_write = kRequestSizeMax;
  // The kernel truncates by itself; keeps no writes back; and whoever waits for a direct write can
  // be interrupted, which an asynchronous one cannot.
  connection->want &=
      ~static_cast<unsigned>(FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_WRITEBACK_CACHE |
                             FUSE_CAP_ASYNC_DIO | FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO);
  return fuse_get_context()->private_data;
}

int GetAttributes(const char* path, struct stat* about, fuse_file_info* info) {
  return Disk().GetAttributes(Asking(), Reference(path, info), *about);
}

int SetPermissions(const char* path, mode_t mode, fuse_file_info* info) {
  return Disk().SetPermissions(Asking(), Reference(path, info), mode);
}

int SetOwner(const char* path, uid_t owner, gid_t group, fuse_file_info* info) {
  return Disk().SetOwner(Asking(), Reference(path, info), owner, group);
}

int SetTimes(const char* path, const timespec times[2], fuse_file_info* info) {
  return Disk().SetTimes(Asking(), Reference(path, info), times);
}

int GetStatistics(const char*, struct statvfs* about) {
  return Disk().GetStatistics(Asking(), *about);
}

int Open(const char* path, fuse_file_info* info) {
  HandleId handle;
  const int error = Disk().Open(Asking(), path, info->flags, handle);
  return Opened(error, handle, info);
}

int Create(const char* path, mode_t mode, fuse_file_info* info) {
  HandleId handle;
  const int error = Disk().Create(Asking(), path, info->flags, mode, handle);
  return Opened(error, handle, info);
}

int OpenDirectory(const char* path, fuse_file_info* info) {
  HandleId handle;
  const int error = Disk().OpenDirectory(Asking(), path, handle);
  return Opened(error, handle, info);
}

int Close(const char*, fuse_file_info* info) { return Disk().Close(HandleOf(info)); }

int Read(const char*, char* target, std::size_t length, off_t offset, fuse_file_info* info) {
  return static_cast<int>(
      Disk().Read(Asking(), HandleOf(info), static_cast<std::uint64_t>(offset), target, length));
}

int Write(const char*, const char* data, std::size_t length, off_t offset, fuse_file_info* info) {
  const auto at = static_cast<std::uint64_t>(offset);
  const ByteView bytes(data, length);
  if (info->writepage != 0) {
    return static_cast<int>(Disk().WriteBack(HandleOf(info), at, bytes));
  }
  return static_cast<int>(Disk().Write(Asking(), HandleOf(info), at, bytes, info->flags));
}

int Sync(const char*, int, fuse_file_info* info) { return Disk().Sync(Asking(), HandleOf(info)); }

int SyncDirectory(const char*, int, fuse_file_info* info) {
  return Disk().SyncDirectory(Asking(), HandleOf(info));
}

int Truncate(const char* path, off_t size, fuse_file_info* info) {
  return Disk().Truncate(Asking(), Reference(path, info), static_cast<std::uint64_t>(size));
}

int Allocate(const char*, int mode, off_t offset, off_t length, fuse_file_info* info) {
  return Disk().Allocate(Asking(), HandleOf(info), mode, static_cast<std::uint64_t>(offset),
                         static_cast<std::uint64_t>(length));
}

int List(const char*, void* buffer, fuse_fill_dir_t fill, off_t, fuse_file_info* info,
         fuse_readdir_flags) {
  std::vector<DirectoryEntry> entries;
  const int error = Disk().List(Asking(), HandleOf(info), entries);
  if (error != 0) return error;
  constexpr auto kPlain = static_cast<fuse_fill_dir_flags>(0);
  fill(buffer, ".", nullptr, 0, kPlain);
  fill(buffer, "..", nullptr, 0, kPlain);
  for (const DirectoryEntry& entry : entries) {
    if (fill(buffer, entry.name.c_str(), &entry.about, 0, kPlain) != 0) return -ENOMEM;
  }
  return 0;
}

int Rename(const char* from, const char* to, unsigned flags) {
  return Disk().Rename(Asking(), from, to, flags);
}

int Link(const char* from, const char* to) { return Disk().Link(Asking(), from, to); }

int Remove(const char* path) { return Disk().Remove(Asking(), path); }

int CreateDirectory(const char* path, mode_t mode) {
  return Disk().CreateDirectory(Asking(), path, mode);
}

int RemoveDirectory(const char* path) { return Disk().RemoveDirectory(Asking(), path); }

// As a file system says that has neither.
int RefuseSymlink(const char*, const char*) { return -EPERM; }
int RefuseNode(const char*, mode_t, dev_t) { return -EPERM; }

fuse_operations MakeOperations() {
  fuse_operations operations{};
  operations.init = Init;
  operations.getattr = GetAttributes;
  operations.chmod = SetPermissions;
  operations.chown = SetOwner;
  operations.utimens = SetTimes;
  operations.statfs = GetStatistics;
  operations.open = Open;
  operations.create = Create;
  operations.opendir = OpenDirectory;
  operations.release = Close;
  operations.releasedir = Close;
  operations.read = Read;
  operations.write = Write;
  operations.fsync = Sync;
  operations.fsyncdir = SyncDirectory;
  operations.truncate = Truncate;
  operations.fallocate = Allocate;
  operations.readdir = List;
  operations.rename = Rename;
  operations.link = Link;
  operations.unlink = Remove;
  operations.mkdir = CreateDirectory;
  operations.rmdir = RemoveDirectory;
  operations.symlink = RefuseSymlink;
  operations.mknod = RefuseNode;
  return operations;
}

}  // namespace

const fuse_operations& FuseOperations() {
  static const fuse_operations kOperations = MakeOperations();
  return kOperations;
}

}  // namespace beach::crash
