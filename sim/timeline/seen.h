// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "sim/spectator.h"

namespace beach::sim::timeline {

// Keeps what is seen of one run. Of a run that is too long, how it began and, mostly, how it ended,
// and between the two what was shown (SightKind::kShown) and which processes began and ended: those
// are few, and roles and logs go on from what was said long before. What is left out is counted.
// Not thread-safe.
class Seen final : public Spectator {
 public:
  // How many sights may be kept, at least 8, and a quarter more between the first ones, which are a
  // quarter of them, and the last ones.
  explicit Seen(std::size_t max);

  void See(const Sight& sight) override;

  // In the order in which they were seen.
  const std::vector<Sight>& first() const { return first_; }
  const std::vector<Sight>& between() const { return between_; }
  const std::deque<Sight>& last() const { return last_; }
  // How many were seen between the first and the last ones, and are not kept.
  std::uint64_t left_out() const { return left_out_; }

 private:
  const std::size_t first_max_;
  const std::size_t last_max_;
  std::vector<Sight> first_;
  std::vector<Sight> between_;
  std::deque<Sight> last_;
  std::uint64_t left_out_ = 0;
};

}  // namespace beach::sim::timeline
