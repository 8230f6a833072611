// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "env/files.h"

namespace beach::raft {

// Prints the log in `directory`: its register, then every record from its begin to its end, one
// line each, and what they come to. Changes nothing, takes no lock, and may be asked of a log that
// is in use, which it then finds as it was at some moment. The error of a damaged one comes when
// what is sound before it has been printed; a torn end is none.
Status DumpRaftLog(env::FileSystem& files, const std::string& directory,
                   const std::function<void(std::string_view)>& print);

}  // namespace beach::raft
