// SPDX-License-Identifier: Apache-2.0
//
// Entries are read on a thread of their own. Meanwhile the log may be cut, and segments may go: so
// what was read is held to what the log is when the answer comes.

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "raft/disk/disk_log_impl.h"

namespace beach::raft {
namespace {

constexpr std::size_t kLoadPlacesMax = 256;  // flights that one load reads

}  // namespace

std::vector<EntryPlace> DiskLog::Impl::PlacesOf(LogIndex first, LogIndex last,
                                                std::size_t places_max) const {
  std::vector<EntryPlace> places;
  while (first <= last && places.size() < places_max) {
    const LogMap::Stretch stretch = map_.Find(first);
    if (stretch.at >= core_.durable()) break;
    const auto segment =
        std::ranges::lower_bound(listed_, stretch.at.segment, {}, &engine::wal::Segment::ordinal);
    BEACH_CHECK(segment != listed_.end());
    BEACH_CHECK(segment->ordinal == stretch.at.segment);
    const bool here = segment->ordinal == core_.segment().ordinal;
    places.push_back({.path = PathOf(*segment),
                      .at = stretch.at,
                      .readable = here ? core_.durable().offset : segment->end,
                      .first = first,
                      .last = std::min(stretch.last, last)});
    first = stretch.last.Next();
  }
  return places;
}

void DiskLog::Impl::Load(LogIndex first, LogIndex last, std::uint64_t bytes_max, LoadDone done) {
  BEACH_CHECK(loop_ != nullptr);
  std::vector<EntryPlace> places;
  last = std::min(last, map_.last());
  if (first > map_.base() && first <= last) places = PlacesOf(first, last, kLoadPlacesMax);
  // The log is not touched on that thread.
  reader_->Do([files = env_.files, loop = loop_, weak = weak_from_this(), bytes_max,
               places = std::move(places), done = std::move(done)] {
    using Read = Result<std::vector<Entry>>;
    auto read = std::make_shared<Read>(ReadEntries(*files, places, bytes_max));
    loop->Post([weak, places, done, read] {
      const std::shared_ptr<Impl> log = weak.lock();
      if (log && !log->closed_) done(log->Judge(places, std::move(*read)));
    });
  });
}

Result<std::vector<Entry>> DiskLog::Impl::Judge(const std::vector<EntryPlace>& places,
                                                Result<std::vector<Entry>>&& read) const {
  // What was cut or compacted meanwhile may be gone, and its file another's.
  for (const EntryPlace& place : places) {
    if (place.first <= map_.base() || place.last > map_.last()) return std::vector<Entry>();
    const LogMap::Stretch stretch = map_.Find(place.first);
    if (stretch.at != place.at || stretch.last < place.last) return std::vector<Entry>();
  }
  if (!read) return std::move(read);
  for (const Entry& entry : *read) {
    if (map_.TermAt(entry.index) == entry.term) continue;
    return Fail(Error(ErrorCode::kCorruption, "the Raft log has another entry " +
                                                  std::to_string(entry.index.value) +
                                                  " than it was written with")
                    .At(directory_));
  }
  return std::move(read);
}

}  // namespace beach::raft
