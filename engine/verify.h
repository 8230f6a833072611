// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/sst/table_info.h"
#include "env/files.h"

namespace beach::engine {

struct VerifyReport {
  std::vector<TableInfo> tables;  // as the manifest lists them
  std::uint64_t entries = 0;
  std::vector<std::uint64_t> levels;  // tables of each, from level 0 on
  std::uint64_t segments = 0;
  std::uint64_t flights = 0;
  std::uint64_t torn_tail_bytes = 0;  // of manifest and log; no damage
  bool log_torn = false;              // the log ends in a record that is not whole; no damage
  std::vector<std::string> debris;    // files that no manifest lists; no damage
  std::vector<Error> damage;          // each names its file
};

// Checks a closed database: manifest against files against log, every checksum. Changes nothing;
// the LOCK is held meanwhile, where there is one: a directory without has nobody's handle open, and
// none is made. Errors: kBusy, kRefused, kNotFound (no database here), and what stops
// the reading of the manifest at all; whatever else is wrong stands in the report.
Result<VerifyReport> VerifyDatabase(env::FileSystem& files, const std::string& directory);

}  // namespace beach::engine
