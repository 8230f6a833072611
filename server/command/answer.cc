// SPDX-License-Identifier: Apache-2.0
#include "server/command/answer.h"

#include "base/coding.h"
#include "server/command/command.h"

namespace beach::server {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kAbsent = 0;
constexpr std::uint8_t kThere = 1;
// Head, and of each value a flag and a length.
static_assert(2 + 10 + 10 + kReadsMax * 11 <= kAnswerSizeMax - kValuesSizeMax);

bool Read(Decoder& decoder, std::vector<std::optional<Bytes>>& values) {
  const std::uint64_t count = decoder.Varint();
  if (count > kReadsMax || count > decoder.rest().size()) return false;
  values.reserve(count);
  for (std::uint64_t i = 0; i < count && decoder.ok(); ++i) {
    const std::uint8_t there = decoder.Fixed8();
    if (there > kThere) return false;
    std::optional<Bytes>& value = values.emplace_back();
    if (there == kThere) value = Bytes(decoder.LengthPrefixed());
  }
  return decoder.done();
}

}  // namespace

void EncodeAnswer(const Answer& answer, Bytes& target) {
  Encoder encoder(target);
  encoder.Fixed8(kVersion);
  encoder.Fixed8(static_cast<std::uint8_t>(answer.kind));
  encoder.Varint(answer.index);
  encoder.Varint(answer.values.size());
  for (const std::optional<Bytes>& value : answer.values) {
    encoder.Fixed8(value ? kThere : kAbsent);
    if (value) encoder.LengthPrefixed(*value);
  }
}

Result<Answer> DecodeAnswer(ByteView bytes) {
  Answer answer;
  Decoder decoder(bytes);
  const std::uint8_t version = decoder.Fixed8();
  const std::uint8_t kind = decoder.Fixed8();
  answer.kind = static_cast<AnswerKind>(kind);
  answer.index = decoder.Varint();
  if (bytes.size() > kAnswerSizeMax || version != kVersion ||
      kind > static_cast<std::uint8_t>(AnswerKind::kInvalid) || !Read(decoder, answer.values)) {
    return Fail(ErrorCode::kCorruption, "answer: bytes that are none");
  }
  return answer;
}

}  // namespace beach::server
