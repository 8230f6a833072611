// SPDX-License-Identifier: Apache-2.0
// A stream of commands of a RESP client, split as its first byte says. The split changes nothing
// that is read; what is read, written as arrays, is read as the same; limits hold, and memory
// follows what has arrived.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "fuzz/targets/targets.h"
#include "server/resp/command_table.h"
#include "server/resp/glob.h"
#include "server/resp/reply_writer.h"
#include "server/resp/request_reader.h"

namespace beach::fuzz {
namespace {

using server::RespRequest;
using server::RespRequestReader;

constexpr std::size_t kSizeMax = 4096;
constexpr server::RespRequestLimits kLimits = {
    .arguments_max = 16, .bulk_size_max = 512, .request_size_max = 1024, .line_size_max = 256};

struct Outcome {
  std::vector<RespRequest> requests;
  Bytes error;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// Pieces of up to `piece_max` bytes, or all in one with 0.
Outcome Read(ByteView stream, std::uint64_t piece_max, const server::RespRequestLimits& limits) {
  Outcome outcome;
  RespRequestReader reader(limits);
  RandomStream pieces(piece_max);
  std::size_t fed = 0;
  while (fed < stream.size() && outcome.error.empty()) {
    const std::size_t left = stream.size() - fed;
    const std::size_t piece =
        piece_max == 0 ? left : std::min<std::size_t>(left, 1 + pieces.Below(piece_max));
    reader.Feed(stream.substr(fed, piece));
    fed += piece;
    while (true) {
      const Result<std::optional<RespRequest>> next = reader.Next();
      if (!next) outcome.error = next.error().message();
      if (!next || !*next) break;
      BEACH_CHECK(!(*next)->empty());
      outcome.requests.push_back(**next);
    }
    BEACH_CHECK_LE(reader.kept_bytes(), fed);
  }
  return outcome;
}

// Commands on keys make sense of any words that are as many as they ask for, or say why not.
void PlanOf(const RespRequest& request) {
  const server::RespCommand* const command = server::FindRespCommand(request[0]);
  if (command == nullptr || command->plan == nullptr) return;
  if (!server::ArityHolds(*command, request.size())) return;
  const server::RespPlanned planned = command->plan(request);
  if (!planned) {
    BEACH_CHECK(!planned.error().empty());
    return;
  }
  BEACH_CHECK(command->writes || planned->only_reads());
  server::Command entry;
  entry.operations = planned->operations;
  if (server::CheckCommand(entry)) {
    Bytes encoded;
    server::EncodeCommand(entry, encoded);
    BEACH_CHECK(server::DecodeCommand(encoded).has_value());
  }
}

void Run(ByteView input) {
  if (input.empty()) return;
  const std::uint64_t piece_max = static_cast<unsigned char>(input.front());
  const ByteView stream = input.substr(1);
  const Outcome whole = Read(stream, 0, kLimits);
  const Outcome split = Read(stream, 1 + piece_max, kLimits);
  BEACH_CHECK(whole == split);
  Bytes arrays;
  server::RespReplyWriter writer(server::RespVersion::kTwo, arrays);
  for (const RespRequest& request : whole.requests) {
    BEACH_CHECK_LE(request.size(), kLimits.arguments_max);
    writer.Array(request.size());
    for (const Bytes& word : request) writer.Bulk(word);
    PlanOf(request);
    if (request.size() > 1) server::MatchesGlob(request[0], request[1]);
  }
  const Outcome again = Read(arrays, 1 + piece_max, {});
  BEACH_CHECK(again.error.empty());
  BEACH_CHECK(again.requests == whole.requests);
}

}  // namespace

const Target resp_target = {.name = "resp", .run = Run, .seal = nullptr, .size_max = kSizeMax};

}  // namespace beach::fuzz
