// SPDX-License-Identifier: Apache-2.0
#include "server/machine/place.h"

#include <optional>
#include <utility>

#include "base/check.h"
#include "base/coding.h"

namespace beach::server {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kFixedSize = 1 + 4 * sizeof(std::uint64_t);

}  // namespace

PlaceConfiguration MakePlaceConfiguration(raft::LogIndex index, raft::Configuration configuration) {
  Bytes encoded = raft::EncodeConfiguration(configuration);
  BEACH_CHECK_LE(kFixedSize + encoded.size(), engine::kLogMarkStateMax);
  return {.index = index, .configuration = std::move(configuration), .encoded = std::move(encoded)};
}

engine::LogMark EncodePlace(const Place& place, const PlaceConfiguration& configuration) {
  BEACH_CHECK_LE(configuration.index.value, place.index.value);
  engine::LogMark mark{.index = place.index.value, .state = {}};
  mark.state.reserve(kFixedSize + configuration.encoded.size());
  Encoder encoder(mark.state);
  encoder.Fixed8(kVersion);
  encoder.Fixed64(place.term.value);
  encoder.Fixed64(place.time_ms);
  encoder.Fixed64(place.digest);
  encoder.Fixed64(configuration.index.value);
  encoder.Raw(configuration.encoded);
  return mark;
}

Result<PlaceAndConfiguration> DecodePlace(const engine::LogMark& mark) {
  BEACH_CHECK_NE(mark.index, 0U);
  Decoder decoder(mark.state);
  PlaceAndConfiguration found;
  const bool known = decoder.Fixed8() == kVersion;
  found.place.index = raft::LogIndex(mark.index);
  found.place.term = raft::Term(decoder.Fixed64());
  found.place.time_ms = decoder.Fixed64();
  found.place.digest = decoder.Fixed64();
  const raft::LogIndex index(decoder.Fixed64());
  std::optional<raft::Configuration> configuration = raft::DecodeConfiguration(decoder.rest());
  if (!known || !decoder.ok() || !configuration || index > found.place.index) {
    return Fail(ErrorCode::kCorruption,
                "the mark of the state machine's tables is none of its own");
  }
  found.configuration = MakePlaceConfiguration(index, *std::move(configuration));
  return found;
}

}  // namespace beach::server
