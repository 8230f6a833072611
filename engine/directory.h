// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "engine/manifest/identity.h"
#include "engine/manifest/manifest.h"
#include "engine/options.h"
#include "env/env.h"

// The directory of a database: what is there, what is missing, what is debris.

namespace beach::engine {

struct DirectoryContents {
  bool has_current = false;
  bool has_identity = false;
  bool has_lock = false;
  bool has_partial = false;
  bool has_data = false;  // tables or log segments
  FileNumber highest_number;
  std::vector<std::string> names;  // of our kinds only
};

// kRefused: a file whose number is above every one that we give.
Result<DirectoryContents> InspectDirectory(env::FileSystem& files, const std::string& directory);

// Rule 16. kRefused: data files and no CURRENT, or a copy that is not whole. kNotFound: no
// database, and none to be made.
Status CheckUsable(const std::string& directory, const DirectoryContents& contents,
                   bool create_if_missing);

// Makes sure that there is a directory, durably, that passes CheckUsable. One that is refused is
// not touched.
Status PrepareDirectory(env::FileSystem& files, const std::string& directory,
                        bool create_if_missing);

// Makes the name of a directory durable in the folder above; where the directory was there before,
// not being allowed to is fine.
Status SyncNameOf(env::FileSystem& files, const std::string& directory, bool was_there);

// Identity and manifest. Changes nothing. REQUIRES: a CURRENT.
Result<ManifestOnDisk> ReadDatabase(env::FileSystem& files, const std::string& directory);

// kInvalidArgument: Options::external_log is not what the database is.
Status CheckKind(const std::string& directory, const ManifestState& state, const Options& options);

// Judges, before the LOCK is made, what has none: a directory that is refused must stay untouched
// (rule 16). With a LOCK it is judged under it.
Status CheckUnlocked(env::FileSystem& files, const std::string& directory, const Options& options);

// Makes identity, empty manifest and CURRENT durable, in that order; a half of that which a crash
// left behind is finished. REQUIRES: no CURRENT, no data files, the LOCK held.
Status CreateDatabase(const env::Env& env, const std::string& directory,
                      const DirectoryContents& contents, const Options& options);

// What the log segments say that the manifest does not list.
struct UnlistedSegments {
  OpenEpoch epoch_max;  // of opens that failed or crashed, which may be above the manifest's
};
// kCorruption, at CURRENT: a segment of an epoch above the manifest's holds what only a log that
// serves writes. An open serves when its CURRENT is durable, so that CURRENT was there: a rename
// was lost, or old files were copied back.
// kCorruption, at the end of the manifest: a segment of the manifest's own epoch, above every one
// that it lists, holds an item; or one that it lists begins with an item, and the one before it has
// no end. The edit that lists a segment is durable before anything is written to it, and so is the
// one that gives the segment before it an end: that edit was there, and what looks like a torn tail
// of the manifest is damage.
// What cannot be a segment is passed over; one that cannot be read is an error.
Result<UnlistedSegments> InspectUnlistedSegments(env::FileSystem& files,
                                                 const std::string& directory,
                                                 const DirectoryContents& contents,
                                                 const ManifestOnDisk& manifest);

// The files that a state lists, and the manifest that holds it.
class ListedFiles {
 public:
  ListedFiles(const ManifestState& state, FileNumber manifest);
  // Whether a file of this name is of our kinds and counts for nothing (rule 14).
  bool IsDebris(ByteView name) const;

 private:
  FileNumber manifest_;
  std::vector<FileNumber> tables_;    // sorted, as
  std::vector<FileNumber> segments_;  // these are
};

// Removes debris numbered from `first` on: what opens made that failed or crashed. Best effort.
void RemoveFilesFrom(env::FileSystem& files, const std::string& directory, FileNumber first,
                     const ListedFiles& listed);

// The same for an open that goes on: `first` is the manifest's next number, above all that it
// lists. Of the highest number the name stays, empty: before the next manifest is durable nothing
// else tells that it was given, and an edit that a power loss has taken may have listed it for
// whoever read it before (rule 17).
void MakeRoomFrom(env::FileSystem& files, const std::string& directory, FileNumber first);

// Removes all debris. Best effort.
void RemoveDebris(env::FileSystem& files, const std::string& directory, const ListedFiles& listed);

}  // namespace beach::engine
