// SPDX-License-Identifier: Apache-2.0

// What no sync has covered, in words: for reports of crash points.
#include <map>
#include <string>
#include <utility>

#include "sim/disk/virtual_disk.h"

namespace beach::sim {
namespace {

// " [first, end)" in bytes.
std::string Range(std::uint64_t first, std::uint64_t end) {
  return " [" + std::to_string(first) + ", " + std::to_string(end) + ")";
}

void Add(std::map<std::uint64_t, std::string>& words, std::uint64_t number, std::string text) {
  std::string& all = words[number];
  if (!all.empty()) all += ", ";
  all += text;
}

}  // namespace

void FileContent::DescribePending(std::map<std::uint64_t, std::string>& words) const {
  for (const DataOperation& operation : data_) {
    if (operation.durable) continue;
    const char* const kind = operation.kind == Kind::kWrite  ? "write"
                             : operation.kind == Kind::kHole ? "hole"
                                                             : "reserve";
    const std::uint64_t first = operation.first * kSectorSize;
    Add(words, operation.number, kind + Range(first, first + operation.count * kSectorSize));
  }
  for (const SizeOperation& operation : sizes_) {
    Add(words, operation.number, "size " + std::to_string(operation.size));
  }
}

std::map<InodeNumber, std::string> Volume::Paths() const {
  std::map<InodeNumber, std::string> paths = {{root_->number, ""}};
  std::vector<const Inode*> open = {root_};
  while (!open.empty()) {
    const Inode& directory = *open.back();
    open.pop_back();
    const std::string& above = paths[directory.number];
    for (const auto& [name, number] : directory.entries) {
      const Inode& inode = *inodes_.at(number);
      const std::string path = above.empty() ? name : above + "/" + name;
      if (paths.emplace(number, path).second && inode.is_directory) open.push_back(&inode);
    }
  }
  return paths;
}

std::vector<PendingOperation> Volume::Pending() const {
  const std::map<InodeNumber, std::string> paths = Paths();
  const auto path_of = [&paths](InodeNumber inode) {
    const auto found = paths.find(inode);
    return found == paths.end() ? "(no name)" : found->second;
  };
  std::map<std::uint64_t, std::string> words;
  for (const auto& [number, operation] : operations_) {
    std::string text;
    for (const NameChange& change : operation.changes) {
      const std::string directory = path_of(change.directory);
      const bool goes = change.target == InodeNumber{};
      if (!text.empty()) text += ", ";
      text +=
          (goes ? "unname " : "name ") + (directory.empty() ? "" : directory + "/") + change.name;
    }
    Add(words, number, text);
  }
  for (const auto& [number, inode] : inodes_) {
    std::map<std::uint64_t, std::string> of_file;
    inode->content.DescribePending(of_file);
    for (const auto& [operation, text] : of_file)
      Add(words, operation, path_of(number) + ": " + text);
  }
  std::vector<PendingOperation> pending;
  for (auto& [number, text] : words) pending.push_back({number, std::move(text)});
  return pending;
}

std::vector<PendingOperation> VirtualDisk::Pending() {
  std::vector<PendingOperation> pending = volume_.Pending();
  const std::map<InodeNumber, std::string> paths = volume_.Paths();
  std::uint64_t number = last_operation_;
  for (const auto& [ticket, write] : tickets_) {
    if (write.data.empty()) continue;
    const auto path = paths.find(write.inode->number);
    pending.push_back({++number, (path == paths.end() ? "(no name)" : path->second) +
                                     ": write in flight" +
                                     Range(write.offset, write.offset + write.data.size())});
  }
  return pending;
}

}  // namespace beach::sim
