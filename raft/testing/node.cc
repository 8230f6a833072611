// SPDX-License-Identifier: Apache-2.0
#include "raft/testing/node.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/random.h"
#include "base/site.h"

namespace beach::raft::testing {

void State::Apply(const Entry& entry) {
  BEACH_CHECK_EQ(entry.index.value, index.value + 1);
  index = entry.index;
  term = entry.term;
  digest = Mix64(digest ^ Mix64(entry.term.value) ^ Site::Hash(entry.payload.view()));
  if (entry.kind == EntryKind::kConfiguration) {
    configuration = DecodeConfiguration(entry.payload.view()).value();
    configuration_index = entry.index;
  }
}

SnapshotMeta State::meta() const {
  return {.index = index,
          .term = term,
          .configuration_index = configuration_index,
          .configuration = configuration};
}

Node::Node(const Options& options, const Configuration& configuration) : options_(options) {
  first_ = flushed_.configuration = configuration;
}

std::vector<StoredRun> Node::TermsUpTo(LogIndex index) const {
  std::vector<StoredRun> runs;
  for (const Entry& entry : entries_) {
    if (entry.index > index) break;
    if (runs.empty() || runs.back().term != entry.term) runs.push_back({entry.term, 0});
    ++runs.back().count;
  }
  return runs;
}

void Node::Start(std::uint64_t now_ns) {
  BEACH_CHECK(!up());
  options_.incarnation = ++starts_;
  const LogIndex held = std::max(flushed_.index, base_);
  Restored restored{.hard_state = hard_state_,
                    .base = base_,
                    .base_term = base_term_,
                    .applied = held,
                    .applied_terms = TermsUpTo(held),
                    .entries = {},
                    .state_lost = state_lost_,
                    .configuration_index = flushed_.configuration_index,
                    .configuration = flushed_.configuration};
  for (const Entry& entry : entries_) {
    if (entry.index > held) restored.entries.push_back(entry);
  }
  state_ = flushed_;
  core_ = std::make_unique<Core>(options_, std::move(restored), now_ns);
}

void Node::Do(const DiskWork& work) {
  if (!work.replacement) return Write(work.persist, ~std::size_t{0});
  Replace(*work.replacement, work.state);
  installed = true;
  suffix_kept = work.replacement->keep_suffix;
}

void Node::FinishUnreported() {
  Do(disk_work_.front());
  disk_work_.pop_front();
}

bool Node::LoseLastEntry() {
  BEACH_CHECK(!up());
  if (entries_.empty() || disk_last() <= flushed_.index) return false;
  entries_.pop_back();
  return true;
}

bool Node::LoseEntry(LogIndex index) {
  BEACH_CHECK(!up());
  if (index <= base_ || index > disk_last() || index <= flushed_.index) return false;
  Entry& entry = entries_[index.value - base_.value - 1];
  entry = {.term = entry.term, .index = index, .kind = EntryKind::kLost, .payload = {}};
  return true;
}

bool Node::IsDamaged() const {
  return state_lost_ || std::ranges::any_of(entries_, [](const Entry& entry) {
           return entry.kind == EntryKind::kLost;
         });
}

bool Node::CanGive(LogIndex index, Term term) const {
  return index > base_ && index <= disk_last() && disk_term(index) == term && !IsLost(index);
}

// What is in the log from its very begin can be applied again.
bool Node::LoseState() {
  BEACH_CHECK(!up());
  if (flushed_.index == LogIndex{}) return false;
  flushed_ = {};
  flushed_.configuration = first_;
  state_lost_ = base_ != LogIndex{};
  return true;
}

void Node::Crash(std::size_t done, std::size_t entries) {
  for (; done > 0 && !disk_work_.empty(); --done) FinishUnreported();
  if (!disk_work_.empty() && entries > 0 && !disk_work_.front().replacement) {
    Write(disk_work_.front().persist, entries);
  }
  core_.reset();
  disk_work_.clear();
  apply_.clear();
  loads_.clear();
  to_send_.clear();
  to_receive_.reset();
  received_.clear();
  messages.clear();
  reads.clear();
  fates.clear();
  events.clear();
  applied.clear();
  installed = suffix_kept = false;
}

void Node::Write(const Persist& persist, std::size_t entries_max) {
  if (persist.hard_state) hard_state_ = *persist.hard_state;
  for (const Entry& entry : persist.fills) {
    if (entry.index <= base_) continue;  // the same
    Entry& there = entries_[entry.index.value - base_.value - 1];
    BEACH_CHECK(there.term == entry.term);
    BEACH_CHECK(there.kind == EntryKind::kLost);
    there = entry;
  }
  if (persist.truncate_from != LogIndex{}) {
    BEACH_CHECK(persist.truncate_from > base_);
    if (disk_last() >= persist.truncate_from) {
      entries_.resize(persist.truncate_from.value - base_.value - 1);
    }
  }
  for (const Entry& entry : persist.entries) {
    if (entries_max-- == 0) return;
    if (entry.index <= base_) continue;  // a snapshot holds it by now
    BEACH_CHECK_EQ(entry.index.value, disk_last().value + 1);
    entries_.push_back(entry);
  }
}

void Node::Replace(const LogReplacement& replacement, const State& state) {
  const LogIndex index = replacement.meta.index;
  if (replacement.keep_suffix) {
    BEACH_CHECK(disk_last() >= index);
    entries_.erase(entries_.begin(),
                   entries_.begin() + static_cast<std::ptrdiff_t>(index.value - base_.value));
  } else {
    entries_.clear();
  }
  base_ = index;
  base_term_ = replacement.meta.term;
  flushed_ = state;
  state_lost_ = false;
}

void Node::Pump(std::uint64_t now_ns) {
  core_->TakeOutput(now_ns, output_);
  if (output_.persist.id != PersistId{}) {
    disk_work_.push_back({.persist = std::move(output_.persist), .replacement = {}, .state = {}});
  }
  if (output_.replace_log) {
    apply_.clear();
    disk_work_.push_back({.persist = {}, .replacement = output_.replace_log, .state = installing_});
  }
  std::ranges::move(output_.messages, std::back_inserter(messages));
  std::ranges::move(output_.apply, std::back_inserter(apply_));
  std::ranges::copy(output_.reads, std::back_inserter(reads));
  std::ranges::copy(output_.fates, std::back_inserter(fates));
  std::ranges::copy(output_.events, std::back_inserter(events));
  std::ranges::copy(output_.loads, std::back_inserter(loads_));
  std::ranges::copy(output_.snapshots_to_send, std::back_inserter(to_send_));
  if (output_.snapshot_to_receive) {
    to_receive_ = output_.snapshot_to_receive;
    TakeReceived(now_ns);
  }
}

void Node::FinishDiskWork(std::uint64_t now_ns) {
  const DiskWork work = std::move(disk_work_.front());
  disk_work_.pop_front();
  Do(work);
  if (!work.replacement) return core_->Persisted(now_ns, work.persist.id);
  apply_.clear();
  state_ = flushed_;
  core_->SnapshotInstalled(now_ns, work.replacement->install);
}

void Node::ApplyOne(std::uint64_t now_ns) {
  applied.push_back(std::move(apply_.front()));
  apply_.pop_front();
  state_.Apply(applied.back());
  core_->Applied(now_ns, applied.back().index);
}

void Node::AnswerLoad(std::uint64_t now_ns) {
  const LoadRequest request = loads_.front();
  loads_.pop_front();
  std::vector<Entry> entries;
  std::uint64_t bytes = 0;
  const bool there = request.first > base_ && request.first <= disk_last();  // else dropped since
  for (std::uint64_t i = there ? request.first.value - base_.value - 1 : entries_.size();
       i < entries_.size() && entries_[i].index <= request.last; ++i) {
    if (entries_[i].kind == EntryKind::kLost) break;
    bytes += EntrySize(entries_[i]);
    if (!entries.empty() && bytes > request.bytes_max) break;
    entries.push_back(entries_[i]);
  }
  core_->Loaded(now_ns, request.peer, request.first, std::move(entries));
}

void Node::Flush() { flushed_ = state_; }

void Node::Compact(LogIndex upto) {
  BEACH_CHECK(upto <= flushed_.index);
  if (upto <= base_) return;
  BEACH_CHECK(upto <= disk_last());
  const std::uint64_t gone = upto.value - base_.value;
  base_term_ = entries_[gone - 1].term;
  entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(gone));
  base_ = upto;
  core_->Compacted(upto);
}

std::optional<Transfer> Node::PinSnapshot(std::uint64_t now_ns) {
  const auto ready = std::ranges::find_if(to_send_, [this](const SnapshotToSend& request) {
    return request.index_min <= state_.index;
  });
  if (ready == to_send_.end()) return std::nullopt;
  const SnapshotToSend request = *ready;
  to_send_.erase(ready);
  core_->SnapshotPinned(now_ns, request.peer, request.id, state_.meta());
  return Transfer{.from = options_.id, .to = request.peer, .id = request.id, .state = state_};
}

void Node::Receive(std::uint64_t now_ns, const Transfer& transfer) {
  received_.push_back(transfer);
  if (received_.size() > 4) received_.erase(received_.begin());
  TakeReceived(now_ns);
}

void Node::TakeReceived(std::uint64_t now_ns) {
  if (!to_receive_) return;
  for (const Transfer& transfer : received_) {
    if (transfer.from != to_receive_->from || transfer.id != to_receive_->id) continue;
    if (transfer.state.index != to_receive_->meta.index) continue;
    installing_ = transfer.state;
    to_receive_.reset();
    core_->SnapshotReceived(now_ns, transfer.from, transfer.id);
    return;
  }
}

}  // namespace beach::raft::testing
