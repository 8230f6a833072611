// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "base/error.h"
#include "sim/shrink/candidate.h"

namespace beach::sim::shrink {

// Says which candidates still fail in the way that is looked for.
class Judge {
 public:
  struct Found {
    std::size_t index = 0;
    Measured measured;
  };

  // The first of them that fails in the same way and, as its own run recorded it, costs less than
  // `below`; nothing when none does, or when there is no more time. The same for the same
  // candidates, always. An error means that no run can be made.
  virtual Result<std::optional<Found>> FirstFailing(std::span<const Candidate> candidates,
                                                    const Cost& below) = 0;
  // The time is over, or somebody has interrupted.
  virtual bool Stopped() = 0;

 protected:
  ~Judge() = default;
};

}  // namespace beach::sim::shrink
