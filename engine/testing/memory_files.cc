// SPDX-License-Identifier: Apache-2.0
#include "engine/testing/memory_files.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.h"

namespace beach::engine::testing {
namespace {

using Guard = std::lock_guard<std::recursive_mutex>;

std::string ParentOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

class FinishedWrite final : public env::PendingWrite {
 public:
  explicit FinishedWrite(Status status) : status_(std::move(status)) {}
  Status Wait() override { return status_; }
  bool Done() override { return true; }

 private:
  Status status_;
};

}  // namespace

class MemoryFiles::OpenFile final : public env::File {
 public:
  OpenFile(MemoryFiles& files, std::string path, std::shared_ptr<Inode> inode, bool writable)
      : files_(files), path_(std::move(path)), inode_(std::move(inode)), writable_(writable) {}

  Result<std::size_t> ReadAt(std::uint64_t offset, char* target, std::size_t length) override {
    const Guard guard(files_.mutex_);
    BEACH_TRY(files_.Ask(FileCall::kRead, path_, offset, length));
    if (offset >= inode_->content.size()) return std::size_t{0};
    return inode_->content.copy(target, length, static_cast<std::size_t>(offset));
  }

  Status WriteAt(std::uint64_t offset, ByteView data) override {
    const Guard guard(files_.mutex_);
    return Write(offset, data);
  }

  Status Append(ByteView data) override {
    const Guard guard(files_.mutex_);
    return Write(inode_->content.size(), data);
  }

  Result<std::unique_ptr<env::PendingWrite>> SubmitWrite(std::uint64_t offset,
                                                         ByteView data) override {
    const Guard guard(files_.mutex_);
    Status written = Write(offset, data);
    if (written) written = CountSync();
    return std::make_unique<FinishedWrite>(std::move(written));
  }

  Status Sync() override {
    const Guard guard(files_.mutex_);
    return CountSync();
  }
  Status SyncData() override { return Sync(); }

  Status Truncate(std::uint64_t size_bytes) override {
    const Guard guard(files_.mutex_);
    BEACH_TRY(CheckWritable());
    BEACH_TRY(files_.Ask(FileCall::kTruncate, path_, 0, size_bytes));
    inode_->content.resize(static_cast<std::size_t>(size_bytes));
    return {};
  }

  Status Allocate(std::uint64_t size_bytes) override {
    const Guard guard(files_.mutex_);
    BEACH_TRY(CheckWritable());
    BEACH_TRY(files_.Ask(FileCall::kTruncate, path_, 0, size_bytes));
    if (size_bytes > inode_->content.size()) {
      inode_->content.resize(static_cast<std::size_t>(size_bytes));
    }
    return {};
  }

  Result<std::uint64_t> Size() override {
    const Guard guard(files_.mutex_);
    BEACH_TRY(files_.Ask(FileCall::kSize, path_));
    return std::uint64_t{inode_->content.size()};
  }

  const std::string& path() const override { return path_; }

 private:
  // REQUIRES: the mutex is held, here and below.
  Status CheckWritable() const {
    if (!writable_) return Fail(ErrnoError(EBADF, "write", path_));
    return {};
  }

  Status Write(std::uint64_t offset, ByteView data) {
    BEACH_TRY(CheckWritable());
    BEACH_TRY(files_.Ask(FileCall::kWrite, path_, offset, data.size()));
    const auto begin = static_cast<std::size_t>(offset);
    if (inode_->content.size() < begin + data.size()) inode_->content.resize(begin + data.size());
    std::copy(data.begin(), data.end(), inode_->content.data() + begin);
    return {};
  }

  Status CountSync() {
    BEACH_TRY(files_.Ask(FileCall::kSync, path_));
    ++inode_->syncs;
    return {};
  }

  MemoryFiles& files_;
  const std::string path_;
  const std::shared_ptr<Inode> inode_;  // shared: it lives on after its name is removed
  const bool writable_;
};

class MemoryFiles::HeldLock final : public env::FileLock {
 public:
  HeldLock(MemoryFiles& files, std::string path) : files_(files), path_(std::move(path)) {}
  ~HeldLock() override {
    const Guard guard(files_.mutex_);
    files_.locks_.erase(path_);
  }

