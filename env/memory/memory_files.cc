// SPDX-License-Identifier: Apache-2.0
#include "env/memory/memory_files.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "env/memory/memory_content.h"
#include "env/threads.h"

namespace beach::env {
namespace {

std::string ParentOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

bool IsRoot(const std::string& path) { return path.empty() || path == "." || path == "/"; }

// What all files may take together.
class Room {
 public:
  explicit Room(std::uint64_t most) : free_(most) {}

  bool Take(std::uint64_t bytes) {
    std::uint64_t free = free_.load();
    while (free >= bytes) {
      if (free_.compare_exchange_weak(free, free - bytes)) return true;
    }
    return false;
  }
  void Return(std::uint64_t bytes) { free_ += bytes; }
  std::uint64_t free() const { return free_; }

 private:
  std::atomic<std::uint64_t> free_;
};

// A file, by whatever names.
class Inode {
 public:
  explicit Inode(std::shared_ptr<Room> room) : room_(std::move(room)) {}
  ~Inode() { room_->Return(content_.size_bytes()); }
  Inode(const Inode&) = delete;
  Inode& operator=(const Inode&) = delete;

  std::size_t ReadAt(std::uint64_t offset, char* target, std::size_t length) {
    const MutexLock lock(mutex_);
    return content_.ReadAt(offset, target, length);
  }
  // False: there is no room, and nothing was done.
  bool WriteAt(std::uint64_t offset, ByteView data) {
    const MutexLock lock(mutex_);
    return Write(offset, data);
  }
  bool Append(ByteView data) {
    const MutexLock lock(mutex_);
    return Write(content_.size_bytes(), data);
  }
  bool Resize(std::uint64_t size_bytes) {
    const MutexLock lock(mutex_);
    if (!Grow(size_bytes)) return false;
    const std::uint64_t before = content_.size_bytes();
    content_.Resize(size_bytes);
    if (size_bytes < before) room_->Return(before - size_bytes);
    return true;
  }
  bool Allocate(std::uint64_t size_bytes) {
    const MutexLock lock(mutex_);
    if (size_bytes <= content_.size_bytes()) return true;
    if (!Grow(size_bytes)) return false;
    content_.Resize(size_bytes);
    return true;
  }
  std::uint64_t size_bytes() {
    const MutexLock lock(mutex_);
    return content_.size_bytes();
  }

 private:
  // Takes the room that the size needs beyond what the file has.
  bool Grow(std::uint64_t size_bytes) {
    const std::uint64_t before = content_.size_bytes();
    return size_bytes <= before || room_->Take(size_bytes - before);
  }
  bool Write(std::uint64_t offset, ByteView data) {
    if (data.empty()) return true;
    if (data.size() > ~std::uint64_t{0} - offset || !Grow(offset + data.size())) return false;
    content_.WriteAt(offset, data);
    return true;
  }

  const std::shared_ptr<Room> room_;
  Mutex mutex_;
  MemoryContent content_;  // under mutex_
};

class FinishedWrite final : public PendingWrite {
 public:
  explicit FinishedWrite(Status status) : status_(std::move(status)) {}
  Status Wait() override { return status_; }
  bool Done() override { return true; }

 private:
  const Status status_;
};

class MemoryFile final : public File {
 public:
  MemoryFile(std::string path, std::shared_ptr<Inode> inode, bool writable)
      : path_(std::move(path)), inode_(std::move(inode)), writable_(writable) {}

  Result<std::size_t> ReadAt(std::uint64_t offset, char* target, std::size_t length) override {
    return inode_->ReadAt(offset, target, length);
  }
  Status WriteAt(std::uint64_t offset, ByteView data) override {
    return Change("write", [&] { return inode_->WriteAt(offset, data); });
  }
  Status Append(ByteView data) override {
    return Change("append", [&] { return inode_->Append(data); });
  }
  Result<std::unique_ptr<PendingWrite>> SubmitWrite(std::uint64_t offset, ByteView data) override {
    return std::make_unique<FinishedWrite>(WriteAt(offset, data));
  }
  Status Sync() override { return {}; }
  Status SyncData() override { return {}; }
  Status Truncate(std::uint64_t size_bytes) override {
    return Change("truncate", [&] { return inode_->Resize(size_bytes); });
  }
  Status Allocate(std::uint64_t size_bytes) override {
    return Change("allocate", [&] { return inode_->Allocate(size_bytes); });
  }
  Result<std::uint64_t> Size() override { return inode_->size_bytes(); }
  const std::string& path() const override { return path_; }

