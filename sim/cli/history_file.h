// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "oracle/history.h"
#include "oracle/linearizability.h"

// Histories of clients as JSON lines, and what the check says of them.

namespace beach::sim::cli {

struct HistoryFile {
  std::vector<oracle::ClientOperation> operations;
  std::vector<std::size_t> lines;  // where each of them stands, from 1
};

// One JSON object a line; empty lines and those that begin with # do not count. kInvalidArgument,
// with the line, for what is no operation or no history that clients can have seen.
Result<HistoryFile> ParseHistory(const std::string& text);

std::string HistoryAsText(const HistoryFile& file, const oracle::LinearReport& report);
std::string HistoryAsJson(const HistoryFile& file, const oracle::LinearReport& report);

}  // namespace beach::sim::cli
