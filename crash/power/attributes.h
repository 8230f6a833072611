// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "sim/disk/disk.h"

namespace beach::crash {

// Permissions, owners and times of files, which the disk has none of: kept in memory beside it. A
// power loss spares permissions and owners; times begin anew there, so that a kernel that compares
// them sees a changed file. Times are nanoseconds since 1970. Not thread-safe.
class Attributes {
 public:
  // What has nothing else belongs to `owner` and `group`.
  Attributes(uid_t owner, gid_t group, std::uint64_t now);

  void Create(sim::FileId file, mode_t permissions, uid_t owner, gid_t group, std::uint64_t now);
  void SetPermissions(sim::FileId file, mode_t permissions);
  // -1: as it was.
  void SetOwner(sim::FileId file, uid_t owner, gid_t group);
  void SetTimes(sim::FileId file, std::uint64_t accessed, std::uint64_t modified);
  // The content has changed, or the names in a directory.
  void Modified(sim::FileId file, std::uint64_t now);

  // Keeps those files alone.
  void AfterPowerLoss(const std::set<sim::FileId>& files, std::uint64_t now);

  // What stat(2) says of the file.
  struct stat Describe(const sim::FileStat& file) const;
  std::uint64_t accessed(sim::FileId file) const { return Get(file).accessed; }
  std::uint64_t modified(sim::FileId file) const { return Get(file).modified; }

 private:
  struct Entry {
    std::optional<mode_t> permissions;  // none: usual ones
    uid_t owner = 0;
    gid_t group = 0;
    std::uint64_t accessed = 0;
    std::uint64_t modified = 0;
  };
  Entry& Of(sim::FileId file);
  const Entry& Get(sim::FileId file) const;

  Entry default_;
  std::map<sim::FileId, Entry> entries_;
};

}  // namespace beach::crash