 private:
  template <class Changing>
  Status Change(const char* what, const Changing& changing) {
    if (!writable_) return Fail(ErrnoError(EBADF, what, path_));
    if (!changing()) return Fail(ErrnoError(ENOSPC, what, path_));
    return {};
  }

  const std::string path_;
  const std::shared_ptr<Inode> inode_;  // shared: it lives on without its name
  const bool writable_;
};

class MemoryFileSystem final : public FileSystem {
 public:
  explicit MemoryFileSystem(std::uint64_t bytes_max) : room_(std::make_shared<Room>(bytes_max)) {}

  Result<std::unique_ptr<File>> Open(const std::string& path, OpenOptions options) override {
    const MutexLock lock(mutex_);
    if (options.direct) {
      return Fail(Error(ErrorCode::kUnsupported, "no direct files in memory").At(path));
    }
    if (DirectoryExists(path)) return Fail(ErrnoError(EISDIR, "open", path));
    const auto found = entries_.find(path);
    if (options.mode != OpenMode::kCreate) {
      if (found == entries_.end()) return Fail(ErrnoError(ENOENT, "open", path));
      const bool writable = options.mode == OpenMode::kReadWrite;
      return std::make_unique<MemoryFile>(path, found->second, writable);
    }
    if (found != entries_.end()) return Fail(ErrnoError(EEXIST, "open", path));
    BEACH_TRY(CheckParent("open", path));
    auto inode = std::make_shared<Inode>(room_);
    entries_.emplace(path, inode);
    return std::make_unique<MemoryFile>(path, std::move(inode), true);
  }

  Result<bool> Exists(const std::string& path) override {
    const MutexLock lock(mutex_);
    return DirectoryExists(path) || entries_.contains(path);
  }

  Status Rename(const std::string& from, const std::string& to) override {
    const MutexLock lock(mutex_);
    const auto found = entries_.find(from);
    if (found == entries_.end() && !DirectoryExists(from)) {
      return Fail(ErrnoError(ENOENT, "rename", from));
    }
    BEACH_TRY(CheckParent("rename", to));
    if (from == to) return {};
    if (found == entries_.end() || found->second == nullptr) return RenameDirectory(from, to);
    if (DirectoryExists(to)) return Fail(ErrnoError(EISDIR, "rename", to));
    auto inode = found->second;
    const auto there = entries_.find(to);
    // Two names of one file stay two names.
    if (there != entries_.end() && there->second == inode) return {};
    entries_.erase(found);
    entries_[to] = std::move(inode);
    return {};
  }

  Status Link(const std::string& from, const std::string& to) override {
    const MutexLock lock(mutex_);
    const auto found = entries_.find(from);
    if (DirectoryExists(from)) return Fail(ErrnoError(EPERM, "link", from));
    if (found == entries_.end()) return Fail(ErrnoError(ENOENT, "link", from));
    BEACH_TRY(CheckParent("link", to));
    if (DirectoryExists(to) || entries_.contains(to)) return Fail(ErrnoError(EEXIST, "link", to));
    entries_.emplace(to, found->second);
    return {};
  }

  Status Remove(const std::string& path) override {
    const MutexLock lock(mutex_);
    if (DirectoryExists(path)) return Fail(ErrnoError(EISDIR, "remove", path));
    if (entries_.erase(path) == 0) return Fail(ErrnoError(ENOENT, "remove", path));
    return {};
  }

  Result<std::vector<std::string>> List(const std::string& directory) override {
    const MutexLock lock(mutex_);
    if (entries_.contains(directory) && !DirectoryExists(directory)) {
      return Fail(ErrnoError(ENOTDIR, "list", directory));
    }
    if (!DirectoryExists(directory)) return Fail(ErrnoError(ENOENT, "list", directory));
    std::vector<std::string> names;
    for (const auto& [path, inode] : entries_) {
      if (!Holds(directory, path)) continue;
      names.push_back(path.substr(path.rfind('/') + 1));  // npos + 1 is 0
    }
    std::ranges::sort(names);
    return names;
  }

