// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "artifacts/artifact.h"
#include "base/bytes.h"
#include "base/random.h"
#include "oracle/model.h"
#include "sim/scenarios/engine_crash_plan.h"
#include "sim/swarm.h"

// What the clients of engine-crash do, as data:
//   kind     arguments
//   put      sync|nosync, key, size
//   delete   sync|nosync, key
//   erase    sync|nosync, from, to: deletes the range (half-open; the later key first where they
//            are the wrong way round)
//   merge    sync|nosync, add|append|max|min, key, size: of the operand (add: nobody asks for it)
//   until    sync|nosync, key, size, time: a put that expires then
//   time     sync|nosync, time: the database's is no less from there on
//   batch    sync|nosync, then any of: put, key, size / delete, key / erase, from, to /
//            merge, add|append|max|min, key, size / until, key, size, time / time, time
//   async    as batch: whoever calls goes on, and it is answered some time
//   if       sync|nosync, then any of: seen, key / absent, key / other, key; then "then", and as
//            for a batch: written if each key is as the model shows it when the call begins, is
//            absent, or holds what nobody ever wrote
//   get      key, and unless it is read as of the database's time: a time
//   multiget keys: read as of one moment
//   scan     forward|backward, from, and unless to the end: to (half-open)
//   range    the same, by an iterator that is bound to it
//   hold     takes a snapshot and opens an iterator, and keeps them in a slot: its number, or none
//            for 0
//   check    forward|backward, slot: what is held there must still show what was there then; lets
//            it go
//   follow   how far back: a cursor over the log from so many numbers before the last one; not
//   drawn pin      pins files for a moment; not drawn flush compact  from, to: every table that
//   holds any of these keys, merged downward pause    nanoseconds
// A size is that of the filler behind the value's id, or "empty" for an empty value. The id of an
// operation is that of its batch.

namespace beach::sim::scenarios::engine_crash {

// The key of that number; `number` below Plan::keys is what clients use.
Bytes KeyName(std::uint64_t number);

// What is held at once by one client.
inline constexpr std::uint64_t kSlots = 4;

// How often each kind is drawn: as a rule, and where many versions are held and read.
std::span<const KindWeight> UsualWeights();
std::span<const KindWeight> WeightsOf(Focus focus);

std::vector<artifacts::Operation> MakeWorkload(const Plan& plan, RandomStream stream,
                                               std::span<const KindWeight> weights);
inline std::vector<artifacts::Operation> MakeWorkload(const Plan& plan, RandomStream stream) {
  return MakeWorkload(plan, stream, WeightsOf(plan.focus));
}

// What a condition of "if" asks of its key.
enum class Expectation : std::uint8_t { kSeen, kAbsent, kOther };

struct Condition {
  Expectation expectation = Expectation::kSeen;
  Bytes key;
};

enum class CommandKind : std::uint8_t {
  kWrite,
  kWriteAsync,
  kWriteIf,
  kGet,
  kMultiGet,
  kScan,
  kRange,
  kHold,
  kCheck,
  kFlush,
  kCompact,
  kPause,
  kFollow,
  kPin,
};

struct Command {
  CommandKind kind = CommandKind::kFlush;
  oracle::ModelBatch batch;           // kWrite, kWriteIf
  std::vector<Condition> conditions;  // kWriteIf
  Bytes key;                          // kGet
  std::uint64_t time = 0;      // kGet: what has expired by then is not shown
  std::vector<Bytes> keys;            // kMultiGet
  oracle::KeyRange range;             // kScan, kRange; kCompact: both ends included
  bool backward = false;              // kScan, kRange, kCheck
  std::uint64_t slot = 0;             // kHold, kCheck
  std::uint64_t pause_ns = 0;         // kPause
  std::uint64_t back = 0;             // kFollow
};

// Nothing where the operation is not as said above.
std::optional<Command> ParseOperation(const artifacts::Operation& operation);

}  // namespace beach::sim::scenarios::engine_crash
