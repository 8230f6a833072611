// SPDX-License-Identifier: Apache-2.0
// The index of a table: a block whose values are the places of others. Whatever it says, a walk
// over the table ends, and gives what the blocks hold or damage.
#include <memory>

#include "base/check.h"
#include "engine/internal_key.h"
#include "engine/sst/block.h"
#include "engine/sst/format.h"
#include "engine/sst/table_iterator.h"
#include "fuzz/targets/sst_walk.h"
#include "fuzz/targets/targets.h"

namespace beach::fuzz {
namespace {

using engine::sst::Block;
using engine::sst::BlockHandle;

constexpr std::size_t kBlocks = 4;
constexpr std::size_t kEntriesPerBlock = 3;

// Blocks "a0" to "a2", "b0" to "b2" and so on; a handle leads to the one that its offset names.
class Blocks final : public engine::sst::BlockSource {
 public:
  Blocks() {
    for (std::size_t i = 0; i < kBlocks; ++i) {
      engine::sst::BlockBuilder builder(2);
      for (std::size_t j = 0; j < kEntriesPerBlock; ++j) {
        const Bytes user_key{static_cast<char>('a' + i), static_cast<char>('0' + j)};
        Bytes key;
        engine::AppendInternalKey(key, {.user_key = user_key,
                                        .sequence = engine::SequenceNumber(7),
                                        .kind = engine::ValueKind::kPut});
        builder.Add(key, user_key);
      }
      auto block = Block::Parse(builder.Finish(), "block", 0);
      BEACH_CHECK(block.has_value());
      blocks_[i] = *std::move(block);
    }
  }

  Result<std::shared_ptr<const Block>> Load(ByteView encoded_handle) override {
    BlockHandle handle;
    if (!engine::sst::DecodeHandle(encoded_handle, handle)) {
      return engine::sst::Damaged("table", 0, "malformed handle");
    }
    const Bytes again = engine::sst::EncodeHandle(handle);
    BEACH_CHECK_LE(again.size(), encoded_handle.size());
    BlockHandle decoded;
    const bool whole = engine::sst::DecodeHandle(again, decoded);
    BEACH_CHECK(whole);
    BEACH_CHECK(decoded == handle);
    if (handle.offset >= kBlocks) return engine::sst::Damaged("table", 0, "no such block");
    return blocks_[handle.offset];
  }
  std::unexpected<Error> IndexDamage() const override {
    return engine::sst::Damaged("table", 0, "index damage");
  }

 private:
  std::shared_ptr<const Block> blocks_[kBlocks];
};

void CheckEnded(const engine::Iterator& iterator) {
  if (iterator.Valid()) return;
  const Status status = iterator.status();
  if (!status) BEACH_CHECK(status.error().code() == ErrorCode::kCorruption);
}

// What the index leads to is found, or is damage; never nothing.
void CheckFoundOrDamage(const Block& index, engine::Iterator& table) {
  const auto walk = index.NewIterator();
  const auto search = index.NewIterator();
  for (walk->SeekToFirst(); walk->Valid(); walk->Next()) {
    search->Seek(walk->key());
    if (!search->Valid()) continue;
    table.Seek(walk->key());
    BEACH_CHECK(table.Valid() || !table.status());
  }
}

void Run(ByteView input) {
  auto index = Block::Parse(Bytes(input), "index", 0);
  if (!index) return;
  Blocks blocks;
  const auto table = engine::sst::NewTableIterator((*index)->NewIterator(), blocks);
  const std::size_t count_max = kEntriesPerBlock * input.size();
  const Entries entries = WalkForward(*table, count_max);
  CheckEnded(*table);
  const bool whole = table->status().has_value();
  CheckFoundOrDamage(**index, *table);
  WalkBack(*table, count_max);
  CheckEnded(*table);
  for (const auto& [key, value] : entries) {
    table->Seek(key);
    CheckEnded(*table);
    table->SeekForPrevious(key);
    CheckEnded(*table);
  }
  // An index that describes its blocks: its keys are their last ones.
  if (!whole || entries.empty() || !StrictlyAscending(entries)) return;
  const auto walk = (*index)->NewIterator();
  std::size_t position = 0;
  for (walk->SeekToFirst(); walk->Valid(); walk->Next()) {
    position += kEntriesPerBlock;
    if (position > entries.size() || walk->key() != entries[position - 1].first) return;
  }
  if (position != entries.size()) return;
  if (!(*index)->CheckRestarts()) return;
  CheckIteratorAgrees(*table, entries);
}

}  // namespace

const Target sst_index_target = {
    .name = "sst_index", .run = Run, .seal = nullptr, .size_max = 2048};

}  // namespace beach::fuzz
