// SPDX-License-Identifier: Apache-2.0

// What no sync has covered, and what a power loss made of it: for reports of crash points, and for
// who watches a run.
#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "base/check.h"
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

// Sorted, with those that touch made one.
void Unite(std::vector<ByteRange>& ranges) {
  std::ranges::sort(ranges, {}, &ByteRange::first);
  std::size_t count = 0;
  for (const ByteRange& range : ranges) {
    if (count > 0 && range.first <= ranges[count - 1].end) {
      ranges[count - 1].end = std::max(ranges[count - 1].end, range.end);
    } else {
      ranges[count++] = range;
    }
  }
  ranges.resize(count);
}

}  // namespace

const char* FileContent::NameOf(Kind kind) {
  switch (kind) {
    case Kind::kWrite: return "write";
    case Kind::kHole: return "hole";
    case Kind::kReserve: return "reserve";
  }
  return "?";
}

ByteRange FileContent::BytesOf(std::uint64_t first_sector, std::uint64_t count) {
  return {first_sector * kSectorSize, (first_sector + count) * kSectorSize};
}

CutPart FileContent::PartOf(const DataOperation& operation) {
  CutPart part;
  part.number = operation.number;
  part.what = NameOf(operation.kind);
  part.range = BytesOf(operation.first, operation.count);
  return part;
}

void FileContent::Describe(FileState& state) const {
  state.size_bytes = size_;
  state.durable_size_bytes = durable_size_;
  state.pending = sizes_.size();
  for (const DataOperation& operation : data_) {
    if (operation.durable) continue;
    ++state.pending;
    if (operation.kind == Kind::kReserve) continue;  // reads as zeros either way
    state.dirty.push_back(BytesOf(operation.first, operation.count));
  }
  Unite(state.dirty);
}

void FileContent::DescribePending(std::map<std::uint64_t, std::string>& words) const {
  for (const DataOperation& operation : data_) {
    if (operation.durable) continue;
    const ByteRange bytes = BytesOf(operation.first, operation.count);
    Add(words, operation.number, NameOf(operation.kind) + Range(bytes.first, bytes.end));
  }
  for (const SizeOperation& operation : sizes_) {
    Add(words, operation.number, "size " + std::to_string(operation.size));
  }
}

std::map<InodeNumber, std::string> Volume::Paths() const { return PathsBy(&Inode::entries); }

std::map<InodeNumber, std::string> Volume::DurablePaths() const {
  return PathsBy(&Inode::durable_entries);
}

std::map<InodeNumber, std::string> Volume::PathsBy(Inode::Entries Inode::*entries) const {
  std::map<InodeNumber, std::string> paths = {{root_->number, ""}};
  std::vector<const Inode*> open = {root_};
  while (!open.empty()) {
    const Inode& directory = *open.back();
    open.pop_back();
    const std::string& above = paths[directory.number];
    for (const auto& [name, number] : directory.*entries) {
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

std::vector<FileState> Volume::Files() const {
  const std::map<InodeNumber, std::string> paths = Paths();
  const std::map<InodeNumber, std::string> durable_paths = DurablePaths();
  std::vector<FileState> files;
  for (const auto& [number, inode] : inodes_) {
    if (inode.get() == root_) continue;
    FileState& file = files.emplace_back();
    file.id = number;
    file.is_directory = inode->is_directory;
    if (const auto path = paths.find(number); path != paths.end()) file.path = path->second;
    const auto durable = durable_paths.find(number);
    if (durable != durable_paths.end()) file.durable_path = durable->second;
    inode->content.Describe(file);
    if (inode->is_directory) file.pending = inode->pending_names.size();
  }
  return files;
}

void Volume::DescribeNames(std::uint64_t number, const NameOperation& operation, bool kept,
                           std::vector<CutPart>& parts) {
  for (const NameChange& change : operation.changes) {
    CutPart& part = parts.emplace_back();
    part.number = number;
    part.file = change.directory;
    part.what = (change.target == InodeNumber{} ? "unname " : "name ") + change.name;
    part.kept = kept;
  }
}

std::vector<FileState> VirtualDisk::Files() {
  std::vector<FileState> files = volume_.Files();
  for (const auto& [ticket, write] : tickets_) {
    if (write.data.empty()) continue;
    const auto file = std::ranges::lower_bound(files, write.inode->number, {}, &FileState::id);
    BEACH_CHECK(file != files.end());
    file->in_flight.push_back({write.offset, write.offset + write.data.size()});
  }
  return files;
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
