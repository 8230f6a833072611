// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "crash/power/machine.h"

namespace beach::crash {

// The control protocol: a request is one line of JSON, {"do": VERB, ...}, and so is its answer,
// {"ok": true, ...} or {"ok": false, "error": "..."}.
//
//   {"do":"cut"}                  power is lost now: "pending", "kept", "torn"
//   {"do":"cut-at","n":5}         ... right before the 5th operation from now that changes or syncs
//                                 something: "at", its number; 0: never
//   {"do":"wait-cut","ms":1000}   answered when power is lost, or after the time: "lost"
//   {"do":"power-on"}             "released": how many requests waited
//   {"do":"fault","site":"disk.eio.sync","per_million":1000}
//   {"do":"faults"}               "faults": site, label, per_million, strikes of each
//   {"do":"status"}               MachineStatus
//   {"do":"pending"}              "pending": what a power loss now would choose from
//   {"do":"quit"}                 unmounts, answers, and ends

inline constexpr std::size_t kControlLineMax = std::size_t{1} << 20;
inline constexpr std::uint64_t kControlWaitMsMax = 86'400'000;

struct ControlReply {
  std::string line;                      // the answer, without its end of line
  std::optional<std::uint64_t> wait_ms;  // none yet: once power is lost or so much later, WaitReply
  bool quit = false;                     // the line is to be sent when all has ended
};

// Does what one line asks for. Whatever the line is, there is an answer.
ControlReply AnswerControl(Machine& machine, std::string_view line);
std::string WaitReply(bool lost);
std::string ErrorReply(const std::string& message);

// The line for a verb and its arguments as words: {"cut-at", "5"}. kInvalidArgument.
Result<std::string> ControlLine(const std::string& verb, const std::vector<std::string>& words);

}  // namespace beach::crash
