// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/check.h"
#include "sim/network/virtual_network.h"

// What goes wrong with connections and what is sent on them, and how long things take. A fault
// without a rate is not drawn. Those that the program may see only as lateness are to be masked;
// a bit that flips is to be detected.

namespace beach::sim {
namespace {

constexpr Site kLatency = "net.latency";
constexpr Site kRetry = "net.latency.retry";
constexpr Site kWindow = "net.window";
constexpr Site kPatience = "net.patience";
constexpr Site kDelay = "net.delay";
constexpr Site kLoss = "net.loss";
constexpr Site kBitFlip = "net.bit_flip";
constexpr Site kReset = "net.reset";
constexpr Site kHalfOpen = "net.half_open";
constexpr Site kConnectHangs = "net.connect_hangs";
constexpr Site kConnectRefused = "net.connect_refused";

constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kSecond = 1'000 * kMillisecond;
constexpr std::uint64_t kTailOneIn = 32;
constexpr std::uint64_t kTailFactor = 8;
constexpr std::uint64_t kRetryLowNs = kMillisecond;
constexpr std::uint64_t kRetryHighNs = kSecond;
// 4 KiB to 1 MiB.
constexpr std::uint64_t kWindowOctaveLow = 12;
constexpr std::uint64_t kWindowOctaves = 9;
// 4 seconds to 17 minutes.
constexpr std::uint64_t kPatienceLowNs = 4 * kSecond;
constexpr std::uint64_t kPatienceOctaves = 9;
// One piece in so many is split, or read in part.
constexpr std::uint64_t kPieceOneIn = 8;
// 1 ms to 16 s.
constexpr std::uint64_t kDelayOctaves = 15;
// A lost packet is sent again after 200 ms, the next time after twice as much.
constexpr std::uint64_t kResendNs = 200 * kMillisecond;
constexpr std::uint64_t kResendOctaves = 6;

}  // namespace

std::uint64_t VirtualNetwork::DrawLatency(HostId from, HostId to) {
  const Link& link = LinkOf(from, to);
  const std::uint64_t value = decisions_.Draw(kLatency);
  const std::uint64_t latency = link.low_ns + RandomBelow(value, link.high_ns - link.low_ns + 1);
  return value % kTailOneIn == 0 ? latency * kTailFactor : latency;
}

std::uint64_t VirtualNetwork::DrawRetry() {
  const std::uint64_t value = decisions_.Draw(kRetry);
  return kRetryLowNs + RandomBelow(value, kRetryHighNs - kRetryLowNs + 1);
}

std::size_t VirtualNetwork::DrawPiece(Site site, std::size_t length) {
  if (length <= 1) return length;
  const std::uint64_t value = decisions_.Draw(site);
  if (RandomBelow(value, kPieceOneIn) != 0) return length;
  return 1 + static_cast<std::size_t>(RandomBelow(Mix64(value), length - 1));
}

void VirtualNetwork::DrawSocket(Socket& socket) {
  const std::uint64_t window = RandomBelow(decisions_.Draw(kWindow), kWindowOctaves);
  const std::uint64_t patience = RandomBelow(decisions_.Draw(kPatience), kPatienceOctaves);
  socket.window_bytes = std::uint64_t{1} << (kWindowOctaveLow + window);
  socket.patience_ns = kPatienceLowNs << patience;
  socket.answer_ns = DrawLatency(socket.other, socket.host);
}

bool VirtualNetwork::FaultsOfConnect(Socket& client) {
  if (decisions_.Planned(kConnectHangs) && decisions_.Fault(kConnectHangs) != 0) return true;
  if (!decisions_.Planned(kConnectRefused) || decisions_.Fault(kConnectRefused) == 0) return false;
  Break(client, Breakage::kRefused);
  return true;
}

std::uint64_t VirtualNetwork::FaultsOfSend(Socket& sender, std::string& bytes) {
  const auto strikes = [this](Site site) {
    return decisions_.Planned(site) && decisions_.Fault(site) != 0;
  };
  if (strikes(kBitFlip)) {
    const std::uint64_t bit = decisions_.Choose("net.bit_flip.where", bytes.size() * 8);
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
  }
  if (strikes(kReset)) {
    bytes.resize(static_cast<std::size_t>(decisions_.Choose("net.reset.where", bytes.size() + 1)));
    Break(sender, Breakage::kReset);
    return 0;
  }
  if (strikes(kHalfOpen)) {
    sender.in.swallows = true;
    SocketOf(sender.peer).in.swallows = true;
  }
  std::uint64_t late = 0;
  if (strikes(kDelay)) {
    late += kMillisecond << decisions_.Choose("net.delay.log2", kDelayOctaves);
  }
  if (strikes(kLoss)) late += kResendNs << decisions_.Choose("net.loss.log2", kResendOctaves);
  return late;
}

}  // namespace beach::sim
