// SPDX-License-Identifier: Apache-2.0
#include "crash/power/attributes.h"

namespace beach::crash {
namespace {

constexpr mode_t kPermissionBits = 07777;
constexpr mode_t kFilePermissions = 0644;
constexpr mode_t kDirectoryPermissions = 0755;
constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kBlock = 512;  // the unit of st_blocks, whatever st_blksize is
constexpr blksize_t kPreferredSize = 4096;

timespec TimeOf(std::uint64_t nanoseconds) {
  return {.tv_sec = static_cast<time_t>(nanoseconds / kSecond),
          .tv_nsec = static_cast<long>(nanoseconds % kSecond)};
}

}  // namespace

Attributes::Attributes(uid_t owner, gid_t group, std::uint64_t now) {
  default_.owner = owner;
  default_.group = group;
  default_.accessed = now;
  default_.modified = now;
}

const Attributes::Entry& Attributes::Get(sim::FileId file) const {
  const auto found = entries_.find(file);
  return found == entries_.end() ? default_ : found->second;
}

Attributes::Entry& Attributes::Of(sim::FileId file) {
  return entries_.try_emplace(file, default_).first->second;
}

void Attributes::Create(sim::FileId file, mode_t permissions, uid_t owner, gid_t group,
                        std::uint64_t now) {
  entries_[file] = {.permissions = permissions & kPermissionBits,
                    .owner = owner,
                    .group = group,
                    .accessed = now,
                    .modified = now};
}

void Attributes::SetPermissions(sim::FileId file, mode_t permissions) {
  Of(file).permissions = permissions & kPermissionBits;
}

void Attributes::SetOwner(sim::FileId file, uid_t owner, gid_t group) {
  Entry& entry = Of(file);
  if (owner != static_cast<uid_t>(-1)) entry.owner = owner;
  if (group != static_cast<gid_t>(-1)) entry.group = group;
}

void Attributes::SetTimes(sim::FileId file, std::uint64_t accessed, std::uint64_t modified) {
  Entry& entry = Of(file);
  entry.accessed = accessed;
  entry.modified = modified;
}

void Attributes::Modified(sim::FileId file, std::uint64_t now) { Of(file).modified = now; }

void Attributes::AfterPowerLoss(const std::set<sim::FileId>& files, std::uint64_t now) {
  default_.accessed = now;
  default_.modified = now;
  std::erase_if(entries_, [&files](const auto& entry) { return !files.contains(entry.first); });
  for (auto& [file, entry] : entries_) {
    entry.accessed = now;
    entry.modified = now;
  }
}

struct stat Attributes::Describe(const sim::FileStat& file) const {
  const Entry& entry = Get(file.id);
  struct stat about {};
  about.st_ino = file.id.value;
  const mode_t usual = file.is_directory ? kDirectoryPermissions : kFilePermissions;
  about.st_mode = (file.is_directory ? S_IFDIR : S_IFREG) | entry.permissions.value_or(usual);
  // A directory is named by its own "." too.
  about.st_nlink = file.links + (file.is_directory ? 1 : 0);
  about.st_uid = entry.owner;
  about.st_gid = entry.group;
  about.st_size = static_cast<off_t>(file.size_bytes);
  about.st_blocks = static_cast<blkcnt_t>(file.allocated_bytes / kBlock);
  about.st_blksize = kPreferredSize;
  about.st_atim = TimeOf(entry.accessed);
  about.st_mtim = TimeOf(entry.modified);
  about.st_ctim = about.st_mtim;
  return about;
}

}  // namespace beach::crash