  Status CreateDirectory(const std::string& path) override {
    const MutexLock lock(mutex_);
    if (DirectoryExists(path) || entries_.contains(path)) {
      return Fail(ErrnoError(EEXIST, "mkdir", path));
    }
    BEACH_TRY(CheckParent("mkdir", path));
    entries_.emplace(path, nullptr);
    return {};
  }

  Status RemoveDirectory(const std::string& path) override {
    const MutexLock lock(mutex_);
    const auto found = entries_.find(path);
    if (found == entries_.end()) return Fail(ErrnoError(ENOENT, "rmdir", path));
    if (found->second != nullptr) return Fail(ErrnoError(ENOTDIR, "rmdir", path));
    for (const auto& [other, inode] : entries_) {
      if (Holds(path, other)) return Fail(ErrnoError(ENOTEMPTY, "rmdir", path));
    }
    entries_.erase(found);
    return {};
  }

  Status SyncDirectory(const std::string& path) override {
    const MutexLock lock(mutex_);
    if (DirectoryExists(path)) return {};
    return Fail(ErrnoError(entries_.contains(path) ? ENOTDIR : ENOENT, "sync directory", path));
  }

  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override {
    const MutexLock lock(mutex_);
    if (DirectoryExists(path)) return Fail(ErrnoError(EISDIR, "lock", path));
    BEACH_TRY(CheckParent("lock", path));
    auto& inode = entries_[path];
    if (inode == nullptr) inode = std::make_shared<Inode>(room_);
    for (const std::shared_ptr<Inode>& held : locked_) {
      if (held == inode) return Fail(Error(ErrorCode::kBusy, "the lock is held").At(path));
    }
    locked_.push_back(inode);
    return std::make_unique<HeldLock>(*this, inode);
  }

  Result<std::uint64_t> FreeSpace(const std::string& path) override {
    const MutexLock lock(mutex_);
    if (DirectoryExists(path) || entries_.contains(path)) return room_->free();
    return Fail(ErrnoError(ENOENT, "free space", path));
  }

 private:
  class HeldLock final : public FileLock {
   public:
    HeldLock(MemoryFileSystem& files, std::shared_ptr<Inode> inode)
        : files_(files), inode_(std::move(inode)) {}
    ~HeldLock() override {
      const MutexLock lock(files_.mutex_);
      std::erase(files_.locked_, inode_);
    }

   private:
    MemoryFileSystem& files_;
    const std::shared_ptr<Inode> inode_;
  };

  // All under mutex_.
  bool DirectoryExists(const std::string& path) const {
    if (IsRoot(path)) return true;
    const auto found = entries_.find(path);
    return found != entries_.end() && found->second == nullptr;
  }
  static bool Holds(const std::string& directory, const std::string& path) {
    const std::string parent = ParentOf(path);
    return parent == directory || (directory.empty() && parent == ".");
  }
  Status CheckParent(const char* what, const std::string& path) const {
    const std::string parent = ParentOf(path);
    if (DirectoryExists(parent)) return {};
    return Fail(ErrnoError(entries_.contains(parent) ? ENOTDIR : ENOENT, what, path));
  }
  Status RenameDirectory(const std::string& from, const std::string& to) {
    if (entries_.contains(to) && !DirectoryExists(to)) {
      return Fail(ErrnoError(ENOTDIR, "rename", to));
    }
    if (IsRoot(from) || to.starts_with(from + "/")) return Fail(ErrnoError(EINVAL, "rename", to));
    for (const auto& [other, inode] : entries_) {
      if (Holds(to, other)) return Fail(ErrnoError(ENOTEMPTY, "rename", to));
    }
    std::map<std::string, std::shared_ptr<Inode>> moved;
    for (const auto& [other, inode] : entries_) {
      const bool inside = other.starts_with(from + "/");
      moved[other == from || inside ? to + other.substr(from.size()) : other] = inode;
    }
    entries_ = std::move(moved);
    return {};
  }

  const std::shared_ptr<Room> room_;  // files may outlive their names
  Mutex mutex_;
  // All below under mutex_. By path; null: a directory.
  std::map<std::string, std::shared_ptr<Inode>> entries_;
  std::vector<std::shared_ptr<Inode>> locked_;
};

}  // namespace

std::unique_ptr<FileSystem> NewMemoryFiles(std::uint64_t bytes_max) {
  return std::make_unique<MemoryFileSystem>(bytes_max);
}

}  // namespace beach::env
