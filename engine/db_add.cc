// SPDX-License-Identifier: Apache-2.0
// The operations of a group that is in the log go to its memtable: by one thread, or by the writers
// of the group at once, each its own batch. They sleep, and wake late: whoever finishes the group
// takes what nobody has taken yet, and waits for those alone who are at it.
#include <algorithm>

#include "base/check.h"
#include "engine/db_impl.h"
#include "env/marks.h"

namespace beach::engine {
namespace {

constexpr std::uint64_t kHeadStartNs = 10'000;  // that simulated members get

}  // namespace

void DbImpl::AddToMemtable(const Group& group) {
  LoggedMemtable& memtable = *group.memtable;
  const std::uint64_t least = options_.concurrent_adds_min;
  // The lists of range deletes and of times have one writer.
  const auto has_lists = [](const Writer* member) {
    return member->batch->has_range_deletes() || member->batch->advances_time();
  };
  if (least > 0 && memtable.memtable.TakesConcurrentWriters() && group.members.size() > 1 &&
      group.count / group.members.size() >= least &&
      std::ranges::none_of(group.members, has_lists)) {
    return AddAtOnce(group);
  }
  std::uint64_t number = group.first.value;
  BatchOperation operation;
  for (const Writer* const member : group.members) {
    BatchReader reader(member->batch->encoding());
    while (reader.Next(operation)) memtable.Add(SequenceNumber(number++), operation);
    BEACH_CHECK(reader.ok());  // what we encoded ourselves
  }
  BEACH_CHECK_EQ(number, group.first.value + group.count);
}

void DbImpl::AddAtOnce(const Group& group) {
  {
    const env::MutexLock lock(mutex_);
    BEACH_CHECK_EQ(adders_, 0U);
    adds_to_ = group.memtable;
    SequenceNumber next = group.first;
    for (Writer* const member : group.members) {
      member->first = next;
      next = SequenceNumber(next.value + member->batch->count());
      member->may_add = true;
      member->turn.NotifyOne();
    }
    if (BEACH_BUGGIFY("write.members_add_first")) {
      const std::uint64_t now = env_.clock->MonotonicNow();
      added_.WaitUntil(mutex_, now + kHeadStartNs);
    }
  }
  for (Writer* const member : group.members) {
    if (!member->adding.exchange(true)) AddBatch(group.memtable->memtable, *member);
  }
  const env::MutexLock lock(mutex_);
  for (Writer* const member : group.members) member->may_add = false;
  while (adders_ > 0) added_.Wait(mutex_);
  adds_to_ = nullptr;
}

void DbImpl::AddBatch(Memtable& memtable, const Writer& writer) {
  SequenceNumber number = writer.first;
  BatchReader reader(writer.batch->encoding());
  BatchOperation operation;
  while (reader.Next(operation)) {
    memtable.AddConcurrently(number, operation.kind, operation.key, operation.value);
    number = SequenceNumber(number.value + 1);
  }
  BEACH_CHECK(reader.ok());  // what we encoded ourselves
}

void DbImpl::Wait(Writer& writer) {
  mutex_.AssertHeld();
  writer.turn.Wait(mutex_);
  if (!writer.may_add) return;
  writer.may_add = false;
  LoggedMemtable* const memtable = adds_to_;
  ++adders_;
  {
    const env::MutexUnlock unlock(mutex_);
    if (!writer.adding.exchange(true)) {
      BEACH_SOMETIMES("write.added_by_member", true);
      AddBatch(memtable->memtable, writer);
    }
  }
  if (--adders_ == 0) added_.NotifyOne();
}

}  // namespace beach::engine
