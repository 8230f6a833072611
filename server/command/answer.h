// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"

// What the state machine says to a command, the same on every node and to every retry of it.
// docs/formats/command.md has it byte for byte.

namespace beach::server {

// Of all values of an answer together: room for one of any size.
inline constexpr std::uint64_t kValuesSizeMax = std::uint64_t{4} << 20;
// Encoded.
inline constexpr std::uint64_t kAnswerSizeMax = kValuesSizeMax + 4096;

// Values are in logs and tables: never renumbered.
enum class AnswerKind : std::uint8_t {
  kDone = 0,       // the conditions held; of an open: the session is there, its id is the index
  kOtherwise = 1,  // one did not hold: the operations for that case were done
  // From here on nothing was done, and nothing will be by this request.
  kSessionGone = 2,  // never opened, closed, or not used for too long. Whether the request was done
                     // before is not known any more
  kForgotten = 3,    // the client has said that it has the answer
  kInvalid = 4,      // no command, or its answer would be larger than an answer may be
};

struct Answer {
  AnswerKind kind = AnswerKind::kInvalid;
  std::uint64_t index = 0;  // of the entry that it is the answer to; of a retry: of the first try
  std::vector<std::optional<Bytes>> values;  // what was read, in order; nothing: absent

  friend bool operator==(const Answer&, const Answer&) = default;
};

// Appends it. Its size is the caller's to limit.
void EncodeAnswer(const Answer& answer, Bytes& target);
// kCorruption: no answer, or above kAnswerSizeMax. Nothing is allocated that the bytes do not fill.
Result<Answer> DecodeAnswer(ByteView bytes);

}  // namespace beach::server
