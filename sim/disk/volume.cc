// SPDX-License-Identifier: Apache-2.0
#include "sim/disk/volume.h"

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include "base/check.h"

namespace beach::sim {

Volume::Volume() {
  last_number_ = last_number_.Next();
  auto root = std::make_unique<Inode>();
  root->number = last_number_;
  root->is_directory = true;
  root->references = 1;
  root->links = 1;
  root_ = root.get();
  inodes_.emplace(last_number_, std::move(root));
}

int Volume::Find(std::string_view path, Place& place) {
  if (path.empty()) return -ENOENT;
  place = Place{nullptr, {}, root_};
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
    if (part.empty() || part == ".") continue;
    if (place.inode == nullptr) return -ENOENT;
    if (!place.inode->is_directory) return -ENOTDIR;
    if (part.size() > 255) return -ENAMETOOLONG;
    place.directory = place.inode;
    place.name = part;
    const auto entry = place.directory->entries.find(part);
    place.inode = entry == place.directory->entries.end() ? nullptr : &Get(entry->second);
  }
  return 0;
}

Inode& Volume::Get(InodeNumber number) {
  const auto found = inodes_.find(number);
  BEACH_CHECK(found != inodes_.end());
  return *found->second;
}

Inode& Volume::Create(const Place& place, bool is_directory, std::uint64_t operation) {
  BEACH_CHECK(place.directory != nullptr);
  BEACH_CHECK(place.inode == nullptr);
  last_number_ = last_number_.Next();
  auto owned = std::make_unique<Inode>();
  Inode& inode = *owned;
  inode.number = last_number_;
  inode.is_directory = is_directory;
  if (keeps_history_ && !is_directory) inode.content.KeepHistory();
  inodes_.emplace(last_number_, std::move(owned));
  Change(operation, {{place.directory->number, place.name, inode.number}});
  BEACH_CHECK_EQ(inode.links, 1U);
  return inode;
}

std::vector<std::uint64_t> Volume::Dependencies(const std::vector<NameChange>& changes) {
  std::vector<std::uint64_t> dependencies;
  if (names_in_order_ && !operations_.empty()) {
    dependencies.push_back(operations_.rbegin()->first);
  }
  for (const NameChange& change : changes) {
    Inode& directory = Get(change.directory);
    const auto last = directory.pending_names.find(change.name);
    if (last != directory.pending_names.end()) dependencies.push_back(last->second);
    const auto before = directory.entries.find(change.name);
    if (before == directory.entries.end() || before->second == change.target) continue;
    const Inode& loses_name = Get(before->second);
    if (!loses_name.is_directory) continue;
    for (const auto& [name, operation] : loses_name.pending_names) {
      dependencies.push_back(operation);
    }
    if (last_directory_move_ != 0) dependencies.push_back(last_directory_move_);
  }
  const bool crosses = changes.size() > 1 && changes[0].directory != changes[1].directory;
  if (!crosses) return dependencies;
  for (const NameChange& change : changes) {
    for (const Inode* above = &Get(change.directory); above != root_; above = &Get(above->parent)) {
      if (above->named_by != 0) dependencies.push_back(above->named_by);
    }
  }
  return dependencies;
}

void Volume::Change(std::uint64_t operation, std::vector<NameChange> changes) {
  BEACH_CHECK(operations_.empty() || operations_.rbegin()->first < operation);
  NameOperation recorded;
  recorded.dependencies = Dependencies(changes);
  bool moves_directory = false;
  for (const NameChange& change : changes) {
    Reference(change.directory);
    if (change.target != InodeNumber{}) {
      Reference(change.target);
      Inode& target = Get(change.target);
      moves_directory = moves_directory || (changes.size() > 1 && target.is_directory);
      target.parent = change.directory;
      target.named_by = operation;
    }
    ApplyToCache(change);
    Get(change.directory).pending_names[change.name] = operation;
  }
  if (moves_directory) last_directory_move_ = operation;
  recorded.changes = std::move(changes);
  operations_.emplace(operation, std::move(recorded));
}

