// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/links_world.h"

#include "base/coding.h"
#include "base/random.h"
#include "sim/system_scope.h"
#include "wire/frame.h"

namespace beach::sim::scenarios::links {
namespace {

constexpr auto kBulkLane = static_cast<std::uint64_t>(wire::Lane::kBulk);
constexpr Site kBreaking[] = {"crash.kill", "crash.power_loss", "net.bit_flip",  "net.half_open",
                              "net.loss",   "net.delay",        "net.partition", "net.reset",
                              "net.slow",   "net.connect_hangs"};

Stream BulkOf(Stream stream) {
  stream.lane = kBulkLane;
  return stream;
}

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

void World::Sends(const Stream& stream, std::uint64_t number, std::uint64_t payload_bytes,
                  std::uint64_t queued_bulk_bytes) {
  const SystemScope system;
  Flow& flow = flows_[stream];
  flow.sent = number;
  flow.last_bytes = wire::kFrameHeaderSize + payload_bytes;
  flow.sent_bytes += flow.last_bytes;
  if (stream.lane == kBulkLane) return;
  flow.bulk_ahead[number] = flows_[BulkOf(stream)].sent_bytes - queued_bulk_bytes;
}

void World::Refused(const Stream& stream) {
  const SystemScope system;
  Flow& flow = flows_[stream];
  flow.bulk_ahead.erase(flow.sent);
  --flow.sent;
  flow.sent_bytes -= flow.last_bytes;
}

void World::CheckOvertaken(const Stream& stream, std::uint64_t number) {
  std::map<std::uint64_t, std::uint64_t>& ahead = flows_[stream].bulk_ahead;
  const std::uint64_t allowed = ahead.at(number);
  ahead.erase(ahead.begin(), ahead.upper_bound(number));
  const std::uint64_t arrived = flows_[BulkOf(stream)].arrived_bytes;
  if (arrived <= allowed) return;
  simulation_.Fail("urgent-behind-bulk", Name(stream, number) + " came behind " +
                                             std::to_string(arrived - allowed) +
                                             " bytes that were still queued when it was sent");
}

bool World::IsExcused() const {
  if (stop) return true;
  for (const Site site : kBreaking) {
    if (simulation_.FaultCount(site) > 0) return true;
  }
  return false;
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
  if (calm) reached_.emplace(stream.from, node);
  flow.arrived_bytes += wire::kFrameHeaderSize + payload.size();
  if (stream.lane != kBulkLane) CheckOvertaken(stream, number);
}

void World::Up(std::uint64_t node, std::uint64_t to) {
  const SystemScope system;
  up_.emplace(node, to);
}

void World::Down(std::uint64_t node, std::uint64_t to, const std::string& why) {
  const SystemScope system;
  if (up_.erase({node, to}) == 0 || IsExcused()) return;
  simulation_.Fail("link-broken", "nothing has gone wrong, and the link from node " +
                                      std::to_string(node) + " to " + std::to_string(to) +
                                      " broke: " + why);
}

void World::HandedOver(const Stream& stream, std::uint64_t before, std::uint64_t after,
                       std::uint64_t max) {
  if (before < max || after <= before) return;
  const SystemScope system;
  simulation_.Fail("urgent-behind-bulk",
                   "bulk data of " + Name(stream, 0) + " went to a connection that held " +
                       std::to_string(before) + " bytes; " + std::to_string(max) + " are the most");
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
      if (from == to || reached_.contains({from, to})) continue;
      text += (text.empty() ? "" : ", ") + std::to_string(from) + " to " + std::to_string(to);
    }
  }
  return text;
}

}  // namespace beach::sim::scenarios::links