 private:
  MemoryFiles& files_;
  const std::string path_;
};

void MemoryFiles::set_hook(Hook hook) {
  const Guard guard(mutex_);
  hook_ = std::move(hook);
}

Bytes MemoryFiles::Content(const std::string& path) const {
  const Guard guard(mutex_);
  const auto found = files_.find(path);
  BEACH_CHECK(found != files_.end());
  return found->second->content;
}

std::map<std::string, Bytes> MemoryFiles::Snapshot(const std::string& directory) const {
  const Guard guard(mutex_);
  const std::string above = directory + "/";
  std::map<std::string, Bytes> files;
  for (const auto& [path, inode] : files_) {
    if (!path.starts_with(above) || path.find('/', above.size()) != std::string::npos) continue;
    files[path.substr(above.size())] = inode->content;
  }
  return files;
}

void MemoryFiles::SetContent(const std::string& path, Bytes content) {
  const Guard guard(mutex_);
  auto& inode = files_[path];
  if (inode == nullptr) inode = std::make_shared<Inode>();
  inode->content = std::move(content);
}

std::uint64_t MemoryFiles::syncs(const std::string& path) const {
  const Guard guard(mutex_);
  const auto found = files_.find(path);
  return found == files_.end() ? 0 : found->second->syncs;
}

Result<std::unique_ptr<env::File>> MemoryFiles::Open(const std::string& path,
                                                     env::OpenOptions options) {
  const Guard guard(mutex_);
  BEACH_TRY(Ask(FileCall::kOpen, path));
  if (options.direct) {
    return Fail(Error(ErrorCode::kUnsupported, "no direct writes in memory").At(path));
  }
  const auto found = files_.find(path);
  if (options.mode == env::OpenMode::kCreate) {
    if (found != files_.end()) return Fail(ErrnoError(EEXIST, "open", path));
    if (!DirectoryExists(ParentOf(path))) return Fail(ErrnoError(ENOENT, "open", path));
    auto inode = std::make_shared<Inode>();
    files_.emplace(path, inode);
    return std::make_unique<OpenFile>(*this, path, std::move(inode), true);
  }
  if (found == files_.end()) {
    return Fail(ErrnoError(DirectoryExists(path) ? EISDIR : ENOENT, "open", path));
  }
  const bool writable = options.mode == env::OpenMode::kReadWrite;
  return std::make_unique<OpenFile>(*this, path, found->second, writable);
}

Result<bool> MemoryFiles::Exists(const std::string& path) {
  const Guard guard(mutex_);
  return files_.contains(path) || DirectoryExists(path);
}

Status MemoryFiles::Rename(const std::string& from, const std::string& to) {
  const Guard guard(mutex_);
  BEACH_TRY(Ask(FileCall::kRename, from));
  if (directories_.contains(from)) return RenameDirectory(from, to);
  const auto found = files_.find(from);
  if (found == files_.end()) return Fail(ErrnoError(ENOENT, "rename", from));
  if (!DirectoryExists(ParentOf(to))) return Fail(ErrnoError(ENOENT, "rename", to));
  if (from == to) return {};
  files_[to] = found->second;
  files_.erase(from);
  return {};
}

Status MemoryFiles::RenameDirectory(const std::string& from, const std::string& to) {
  if (!DirectoryExists(ParentOf(to))) return Fail(ErrnoError(ENOENT, "rename", to));
  if (HasEntries(to)) return Fail(ErrnoError(ENOTEMPTY, "rename", to));
  const std::string above = from + "/";
  std::map<std::string, std::shared_ptr<Inode>> files;
  for (const auto& [path, inode] : files_) {
    const bool moves = path.starts_with(above);
    files[moves ? to + path.substr(from.size()) : path] = inode;
  }
  files_ = std::move(files);
  std::set<std::string> directories;
  for (const std::string& path : directories_) {
    const bool moves = path == from || path.starts_with(above);
    directories.insert(moves ? to + path.substr(from.size()) : path);
  }
  directories_ = std::move(directories);
  return {};
}

Status MemoryFiles::Link(const std::string& from, const std::string& to) {
  const Guard guard(mutex_);
  BEACH_TRY(Ask(FileCall::kLink, from));
  const auto found = files_.find(from);
  if (found == files_.end()) return Fail(ErrnoError(ENOENT, "link", from));
  if (!files_.emplace(to, found->second).second) return Fail(ErrnoError(EEXIST, "link", to));
  return {};
}

Status MemoryFiles::Remove(const std::string& path) {
  const Guard guard(mutex_);
  BEACH_TRY(Ask(FileCall::kRemove, path));
  if (files_.erase(path) == 0) return Fail(ErrnoError(ENOENT, "remove", path));
  return {};
}

Result<std::vector<std::string>> MemoryFiles::List(const std::string& directory) {
  const Guard guard(mutex_);
  BEACH_TRY(Ask(FileCall::kList, directory));
  if (!DirectoryExists(directory)) return Fail(ErrnoError(ENOENT, "list", directory));
  std::vector<std::string> names;
  const auto take = [&](const std::string& path) {
    if (ParentOf(path) == directory) {
      names.push_back(directory.empty() ? path : path.substr(directory.size() + 1));
    }
  };
  for (const auto& [path, inode] : files_) take(path);
  for (const std::string& path : directories_) take(path);
  std::sort(names.begin(), names.end());
  return names;
}

Status MemoryFiles::CreateDirectory(const std::string& path) {
  const Guard guard(mutex_);
  BEACH_TRY(Ask(FileCall::kCreateDirectory, path));
  if (!DirectoryExists(ParentOf(path))) return Fail(ErrnoError(ENOENT, "mkdir", path));
  const bool is_new = !files_.contains(path) && directories_.insert(path).second;
  if (!is_new) return Fail(ErrnoError(EEXIST, "mkdir", path));
  return {};
}

Status MemoryFiles::RemoveDirectory(const std::string& path) {
  const Guard guard(mutex_);
  BEACH_TRY(Ask(FileCall::kRemoveDirectory, path));
  if (HasEntries(path)) return Fail(ErrnoError(ENOTEMPTY, "rmdir", path));
  if (directories_.erase(path) == 0) return Fail(ErrnoError(ENOENT, "rmdir", path));
  return {};
}

Status MemoryFiles::SyncDirectory(const std::string& path) {
  const Guard guard(mutex_);
  BEACH_TRY(Ask(FileCall::kSyncDirectory, path));
  if (!DirectoryExists(path)) return Fail(ErrnoError(ENOENT, "sync directory", path));
  return {};
}

Result<std::unique_ptr<env::FileLock>> MemoryFiles::Lock(const std::string& path) {
  const Guard guard(mutex_);
  BEACH_TRY(Ask(FileCall::kLock, path));
  if (!DirectoryExists(ParentOf(path))) return Fail(ErrnoError(ENOENT, "lock", path));
  if (!locks_.insert(path).second) {
    return Fail(Error(ErrorCode::kBusy, "the lock is held").At(path));
  }
  auto& inode = files_[path];
  if (inode == nullptr) inode = std::make_shared<Inode>();
  return std::make_unique<HeldLock>(*this, path);
}

Result<std::uint64_t> MemoryFiles::FreeSpace(const std::string&) { return std::uint64_t{1} << 40; }

Status MemoryFiles::Ask(FileCall call, const std::string& path, std::uint64_t offset,
                        std::uint64_t length) const {
  if (hook_ == nullptr) return {};
  return hook_(FileEvent{.call = call, .path = path, .offset = offset, .length = length});
}

bool MemoryFiles::DirectoryExists(const std::string& path) const {
  return path.empty() || path == "/" || path == "." || directories_.contains(path);
}

bool MemoryFiles::HasEntries(const std::string& directory) const {
  const auto inside = [&](const std::string& path) { return ParentOf(path) == directory; };
  for (const auto& [path, inode] : files_) {
    if (inside(path)) return true;
  }
  return std::any_of(directories_.begin(), directories_.end(), inside);
}

}  // namespace beach::engine::testing
