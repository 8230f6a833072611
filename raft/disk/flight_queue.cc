// SPDX-License-Identifier: Apache-2.0
#include "raft/disk/flight_queue.h"

#include <utility>

#include "base/check.h"
#include "raft/disk/record.h"

namespace beach::raft {
namespace {

// Of a base, or of a hard state and a cut.
constexpr std::uint64_t kSmallRecordsMax = 64;
static_assert(kHardStateRecordMax + kEntryRecordHeadMax <= kSmallRecordsMax);

}  // namespace

void FlightQueue::Push(Persist&& persist) {
  queue_.push_back({.what = std::move(persist), .entries_taken = 0});
}

void FlightQueue::PushBase(LogIndex index, Term term, bool keeps_suffix,
                           std::function<void()> done) {
  queue_.push_back(
      {.what =
           Base{
               .index = index, .term = term, .keeps_suffix = keeps_suffix, .done = std::move(done)},
       .entries_taken = 0});
}

StagedFlight FlightQueue::Stage(std::uint64_t bytes_max) {
  BEACH_CHECK(!queue_.empty());
  StagedFlight flight;
  while (!queue_.empty() && Take(queue_.front(), bytes_max, flight)) queue_.pop_front();
  return flight;
}

bool FlightQueue::Take(Work& work, std::uint64_t bytes_max, StagedFlight& flight) {
  if (flight.count > 0 && flight.records.size() + kSmallRecordsMax > bytes_max) return false;
  if (Persist* const persist = std::get_if<Persist>(&work.what)) {
    return TakePersist(work, *persist, bytes_max, flight);
  }
  Base& base = *std::get_if<Base>(&work.what);
  AppendBase(flight.records, base.index, base.term, base.keeps_suffix);
  ++flight.count;
  flight.completions.emplace_back(std::move(base.done));
  return true;
}

bool FlightQueue::TakePersist(Work& work, Persist& persist, std::uint64_t bytes_max,
                              StagedFlight& flight) {
  if (persist.hard_state) {
    AppendHardState(flight.records, *std::exchange(persist.hard_state, std::nullopt));
    ++flight.count;
  }
  if (persist.truncate_from != LogIndex{}) {
    AppendCut(flight.records, std::exchange(persist.truncate_from, {}));
    ++flight.count;
  }
  for (; work.entries_taken < persist.entries.size(); ++work.entries_taken) {
    Entry& entry = persist.entries[work.entries_taken];
    const std::uint64_t bytes = kEntryRecordHeadMax + entry.payload.size();
    if (flight.count > 0 && flight.records.size() + bytes > bytes_max) return false;
    AppendEntry(flight.records, entry);
    ++flight.count;
    entry.payload = {};  // gives the memory back
  }
  flight.completions.emplace_back(persist.id);
  return true;
}

}  // namespace beach::raft
