// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"

// What the controller and a worker say to each other: one JSON object a line, any bytes in keys and
// values (artifacts/text.h). crash/worker/README.md lists commands and answers.

namespace beach::crash {

using Json = nlohmann::ordered_json;

// A longer line is refused, whoever sends it.
inline constexpr std::size_t kLineSizeMax = std::size_t{64} << 20;
// Of one command, for one that names no client.
inline constexpr std::uint64_t kClientsMax = 64;

// One change of a batch.
struct Change {
  enum class Kind : std::uint8_t { kPut, kDelete, kErase };
  Kind kind = Kind::kPut;
  Bytes key;
  Bytes argument;  // kPut: the value; kErase: the end of the range, excluded

  friend bool operator==(const Change&, const Change&) = default;
};

using Entries = std::vector<std::pair<Bytes, Bytes>>;

Json ToJson(ByteView bytes);
Json ToJson(const std::vector<Change>& batch);
Json ToJson(const Entries& entries);
Json ToJson(const Error& error);

// kInvalidArgument names the field that is missing or not what it should be.
Result<std::uint64_t> NumberAt(const Json& object, const char* field);
// The same; `otherwise` where it is missing.
Result<std::uint64_t> NumberAt(const Json& object, const char* field, std::uint64_t otherwise);
Result<bool> FlagAt(const Json& object, const char* field, bool otherwise);
Result<Bytes> BytesAt(const Json& object, const char* field);
Result<std::vector<Change>> BatchAt(const Json& object, const char* field);
Result<Entries> EntriesAt(const Json& object, const char* field);

// An object, and nothing behind it. kInvalidArgument, also for what is nested too deep.
Result<Json> ParseLine(ByteView line);

}  // namespace beach::crash
