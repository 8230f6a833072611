// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/log_mark.h"
#include "raft/configuration.h"
#include "raft/message.h"
#include "raft/types.h"

namespace beach::server {

// What the machine is behind an entry, beside what its tables hold: the mark that the engine keeps
// with them (docs/formats/machine.md). A function of the entries up to there.
struct Place {
  raft::LogIndex index;  // of the entry; 0: before the first
  raft::Term term;
  std::uint64_t time_ms = 0;  // the greatest that a command was proposed at
  std::uint64_t digest = 0;   // digest.h
};

// The configuration in force there, and its encoding, which most marks share.
struct PlaceConfiguration {
  raft::LogIndex index;
  raft::Configuration configuration;
  Bytes encoded;
};
PlaceConfiguration MakePlaceConfiguration(raft::LogIndex index, raft::Configuration configuration);

struct PlaceAndConfiguration {
  Place place;
  PlaceConfiguration configuration;

  raft::SnapshotMeta meta() const {
    return {.index = place.index,
            .term = place.term,
            .configuration_index = configuration.index,
            .configuration = configuration.configuration};
  }
};

engine::LogMark EncodePlace(const Place& place, const PlaceConfiguration& configuration);
// kCorruption: of no place of ours. REQUIRES: the mark's index is not 0.
Result<PlaceAndConfiguration> DecodePlace(const engine::LogMark& mark);

}  // namespace beach::server
