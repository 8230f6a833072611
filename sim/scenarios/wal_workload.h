// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "artifacts/artifact.h"
#include "base/bytes.h"
#include "base/random.h"
#include "sim/scenarios/wal_plan.h"
#include "sim/swarm.h"

// What the writers do, as data:
//   kind     arguments
//   append   sync|nosync, operations in it, bytes of its payload
//   sync     all that was appended is made durable
//   vouch    and a record is written that says so
//   mark     remembers the end of the log
//   retire   what stands below the mark, or if there is none the end, is kept elsewhere
//   pause    nanoseconds
// The id of an operation is that of what it appends.

namespace beach::sim::scenarios::log_alone {

enum class CommandKind : std::uint8_t { kAppend, kSync, kVouch, kMark, kRetire, kPause };

struct Command {
  CommandKind kind = CommandKind::kPause;
  std::uint64_t id = 0;
  bool sync = false;
  std::uint64_t count = 1;
  std::uint64_t size = 0;
  std::uint64_t pause_ns = 0;
};

// How often each kind is drawn.
std::span<const KindWeight> UsualWeights();

std::vector<artifacts::Operation> MakeWorkload(
    const Plan& plan, RandomStream stream, std::span<const KindWeight> weights = UsualWeights());

// Nothing where the operation is not as said above.
std::optional<Command> ParseOperation(const artifacts::Operation& operation);

// The payload of an append; never shorter than what names it.
Bytes MakePayload(std::uint64_t id, std::uint64_t size);

}  // namespace beach::sim::scenarios::log_alone
