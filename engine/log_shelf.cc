// SPDX-License-Identifier: Apache-2.0
#include "engine/log_shelf.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "engine/wal/format.h"
#include "env/marks.h"

namespace beach::engine {

void LogShelf::Begin(LogStart start) {
  const env::MutexLock lock(mutex_);
  BEACH_CHECK(segments_.empty() && !start.segments.empty());
  for (const wal::Segment& segment : start.segments) segments_.push_back({segment, true});
  entries_.assign(start.entries.begin(), start.entries.end());
  sound_from_ = start.sound_from;
}

void LogShelf::Enter(LogPosition end, const wal::Segment& next, SequenceNumber floor) {
  const env::MutexLock lock(mutex_);
  wal::Segment& last = segments_.back().segment;
  BEACH_CHECK_EQ(last.ordinal.value, end.segment.value);
  BEACH_CHECK_GT(next.ordinal.value, end.segment.value);
  last.end = end.offset;
  segments_.push_back({next, true});
  entries_.push_back({{next.ordinal, wal::kSegmentHeaderSize}, floor});
}

void LogShelf::Show(LogPosition end) {
  const env::MutexLock lock(mutex_);
  if (end <= shown_) return;
  shown_ = end;
  shown_more_.NotifyAll();
}

std::vector<wal::Segment> LogShelf::ToUnlist(SegmentOrdinal replay_from) const {
  const env::MutexLock lock(mutex_);
  std::vector<wal::Segment> segments;
  for (const Shelved& shelved : segments_) {
    if (shelved.listed && shelved.segment.ordinal < replay_from) {
      segments.push_back(shelved.segment);
    }
  }
  std::uint64_t kept_bytes = 0;
  while (!segments.empty() && kept_bytes + segments.back().size_bytes <= limits_.kept_size) {
    kept_bytes += segments.back().size_bytes;
    segments.pop_back();
  }
  BEACH_SOMETIMES("log_shelf.kept", kept_bytes > 0);
  return segments;
}

LogShelf::Freed LogShelf::Unlisted(const std::vector<wal::Segment>& segments) {
  const env::MutexLock lock(mutex_);
  for (const wal::Segment& segment : segments) {
    for (Shelved& shelved : segments_) {
      if (shelved.segment.ordinal == segment.ordinal) shelved.listed = false;
    }
  }
  Freed freed;
  freed.unread = TakeUnread();
  freed.given_up = TakeBeyond(limits_.pinned_size_max);
  BEACH_SOMETIMES("log_shelf.pinned", PinnedBytes() > 0);
  BEACH_SOMETIMES("log_shelf.given_up", !freed.given_up.empty());
  return freed;
}

LogShelf::Freed LogShelf::GiveUpPinned() {
  const env::MutexLock lock(mutex_);
  return {.unread = {}, .given_up = TakeBeyond(0)};
}

LogShelf::Freed LogShelf::Close() {
  const env::MutexLock lock(mutex_);
  closed_ = true;
  for (auto& [id, cursor] : cursors_) cursor.given_up = true;
  shown_more_.NotifyAll();
  return {.unread = {}, .given_up = TakeUnread()};
}

std::uint64_t LogShelf::cursors() const {
  const env::MutexLock lock(mutex_);
  return cursors_.size();
}

std::uint64_t LogShelf::pinned_bytes() const {
  const env::MutexLock lock(mutex_);
  return PinnedBytes();
}

Result<LogShelf::CursorId> LogShelf::Add() {
  const env::MutexLock lock(mutex_);
  if (closed_) return Fail(ErrorCode::kClosed, "the database is closed");
  if (cursors_.size() >= limits_.cursors_max) {
    return Fail(ErrorCode::kOverloaded,
                "there are " + std::to_string(cursors_.size()) + " log cursors, as many as may be");
  }
  const CursorId id = ++last_id_;
  cursors_[id] = {.segment = segments_.front().segment.ordinal};
  watched_.store(true, std::memory_order_relaxed);
  return id;
}

std::vector<wal::Segment> LogShelf::Remove(CursorId id) {
  const env::MutexLock lock(mutex_);
  BEACH_CHECK_EQ(cursors_.erase(id), 1U);
  watched_.store(!cursors_.empty(), std::memory_order_relaxed);
  return TakeUnread();
}

std::vector<LogEntry> LogShelf::entries() const {
  const env::MutexLock lock(mutex_);
  return {entries_.begin(), entries_.end()};
}

void LogShelf::SetFloor(LogPosition at, SequenceNumber floor) {
  const env::MutexLock lock(mutex_);
  for (LogEntry& entry : entries_) {
    if (entry.at == at) entry.floor = floor;
  }
}

Status LogShelf::Restart(CursorId id) {
  const env::MutexLock lock(mutex_);
  if (closed_) return Fail(ErrorCode::kClosed, "the database is closed");
  cursors_[id] = {.segment = segments_.front().segment.ordinal};
  return {};
}

Status LogShelf::Check(CursorId id) const {
  const env::MutexLock lock(mutex_);
  return CheckLocked(id);
}

Status LogShelf::CheckLocked(CursorId id) const {
  if (closed_) return Fail(ErrorCode::kClosed, "the database is closed");
  const auto cursor = cursors_.find(id);
  BEACH_CHECK(cursor != cursors_.end());
  if (!cursor->second.given_up) return {};
  return Fail(ErrorCode::kCompactedAway, "the log that the cursor was to read is gone");
}

Result<std::vector<wal::Segment>> LogShelf::Move(CursorId id, LogPosition at) {
  const env::MutexLock lock(mutex_);
  BEACH_TRY(CheckLocked(id));
  Cursor& cursor = cursors_[id];
  BEACH_CHECK_LE(cursor.segment.value, at.segment.value);
  BEACH_CHECK(Find(at.segment).has_value());
  cursor.segment = at.segment;
  return TakeUnread();
}

Result<std::optional<LogShelf::Stretch>> LogShelf::Await(CursorId id, LogPosition at,
                                                         std::uint64_t deadline_ns) {
  const env::MutexLock lock(mutex_);
  for (;;) {
    BEACH_TRY(CheckLocked(id));
    const std::optional<std::size_t> index = Find(at.segment);
    BEACH_CHECK(index.has_value());  // pinned
    const wal::Segment& segment = segments_[*index].segment;
    const std::uint64_t end = ReadableEnd(segment);
    if (at.offset < end) return Stretch{segment, at.offset, end};
    if (shown_.segment > at.segment) {
      BEACH_CHECK_LT(*index + 1, segments_.size());
      const wal::Segment next = segments_[*index + 1].segment;
      BEACH_CHECK_GT(next.ordinal.value, at.segment.value);
      cursors_[id].segment = next.ordinal;
      BEACH_SOMETIMES("log_cursor.next_segment", true);
      constexpr std::uint64_t kBegin = wal::kSegmentHeaderSize;
      return Stretch{next, kBegin, kBegin, TakeUnread()};
    }
    if (!shown_more_.WaitUntil(mutex_, deadline_ns)) return std::optional<Stretch>();
    BEACH_SOMETIMES("log_cursor.waited", true);
  }
}

std::optional<LogShelf::Stretch> LogShelf::StretchAt(LogPosition at) const {
  const env::MutexLock lock(mutex_);
  const std::optional<std::size_t> index = Find(at.segment);
  if (!index) return std::nullopt;
  const wal::Segment& segment = segments_[*index].segment;
  return Stretch{segment, at.offset, ReadableEnd(segment)};
}

bool LogShelf::MayLack(LogPosition at) const {
  const env::MutexLock lock(mutex_);
  return at < sound_from_;
}

std::optional<std::size_t> LogShelf::Find(SegmentOrdinal ordinal) const {
  for (std::size_t i = segments_.size(); i > 0; --i) {
    if (segments_[i - 1].segment.ordinal == ordinal) return i - 1;
  }
  return std::nullopt;
}

std::uint64_t LogShelf::ReadableEnd(const wal::Segment& segment) const {
  if (segment.ordinal > shown_.segment) return wal::kSegmentHeaderSize;
  if (segment.ordinal == shown_.segment) return std::min(shown_.offset, segment.end);
  BEACH_CHECK_NE(segment.end, wal::Segment::kOpenEnd);
  return segment.end;
}

std::uint64_t LogShelf::PinnedBytes() const {
  std::uint64_t bytes = 0;
  for (const Shelved& shelved : segments_) {
    if (!shelved.listed) bytes += shelved.segment.size_bytes;
  }
  return bytes;
}

wal::Segment LogShelf::PopFront() {
  const wal::Segment segment = segments_.front().segment;
  segments_.pop_front();
  BEACH_CHECK(!segments_.empty());  // never the one that the log is in
  while (!entries_.empty() && entries_.front().at.segment <= segment.ordinal) entries_.pop_front();
  for (auto& [id, cursor] : cursors_) {
    if (cursor.segment <= segment.ordinal) cursor.given_up = true;
  }
  return segment;
}

std::vector<wal::Segment> LogShelf::TakeUnread() {
  std::vector<wal::Segment> taken;
  const auto wanted = [this](SegmentOrdinal ordinal) {
    return std::ranges::any_of(cursors_, [ordinal](const auto& entry) {
      return !entry.second.given_up && entry.second.segment <= ordinal;
    });
  };
  while (!segments_.empty() && !segments_.front().listed &&
         !wanted(segments_.front().segment.ordinal)) {
    taken.push_back(PopFront());
  }
  return taken;
}

std::vector<wal::Segment> LogShelf::TakeBeyond(std::uint64_t most) {
  std::vector<wal::Segment> taken;
  std::uint64_t bytes = PinnedBytes();
  while (bytes > most) {
    bytes -= segments_.front().segment.size_bytes;
    taken.push_back(PopFront());
  }
  if (!taken.empty()) {
    const std::vector<wal::Segment> more = TakeUnread();
    taken.insert(taken.end(), more.begin(), more.end());
    shown_more_.NotifyAll();  // whoever waits there is told
  }
  return taken;
}

}  // namespace beach::engine
