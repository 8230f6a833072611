// SPDX-License-Identifier: Apache-2.0
#include "raft/disk/crash_model.h"

#include <algorithm>

#include "base/check.h"
#include "base/random.h"

namespace beach::raft::testing {

// Most are small; some need several blocks, and a few a segment of their own.
Bytes PayloadOf(std::uint64_t number) {
  const std::uint64_t draw = Mix64(number);
  std::uint64_t size = draw % 200;
  if (draw % 7 == 0) size = draw % 9'000;
  if (draw % 61 == 0) size = 20'000 + draw % 90'000;
  Bytes bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<char>(Mix64(number + i / 64) >> (i % 8));
  }
  return bytes;
}

std::optional<Term> ModelState::TermAt(LogIndex index) const {
  if (index == base) return base_term;
  const auto entry = entries.find(index);
  if (entry == entries.end()) return std::nullopt;
  return entry->second.term;
}

void ModelState::Reset(LogIndex index, Term term) {
  entries.clear();
  base = index;
  base_term = term;
}

void ModelState::RaiseBase(LogIndex index) {
  if (index <= base) return;
  base_term = entries.at(index).term;
  base = index;
  entries.erase(entries.begin(), entries.upper_bound(index));
}

void ModelState::Take(const Step& step) {
  switch (step.kind) {
    case Step::Kind::kHardState: hard_state = step.hard_state; return;
    case Step::Kind::kCut: entries.erase(entries.lower_bound(step.index), entries.end()); return;
    case Step::Kind::kEntry: entries[step.index] = step.entry; return;
    case Step::Kind::kBase:
      if (step.keeps_suffix) return RaiseBase(step.index);
      return Reset(step.index, step.entry.term);
  }
}

std::uint64_t CrashModel::Issue(Step step) {
  now_.Take(step);
  if (step.kind == Step::Kind::kEntry) {
    history_[{step.index, step.entry.term}] = step.entry.payload;
  }
  steps_.push_back(std::move(step));
  return steps_.size();
}

void CrashModel::Acknowledge(std::uint64_t steps) {
  BEACH_CHECK_LE(steps, steps_.size());
  for (; acknowledged_ < steps; ++acknowledged_) durable_.Take(steps_[acknowledged_]);
}

void CrashModel::UnacknowledgedMayBeLost() {
  for (std::uint64_t i = acknowledged_; i < steps_.size(); ++i) {
    if (steps_[i].kind == Step::Kind::kEntry) MayBeLost(steps_[i].index, steps_[i].entry.term);
  }
}

void CrashModel::Applied(LogIndex index, Term term) {
  BEACH_CHECK(index >= applied_);
  applied_ = index;
  applied_term_ = term;
}

bool CrashModel::Matches(ModelState state, const FoundLog& found) const {
  const DiskLogContents& contents = found.contents;
  if (state.TermAt(applied_) != applied_term_ && applied_ >= state.base) {
    state.Reset(applied_, applied_term_);
  }
  if (contents.hard_state != state.hard_state || contents.last != state.last()) return false;
  // What the state machine holds may be gone, or not.
  if (contents.base < state.base || contents.base > std::max(state.base, applied_)) return false;
  if (state.TermAt(contents.base) != contents.base_term) return false;
  state.RaiseBase(contents.base);
  if (found.entries.size() != state.entries.size()) return false;
  std::uint64_t lost = 0;
  for (const Entry& entry : found.entries) {
    const auto model = state.entries.find(entry.index);
    if (model == state.entries.end() || model->second.term != entry.term) return false;
    if (entry.kind == EntryKind::kLost) {
      ++lost;
      if (!IsLost(entry.index, entry.term) || entry.payload.size() > 0) return false;
      continue;
    }
    if (entry.payload.view() != PayloadOf(model->second.payload)) return false;
  }
  if (lost != contents.lost) return false;
  LogIndex at = contents.base;
  for (const StoredRun& run : contents.terms) {
    for (std::uint64_t i = 0; i < run.count; ++i) {
      at = at.Next();
      if (state.TermAt(at) != run.term) return false;
    }
  }
  return at == state.last();
}

std::string CrashModel::Found(const FoundLog& found) {
  if (found.contents.starts <= starts_) return "a start has the number of an earlier one";
  starts_ = found.contents.starts;
  ModelState state = torn_ ? opened_ : durable_;
  std::optional<ModelState> match;
  for (std::uint64_t count = torn_ ? 0 : acknowledged_;; ++count) {
    if (Matches(state, found)) match = state;
    if (count == steps_.size()) break;
    state.Take(steps_[count]);
  }
  if (!match) {
    return "base " + std::to_string(found.contents.base.value) + ", last " +
           std::to_string(found.contents.last.value) + ", term " +
           std::to_string(found.contents.hard_state.term.value) + " after " +
           std::to_string(acknowledged_) + " acknowledged steps of " +
           std::to_string(steps_.size()) + " that end at " + std::to_string(now_.last().value) +
           ", applied " + std::to_string(applied_.value);
  }
  if (match->TermAt(applied_) != applied_term_) match->Reset(applied_, applied_term_);
  match->RaiseBase(found.contents.base);
  opened_ = durable_ = now_ = *match;
  torn_ = false;
  lost_.clear();
  filled_.clear();
  for (const Entry& entry : found.entries) {
    if (entry.kind == EntryKind::kLost) MayBeLost(entry.index, entry.term);
  }
  steps_.clear();
  acknowledged_ = 0;
  return {};
}

std::optional<std::uint64_t> CrashModel::PayloadAt(LogIndex index, Term term) const {
  const auto found = history_.find({index, term});
  if (found == history_.end()) return std::nullopt;
  return found->second;
}

}  // namespace beach::raft::testing
