// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/random.h"

namespace beach::sim {

// Which of the un-synced micro-operations survive. Every cut it draws is legal; the modes only see
// to it that the extremes, prefixes and wild mixes all occur. One seed value gives one cut.
class Cut {
 public:
  enum class Mode : std::uint8_t {
    kAll,     // everything, as if the power had failed a little later
    kNone,    // nothing but what was synced
    kPrefix,  // operations in order up to one, that one in part
    kMix,     // each operation, and often each sector, by itself
    kEach,    // each file and each directory entry has a mode of its own
    kChosen,  // the operations of a mask are lost, whole
  };
  struct SectorRun {
    std::uint64_t first;  // relative to the operation
    std::uint64_t count;
  };

  // Operations are numbered in [oldest, newest]. Of the sectors at the edge of what is kept, so
  // many percent are split.
  Cut(Mode mode, std::uint64_t oldest, std::uint64_t newest, std::uint64_t torn_percent,
      std::uint64_t key);

  // Mode kChosen: of `pending`, ascending, the i-th is lost when bit i modulo 32 of `lost` is set,
  // and what depends on it. 0 keeps all.
  static Cut Chosen(std::vector<std::uint64_t> pending, std::uint64_t lost);

  static Cut All() { return Cut(Mode::kAll, 0, 0, 0, 0); }

  // Splits no sector from now on, and draws as if it did.
  void TearNothing() { tears_ = false; }

  // The cut for one file, with a stream of its own.
  Cut ForFile(std::uint64_t inode) const;

  // Whether an indivisible operation (a name, a hole) survives.
  bool Keeps(std::uint64_t operation);
  // Replaces `runs` by the kept sectors of a write of `count` sectors, ascending.
  void ChooseSectors(std::uint64_t operation, std::uint64_t count, std::vector<SectorRun>& runs);
  // Which of the sizes survives; `operations` ascending. 0 is the durable size, n the n-th pending.
  std::size_t ChooseSize(const std::vector<std::uint64_t>& operations);
  // Where in [1, length) a sector at the edge of what is kept is split, or 0: it is not. The high
  // part of the sector is the new one when `new_first` becomes false.
  std::uint64_t ChooseTear(std::uint64_t operation, std::uint64_t length, bool& new_first);

 private:
  Mode mode_;
  std::uint64_t oldest_;
  std::uint64_t newest_;
  std::uint64_t torn_percent_;
  std::uint64_t key_;
  RandomStream stream_;
  std::uint64_t limit_;                 // kPrefix: operations below it are kept, itself in part
  std::uint64_t keep_eighths_;          // kMix: how likely an operation is kept
  std::vector<std::uint64_t> pending_;  // kChosen
  std::uint64_t lost_ = 0;
  bool tears_ = true;
};

}  // namespace beach::sim
