// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "oracle/index_table.h"

namespace beach::oracle {

// Which configurations of a search have been tried. Of a configuration, some words must be equal,
// and of the others, a set of what was used, more can do no more: one is known if one was tried
// that is equal in the first and a subset in the second.
//
// Of those that are equal in the first, only the smallest sets are kept: a set that another one is
// a subset of says nothing that the other does not say. A search tries many sets before smaller
// ones of them, so that this leaves few.
class LinearFailures {
 public:
  // `expected`: how many are likely, that differ in the first words.
  LinearFailures(std::size_t same_words, std::size_t used_words, std::size_t expected);

  // Where a configuration belongs.
  struct Place {
    std::uint64_t hash = 0;
    std::uint32_t group = IndexTable::kNone;  // of those that are equal in the first words
    bool known = false;
  };
  // `configuration`: first what must be equal, then what was used.
  Place Find(std::span<const std::uint64_t> configuration) const;
  // REQUIRES: Find has just returned this place, which is not known.
  void Add(const Place& place, std::span<const std::uint64_t> configuration);

  std::size_t bytes() const { return words_ * sizeof(std::uint64_t); }

 private:
  std::span<const std::uint64_t> GroupWords(std::uint32_t group) const {
    return std::span(groups_).subspan(group * same_words_, same_words_);
  }

  const std::size_t same_words_;
  const std::size_t used_words_;
  const std::size_t expected_;
  std::size_t words_ = 0;                         // in all
  std::vector<std::uint64_t> groups_;             // their first words, one group behind the other
  std::vector<std::vector<std::uint64_t>> used_;  // by group; none is a subset of another
  IndexTable table_;
};

}  // namespace beach::oracle
