// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/links_world.h"

#include "base/coding.h"
#include "base/random.h"
#include "sim/system_scope.h"

namespace beach::sim::scenarios::links {
namespace {

std::string Name(const Stream& stream, std::uint64_t number) {
  return "frame " + std::to_string(number) + " from node " + std::to_string(stream.from) + " to " +
         std::to_string(stream.to) + ", life " + std::to_string(stream.life) + ", time up " +
         std::to_string(stream.time_up) + ", lane " + std::to_string(stream.lane);
}

}  // namespace

Bytes MakePayload(const Stream& stream, std::uint64_t number, std::uint64_t size_bytes) {
  Bytes payload;
  Encoder encoder(payload);
  for (const std::uint64_t part :
       {stream.from, stream.to, stream.life, stream.time_up, stream.lane, number}) {
    encoder.Fixed64(part);
  }
  RandomStream bytes(RandomValue(number, stream.from, stream.to, stream.life));
  while (size_bytes >= 8) {
    encoder.Fixed64(bytes.Next());
    size_bytes -= 8;
  }
  payload.append(size_bytes, 'x');
  return payload;
}

void World::Sent(const Stream& stream, std::uint64_t number) {
  const SystemScope system;
  flows_[stream].sent = number;
}

void World::Arrived(std::uint64_t node, std::uint64_t guest, ByteView payload) {
  const SystemScope system;
  simulation_.CountOperation();
  Decoder decoder(payload);
  Stream stream;
  for (std::uint64_t* const part :
       {&stream.from, &stream.to, &stream.life, &stream.time_up, &stream.lane}) {
    *part = decoder.Fixed64();
  }
  const std::uint64_t number = decoder.Fixed64();
  const bool whole = decoder.ok() && MakePayload(stream, number, decoder.rest().size()) == payload;
  if (!whole) simulation_.Fail("frame-damaged", "a frame at node " + std::to_string(node));
  if (stream.to != node || stream.from != guest) {
    simulation_.Fail("frame-misdelivered", Name(stream, number) + " came to node " +
                                               std::to_string(node) + " from " +
                                               std::to_string(guest));
  }
  Flow& flow = flows_[stream];
  if (number > flow.sent) simulation_.Fail("frame-invented", Name(stream, number));
  if (number <= flow.arrived) simulation_.Fail("frame-twice", Name(stream, number));
  if (number != flow.arrived + 1) {
    simulation_.Fail("frame-skipped",
                     Name(stream, number) + " behind " + std::to_string(flow.arrived));
  }
  flow.arrived = number;
}

void World::Up(std::uint64_t node, std::uint64_t to, bool up) {
  const SystemScope system;
  if (up) {
    up_.emplace(node, to);
  } else {
    up_.erase({node, to});
  }
}

void World::Died(std::uint64_t node) {
  const SystemScope system;
  std::erase_if(up_, [node](const auto& link) { return link.first == node; });
}

void World::Left(std::uint64_t node) {
  const SystemScope system;
  left_.insert(node);
}

void World::Began(std::uint64_t node) {
  const SystemScope system;
  left_.erase(node);
}

std::string World::Missing(std::uint64_t nodes) const {
  std::string text;
  for (std::uint64_t from = 0; from < nodes; ++from) {
    for (std::uint64_t to = 0; to < nodes; ++to) {
      if (from == to || up_.contains({from, to})) continue;
      text += (text.empty() ? "" : ", ") + std::to_string(from) + " to " + std::to_string(to);
    }
  }
  return text;
}

}  // namespace beach::sim::scenarios::links
