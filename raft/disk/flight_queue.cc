// SPDX-License-Identifier: Apache-2.0
#include "raft/disk/flight_queue.h"

#include <utility>

#include "base/check.h"
#include "raft/disk/record.h"

namespace beach::raft {
namespace {

// Of a base, or of a cut, or of a hard state and what an entry has beside its payload.
constexpr std::uint64_t kSmallRecordsMax = 64;
static_assert(kHardStateRecordMax + kEntryRecordHeadMax <= kSmallRecordsMax);

bool IsFull(const StagedFlight& flight, std::uint64_t more, std::uint64_t bytes_max) {
  return flight.count > 0 && flight.records.size() + more > bytes_max;
}

// False: it begins a run that the head of the next flight would not tell of.
bool TakeTerm(Term term, StagedFlight& flight) {
  if (flight.runs > 0 && flight.last_term == term) return true;
  if (flight.runs == kFlightRunsMax) return false;
  ++flight.runs;
  flight.last_term = term;
  return true;
}

}  // namespace

void FlightQueue::Push(Persist&& persist) {
  queue_.push_back({.what = std::move(persist), .fills_taken = 0, .entries_taken = 0});
}

void FlightQueue::PushBase(LogIndex index, Term term, bool keeps_suffix,
                           std::function<void()> done) {
  queue_.push_back(
      {.what =
           Base{
               .index = index, .term = term, .keeps_suffix = keeps_suffix, .done = std::move(done)},
       .fills_taken = 0,
       .entries_taken = 0});
}

StagedFlight FlightQueue::Stage(std::uint64_t bytes_max) {
  BEACH_CHECK(!queue_.empty());
  StagedFlight flight;
  while (!queue_.empty() && Take(queue_.front(), bytes_max, flight)) queue_.pop_front();
  return flight;
}

bool FlightQueue::Take(Work& work, std::uint64_t bytes_max, StagedFlight& flight) {
  if (IsFull(flight, kSmallRecordsMax, bytes_max)) return false;
  if (Persist* const persist = std::get_if<Persist>(&work.what)) {
    return TakePersist(work, *persist, bytes_max, flight);
  }
  Base& base = *std::get_if<Base>(&work.what);
  if (!TakeTerm(base.term, flight)) return false;
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
  if (!TakeFills(work, persist, bytes_max, flight)) return false;
  if (persist.truncate_from != LogIndex{}) {
    if (IsFull(flight, kSmallRecordsMax, bytes_max)) return false;
    AppendCut(flight.records, std::exchange(persist.truncate_from, {}));
    ++flight.count;
  }
  if (!TakeEntries(work, persist, bytes_max, flight)) return false;
  flight.completions.emplace_back(persist.id);
  return true;
}

bool FlightQueue::TakeFills(Work& work, Persist& persist, std::uint64_t bytes_max,
                            StagedFlight& flight) {
  for (; work.fills_taken < persist.fills.size(); ++work.fills_taken) {
    Entry& fill = persist.fills[work.fills_taken];
    if (IsFull(flight, kEntryRecordHeadMax + fill.payload.size(), bytes_max)) return false;
    AppendFill(flight.records, fill);
    ++flight.count;
    fill.payload = {};  // gives the memory back
  }
  return true;
}

bool FlightQueue::TakeEntries(Work& work, Persist& persist, std::uint64_t bytes_max,
                              StagedFlight& flight) {
  for (; work.entries_taken < persist.entries.size(); ++work.entries_taken) {
    Entry& entry = persist.entries[work.entries_taken];
    if (IsFull(flight, kEntryRecordHeadMax + entry.payload.size(), bytes_max)) return false;
    if (!TakeTerm(entry.term, flight)) return false;
    AppendEntry(flight.records, entry);
    ++flight.count;
    entry.payload = {};
  }
  return true;
}

}  // namespace beach::raft
