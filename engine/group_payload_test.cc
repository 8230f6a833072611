// SPDX-License-Identifier: Apache-2.0
#include "engine/group_payload.h"

#include <gtest/gtest.h>

namespace beach::engine {
namespace {

constexpr SequenceNumber kFirst{100};

WriteBatch Batch(int puts) {
  WriteBatch batch;
  for (int i = 0; i < puts; ++i) batch.Put("key" + std::to_string(i), "value");
  return batch;
}

Bytes Group(const std::vector<WriteBatch>& batches) {
  Bytes payload;
  for (const WriteBatch& batch : batches) AppendBatchToGroup(payload, batch.encoding());
  return payload;
}

Status Visit(ByteView payload, std::uint32_t count) {
  return VisitGroup(payload, kFirst, count, [](SequenceNumber, const BatchOperation&) {});
}

TEST(VisitGroup, NumbersOperationsThroughAllBatches) {
  std::vector<std::uint64_t> numbers;
  const auto visit = [&numbers](SequenceNumber sequence, const BatchOperation&) {
    numbers.push_back(sequence.value);
  };
  EXPECT_TRUE(VisitGroup(Group({Batch(2), Batch(1)}), kFirst, 3, visit).has_value());
  EXPECT_EQ(numbers, (std::vector<std::uint64_t>{100, 101, 102}));
}

TEST(VisitGroup, AnyOtherCountIsDamage) {
  for (const auto& batches :
       {std::vector{Batch(3)}, std::vector{Batch(2), Batch(1)}, std::vector{Batch(1), Batch(2)}}) {
    const Bytes payload = Group(batches);
    EXPECT_TRUE(Visit(payload, 3).has_value());
    for (const std::uint32_t count : {0U, 1U, 2U, 4U, 0xffff'ffffU}) {
      const Status visited = Visit(payload, count);
      ASSERT_FALSE(visited.has_value()) << count;
      EXPECT_EQ(visited.error().code(), ErrorCode::kCorruption);
    }
  }
}

TEST(VisitGroup, BytesThatAreNoOperationAreDamageAlsoInTheLastBatch) {
  Bytes encoding(Batch(2).encoding());
  for (const Bytes& rest : {Bytes("\x07"), Bytes("\x01"), Bytes("\x01\x09k")}) {
    Bytes payload;
    AppendBatchToGroup(payload, encoding + rest);
    EXPECT_FALSE(Visit(payload, 2).has_value());
    EXPECT_FALSE(Visit(payload, 3).has_value());
  }
  EXPECT_FALSE(Visit(Group({Batch(2)}) + Bytes(1, '\0'), 2).has_value());
  EXPECT_TRUE(Visit({}, 0).has_value());
}

}  // namespace
}  // namespace beach::engine
