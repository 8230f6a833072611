// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "server/command/command.h"
#include "server/resp/reply_writer.h"
#include "server/resp/request_reader.h"

namespace beach::server {

// What becomes of what a plan's operations have read.
enum class RespShape : std::uint8_t {
  kOk,        // OK, whatever it is
  kOkIfDone,  // OK if the last is there, else null
  kValue,     // the first: a string, or null
  kValues,    // all of them: an array
  kCount,     // how many are there
  kIsThere,   // whether the last one is: 1 or 0
  kLengthOf,  // of the first value; of none 0
  kType,      // of the first: "string" or "none"
  kSum,       // of a kAddTo: a number, or why there is none
  kLength,    // of a kExtend
  // Of a kExpiry: in seconds or milliseconds from now on, or since 1970; -1 for never, -2 for no
  // key.
  kTtl,
  kPttl,
  kExpireTime,
  kPexpireTime,
};

// A command on keys, as operations of a transaction: it is done as one entry of the log, alone or
// among others, or, if it only reads, on what a node has applied. Keys and values are views of the
// request, or of `made`.
struct RespPlan {
  std::vector<Operation> operations;
  RespShape shape = RespShape::kOk;
  std::vector<std::unique_ptr<Bytes>> made;  // so that a plan is moved, and never copied

  bool only_reads() const;
  std::size_t results() const;  // that its operations have
};
// The error is the reply: "ERR syntax error".
using RespPlanned = std::expected<RespPlan, std::string>;

// Of so many results, at that time. REQUIRES: as many as the plan has.
void WriteResults(const RespPlan& plan, std::span<const std::optional<Bytes>> results,
                  std::uint64_t now_ms, RespReplyWriter& writer);

}  // namespace beach::server
