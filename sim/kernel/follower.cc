// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/follower.h"

#include <algorithm>

#include "base/check.h"

namespace beach::sim {

Follower::Follower(const artifacts::Artifact* recorded, RunObserver* observer)
    : recorded_(recorded), observer_(observer) {
  if (recorded == nullptr) return;
  if (!recorded->checkpoints.empty()) checkpoints_count_ = recorded->checkpoints.size() - 1;
  NextCheckpoint();
  const auto& lines = recorded->last_events;
  lines_count_ = lines.size();
  while (lines_count_ > 0 && lines[lines_count_ - 1].kind == "verdict") --lines_count_;
  if (lines_count_ == 0) return;
  lines_from_ = lines.front().event;
  while (head_count_ < lines_count_ && lines[head_count_].event == lines_from_) ++head_count_;
}

void Follower::NextCheckpoint() {
  const std::uint64_t passed = checkpoint_event_ == kNever ? 0 : checkpoint_event_;
  while (next_checkpoint_ < checkpoints_count_ &&
         recorded_->checkpoints[next_checkpoint_].event <= passed) {
    ++next_checkpoint_;  // a hand-made recording may have them in any order
  }
  checkpoint_event_ = next_checkpoint_ < checkpoints_count_
                          ? recorded_->checkpoints[next_checkpoint_].event
                          : kNever;
}

void Follower::AtCheckpoint(const artifacts::RunHash& hash) {
  BEACH_CHECK_LT(next_checkpoint_, checkpoints_count_);
  const artifacts::Checkpoint& checkpoint = recorded_->checkpoints[next_checkpoint_++];
  if (checkpoint.hash != hash) Diverged(checkpoint.event);
  NextCheckpoint();
}

void Follower::CompareHead() {
  const auto& lines = recorded_->last_events;
  const auto end = lines.begin() + static_cast<std::ptrdiff_t>(head_count_);
  const bool same =
      head_.size() >= head_count_ &&
      std::equal(lines.begin(), end,
                 head_.end() - static_cast<std::ptrdiff_t>(std::min(head_count_, head_.size())));
  if (!same) Diverged(lines.front().event);
  next_line_ = head_count_;
  head_.clear();
}

void Follower::AtLine(const artifacts::TraceEvent& line) {
  BEACH_CHECK_GT(lines_count_, 0U);
  const auto& lines = recorded_->last_events;
  if (next_line_ == 0) {
    if (line.event == lines.front().event) return head_.push_back(line);
    CompareHead();
  }
  if (next_line_ == lines_count_) return EndLines();
  const artifacts::TraceEvent& wanted = lines[next_line_++];
  if (line == wanted) return;
  // The verdict of a run that fails now, and did not then at this event, is a difference too.
  Diverged(std::min(line.event, wanted.event));
  EndLines();
}

void Follower::Diverged(std::uint64_t event) {
  const bool is_first = !first_.has_value();
  first_ = std::min(first_.value_or(event), event);
  if (is_first && observer_ != nullptr) observer_->OnDivergence(event);
}

std::optional<std::uint64_t> Follower::Finish(const RunReport& report) {
  if (recorded_ == nullptr) return std::nullopt;
  const artifacts::Verdict& then = recorded_->verdict;
  const std::uint64_t end = std::min(report.events, then.event);
  if (next_checkpoint_ < checkpoints_count_) Diverged(end);  // this run ended before it
  if (lines_from_ != kNever) {
    if (next_line_ == 0) CompareHead();
    if (next_line_ < lines_count_) Diverged(end);
  }
  const bool same_end = then.signature == report.verdict.signature;
  if (same_end && !recorded_->checkpoints.empty()) {
    const artifacts::Checkpoint& last = recorded_->checkpoints.back();
    if (last.event != report.events || last.hash != report.hash) {
      Diverged(std::min(last.event, report.events));
    }
  }
  if (report.decisions_followed < report.decisions_recorded) Diverged(end);
  for (const auto& [name, value] : recorded_->options) {
    if (!report.options.contains(name)) Diverged(end);
  }
  return first_;
}

}  // namespace beach::sim
