// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "engine/manifest/state.h"
#include "env/env.h"

namespace beach::engine {

// A directory that becomes a database all at once, out of tables that others wrote: a checkpoint, a
// restored backup. From before the first of them until CURRENT is durable it holds the file
// PARTIAL: no open takes it for a database, nor for an empty directory that one may be made in, and
// who begins there again clears away what the one before left. Its LOCK is held meanwhile.
//
// Dropped before Publish it takes its files back, but for LOCK and PARTIAL; after a crash they stay
// until somebody begins there again, or removes the directory.
class PartialDirectory {
 public:
  // Makes the directory if need be (but not the folder above). kAlreadyExists: there is something
  // in it that is not the leftover of another one; nothing was touched. kBusy: another is at it.
  static Result<std::unique_ptr<PartialDirectory>> Begin(env::FileSystem& files,
                                                         const std::string& directory);
  ~PartialDirectory();
  PartialDirectory(const PartialDirectory&) = delete;
  PartialDirectory& operator=(const PartialDirectory&) = delete;

  // Makes it the database that `state` tells of, durably: names, IDENTITY, manifest, CURRENT, in
  // that order. REQUIRES: once; the listed tables are in it and their content is durable. After an
  // error it is a whole database, or none.
  Status Publish(const ManifestState& state);

 private:
  PartialDirectory(env::FileSystem& files, std::string directory,
                   std::unique_ptr<env::FileLock> lock)
      : files_(files), directory_(std::move(directory)), lock_(std::move(lock)) {}

  env::FileSystem& files_;
  const std::string directory_;
  const std::unique_ptr<env::FileLock> lock_;
  bool publishing_ = false;
};

// What a copy of the tables of `source` in `directory` is: a database of its own, with an identity
// of its own and a log that has not begun, which says of each table who wrote it.
ManifestState StateOfCopy(const ManifestState& source, env::Clock& clock,
                          const std::string& directory);

}  // namespace beach::engine
