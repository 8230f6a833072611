// SPDX-License-Identifier: Apache-2.0
#include "wire/hello.h"

#include <algorithm>
#include <cstring>

#include "base/coding.h"

namespace beach::wire {

HelloAnswer Judge(const Hello& hello, const ClusterId& cluster, NodeNumber self) {
  HelloAnswer answer;
  answer.from = self;
  const bool any_cluster = hello.from.value == 0 && hello.cluster == ClusterId{};
  const std::uint16_t common = std::min(hello.version_max, kVersionMax);
  if (common < std::max(hello.version_min, kVersionMin)) {
    answer.verdict = HelloVerdict::kNoCommonVersion;
  } else if (hello.cluster != cluster && !any_cluster) {
    answer.verdict = HelloVerdict::kOtherCluster;
  } else if (hello.from.value != 0 && hello.to != self) {
    answer.verdict = HelloVerdict::kOtherNode;  // clients do not care whom they reach
  } else {
    answer.version = common;
  }
  return answer;
}

const char* HelloVerdictText(HelloVerdict verdict) {
  switch (verdict) {
    case HelloVerdict::kWelcome: return "welcome";
    case HelloVerdict::kOtherCluster: return "it belongs to another cluster";
    case HelloVerdict::kOtherNode: return "it is another node of the cluster";
    case HelloVerdict::kNoCommonVersion: return "it knows no version that we know";
  }
  return "?";
}

Bytes Encode(const Hello& hello) {
  Bytes bytes;
  Encoder encoder(bytes);
  encoder.Fixed16(hello.version_min);
  encoder.Fixed16(hello.version_max);
  encoder.Raw(ByteView(reinterpret_cast<const char*>(hello.cluster.data()), hello.cluster.size()));
  encoder.Fixed64(hello.from.value);
  encoder.Fixed64(hello.to.value);
  return bytes;
}

Bytes Encode(const HelloAnswer& answer) {
  Bytes bytes;
  Encoder encoder(bytes);
  encoder.Fixed8(static_cast<std::uint8_t>(answer.verdict));
  encoder.Fixed16(answer.version);
  encoder.Fixed64(answer.from.value);
  return bytes;
}

Result<Hello> DecodeHello(ByteView payload) {
  Decoder decoder(payload);
  Hello hello;
  hello.version_min = decoder.Fixed16();
  hello.version_max = decoder.Fixed16();
  const ByteView cluster = decoder.Raw(hello.cluster.size());
  hello.from = NodeNumber(decoder.Fixed64());
  hello.to = NodeNumber(decoder.Fixed64());
  if (!decoder.ok() || hello.version_min > hello.version_max) {
    return Fail(ErrorCode::kCorruption, "a hello that makes no sense");
  }
  std::memcpy(hello.cluster.data(), cluster.data(), cluster.size());
  return hello;
}

Result<HelloAnswer> DecodeHelloAnswer(ByteView payload) {
  Decoder decoder(payload);
  HelloAnswer answer;
  const std::uint8_t verdict = decoder.Fixed8();
  answer.version = decoder.Fixed16();
  answer.from = NodeNumber(decoder.Fixed64());
  const bool known = verdict <= static_cast<std::uint8_t>(HelloVerdict::kNoCommonVersion);
  if (!decoder.ok() || !known || (verdict == 0) != (answer.version != 0)) {
    return Fail(ErrorCode::kCorruption, "an answer to a hello that makes no sense");
  }
  answer.verdict = static_cast<HelloVerdict>(verdict);
  return answer;
}

}  // namespace beach::wire
