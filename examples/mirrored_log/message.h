// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"

// What clients and nodes say to each other; and what a node has agreed to, in its file.

namespace mirrored_log {

inline constexpr std::size_t kItemSizeMax = 1 << 16;  // bytes

// Stands in files and on the wire.
enum class Kind : std::uint8_t {
  // From a client. `epoch` means nothing.
  kAppend = 1,  // bytes: the item
  kRead = 2,    // number: of the item
  kLead = 3,    // take over: the next epoch is to be yours
  // To a client. `epoch`: the latest that the node has heard of, which names the leader.
  kDone = 4,    // number: of the item appended; of a read, how many there are, and bytes: the item
  kNotNow = 5,  // not done, or nobody knows: ask the leader, or later
  // From the leader of `epoch` to the other node, and in both their files.
  kFollow = 6,  // number: how many items the leader has; more of them are cut off
  kItem = 7,    // number: of the item; bytes: the item
  // The answers.
  kFollowing = 8,  // number: how many items it has, durably
  kRefused = 9,    // epoch: of another leader, later
};

struct Message {
  Kind kind{};
  std::uint64_t epoch = 0;
  std::uint64_t number = 0;
  beach::Bytes bytes;
};

beach::Bytes Encode(const Message& message);

enum class Found : std::uint8_t { kWhole, kUnfinished, kDamaged };

// Takes a message off the front of `input`, where there is a whole one.
Found Take(beach::ByteView& input, Message& message);

}  // namespace mirrored_log
