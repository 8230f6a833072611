// SPDX-License-Identifier: Apache-2.0
// A request of a client or a reply to one, of the type that its first byte says. What it decodes
// to, written again, decodes to the same, and is no longer than what a hostile writer needed for
// it; what is too long for its type is never asked about.
#include <algorithm>

#include "base/check.h"
#include "fuzz/targets/targets.h"
#include "server/protocol/reply.h"
#include "server/protocol/request.h"

namespace beach::fuzz {
namespace {

void RunRequest(std::uint16_t type, ByteView payload) {
  const Result<server::Request> request = server::DecodeRequest(type, payload);
  if (!request) {
    const ErrorCode code = request.error().code();
    BEACH_CHECK(code == ErrorCode::kCorruption || code == ErrorCode::kInvalidArgument);
    return;
  }
  BEACH_CHECK_EQ(server::TypeOf(*request), type);
  Bytes again;
  server::EncodeRequest(*request, again);
  BEACH_CHECK_LE(again.size(), payload.size());
  const Result<server::Request> second = server::DecodeRequest(type, again);
  BEACH_CHECK(second.has_value());
  BEACH_CHECK(*second == *request);
}

void RunReply(std::uint16_t type, ByteView payload) {
  const Result<server::Reply> reply = server::DecodeReply(type, payload);
  if (!reply) {
    BEACH_CHECK(reply.error().code() == ErrorCode::kCorruption);
    return;
  }
  BEACH_CHECK_EQ(server::TypeOf(*reply), type);
  Bytes again;
  server::EncodeReply(*reply, again);
  BEACH_CHECK_LE(again.size(), payload.size());
  const Result<server::Reply> second = server::DecodeReply(type, again);
  BEACH_CHECK(second.has_value());
  BEACH_CHECK(*second == *reply);
}

void Run(ByteView input) {
  if (input.empty()) return;
  const auto type = static_cast<std::uint16_t>(static_cast<unsigned char>(input.front()));
  const ByteView payload = input.substr(1);
  const auto max =
      type < server::kReplyTypeFirst ? server::RequestBytesMax(type) : server::ReplyBytesMax(type);
  // As a FrameReader does; and what it refuses is nothing to the decoders either.
  if (max && payload.size() > *max) return;
  RunRequest(type, payload);
  RunReply(type, payload);
}

}  // namespace

const Target client_message_target = {
    .name = "client_message", .run = Run, .seal = nullptr, .size_max = 4096};

}  // namespace beach::fuzz