void Volume::ApplyToCache(const NameChange& change) {
  Inode& directory = Get(change.directory);
  BEACH_CHECK(directory.is_directory);
  InodeNumber before;
  if (const auto entry = directory.entries.find(change.name); entry != directory.entries.end()) {
    before = entry->second;
  }
  if (before == change.target) return;
  if (change.target != InodeNumber{}) {
    Inode& target = Get(change.target);
    ++target.links;
    Reference(change.target);
    directory.entries.insert_or_assign(change.name, change.target);
  } else {
    directory.entries.erase(change.name);
  }
  if (before != InodeNumber{}) {
    Inode& lost = Get(before);
    BEACH_CHECK_GT(lost.links, 0U);
    --lost.links;
    ReleaseSpaceIfDead(lost);
    Release(before);
  }
}

void Volume::ApplyToDurable(const NameChange& change) {
  Inode& directory = Get(change.directory);
  InodeNumber before;
  if (const auto entry = directory.durable_entries.find(change.name);
      entry != directory.durable_entries.end()) {
    before = entry->second;
  }
  if (before == change.target) return;
  if (change.target != InodeNumber{}) {
    Reference(change.target);
    directory.durable_entries.insert_or_assign(change.name, change.target);
  } else {
    directory.durable_entries.erase(change.name);
  }
  if (before != InodeNumber{}) Release(before);
}

void Volume::Retire(NameOperations::iterator operation) {
  const std::uint64_t number = operation->first;
  const NameOperation retired = std::move(operation->second);
  operations_.erase(operation);
  if (last_directory_move_ == number) last_directory_move_ = 0;
  for (const NameChange& change : retired.changes) {
    Inode& directory = Get(change.directory);
    const auto last = directory.pending_names.find(change.name);
    if (last != directory.pending_names.end() && last->second == number) {
      directory.pending_names.erase(last);
    }
  }
  for (const NameChange& change : retired.changes) {
    if (change.target != InodeNumber{}) Release(change.target);
    Release(change.directory);
  }
}

void Volume::SyncDirectory(Inode& directory, std::uint64_t end) {
  BEACH_CHECK(directory.is_directory);
  std::set<std::uint64_t> closure;
  std::vector<std::uint64_t> open;
  for (const auto& [name, operation] : directory.pending_names) open.push_back(operation);
  while (!open.empty()) {
    const std::uint64_t number = open.back();
    open.pop_back();
    const auto operation = operations_.find(number);
    if (operation == operations_.end()) continue;
    if (!closure.insert(number).second) continue;
    for (const std::uint64_t dependency : operation->second.dependencies) {
      open.push_back(dependency);
    }
  }
  const InodeNumber self = directory.number;
  Reference(self);                              // the last operation on it may be what keeps it
  for (const std::uint64_t number : closure) {  // ascending: what it depends on comes first
    if (number >= end) break;
    const auto operation = operations_.find(number);
    BEACH_CHECK(operation != operations_.end());
    for (const NameChange& change : operation->second.changes) ApplyToDurable(change);
    Retire(operation);
  }
  if (end >= directory.names_acknowledged_below) directory.names_acknowledged_below = 0;
  Release(self);
}

std::uint64_t Volume::OldestName(const Inode& directory, std::uint64_t none) const {
  for (const auto& [name, operation] : directory.pending_names) none = std::min(none, operation);
  return none;
}

FileContent::Settled Volume::CutNames(Cut& cut, std::vector<CutPart>* parts) {
  FileContent::Settled settled;
  settled.pending = operations_.size();
  std::set<std::uint64_t> lost;
  // Every name operation draws, whether or not it could survive, in the order of time.
  for (const auto& [number, operation] : operations_) {
    bool keeps = cut.Keeps(number);
    for (const std::uint64_t dependency : operation.dependencies) {
      keeps = keeps && !lost.contains(dependency);
    }
    if (parts != nullptr) DescribeNames(number, operation, keeps, *parts);
    if (!keeps) {
      lost.insert(number);
      for (const NameChange& change : operation.changes) {
        Inode& directory = Get(change.directory);
        if (number < directory.names_acknowledged_below) directory.names_lost = number;
      }
      continue;
    }
    ++settled.kept;
    for (const NameChange& change : operation.changes) ApplyToDurable(change);
  }
  while (!operations_.empty()) Retire(operations_.begin());
  return settled;
}

