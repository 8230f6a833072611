// SPDX-License-Identifier: Apache-2.0
// What a client of HTTP sends, split as its first byte says, and an empty line, by which whatever
// is wrong is noticed at the latest. The split changes nothing that is read; of what is read only
// requests without a body come through; an answer to any of them is whole.
#include <algorithm>
#include <cstdint>
#include <expected>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "fuzz/targets/targets.h"
#include "server/http/http_message.h"

namespace beach::fuzz {
namespace {

using server::HttpReader;
using server::HttpRequest;

constexpr std::size_t kSizeMax = 10'000;  // more than a header may have

struct Outcome {
  std::vector<HttpRequest> requests;
  unsigned refused = 0;  // with this status
};

// Pieces of up to `piece_max` bytes, or all in one with 0.
Outcome Read(ByteView stream, std::uint64_t piece_max) {
  Outcome outcome;
  HttpReader reader;
  RandomStream pieces(piece_max);
  std::size_t fed = 0;
  while (fed < stream.size()) {
    const std::size_t left = stream.size() - fed;
    const std::size_t piece =
        piece_max == 0 ? left : std::min<std::size_t>(left, 1 + pieces.Below(piece_max));
    reader.Append(stream.substr(fed, piece));
    fed += piece;
    while (auto next = reader.Next()) {
      if (!*next) {
        BEACH_CHECK(!next->error().why.empty());
        outcome.refused = next->error().status;
        return outcome;
      }
      outcome.requests.push_back(*std::move(*next));
    }
  }
  return outcome;
}

void Run(ByteView input) {
  if (input.empty()) return;
  const std::uint64_t piece_max = static_cast<unsigned char>(input.front());
  const Bytes stream = Bytes(input.substr(1)) + "\r\n\r\n";
  const Outcome whole = Read(stream, 0);
  const Outcome split = Read(stream, 1 + piece_max);
  // A header that is wrong and too large is refused as either.
  BEACH_CHECK_EQ(whole.refused != 0, split.refused != 0);
  BEACH_CHECK_EQ(whole.requests.size(), split.requests.size());
  if (whole.refused != 0) BEACH_CHECK(whole.refused >= 400 && whole.refused < 600);
  for (std::size_t i = 0; i < whole.requests.size(); ++i) {
    const HttpRequest& request = whole.requests[i];
    BEACH_CHECK(request.path == split.requests[i].path);
    BEACH_CHECK(request.head == split.requests[i].head);
    BEACH_CHECK(request.keep_alive == split.requests[i].keep_alive);
    BEACH_CHECK_EQ(request.path.find('?'), std::string::npos);
    const Bytes answer = server::EncodeHttpAnswer({.status = 404, .body = request.path},
                                                  request.head, request.keep_alive);
    BEACH_CHECK(answer.starts_with("HTTP/1.1 404 "));
    BEACH_CHECK(request.head || answer.ends_with(request.path));
  }
}

}  // namespace

const Target http_target = {.name = "http", .run = Run, .seal = nullptr, .size_max = kSizeMax};

}  // namespace beach::fuzz
