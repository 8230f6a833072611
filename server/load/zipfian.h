// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/random.h"

namespace beach::server {

// Ranks of [0, ranks), rank i in proportion to 1 / (i + 1)^0.99, as YCSB has it: few are drawn
// often. Takes constant time and memory however many there are, so that their number can grow:
// rejection-inversion (Hörmann and Derflinger, "Rejection-inversion to generate variates from
// monotone discrete distributions", 1996).
class Zipfian {
 public:
  // REQUIRES: ranks > 0.
  explicit Zipfian(std::uint64_t ranks);

  std::uint64_t Draw(RandomStream& random) const;

 private:
  double ranks_;
  double area_low_;     // where the area of the first rank begins
  double area_high_;    // where that of the last one ends
  double always_from_;  // a point so close below its rank is that rank's for sure
};

}  // namespace beach::server
