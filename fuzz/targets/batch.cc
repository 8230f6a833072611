// SPDX-License-Identifier: Apache-2.0
// The encoding of a write batch. What it decodes to, encoded again, decodes to the same, and is no
// longer than what a hostile writer needed for it. But for keys of no table, which no batch has.
#include <vector>

#include "base/check.h"
#include "engine/expiry.h"
#include "engine/tables/stored_key.h"
#include "engine/write_batch.h"
#include "fuzz/targets/targets.h"

namespace beach::fuzz {
namespace {

using engine::BatchOperation;
using engine::BatchReader;
using engine::ExpiringValue;
using engine::MergeOperand;
using engine::ParseExpiring;
using engine::ParseOperand;
using engine::ParseStoredKey;
using engine::ValueKind;
using engine::WriteBatch;

bool Inside(ByteView part, ByteView whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

// False where no batch would have it.
bool Add(const BatchOperation& operation, WriteBatch& batch) {
  if (operation.kind == ValueKind::kTime) {
    BEACH_CHECK(operation.key.empty() && operation.value.empty() && operation.end.empty());
    batch.AdvanceTime(operation.time);
    return true;
  }
  const auto key = ParseStoredKey(operation.key);
  if (!key) return false;
  const engine::NamedTable table = key->table;
  if (operation.kind == ValueKind::kPut) {
    batch.Put(key->user_key, operation.value, table);
    return true;
  }
  if (operation.kind == ValueKind::kMerge) {
    MergeOperand operand;
    const bool parsed = ParseOperand(operation.value, operand);
    BEACH_CHECK(parsed);
    batch.Merge(key->user_key, operand.merge_operator, operand.operand, table);
    return true;
  }
  if (operation.kind == ValueKind::kPutUntil) {
    ExpiringValue expiring;
    const bool parsed = ParseExpiring(operation.value, expiring);
    BEACH_CHECK(parsed);
    batch.PutUntil(key->user_key, expiring.value, expiring.expires_at, table);
    return true;
  }
  BEACH_CHECK(operation.value.empty());
  if (operation.kind == ValueKind::kDelete) {
    batch.Delete(key->user_key, table);
    return true;
  }
  BEACH_CHECK(operation.key < operation.end);
  const auto end = ParseStoredKey(operation.end);
  if (!end || end->table != table) return false;
  batch.DeleteRange(key->user_key, end->user_key, table);
  return true;
}

void Run(ByteView input) {
  WriteBatch batch;
  bool ours = true;
  BatchReader reader(input);
  BatchOperation operation;
  while (reader.Next(operation)) {
    BEACH_CHECK(Inside(operation.key, input));
    BEACH_CHECK(Inside(operation.value, input));
    BEACH_CHECK(Inside(operation.end, input));
    ours = ours && Add(operation, batch) && !batch.malformed();
    BEACH_CHECK_LE(batch.size_bytes(), input.size());
  }
  const bool more = reader.Next(operation);
  BEACH_CHECK(!more);  // the end stays the end
  if (!reader.ok() || !ours) return;
  // A length may take more bytes than it needs; where none does, there is one encoding.
  if (batch.size_bytes() == input.size()) BEACH_CHECK(batch.encoding() == input);

  BatchReader first(input);
  BatchReader second(batch.encoding());
  BatchOperation again;
  std::uint32_t count = 0;
  while (first.Next(operation)) {
    const bool found = second.Next(again);
    BEACH_CHECK(found);
    BEACH_CHECK(operation.kind == again.kind);
    BEACH_CHECK(operation.key == again.key);
    BEACH_CHECK(operation.value == again.value);
    BEACH_CHECK(operation.end == again.end);
    BEACH_CHECK_EQ(operation.time, again.time);
    ++count;
  }
  const bool beyond = second.Next(again);
  BEACH_CHECK(!beyond);
  BEACH_CHECK(second.ok());
  BEACH_CHECK_EQ(count, batch.count());
}

}  // namespace

const Target batch_target = {.name = "batch", .run = Run, .seal = nullptr, .size_max = 4096};

}  // namespace beach::fuzz
