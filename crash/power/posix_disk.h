// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "crash/power/machine.h"

namespace beach::crash {

// Who asks, as the kernel tells it.
struct Caller {
  uid_t user = 0;
  gid_t group = 0;
  Machine::Killed killed;
};

// A file by its name, or by what is open.
struct FileReference {
  std::string path;  // not looked at where there is a handle
  HandleId handle;
};

struct DirectoryEntry {
  std::string name;
  struct stat about {};
};

// The calls of a file system on a machine's disk: what FUSE hands on, without FUSE. Each returns 0
// or a count, or -errno, and waits while power is off, but for those that say otherwise.
// Thread-safe.
class PosixDisk {
 public:
  explicit PosixDisk(Machine& machine) : machine_(machine) {}

  int GetAttributes(const Caller& caller, const FileReference& file, struct stat& about);
  int SetPermissions(const Caller& caller, const FileReference& file, mode_t permissions);
  int SetOwner(const Caller& caller, const FileReference& file, uid_t owner, gid_t group);
  // None: now; as utimensat(2) has it, a time of UTIME_OMIT stays.
  int SetTimes(const Caller& caller, const FileReference& file, const timespec times[2]);
  int GetStatistics(const Caller& caller, struct statvfs& about);

  // `flags` as open(2) has them.
  int Open(const Caller& caller, const std::string& path, int flags, HandleId& handle);
  int Create(const Caller& caller, const std::string& path, int flags, mode_t permissions,
             HandleId& handle);
  int OpenDirectory(const Caller& caller, const std::string& path, HandleId& handle);
  // Waits for nothing: a process that is killed must be able to end.
  int Close(HandleId handle);

  std::int64_t Read(const Caller& caller, HandleId handle, std::uint64_t offset, char* target,
                    std::size_t length);
  // With O_DSYNC the write is durable when it returns, with O_DIRECT besides past the cache.
  std::int64_t Write(const Caller& caller, HandleId handle, std::uint64_t offset, ByteView data,
                     int flags);
  // The kernel writes back what programs have changed in a shared mapping. Waits for nothing, and
  // says yes without power: nobody takes it for an acknowledgement, and a process that is killed
  // waits for it.
  std::int64_t WriteBack(HandleId handle, std::uint64_t offset, ByteView data);
  int Sync(const Caller& caller, HandleId handle);
  int SyncDirectory(const Caller& caller, HandleId handle);
  int Truncate(const Caller& caller, const FileReference& file, std::uint64_t size_bytes);
  // Mode 0 of fallocate(2) alone; -EOPNOTSUPP for the others.
  int Allocate(const Caller& caller, HandleId handle, int mode, std::uint64_t offset,
               std::uint64_t length);

  int List(const Caller& caller, HandleId handle, std::vector<DirectoryEntry>& entries);
  // `flags` of renameat2(2): RENAME_NOREPLACE or none.
  int Rename(const Caller& caller, const std::string& from, const std::string& to, unsigned flags);
  int Link(const Caller& caller, const std::string& from, const std::string& to);
  int Remove(const Caller& caller, const std::string& path);
  int CreateDirectory(const Caller& caller, const std::string& path, mode_t permissions);
  int RemoveDirectory(const Caller& caller, const std::string& path);

 private:
  using Request = Machine::Request;

  static int Stat(Request& request, const FileReference& file, sim::FileStat& stat);
  // Where an open directory is now; -ENOENT once it is removed.
  static int PathOf(Request& request, std::string& path);
  static int SetDirect(Request& request, OpenHandle& file, bool direct);
  static std::int64_t WriteDurably(Request& request, std::uint64_t offset, ByteView data);
  // The directory that holds the name has changed.
  static void ModifiedAbove(Request& request, const std::string& path);

  Machine& machine_;
};

}  // namespace beach::crash
