// SPDX-License-Identifier: Apache-2.0
// What the state machine of a node reads back (docs/formats/machine.md, snapshot_description.md).
// The first byte says what it is: 0 the mark of its tables, an index (8) and a state; 1 the
// description of a snapshot, which a peer has sent; 2 a session's row, a key's length (1), key and
// value. What it decodes to, written again, is the same, in no more bytes.
#include "base/check.h"
#include "base/coding.h"
#include "fuzz/targets/targets.h"
#include "server/machine/place.h"
#include "server/machine/session_rows.h"
#include "server/machine/snapshot.h"

namespace beach::fuzz {
namespace {

using namespace server;  // NOLINT: the whole file is about it

void RunMark(const engine::LogMark& mark) {
  const auto found = DecodePlace(mark);
  if (!found) {
    BEACH_CHECK(found.error().code() == ErrorCode::kCorruption);
    return;
  }
  BEACH_CHECK_EQ(found->place.index.value, mark.index);
  const engine::LogMark again = EncodePlace(found->place, found->configuration);
  BEACH_CHECK_EQ(again.index, mark.index);
  BEACH_CHECK_LE(again.state.size(), mark.state.size());
  const auto second = DecodePlace(again);
  BEACH_CHECK(second.has_value());
  BEACH_CHECK(EncodePlace(second->place, second->configuration).state == again.state);
}

void RunDescription(ByteView bytes) {
  const auto described = DecodeSnapshotDescription(bytes);
  if (!described) {
    BEACH_CHECK(described.error().code() == ErrorCode::kCorruption);
    return;
  }
  const Bytes again = EncodeSnapshotDescription(*described);
  BEACH_CHECK_LE(again.size(), bytes.size());
  const auto second = DecodeSnapshotDescription(again);
  BEACH_CHECK(second.has_value());
  BEACH_CHECK(EncodeSnapshotDescription(*second) == again);
  RunMark(described->mark);
}

void RunRow(ByteView key, ByteView value) {
  const auto place = ParseSessionRowKey(key);
  if (place) BEACH_CHECK(SessionRowKey(place->session, place->slot) == key);
  const auto row = ParseSessionRow(value);
  if (!row) return;
  const Bytes again = EncodeSessionRow(*row);
  BEACH_CHECK_LE(again.size(), value.size());
  const auto second = ParseSessionRow(again);
  BEACH_CHECK(second.has_value());
  BEACH_CHECK(EncodeSessionRow(*second) == again);
}

void Run(ByteView input) {
  Decoder decoder(input);
  switch (decoder.Fixed8()) {
    case 0: {
      engine::LogMark mark{.index = decoder.Fixed64(), .state = {}};
      mark.state = decoder.rest();
      if (decoder.ok() && mark.index != 0) RunMark(mark);
      return;
    }
    case 1: return RunDescription(decoder.rest());
    case 2: {
      const ByteView key = decoder.Raw(decoder.Fixed8());
      if (decoder.ok()) RunRow(key, decoder.rest());
      return;
    }
    default: return;
  }
}

}  // namespace

const Target node_state_target = {
    .name = "node_state", .run = Run, .seal = nullptr, .size_max = 8192};

}  // namespace beach::fuzz
