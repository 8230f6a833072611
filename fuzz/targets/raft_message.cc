// SPDX-License-Identifier: Apache-2.0
// A message of consensus, of the type that its first byte says. What it decodes to, written again,
// decodes to the same, and is no longer than what a hostile writer needed for it.
#include "base/check.h"
#include "fuzz/targets/targets.h"
#include "raft/message_encoding.h"

namespace beach::fuzz {
namespace {

void Run(ByteView input) {
  if (input.empty()) return;
  const auto type = static_cast<std::uint16_t>(static_cast<unsigned char>(input.front()));
  const ByteView payload = input.substr(1);
  const Result<raft::Message> message = raft::DecodeMessage(type, payload);
  if (!message) {
    BEACH_CHECK(message.error().code() == ErrorCode::kCorruption);
    return;
  }
  BEACH_CHECK(raft::IsMessageType(type));
  BEACH_CHECK_EQ(static_cast<std::uint16_t>(raft::TypeOf(*message)), type);
  Bytes again;
  raft::EncodeMessage(*message, again);
  BEACH_CHECK_LE(again.size(), payload.size());
  const Result<raft::Message> second = raft::DecodeMessage(type, again);
  BEACH_CHECK(second.has_value());
  Bytes third;
  raft::EncodeMessage(*second, third);
  BEACH_CHECK(again == third);
}

}  // namespace

const Target raft_message_target = {
    .name = "raft_message", .run = Run, .seal = nullptr, .size_max = 4096};

}  // namespace beach::fuzz
