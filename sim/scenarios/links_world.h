// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "sim/simulation.h"
#include "wire/hello.h"
#include "wire/link.h"

namespace beach::sim::scenarios::links {

inline constexpr std::uint64_t kNodesMax = 4;
inline constexpr std::uint16_t kSayType = wire::kFirstTypeOfPayloads;
inline constexpr std::uint64_t kPayloadMax = std::uint64_t{1} << 17;

// One thing to say.
struct Say {
  std::uint64_t to = 0;  // a node, from 0
  wire::Lane lane = wire::Lane::kUrgent;
  std::uint64_t size_bytes = 0;  // beside its place
  std::uint64_t pause_us = 0;    // before it
};

// Where a frame stands: in one life of its sender, one time that its link was up, and one lane.
struct Stream {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::uint64_t life = 0;
  std::uint64_t time_up = 0;
  std::uint64_t lane = 0;
  friend auto operator<=>(const Stream&, const Stream&) = default;
};

// The payload of the n-th frame of a stream, from 1: its place, and bytes that follow from it.
Bytes MakePayload(const Stream& stream, std::uint64_t number, std::uint64_t size_bytes);

// What outlives the processes, and judges what they tell. Each function opens a SystemScope.
class World {
 public:
  explicit World(Simulation& simulation) : simulation_(simulation) {}

  // A frame is about to be sent; `queued_bulk_bytes`: what its link holds back of the other lane.
  void Sends(const Stream& stream, std::uint64_t number, std::uint64_t payload_bytes,
             std::uint64_t queued_bulk_bytes);
  // The last one was not taken.
  void Refused(const Stream& stream);
  // A frame reached that node, on a connection that had introduced itself as `guest`'s.
  void Arrived(std::uint64_t node, std::uint64_t guest, ByteView payload);
  void Up(std::uint64_t node, std::uint64_t to);
  // The link is not up, or not any more, and why.
  void Down(std::uint64_t node, std::uint64_t to, const std::string& why);
  // A bulk frame was sent where `before` bytes were handed over, `after` are now, and `max` may be.
  void HandedOver(const Stream& stream, std::uint64_t before, std::uint64_t after,
                  std::uint64_t max);
  void Died(std::uint64_t node);
  // Its process ended by itself, for want of a port or descriptor.
  void Left(std::uint64_t node);
  bool HasLeft(std::uint64_t node) const { return left_.contains(node); }
  void Began(std::uint64_t node);
  bool AllReached(std::uint64_t nodes) const { return reached_.size() == nodes * (nodes - 1); }
  // "0 to 2", of those that are not.
  std::string Missing(std::uint64_t nodes) const;

  // Nothing goes wrong any more: each node calls each other one until it is heard.
  bool calm = false;

  // The processes are to end.
  bool stop = false;

 private:
  struct Flow {
    std::uint64_t sent = 0;
    std::uint64_t arrived = 0;
    std::uint64_t sent_bytes = 0;
    std::uint64_t last_bytes = 0;  // of the last one sent
    std::uint64_t arrived_bytes = 0;
    // Of an urgent one: how many bulk bytes had left the link when each was sent. What is behind
    // those may not arrive before it.
    std::map<std::uint64_t, std::uint64_t> bulk_ahead;
  };

  void CheckOvertaken(const Stream& stream, std::uint64_t number);
  // Whether something has gone wrong that breaks connections.
  bool IsExcused() const;

  Simulation& simulation_;
  std::map<Stream, Flow> flows_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> up_;       // from, to
  std::set<std::pair<std::uint64_t, std::uint64_t>> reached_;  // the same, heard in the calm
  std::set<std::uint64_t> left_;
};

}  // namespace beach::sim::scenarios::links
