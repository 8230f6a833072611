// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"

// What `beachdb cli` has found, as text. Pure: printing it is the caller's.

namespace beach::server {

enum class OutputForm : std::uint8_t {
  kTable,  // for people: columns under their names, odd bytes in quotes
  kRaw,    // for pipes: bytes as they are, a tab between columns, no names
  kJson,   // one object a line
};
// "table", "raw", "json". kInvalidArgument.
Result<OutputForm> ParseOutputForm(const std::string& text);

bool IsUtf8(ByteView bytes);
// As a person reads them, and can give them to SplitWords (server/cli/words.h): as they are where
// that is one word, in quotes else.
std::string Quoted(ByteView bytes);
// A value alone: as it is where it is text of any lines, in quotes else.
std::string ShownValue(ByteView bytes, OutputForm form);
// A JSON string cannot hold any bytes: what is no UTF-8 stands in base64, as "NAME_base64".
void SetBytes(nlohmann::json& object, const std::string& name, ByteView bytes);
std::string JsonLine(const nlohmann::json& document);

// Nothing: there is none.
using Cell = std::variant<std::monostate, Bytes, std::uint64_t>;

// Rows of the same columns, as they come. Columns of a table are as wide as the widest cell so far.
class Rows {
 public:
  Rows(OutputForm form, std::vector<std::string> names);

  // REQUIRES: as many cells as there are names.
  void Add(std::vector<Cell> cells);
  std::size_t waiting() const { return rows_.size(); }
  // The text of what was added and not taken. A table's first comes with the names.
  std::string Take();

 private:
  std::string TakeTable();

  const OutputForm form_;
  const std::vector<std::string> names_;
  std::vector<std::vector<Cell>> rows_;
  std::vector<std::size_t> widths_;  // in letters
  bool named_ = false;
};

}  // namespace beach::server
