// SPDX-License-Identifier: Apache-2.0
// Conditional writes. Whoever leads a group looks at the conditions of its own write, and of no
// other: at the front of the queue, with no group under way, all that was given a sequence number
// is visible, and nothing is given one meanwhile. So what it reads is the state right below its
// batch.
#include <utility>

#include "base/check.h"
#include "engine/db_impl.h"
#include "engine/limits.h"
#include "engine/tables/stored_key.h"
#include "env/marks.h"

namespace beach::engine {

Result<bool> DbImpl::WriteIf(const WriteOptions& options, const WriteConditions& conditions,
                             const WriteBatch& batch) {
  BEACH_TRY(CheckOwnLog());
  BEACH_TRY(CheckBatch(options_, batch));
  BEACH_TRY(CheckConditions(options_, conditions));
  Writer writer;
  writer.batch = &batch;
  writer.conditions = &conditions;
  writer.sync = options.sync;
  writer.tag = options.tag;
  env::MutexLock lock(mutex_);
  AwaitTurn(writer);
  if (!writer.done) LeadGroup(writer);
  BEACH_TRY(writer.status);
  return !writer.declined;
}

Result<bool> DbImpl::CompareAndSet(const WriteOptions& options, ByteView key,
                                   const std::optional<ByteView>& expected,
                                   const std::optional<ByteView>& desired) {
  WriteConditions conditions;
  if (expected) {
    conditions.KeyHolds(key, *expected, options.table);
  } else {
    conditions.KeyIsAbsent(key, options.table);
  }
  WriteBatch batch;
  if (desired) {
    batch.Put(key, *desired, options.table);
  } else {
    batch.Delete(key, options.table);
  }
  return WriteIf(options, conditions, batch);
}

// One that is declined writes nothing from here on, but syncs if that was asked for: so its answer
// is no less durable than that of one which is written.
Status DbImpl::Decide(Writer& leader) {
  mutex_.AssertHeld();
  if (poison_) return Fail(*poison_);  // what is visible may not be what was sequenced
  BEACH_CHECK(flying_.empty());
  BEACH_CHECK_EQ(visible_.load() + 1, next_sequence_);
  // Nobody drops a table while this is at the front.
  BEACH_TRY(CheckTables(leader));
  for (const WriteConditions::Condition& condition : leader.conditions->all()) {
    BEACH_TRY(catalogue_.CheckTable(condition.table));
  }
  Result<bool> hold = true;
  {
    // Reading may take long; writers wait behind this one.
    const env::MutexUnlock unlock(mutex_);
    hold = Hold(*leader.conditions);
  }
  BEACH_TRY(hold);
  BEACH_SOMETIMES("write.conditions_held", *hold);
  BEACH_SOMETIMES("write.declined", !*hold);
  if (*hold) return {};
  leader.declined = true;
  leader.batch = &nothing_;
  return {};
}

Result<bool> DbImpl::Hold(const WriteConditions& conditions) {
  const Moment moment(*this, {});
  for (const WriteConditions::Condition& condition : conditions.all()) {
    const StoredKey key(condition.table, condition.key);
    BEACH_TRY_ASSIGN(const std::optional<Bytes> found,
                     Read(*moment.view, moment.sequence, moment.time, key));
    if (found != condition.value) return false;
  }
  return true;
}

}  // namespace beach::engine
