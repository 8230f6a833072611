// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "engine/manifest/state.h"
#include "env/files.h"
#include "env/threads.h"

namespace beach::engine {

// What CURRENT points to, as read. Nothing on disk is changed by reading.
struct ManifestOnDisk {
  FileNumber file;
  std::string path;
  ManifestState state;
  std::uint64_t records = 0;
  std::uint64_t end = 0;  // behind the last good record
  std::uint64_t torn_tail_bytes = 0;
};
// kCorruption, kRefused: file and offset named. `database` is what IDENTITY says.
Result<ManifestOnDisk> ReadManifest(env::FileSystem& files, const std::string& directory,
                                    DatabaseId database);
// The file that CURRENT names.
Result<FileNumber> ReadCurrent(env::FileSystem& files, const std::string& directory);
Bytes EncodeCurrent(FileNumber manifest);

// The list of what the database consists of, on disk and in memory. A file counts only if it is
// listed here (rule 14).
//
// Every open begins a manifest file of its own with a snapshot of the state: a recovered file is
// never appended to, because what a torn append left in it could come back. Thread-safe; its mutex
// is held through I/O, is taken with no other lock held, and nothing else is locked under it.
class Manifest {
 public:
  // Writes `state` into a new file, numbered state.next_file, all of it durable, and debris until
  // Publish. A failure leaves nothing of it.
  static Result<std::unique_ptr<Manifest>> Prepare(env::FileSystem& files, std::string directory,
                                                   ManifestState state, std::uint64_t size_max);
  // Makes CURRENT name the prepared file: all of the state becomes the database's in that one
  // rename. A former manifest file is debris then. A failure leaves unknown which one counts.
  // REQUIRES: once, before any other call.
  Status Publish();
  // Both.
  static Result<std::unique_ptr<Manifest>> Start(env::FileSystem& files, std::string directory,
                                                 ManifestState state, std::uint64_t size_max);

  // Durable, and then in state(), when it returns. The next file number is added to the edit. Any
  // failure poisons the manifest: each later call returns the same error.
  Status Apply(ManifestEdit edit);

  // A number for a new file; never given twice, also when no edit ever lists it (rule 17).
  FileNumber NewFileNumber();
  ManifestState state() const;
  FileNumber file() const;

 private:
  Manifest(env::FileSystem& files, std::string directory, std::uint64_t size_max)
      : files_(files), directory_(std::move(directory)), size_max_(size_max) {}

  Status WriteSnapshotFile(const ManifestState& state);
  Status PublishFile();
  Status Append(const ManifestEdit& edit);
  Status Roll();
  void RollAfter(std::uint64_t size);

  env::FileSystem& files_;
  const std::string directory_;
  const std::uint64_t size_max_;

  mutable env::Mutex mutex_;
  // All below under mutex_.
  ManifestState state_;
  std::optional<Error> poison_;
  FileNumber file_number_;
  std::unique_ptr<env::File> file_;
  std::uint64_t size_ = 0;
  std::uint64_t roll_at_ = 0;
};

}  // namespace beach::engine
