// SPDX-License-Identifier: Apache-2.0
// Scans, and the moments that are kept for their further pages.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "env/marks.h"
#include "server/service/failures.h"
#include "server/service/service.h"

namespace beach::server {

void Service::ReadRange(CallId id, const ScanRequest& request) {
  const GuestId guest = calls_.at(id).guest;
  CursorId cursor(request.cursor);
  std::shared_ptr<const StorePin> pin;
  std::uint64_t index = replica_.applied().value;
  if (request.cursor == 0 && request.keep) {
    if (!MayKeepAnother(guest)) return Finish(id, FailureOfOverload());
    const Result<CursorId> made = NewCursor(guest);
    if (!made) return Finish(id, FailureOfStore(made.error().ToString()));
    cursor = *made;
  }
  if (cursor != CursorId{}) {
    const auto kept = cursors_.find(cursor);
    const bool is_there = kept != cursors_.end() && kept->second.guest == guest;
    BEACH_SOMETIMES("service.cursor_is_gone", !is_there);
    if (!is_there) return Finish(id, FailureOfCompacted());
    pin = kept->second.pin;
    index = kept->second.index;
  }
  const StoreRange range{
      .begin = Bytes(request.begin),
      .end = request.end ? std::optional(Bytes(*request.end)) : std::nullopt,
      .entries_max = std::min(request.entries_max, kScanEntriesMax),
      .bytes_max = std::min(request.bytes_max, kScanBytesMax),
  };
  TakeWork(0);
  const bool keep = request.keep;
  store_.Scan(range, std::move(pin), [this, id, index, cursor, keep](Result<StoreScan> scan) {
    GiveWork(0);
    const bool goes_on = keep && scan && scan->next && calls_.contains(id);
    if (!goes_on) cursors_.erase(cursor);
    if (!scan) return Finish(id, FailureOfStore(scan.error().ToString()));
    ScanReply reply{.leader = {},
                    .index = index,
                    .entries = {},
                    .next = {},
                    .cursor = goes_on ? cursor.value : 0};
    reply.entries.reserve(scan->entries.size());
    for (const auto& [key, value] : scan->entries) {
      reply.entries.push_back({.key = key, .value = value});
    }
    if (scan->next) reply.next = *scan->next;
    Finish(id, std::move(reply));
  });
}

bool Service::MayKeepAnother(GuestId guest) const {
  const auto of_guest = std::ranges::count_if(
      cursors_, [guest](const auto& cursor) { return cursor.second.guest == guest; });
  return cursors_.size() < limits_.cursors_max &&
         static_cast<std::uint64_t>(of_guest) < limits_.guest_cursors_max;
}

Result<Service::CursorId> Service::NewCursor(GuestId guest) {
  BEACH_TRY_ASSIGN(std::shared_ptr<const StorePin> pin, store_.Pin());
  last_cursor_ = last_cursor_.Next();
  cursors_[last_cursor_] = {.guest = guest,
                            .pin = std::move(pin),
                            .index = replica_.applied().value,
                            .until_ns = clock_.MonotonicNow() + limits_.cursor_age_max_ns};
  if (age_timer_ == 0) AgeCursors();
  return last_cursor_;
}

void Service::ForgetCursorsOf(GuestId guest) {
  std::erase_if(cursors_, [guest](const auto& cursor) { return cursor.second.guest == guest; });
}

// A moment keeps what has been overwritten since: nobody has one for ever.
void Service::AgeCursors() {
  age_timer_ = 0;
  const std::uint64_t now_ns = clock_.MonotonicNow();
  while (!cursors_.empty() && cursors_.begin()->second.until_ns <= now_ns) {
    cursors_.erase(cursors_.begin());
  }
  if (cursors_.empty()) return;
  age_timer_ = loop_.At(cursors_.begin()->second.until_ns, [this] { AgeCursors(); });
}

}  // namespace beach::server
