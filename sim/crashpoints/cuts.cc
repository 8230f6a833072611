// SPDX-License-Identifier: Apache-2.0
#include "sim/crashpoints/cuts.h"

#include <algorithm>

#include "base/check.h"
#include "base/random.h"

namespace beach::sim::crashpoints {
namespace {

constexpr std::uint64_t kBits = 32;
// Those that are drawn: prefixes, mixes by sector, a mode for each file, subsets.
constexpr std::uint64_t kDrawnModes[] = {2, 4, 6, kCutChosen};
constexpr std::uint64_t kDetails = std::uint64_t{1} << kBits;

}  // namespace

std::vector<PowerCut> ChooseCuts(std::uint64_t pending, std::uint64_t most, std::uint64_t key) {
  BEACH_CHECK_GE(most, 2U);
  std::vector<PowerCut> cuts;
  if (pending < kBits && std::uint64_t{1} << pending <= most) {
    for (std::uint64_t lost = 0; lost < std::uint64_t{1} << pending; ++lost) {
      cuts.push_back({kCutChosen, lost});
    }
    return cuts;
  }
  cuts.push_back({kCutAll, 0});
  cuts.push_back({kCutNone, 0});
  RandomStream stream(key);
  const std::uint64_t first = stream.Below(std::size(kDrawnModes));
  while (cuts.size() < most) {
    const std::uint64_t mode = kDrawnModes[(first + cuts.size()) % std::size(kDrawnModes)];
    const std::uint64_t detail = stream.Below(kDetails);
    cuts.push_back({mode, detail});
  }
  return cuts;
}

Ordering FindOrdering(std::uint64_t pending, std::uint64_t lost,
                      const std::function<bool(std::uint64_t)>& fails) {
  const std::uint64_t bits = std::min(pending, kBits);
  for (std::uint64_t i = 0; i < bits; ++i) {
    const std::uint64_t bit = std::uint64_t{1} << i;
    if ((lost & bit) != 0 && fails(lost & ~bit)) lost &= ~bit;
  }
  Ordering ordering{.lost = lost, .kept = 0};
  // Of those that are kept, lose what may be lost as well; from the newest, as crashes do.
  for (std::uint64_t i = bits; i-- > 0;) {
    const std::uint64_t bit = std::uint64_t{1} << i;
    if ((lost & bit) != 0) continue;
    if (fails(lost | bit)) {
      lost |= bit;
    } else {
      ordering.kept |= bit;
    }
  }
  return ordering;
}

}  // namespace beach::sim::crashpoints