FileContent::Settled Volume::PowerLoss(Cut& cut, std::vector<CutPart>* parts) {
  std::map<InodeNumber, std::string> paths;  // what they were
  if (parts != nullptr) paths = Paths();
  Cut names = cut.ForFile(0);
  FileContent::Settled total = CutNames(names, parts);
  KeepReachable();
  used_sectors_ = 0;
  for (const auto& [number, inode] : inodes_) {
    if (inode->is_directory) continue;
    Cut file_cut = cut.ForFile(number.value);
    const std::size_t before = parts == nullptr ? 0 : parts->size();
    const FileContent::Settled settled = inode->content.PowerLoss(file_cut, parts);
    for (std::size_t i = before; parts != nullptr && i < parts->size(); ++i) {
      (*parts)[i].file = number;
    }
    total.pending += settled.pending;
    total.kept += settled.kept;
    total.torn += settled.torn;
    used_sectors_ += inode->content.allocated();
  }
  if (parts != nullptr) {
    for (CutPart& part : *parts) part.path = paths[part.file];
  }
  return total;
}

// Programs see what is durable, and what has no durable name is freed.
void Volume::KeepReachable() {
  BEACH_CHECK(operations_.empty());
  for (const auto& [number, inode] : inodes_) {
    BEACH_CHECK_EQ(inode->openers, 0U);
    BEACH_CHECK(inode->pending_names.empty());
    inode->references = 0;
    inode->links = 0;
    inode->locked = false;
    inode->sync_errors = 0;
    inode->names_acknowledged_below = 0;
    inode->named_by = 0;
    inode->entries = inode->durable_entries;
  }
  root_->references = 1;
  root_->links = 1;
  std::vector<Inode*> open = {root_};
  while (!open.empty()) {
    const Inode& directory = *open.back();
    open.pop_back();
    for (const auto& [name, number] : directory.entries) {
      Inode& inode = Get(number);
      if (inode.is_directory) {
        BEACH_CHECK_EQ(inode.links, 0U);
        inode.parent = directory.number;
        open.push_back(&inode);
      }
      ++inode.links;
      inode.references += 2;  // the name that is seen and the durable one
    }
  }
  for (auto inode = inodes_.begin(); inode != inodes_.end();) {
    inode = inode->second->references == 0 ? inodes_.erase(inode) : std::next(inode);
  }
}

void Volume::Reference(InodeNumber number) { ++Get(number).references; }

void Volume::Release(InodeNumber number) {
  Inode& inode = Get(number);
  BEACH_CHECK_GT(inode.references, 0U);
  if (--inode.references == 0) Erase(inode);
}

void Volume::Erase(Inode& inode) {
  BEACH_CHECK_EQ(inode.links, 0U);
  BEACH_CHECK_EQ(inode.openers, 0U);
  BEACH_CHECK(inode.entries.empty());
  const Inode::Entries durable = std::move(inode.durable_entries);
  inodes_.erase(inode.number);
  for (const auto& [name, number] : durable) Release(number);
}

void Volume::ReleaseSpaceIfDead(Inode& inode) {
  if (inode.links > 0 || inode.openers > 0) return;
  BEACH_CHECK_GE(used_sectors_, inode.content.allocated());
  used_sectors_ -= inode.content.allocated();
}

void Volume::AddOpener(Inode& inode) {
  ++inode.openers;
  ++inode.references;
}

void Volume::RemoveOpener(Inode& inode) {
  BEACH_CHECK_GT(inode.openers, 0U);
  --inode.openers;
  ReleaseSpaceIfDead(inode);
  Release(inode.number);
}

std::uint64_t Volume::OldestPending(std::uint64_t none) const {
  if (!operations_.empty()) none = std::min(none, operations_.begin()->first);
  for (const auto& [number, inode] : inodes_) none = inode->content.OldestPending(none);
  return none;
}

}  // namespace beach::sim
