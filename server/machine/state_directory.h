// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "env/files.h"

// The directory of a node's tables once damage was met in it: examined, and set aside, so that its
// peers fill a new one. Beside a directory `db` there may be
//
//   db.damage   a mark: damage was met, in this life or an earlier one, and nothing durable is
//               known to have come in its place. That it is there is what counts; its text is for
//               people, and the first error stays.
//   db.damaged  what was set aside last, for people, who may remove it: nothing here looks into it.
//
// In this order, each step durable before the next: the mark; an older `db.damaged` goes; `db` is
// renamed to `db.damaged`; a new `db` is made, which holds index 0; it gets a snapshot's tables, or
// those of a log that was applied from its first entry on; the mark goes. A crash leaves the mark
// and either damaged tables, which are found to be so again, or sound ones: where those hold index
// 0 the state is lost still. All calls block.

namespace beach::server {

std::string DamageMarkOf(const std::string& directory);
std::string SetAsideNameOf(const std::string& directory);

// Whether an error says that bytes on disk are not what was written, or cannot be read: it is to be
// confirmed by FindDamage. All others are no damage, whatever they say: what found no space, no
// memory or a lock may go well the next time; what is refused is somebody's, unless the directory
// is known to be ours and it is refused for its first bytes.
bool MayBeDamage(const Error& error, bool is_ours);

// Durable when it returns.
Status MarkDamaged(env::FileSystem& files, const std::string& directory, const Error& error);
// kCorruption, with the text of the mark; nothing where there is none.
Result<std::optional<Error>> ReadDamageMark(env::FileSystem& files, const std::string& directory);
Status RemoveDamageMark(env::FileSystem& files, const std::string& directory);

// Reads all that a database in the directory consists of: the first damage, where a second look
// meets it too. Nothing: it is sound, or there is none. What cannot be read is damage when other
// files, two at least, in the directory or beside it, are read before and after the second look:
// else the whole device is out of order, and nothing is lost. REQUIRES: it is closed. Errors:
// kBusy, kIo of such a device, and what is wrong and no damage.
Result<std::optional<Error>> FindDamage(env::FileSystem& files, const std::string& directory,
                                        bool is_ours);

// Renames the directory, in place of what was set aside before; one without a table goes, where
// something is aside already. REQUIRES: nobody has it open.
Status SetAside(env::FileSystem& files, const std::string& directory);

}  // namespace beach::server
