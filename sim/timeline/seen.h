// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "sim/spectator.h"

namespace beach::sim::timeline {

// Keeps what is seen of one run. Of a run that is too long, how it began and, mostly, how it ended;
// what is left out between the two is counted. Not thread-safe.
class Seen final : public Spectator {
 public:
  // How many sights may be kept; at least 8. A quarter of them are the first ones.
  explicit Seen(std::size_t max);

  void See(const Sight& sight) override;

  // In the order in which they were seen.
  const std::vector<Sight>& first() const { return first_; }
  const std::deque<Sight>& last() const { return last_; }
  // How many were seen between the two.
  std::uint64_t left_out() const { return left_out_; }

 private:
  const std::size_t first_max_;
  const std::size_t last_max_;
  std::vector<Sight> first_;
  std::deque<Sight> last_;
  std::uint64_t left_out_ = 0;
};

}  // namespace beach::sim::timeline
