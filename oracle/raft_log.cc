// SPDX-License-Identifier: Apache-2.0
#include "oracle/raft_log.h"

#include <utility>

#include "base/check.h"
#include "base/random.h"

namespace beach::oracle {

void RaftLog::Reset(RaftBase base, std::uint64_t chain) {
  base_ = base.index;
  base_place_ = {.term = base.term, .chain = chain};
  entries_.clear();
  configurations_.clear();
  configurations_.push_back({.index = base.index, .configuration = std::move(base.configuration)});
}

std::uint64_t RaftLog::ChainWith(const RaftEntry& entry) const {
  return RandomValue(At(end()).chain, entry.index.value, entry.term.value, entry.digest);
}

void RaftLog::Append(const RaftEntry& entry) { AppendKnown(entry, ChainWith(entry)); }

void RaftLog::AppendKnown(const RaftEntry& entry, std::uint64_t chain) {
  BEACH_CHECK_EQ(entry.index.value, end().value + 1);
  entries_.push_back({.term = entry.term, .chain = chain});
  if (entry.configuration) {
    configurations_.push_back({.index = entry.index, .configuration = *entry.configuration});
  }
}

void RaftLog::TruncateFrom(RaftIndex index) {
  BEACH_CHECK_GT(index.value, base_.value);
  while (end() >= index) entries_.pop_back();
  while (configurations_.size() > 1 && configurations_.back().index >= index) {
    configurations_.pop_back();
  }
}

void RaftLog::DropTo(RaftIndex index) {
  BEACH_CHECK(Has(index));
  base_place_ = At(index);
  while (base_ < index) {
    entries_.pop_front();
    base_ = base_.Next();
  }
  while (configurations_.size() > 1 && configurations_[1].index <= index) {
    configurations_.erase(configurations_.begin());
  }
}

void RaftLog::SetFirstConfiguration(RaftConfiguration configuration) {
  configurations_.front().configuration = std::move(configuration);
}

const RaftLog::Place& RaftLog::At(RaftIndex index) const {
  BEACH_CHECK(Has(index));
  return index == base_ ? base_place_ : entries_[index.value - base_.value - 1];
}

}  // namespace beach::oracle
