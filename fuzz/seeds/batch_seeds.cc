// SPDX-License-Identifier: Apache-2.0
#include "base/coding.h"
#include "engine/group_payload.h"
#include "engine/write_batch.h"
#include "fuzz/seeds.h"

namespace beach::fuzz {
namespace {

using engine::WriteBatch;

Bytes GroupSeed(std::uint64_t first_sequence, const std::vector<WriteBatch>& batches) {
  std::uint32_t count = 0;
  Bytes payload;
  for (const WriteBatch& batch : batches) {
    count += batch.count();
    engine::AppendBatchToGroup(payload, batch.encoding());
  }
  Bytes seed;
  Encoder encoder(seed);
  encoder.Fixed64(first_sequence);
  encoder.Fixed32(count);
  encoder.Raw(payload);
  return seed;
}

}  // namespace

void AddBatchSeeds(Seeds& seeds) {
  WriteBatch mixed;
  mixed.Put("key", "value");
  mixed.Delete("gone");
  mixed.Put("", "");
  mixed.Put("key", Bytes(200, 'v'));
  WriteBatch deletes;
  deletes.Delete("a");
  deletes.Delete(Bytes(130, 'b'));
  seeds.push_back({"batch", "empty", {}});
  seeds.push_back({"batch", "mixed", Bytes(mixed.encoding())});
  seeds.push_back({"batch", "deletes", Bytes(deletes.encoding())});
  WriteBatch expiring;
  expiring.PutUntil("key", "value", 1000);
  expiring.AdvanceTime(1000);
  expiring.PutUntil("", "", ~std::uint64_t{0});
  seeds.push_back({"batch", "expiring", Bytes(expiring.encoding())});

  seeds.push_back({"group", "empty", GroupSeed(1, {})});
  seeds.push_back({"group", "one", GroupSeed(1, {mixed})});
  seeds.push_back({"group", "several", GroupSeed(1000, {mixed, WriteBatch(), deletes, mixed})});
  seeds.push_back({"group", "last", GroupSeed(engine::kMaxSequence.value - 4, {mixed})});
}

}  // namespace beach::fuzz
