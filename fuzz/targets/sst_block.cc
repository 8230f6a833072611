// SPDX-License-Identifier: Apache-2.0
// The content of a table's block, its checksum already believed. Where all of it is well-formed,
// every way to read it agrees, and it can be built anew; where not, reading ends.
#include "base/check.h"
#include "engine/internal_key.h"
#include "engine/sst/block.h"
#include "fuzz/targets/sst_walk.h"
#include "fuzz/targets/targets.h"

namespace beach::fuzz {
namespace {

using engine::sst::Block;
using engine::sst::BlockBuilder;

// Each seek ends, whatever the block is.
void SeekAround(engine::Iterator& iterator, const Entries& entries) {
  for (const auto& [key, value] : entries) {
    iterator.Seek(key);
    if (iterator.Valid()) iterator.Next();
    iterator.SeekForPrevious(key);
    if (iterator.Valid()) iterator.Previous();
  }
}

void CheckBuiltAnew(const Entries& entries) {
  for (const std::uint64_t interval : {1U, 2U, 16U}) {
    BlockBuilder builder(interval);
    for (const auto& [key, value] : entries) builder.Add(key, value);
    const std::uint64_t size = builder.size_bytes();
    Bytes content = builder.Finish();
    BEACH_CHECK_EQ(content.size(), size);
    const auto block = Block::Parse(std::move(content), "anew", 0);
    BEACH_CHECK(block.has_value());
    const auto iterator = (*block)->NewIterator();
    CheckIteratorAgrees(*iterator, entries);
  }
}

void Run(ByteView input) {
  const auto block = Block::Parse(Bytes(input), "block", 0);
  if (!block) {
    BEACH_CHECK(block.error().code() == ErrorCode::kCorruption);
    BEACH_CHECK_LE(block.error().offset(), input.size());
    return;
  }
  const auto iterator = (*block)->NewIterator();
  const Entries entries = WalkForward(*iterator, input.size());
  const Status walked = iterator->status();
  if (!walked) BEACH_CHECK(walked.error().code() == ErrorCode::kCorruption);
  const Entries back = WalkBack(*iterator, input.size());
  const bool sound = walked && StrictlyAscending(entries) && (*block)->CheckRestarts();
  if (!sound) return SeekAround(*iterator, entries);
  BEACH_CHECK(!entries.empty());
  BEACH_CHECK_EQ(back.size(), entries.size());
  CheckIteratorAgrees(*iterator, entries);
  CheckBuiltAnew(entries);
}

}  // namespace

const Target sst_block_target = {
    .name = "sst_block", .run = Run, .seal = nullptr, .size_max = 4096};

}  // namespace beach::fuzz
