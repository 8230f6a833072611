// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "base/strong_id.h"

// The first frame of each side of a connection: who speaks, to whom he believes he does, and which
// versions he knows. Until both have agreed nothing else is read. docs/formats/frame.md.

namespace beach::wire {

// Of a cluster: made once, when it is.
using ClusterId = std::array<std::uint8_t, 16>;
// Of a node, never used again in its cluster; 0: a client, or whoever answers.
using NodeNumber = StrongId<struct NodeNumberTag>;

// Frames of these types belong to the connection itself; others start at kFirstTypeOfPayloads.
inline constexpr std::uint16_t kHelloType = 1;
inline constexpr std::uint16_t kHelloAnswerType = 2;
inline constexpr std::uint16_t kPingType = 3;
inline constexpr std::uint16_t kPongType = 4;
inline constexpr std::uint16_t kFirstTypeOfPayloads = 16;
// Of the payloads of the four.
inline constexpr std::uint64_t kOwnPayloadMax = 512;

inline constexpr std::uint16_t kVersionMin = 1;
inline constexpr std::uint16_t kVersionMax = 1;

struct Hello {
  std::uint16_t version_min = kVersionMin;
  std::uint16_t version_max = kVersionMax;
  ClusterId cluster{};  // all zeros, of a client: whichever it is
  NodeNumber from;
  NodeNumber to;
  friend bool operator==(const Hello&, const Hello&) = default;
};

enum class HelloVerdict : std::uint8_t {
  kWelcome = 0,
  kOtherCluster = 1,  // addresses got mixed up, or reused
  kOtherNode = 2,     // the same, within the cluster
  kNoCommonVersion = 3,
};

struct HelloAnswer {
  HelloVerdict verdict = HelloVerdict::kWelcome;
  std::uint16_t version = 0;  // the highest that both know; 0 without a welcome
  NodeNumber from;            // who answers
  friend bool operator==(const HelloAnswer&, const HelloAnswer&) = default;
};

// What a node of that cluster says to it.
HelloAnswer Judge(const Hello& hello, const ClusterId& cluster, NodeNumber self);
// For people: "it belongs to another cluster".
const char* HelloVerdictText(HelloVerdict verdict);

Bytes Encode(const Hello& hello);
Bytes Encode(const HelloAnswer& answer);
// kCorruption. Bytes behind what this version knows are ignored: later ones may say more.
Result<Hello> DecodeHello(ByteView payload);
Result<HelloAnswer> DecodeHelloAnswer(ByteView payload);

}  // namespace beach::wire
