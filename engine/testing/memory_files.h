// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "env/files.h"

// For unit tests: files that are strings in memory. Every write is durable at once; what a power
// loss leaves is the virtual disk's business (sim/disk). Thread-safe.

namespace beach::engine::testing {

enum class FileCall : std::uint8_t {
  kOpen,
  kRead,
  kWrite,
  kSync,
  kTruncate,
  kSize,
  kRename,
  kLink,
  kRemove,
  kList,
  kCreateDirectory,
  kRemoveDirectory,
  kSyncDirectory,
  kLock,
};

// What a call is about to do. Appends and submitted writes are writes, with their true offset.
struct FileEvent {
  FileCall call = FileCall::kOpen;
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

class MemoryFiles final : public env::FileSystem {
 public:
  // Asked before every call: an error makes the call fail with it, having done nothing. Of the file
  // system it may call Content and SetContent alone.
  using Hook = std::function<Status(const FileEvent&)>;

  void set_hook(Hook hook);

  // The whole content of a file, past the hook. REQUIRES for Content: it exists.
  Bytes Content(const std::string& path) const;
  void SetContent(const std::string& path, Bytes content);
  // All files of a directory as they are at one moment, by name, past the hook.
  std::map<std::string, Bytes> Snapshot(const std::string& directory) const;
  std::uint64_t syncs(const std::string& path) const;  // Sync and SyncData calls that succeeded

  Result<std::unique_ptr<env::File>> Open(const std::string& path,
                                          env::OpenOptions options) override;
  Result<bool> Exists(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Link(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Result<std::vector<std::string>> List(const std::string& directory) override;
  Status CreateDirectory(const std::string& path) override;
  Status RemoveDirectory(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  Result<std::unique_ptr<env::FileLock>> Lock(const std::string& path) override;
  Result<std::uint64_t> FreeSpace(const std::string& path) override;

 private:
  struct Inode {
    Bytes content;
    std::uint64_t syncs = 0;
  };
  class OpenFile;
  class HeldLock;

  Status Ask(FileCall call, const std::string& path, std::uint64_t offset = 0,
             std::uint64_t length = 0) const;
  bool DirectoryExists(const std::string& path) const;
  bool HasEntries(const std::string& directory) const;
  Status RenameDirectory(const std::string& from, const std::string& to);

  // A native mutex is right here: nothing is awaited while it is held, in either world.
  mutable std::recursive_mutex mutex_;
  Hook hook_;  // all below: under mutex_
  std::map<std::string, std::shared_ptr<Inode>> files_;
  std::set<std::string> directories_;
  std::set<std::string> locks_;
};

}  // namespace beach::engine::testing
