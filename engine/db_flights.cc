// SPDX-License-Identifier: Apache-2.0
// Groups whose flights are under way. Each thread awaits its own; they land in any order, and are
// finished in log order: memtable, visibility, acknowledgements (rule 4).
#include <utility>

#include "base/check.h"
#include "engine/db_impl.h"
#include "env/marks.h"

namespace beach::engine {

void DbImpl::AwaitLandings(std::size_t most) {
  mutex_.AssertHeld();
  while (flying_.size() > most) landed_.Wait(mutex_);
}

void DbImpl::Fly(Group& group, Writer& leader) {
  mutex_.AssertHeld();
  Status status;
  {
    const env::MutexUnlock unlock(mutex_);
    status = group.flight->Await();
    // FAILPOINT: write_after_log: the group is in the log, durable if it was synced, and nobody has
    // been told.
    BEACH_FAILPOINT("write_after_log");
  }
  if (!status) Poison(status.error());
  group.status = std::move(status);
  group.landed = true;
  BEACH_SOMETIMES("write.landed_out_of_order", flying_.front() != &group);
  FinishLanded();
  // Somebody else may be at it, or one below may be under way still.
  while (!leader.done) Wait(leader);
  group.members.clear();
  members_.swap(group.members);
}

// A group is finished when it and all below it have landed. One that failed fails all above it.
void DbImpl::FinishLanded() {
  mutex_.AssertHeld();
  if (finishing_) return;  // who is at it comes to those that landed meanwhile
  finishing_ = true;
  while (!flying_.empty() && flying_.front()->landed) {
    Group& group = *flying_.front();
    if (!group.status && !flight_failure_) flight_failure_ = group.status.error();
    BEACH_SOMETIMES("write.failed_by_lower_flight", group.status && flight_failure_);
    if (flight_failure_) group.status = Fail(*flight_failure_);
    wal::LogState log;
    if (group.status) {
      const env::MutexUnlock unlock(mutex_);
      log = log_->state();
      BEACH_CHECK(log.durable >= group.end);
      AddToMemtable(group);
    }
    BEACH_CHECK(flying_.front() == &group);
    flying_.pop_front();
    if (group.status) {
      log_end_ = group.end;
      log_durable_ = log.durable;
      const TableChange* const change = group.members.front()->change;
      if (change != nullptr) ShowTables(*change, group.first);
      // Visible only here: after the log, and after every entry is in the memtable.
      BEACH_CHECK_LT(visible_.load(), group.first.value);
      visible_ = group.first.value + group.count - 1;
      ShowLog();
      if (flying_.empty()) ArmVouch(log_->NeedsVouch(), true);
    }
    landed_.NotifyAll();
    TellOfFreeze();
    const Status status = group.status;
    Acknowledge(group.members, status);  // and the group may be gone
  }
  finishing_ = false;
}

}  // namespace beach::engine
