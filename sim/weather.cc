// SPDX-License-Identifier: Apache-2.0
#include "sim/weather.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "sim/decisions.h"
#include "sim/network/links.h"

namespace beach::sim {
namespace {

constexpr std::uint64_t kOften[] = {100, 1'000, 10'000, 50'000};
constexpr std::uint64_t kRare[] = {10, 100, 1'000, 10'000};
constexpr std::uint64_t kSpells[] = {10'000, 50'000, 200'000};

constexpr FaultLadder kFaults[] = {
    {"net.delay", kOften},      {"net.loss", kOften},          {"net.reset", kRare},
    {"net.half_open", kRare},   {"net.connect_hangs", kOften}, {"net.connect_refused", kOften},
    {"net.partition", kSpells}, {"net.slow", kSpells},
};

constexpr std::uint64_t kMillisecond = 1'000'000;
// 8 ms to 33 s.
constexpr std::uint64_t kSpellOctaves = 13;
constexpr std::uint64_t kSpellLowNs = 8 * kMillisecond;
// A slow way: 1 to 2^10 bytes a millisecond, up to 2^9 ms long.
constexpr std::uint64_t kWidthOctaves = 11;
constexpr std::uint64_t kLengthOctaves = 10;
constexpr std::uint64_t kUsualLowNs = 50'000;
constexpr std::uint64_t kUsualHighNs = 500'000;

enum class Manner : std::uint8_t { kHalves, kAlone, kDeaf, kMute, kPair, kDirection };
constexpr std::uint64_t kManners = 6;

}  // namespace

std::span<const FaultLadder> UsualNetworkFaults() { return kFaults; }

Weather::Weather(Simulation& simulation, std::vector<HostId> hosts, std::uint64_t round_ns)
    : simulation_(simulation), hosts_(std::move(hosts)), round_ns_(round_ns) {
  BEACH_CHECK_GE(hosts_.size(), 2U);
  BEACH_CHECK_GT(round_ns_, 0U);
  thread_ = env::Thread("weather", [this] { Blow(); });
}

Weather::~Weather() { BEACH_CHECK(!thread_.joinable()); }

void Weather::Stop() {
  {
    const env::MutexLock lock(mutex_);
    stopped_ = true;
    woken_.NotifyAll();
  }
  thread_.Join();
  for (const Spell& spell : std::exchange(spells_, {})) Undo(spell);
}

void Weather::Blow() {
  const env::MutexLock lock(mutex_);
  while (!stopped_) {
    const std::uint64_t next = simulation_.Now() + round_ns_;
    while (!stopped_ && woken_.WaitUntil(mutex_, next)) {
    }
    if (!stopped_) Round();
  }
}

void Weather::Round() {
  EndSpells(simulation_.Now());
  Decisions& decisions = simulation_.decisions();
  if (decisions.Planned("net.partition") && decisions.Fault("net.partition") != 0) {
    Begin(false, ChoosePartition());
  }
  if (!decisions.Planned("net.slow") || decisions.Fault("net.slow") == 0) return;
  const std::uint64_t from = decisions.Choose("net.slow.from", hosts_.size());
  const std::uint64_t by = 1 + decisions.Choose("net.slow.to", hosts_.size() - 1);
  Begin(true, {{hosts_[from], hosts_[(from + by) % hosts_.size()]}});
}

// The ways from the hosts whose bits are set to the others, and back.
std::vector<Weather::Way> Weather::Between(std::uint64_t half, bool there, bool back) const {
  std::vector<Way> ways;
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    for (std::size_t j = 0; j < hosts_.size(); ++j) {
      if ((half >> i & 1) == 0 || (half >> j & 1) != 0) continue;
      if (there) ways.push_back({hosts_[i], hosts_[j]});
      if (back) ways.push_back({hosts_[j], hosts_[i]});
    }
  }
  return ways;
}

std::vector<Weather::Way> Weather::ChoosePartition() {
  Decisions& decisions = simulation_.decisions();
  const auto manner = static_cast<Manner>(decisions.Choose("net.partition.manner", kManners));
  const std::uint64_t one = decisions.Choose("net.partition.one", hosts_.size());
  if (manner == Manner::kHalves) {
    const std::uint64_t halves = (std::uint64_t{1} << hosts_.size()) - 2;
    return Between(1 + decisions.Choose("net.partition.half", halves), true, true);
  }
  if (manner == Manner::kPair || manner == Manner::kDirection) {
    const std::uint64_t by = 1 + decisions.Choose("net.partition.other", hosts_.size() - 1);
    const HostId from = hosts_[one];
    const HostId to = hosts_[(one + by) % hosts_.size()];
    if (manner == Manner::kDirection) return {{from, to}};
    return {{from, to}, {to, from}};
  }
  return Between(std::uint64_t{1} << one, manner != Manner::kDeaf, manner != Manner::kMute);
}

void Weather::Begin(bool slow, std::vector<Way> ways) {
  Decisions& decisions = simulation_.decisions();
  const std::uint64_t length = decisions.Choose("net.spell.log2", kSpellOctaves);
  Links& links = simulation_.links();
  for (const Way& way : ways) {
    if (!slow) {
      links.Cut(way.from, way.to);
      continue;
    }
    const std::uint64_t width = decisions.Choose("net.slow.width", kWidthOctaves);
    const std::uint64_t far = kMillisecond << decisions.Choose("net.slow.length", kLengthOctaves);
    links.SetBandwidth(way.from, way.to, std::uint64_t{1} << width);
    links.SetLatency(way.from, way.to, far, 2 * far);
  }
  spells_.push_back({simulation_.Now() + (kSpellLowNs << length), slow, std::move(ways)});
}

void Weather::EndSpells(std::uint64_t now_ns) {
  for (std::size_t i = 0; i < spells_.size();) {
    if (spells_[i].until_ns > now_ns) {
      ++i;
      continue;
    }
    const Spell ended = std::move(spells_[i]);
    spells_.erase(spells_.begin() + static_cast<std::ptrdiff_t>(i));
    Undo(ended);
  }
}

bool Weather::StandsCut(const Way& way) const {
  return std::ranges::any_of(spells_, [&](const Spell& spell) {
    return !spell.slow && std::ranges::any_of(spell.ways, [&](const Way& other) {
      return other.from == way.from && other.to == way.to;
    });
  });
}

void Weather::Undo(const Spell& spell) {
  Links& links = simulation_.links();
  for (const Way& way : spell.ways) {
    if (spell.slow) {
      links.SetBandwidth(way.from, way.to, 0);
      links.SetLatency(way.from, way.to, kUsualLowNs, kUsualHighNs);
    } else if (!StandsCut(way)) {
      links.Heal(way.from, way.to);
    }
  }
}

}  // namespace beach::sim
