// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace beach::sim::sweep {

// Gives each of several takers the same share of time: the next turn is for whoever has had the
// least. How long a turn takes is known when it is over; one under way counts as an average one.
class Shares {
 public:
  explicit Shares(std::size_t takers) : takers_(takers) {}

  // Whose turn begins now. REQUIRES: there is a taker.
  std::size_t Begin();
  // A turn of this taker is over. REQUIRES: it had begun.
  void End(std::size_t taker, std::uint64_t took_ns);

 private:
  struct Taker {
    std::uint64_t spent_ns = 0;
    std::uint64_t ended = 0;
    std::uint64_t under_way = 0;
  };
  static std::uint64_t Charged(const Taker& taker);

  std::vector<Taker> takers_;
};

}  // namespace beach::sim::sweep
