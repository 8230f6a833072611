// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "base/bytes.h"

namespace beach::server {

// Where SCANs go on: clients carry a number, and this node knows the key that it stands for. So
// many are kept, and so many bytes; the oldest are forgotten first.
class ScanCursors {
 public:
  ScanCursors(std::size_t count_max, std::size_t bytes_max)
      : count_max_(count_max), bytes_max_(bytes_max) {}

  std::uint64_t Keep(Bytes position) {
    bytes_ += position.size();
    positions_[++last_] = std::move(position);
    while (positions_.size() > count_max_ || (bytes_ > bytes_max_ && positions_.size() > 1)) {
      bytes_ -= positions_.begin()->second.size();
      positions_.erase(positions_.begin());
    }
    return last_;
  }
  // Nothing: never given, or forgotten. It stays: a client may ask again.
  std::optional<Bytes> Find(std::uint64_t cursor) const {
    const auto found = positions_.find(cursor);
    return found == positions_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  const std::size_t count_max_;
  const std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, Bytes> positions_;
};

}  // namespace beach::server
