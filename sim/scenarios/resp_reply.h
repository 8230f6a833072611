// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace beach::sim::scenarios {

// A reply as RESP2 has them, read by other code than that which writes them.
struct RespReply {
  char type = 0;              // '+', '-', ':', '$', '*'
  std::optional<Bytes> text;  // of all but '*'; nothing: null
  std::vector<RespReply> parts;
  bool is_null = false;
};

// Takes the first reply off `bytes`, if it is there whole. `broken`: they are none.
std::optional<RespReply> TakeRespReply(Bytes& bytes, bool& broken);

// A command, as clients send it.
Bytes RespCommand(const std::vector<Bytes>& words);

}  // namespace beach::sim::scenarios
