// SPDX-License-Identifier: Apache-2.0
#include "server/load/zipfian.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

// A point is drawn, evenly, from the area under x^-s, which is inverted in closed form: the point's
// x rounds to a rank. Under the curve a rank's strip is a little larger than its share; what
// exceeds that is drawn anew. Ranks count from 1 here.

namespace beach::server {
namespace {

constexpr double kSkew = 0.99;
constexpr double kRest = 1 - kSkew;

double Height(double x) { return std::pow(x, -kSkew); }
// Of the curve from 1 to x.
double Area(double x) { return (std::pow(x, kRest) - 1) / kRest; }
double AreaInverse(double area) { return std::pow(1 + area * kRest, 1 / kRest); }

// In [0, 1).
double Fraction(RandomStream& random) {
  return static_cast<double>(random.Next() >> 11) / static_cast<double>(std::uint64_t{1} << 53);
}

}  // namespace

Zipfian::Zipfian(std::uint64_t ranks)
    : ranks_(static_cast<double>(ranks)),
      area_low_(Area(1.5) - 1),
      area_high_(Area(ranks_ + 0.5)),
      always_from_(2 - AreaInverse(Area(2.5) - Height(2))) {
  BEACH_CHECK(ranks > 0);
}

std::uint64_t Zipfian::Draw(RandomStream& random) const {
  while (true) {
    const double area = area_high_ + Fraction(random) * (area_low_ - area_high_);
    const double x = AreaInverse(area);
    const double rank = std::clamp(std::floor(x + 0.5), 1.0, ranks_);
    if (rank - x <= always_from_ || area >= Area(rank + 0.5) - Height(rank)) {
      return static_cast<std::uint64_t>(rank) - 1;
    }
  }
}

}  // namespace beach::server
