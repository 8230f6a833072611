// SPDX-License-Identifier: Apache-2.0
// The content of a table's block, its checksum already believed. Where all of it is well-formed,
// every way to read it agrees, the hash index included, and it can be built anew; where not,
// reading ends.
#include <algorithm>

#include "base/check.h"
#include "engine/internal_key.h"
#include "engine/sst/block.h"
#include "engine/sst/key_hash.h"
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

// A point read is what a walk finds.
void CheckGets(const Block& block, const Entries& entries) {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    engine::InternalKey key;
    const bool parsed = engine::ParseInternalKey(entries[i].first, key);
    BEACH_CHECK(parsed);
    bool beyond = false;
    const std::uint64_t hash = engine::sst::HashUserKey(key.user_key);
    const auto found = block.Get(key.user_key, key.sequence, hash, beyond);
    BEACH_CHECK(found.has_value());
    BEACH_CHECK(found->has_value());
    BEACH_CHECK((*found)->sequence == key.sequence);
    // Of two kinds at one number, which no writer makes, the first is found.
    if ((*found)->kind == key.kind) BEACH_CHECK((*found)->value == entries[i].second);
    Bytes absent(key.user_key);
    absent.push_back('\0');
    const bool next_is_it =
        i + 1 < entries.size() && engine::UserKeyOf(entries[i + 1].first) == absent;
    const auto nothing =
        block.Get(absent, engine::kMaxSequence, engine::sst::HashUserKey(absent), beyond);
    BEACH_CHECK(nothing.has_value());
    if (!next_is_it && !nothing->has_value()) continue;
    const auto it = std::ranges::find_if(
        entries, [&absent](const auto& entry) { return engine::UserKeyOf(entry.first) == absent; });
    BEACH_CHECK_EQ(nothing->has_value(), it != entries.end());
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
  const bool sound =
      walked && StrictlyAscending(entries) && (*block)->CheckRestarts() && (*block)->CheckBuckets();
  if (!sound) {
    for (const auto& [key, value] : entries) {
      bool beyond = false;
      const ByteView user_key = engine::UserKeyOf(key);
      const auto found =
          (*block)->Get(user_key, engine::kMaxSequence, engine::sst::HashUserKey(user_key), beyond);
      if (!found) BEACH_CHECK(found.error().code() == ErrorCode::kCorruption);
    }
    return SeekAround(*iterator, entries);
  }
  BEACH_CHECK(!entries.empty());
  BEACH_CHECK_EQ(back.size(), entries.size());
  CheckIteratorAgrees(*iterator, entries);
  CheckGets(**block, entries);
  CheckBuiltAnew(entries);
}

}  // namespace

const Target sst_block_target = {
    .name = "sst_block", .run = Run, .seal = nullptr, .size_max = 4096};

}  // namespace beach::fuzz
