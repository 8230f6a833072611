// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "engine/manifest/identity.h"
#include "engine/manifest/manifest.h"
#include "engine/options.h"
#include "env/env.h"

// The directory of a database, judged by its names: what is there, what is missing, what is debris.

namespace beach::engine {

struct DirectoryContents {
  bool has_current = false;
  bool has_identity = false;
  bool has_data = false;  // tables or log segments
  FileNumber highest_number;
  std::vector<std::string> names;  // of our kinds only
};

Result<DirectoryContents> InspectDirectory(env::FileSystem& files, const std::string& directory);

// Rule 16. kRefused: data files and no CURRENT. kNotFound: no database, and none to be made.
Status CheckUsable(const std::string& directory, const DirectoryContents& contents,
                   bool create_if_missing);

// Makes sure that there is a directory, durably, that passes CheckUsable. One that is refused is
// not touched.
Status PrepareDirectory(env::FileSystem& files, const std::string& directory,
                        bool create_if_missing);

// Makes identity, empty manifest and CURRENT durable, in that order; a half of that which a crash
// left behind is finished. REQUIRES: no CURRENT, no data files, the LOCK held.
Status CreateDatabase(const env::Env& env, const std::string& directory,
                      const DirectoryContents& contents, const Options& options);

// Removes files of our kinds that `state` does not list (rule 14). Best effort.
void RemoveDebris(env::FileSystem& files, const std::string& directory, const ManifestState& state,
                  FileNumber manifest);

// Whether `state`, whose manifest is `manifest`, has this file.
bool IsDebris(ByteView name, const ManifestState& state, FileNumber manifest);

}  // namespace beach::engine
