// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/container/flat_map.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/strong_id.h"
#include "sim/disk/cut.h"
#include "sim/disk/disk.h"
#include "sim/disk/file_content.h"

namespace beach::sim {

using InodeNumber = FileId;  // 0: none

// A file or directory. It lives as long as anything refers to it: a name that programs see, a
// durable name, a pending name operation, a descriptor, a submitted write.
struct Inode {
  using Entries = std::map<std::string, InodeNumber, std::less<>>;

  InodeNumber number;
  bool is_directory = false;
  FileContent content;                                 // of a file
  Entries entries;                                     // of a directory, as programs see it
  Entries durable_entries;                             // as power loss leaves it
  std::map<std::string, std::uint64_t> pending_names;  // name to the last operation on it
  InodeNumber parent;                                  // of a directory: where programs see it
  std::uint64_t named_by = 0;  // of a directory: the operation that put it there
  std::uint64_t references = 0;
  std::uint64_t links = 0;    // names that programs see
  std::uint64_t openers = 0;  // descriptors and submitted writes
  std::uint64_t sync_errors = 0;
  int sync_error = 0;  // the last one, an errno
  bool locked = false;
  // Of a directory: name operations below it were acknowledged as durable, and are not.
  std::uint64_t names_acknowledged_below = 0;
  std::uint64_t names_lost = 0;  // of those, the last one that a power loss took
};

// All inodes of a disk, and their names: what programs see, what is durable, and between them the
// name operations that no directory sync has covered.
//
// A name operation depends on the earlier pending ones on the names it touches; a set of operations
// may become durable when it holds, with each, all it depends on. A directory that is removed or
// moved also waits for what was pending inside it, moves of directories for each other, and a move
// between directories for the names of those above its target, so that no cut can lose what was
// moved. A new file does not wait for the name of its directory: without that it is lost.
class Volume {
 public:
  struct Place {
    Inode* directory = nullptr;  // null for the root itself
    std::string name;
    Inode* inode = nullptr;  // null: no such entry, but its directory exists
  };
  struct NameChange {
    InodeNumber directory;
    std::string name;
    InodeNumber target;  // 0: the name goes
  };

  Volume();

  // 0 or -errno.
  int Find(std::string_view path, Place& place);
  Inode& Get(InodeNumber number);

  // A new inode with its first name. REQUIRES: the place has none.
  Inode& Create(const Place& place, bool is_directory, std::uint64_t operation);
  // One atomic operation: all changes take effect for programs now, and survive together. Of a
  // rename, the new name comes first.
  void Change(std::uint64_t operation, std::vector<NameChange> changes);

  void AddOpener(Inode& inode);
  void RemoveOpener(Inode& inode);  // may free it

  // Makes the directory's name operations below `end` durable, and what they depend on.
  void SyncDirectory(Inode& directory, std::uint64_t end);
  // The names, then the content of what still has a name, survive by the cut. REQUIRES: no openers.
  // What becomes of each pending operation is added to `parts`, unless that is null.
  FileContent::Settled PowerLoss(Cut& cut, std::vector<CutPart>* parts = nullptr);

  // Calls `change`, which writes to the file, and keeps the count of used sectors.
  template <class F>
  void ChangeContent(Inode& inode, F&& change) {
    const std::uint64_t before = inode.content.allocated();
    change(inode.content);
    used_sectors_ += inode.content.allocated();
    used_sectors_ -= before;
  }

  // In the order of their numbers.
  template <class F>
  void ForEach(F&& visit) {
    for (const auto& [number, inode] : inodes_) visit(*inode);
  }
  // Files created from now on keep the versions before their newest ones.
  void KeepHistory() { keeps_history_ = true; }
  // From now on each name operation waits for the one before it.
  void KeepNamesInOrder() { names_in_order_ = true; }
  // The oldest name operation of a directory that is pending, or `none`.
  std::uint64_t OldestName(const Inode& directory, std::uint64_t none) const;

  Inode& root() { return *root_; }
  std::uint64_t used_sectors() const { return used_sectors_; }
  // Of names and content, in words, ascending, one for each number.
  std::vector<PendingOperation> Pending() const;
  // Where programs see each inode, by one of its names.
  std::map<InodeNumber, std::string> Paths() const;
  // The same after a power loss that keeps nothing.
  std::map<InodeNumber, std::string> DurablePaths() const;
  // Of all inodes, without what is in flight.
  std::vector<FileState> Files() const;
  // Pending micro-operations of all kinds, and the oldest of them or `none`.
  std::uint64_t OldestPending(std::uint64_t none) const;

 private:
  struct NameOperation {
    std::vector<NameChange> changes;
    std::vector<std::uint64_t> dependencies;  // earlier ones; those gone by now are durable
  };
  using NameOperations = std::map<std::uint64_t, NameOperation>;

  void Reference(InodeNumber number);
  void Release(InodeNumber number);
  void Erase(Inode& inode);
  // Gives back the space of a file that no program can reach any more.
  void ReleaseSpaceIfDead(Inode& inode);
  std::vector<std::uint64_t> Dependencies(const std::vector<NameChange>& changes);
  void ApplyToCache(const NameChange& change);
  void ApplyToDurable(const NameChange& change);
  // Takes an operation that is durable or lost out of the pending ones.
  void Retire(NameOperations::iterator operation);
  std::map<InodeNumber, std::string> PathsBy(Inode::Entries Inode::*entries) const;
  FileContent::Settled CutNames(Cut& cut, std::vector<CutPart>* parts);
  static void DescribeNames(std::uint64_t number, const NameOperation& operation, bool kept,
                            std::vector<CutPart>& parts);
  void KeepReachable();

  boost::container::flat_map<InodeNumber, std::unique_ptr<Inode>> inodes_;
  NameOperations operations_;
  Inode* root_ = nullptr;
  InodeNumber last_number_;
  std::uint64_t last_directory_move_ = 0;
  std::uint64_t used_sectors_ = 0;
  bool keeps_history_ = false;
  bool names_in_order_ = false;
};

}  // namespace beach::sim
