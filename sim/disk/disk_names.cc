// SPDX-License-Identifier: Apache-2.0

// Calls that take paths. Errors as Linux gives them.
#include <cerrno>

#include "base/check.h"
#include "sim/disk/virtual_disk.h"

namespace beach::sim {

int VirtualDisk::Exists(const std::string& path) {
  if (MetadataErrorStrikes()) return -EIO;
  Volume::Place place;
  const int error = FindPath(path, place);
  if (error == -ENOENT) return 0;
  if (error != 0) return error;
  return place.inode != nullptr ? 1 : 0;
}

int VirtualDisk::CheckRename(const std::string& from, const std::string& to, Volume::Place& source,
                             Volume::Place& target) {
  if (const int error = FindPath(from, source); error != 0) return error;
  if (const int error = FindPath(to, target); error != 0) return error;
  if (source.inode == nullptr) return -ENOENT;
  if (source.directory == nullptr || target.directory == nullptr) return -EBUSY;  // the root
  if (source.inode->is_directory) {
    for (const Inode* above = target.directory; above != &volume_.root();
         above = &volume_.Get(above->parent)) {
      if (above == source.inode) return -EINVAL;  // into itself
    }
  }
  if (target.inode == nullptr || target.inode == source.inode) return 0;
  if (target.inode->is_directory && !source.inode->is_directory) return -EISDIR;
  if (!target.inode->is_directory && source.inode->is_directory) return -ENOTDIR;
  return target.inode->entries.empty() ? 0 : -ENOTEMPTY;
}

int VirtualDisk::Rename(const std::string& from, const std::string& to) {
  if (MetadataErrorStrikes()) return -EIO;
  Volume::Place source;
  Volume::Place target;
  if (const int error = CheckRename(from, to, source, target); error != 0) return error;
  if (source.inode == target.inode) return 0;
  if (RefusesChanges()) return -EROFS;
  if (NoSpaceStrikes()) return -ENOSPC;
  const InodeNumber moved = source.inode->number;
  volume_.Change(NextOperation(), {{target.directory->number, target.name, moved},
                                   {source.directory->number, source.name, InodeNumber{}}});
  return 0;
}

int VirtualDisk::Link(const std::string& from, const std::string& to) {
  if (MetadataErrorStrikes()) return -EIO;
  Volume::Place source;
  Volume::Place target;
  if (const int error = FindPath(from, source); error != 0) return error;
  if (const int error = FindPath(to, target); error != 0) return error;
  if (source.inode == nullptr) return -ENOENT;
  if (target.inode != nullptr) return -EEXIST;
  if (source.inode->is_directory) return -EPERM;
  if (RefusesChanges()) return -EROFS;
  if (NoSpaceStrikes()) return -ENOSPC;
  // The old name is part of the operation, so that removing it later cannot survive alone.
  const InodeNumber linked = source.inode->number;
  volume_.Change(NextOperation(), {{target.directory->number, target.name, linked},
                                   {source.directory->number, source.name, linked}});
  return 0;
}

int VirtualDisk::Remove(const std::string& path) {
  if (MetadataErrorStrikes()) return -EIO;
  Volume::Place place;
  if (const int error = FindPath(path, place); error != 0) return error;
  if (place.inode == nullptr) return -ENOENT;
  if (place.inode->is_directory) return -EISDIR;
  if (RefusesChanges()) return -EROFS;
  volume_.Change(NextOperation(), {{place.directory->number, place.name, InodeNumber{}}});
  return 0;
}

int VirtualDisk::List(const std::string& directory, std::vector<std::string>& names) {
  if (MetadataErrorStrikes()) return -EIO;
  Volume::Place place;
  if (const int error = FindPath(directory, place); error != 0) return error;
  if (place.inode == nullptr) return -ENOENT;
  if (!place.inode->is_directory) return -ENOTDIR;
  names.clear();
  for (const auto& [name, number] : place.inode->entries) names.push_back(name);
  return 0;
}

int VirtualDisk::CreateDirectory(const std::string& path) {
  if (MetadataErrorStrikes()) return -EIO;
  Volume::Place place;
  if (const int error = FindPath(path, place); error != 0) return error;
  if (place.inode != nullptr) return -EEXIST;
  if (RefusesChanges()) return -EROFS;
  if (NoSpaceStrikes()) return -ENOSPC;
  volume_.Create(place, true, NextOperation());
  return 0;
}

int VirtualDisk::RemoveDirectory(const std::string& path) {
  if (MetadataErrorStrikes()) return -EIO;
  Volume::Place place;
  if (const int error = FindPath(path, place); error != 0) return error;
  if (place.inode == nullptr) return -ENOENT;
  if (!place.inode->is_directory) return -ENOTDIR;
  if (place.directory == nullptr) return -EBUSY;
  if (!place.inode->entries.empty()) return -ENOTEMPTY;
  if (RefusesChanges()) return -EROFS;
  volume_.Change(NextOperation(), {{place.directory->number, place.name, InodeNumber{}}});
  return 0;
}

int VirtualDisk::SyncDirectoryBelow(const std::string& path, std::uint64_t mark) {
  Volume::Place place;
  if (const int error = FindPath(path, place); error != 0) return error;
  if (place.inode == nullptr) return -ENOENT;
  if (!place.inode->is_directory) return -ENOTDIR;
  BEACH_CHECK_LE(mark, Mark());
  // Nothing is forgotten: name operations are the file system's own, and stay pending.
  if (decisions_.Fault("disk.eio.sync_directory") != 0) return -EIO;
  if (RefusesChanges()) return -EROFS;
  if (plan().lying_sync && volume_.OldestName(*place.inode, mark) < mark && LyingSyncStrikes()) {
    place.inode->names_acknowledged_below = mark;
    return 0;
  }
  volume_.SyncDirectory(*place.inode, mark);
  return 0;
}

int VirtualDisk::Lock(ProcessId process, const std::string& path, Descriptor& descriptor) {
  if (MetadataErrorStrikes()) return -EIO;
  Volume::Place place;
  if (const int error = FindPath(path, place); error != 0) return error;
  if (place.inode != nullptr && place.inode->is_directory) return -EISDIR;
  if (RefusesChanges()) return -EROFS;
  if (place.inode == nullptr) {
    if (NoSpaceStrikes()) return -ENOSPC;
    place.inode = &volume_.Create(place, false, NextOperation());
  }
  if (place.inode->locked) return -EAGAIN;
  descriptor = NewDescriptor(process, *place.inode, true, false);
  Find(descriptor).holds_lock = true;
  place.inode->locked = true;
  return 0;
}

}  // namespace beach::sim
