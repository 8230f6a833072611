// SPDX-License-Identifier: Apache-2.0
// The index of a table: the last keys of blocks and their sizes. Whatever it says, it is damage, or
// a search agrees with a walk; and a walk over the table ends, and gives what the blocks hold or
// damage.
#include <memory>

#include "base/check.h"
#include "base/coding.h"
#include "engine/internal_key.h"
#include "engine/sst/block.h"
#include "engine/sst/format.h"
#include "engine/sst/table_iterator.h"
#include "fuzz/targets/sst_walk.h"
#include "fuzz/targets/targets.h"

namespace beach::fuzz {
namespace {

using engine::sst::Block;
using engine::sst::TableIndex;

constexpr std::size_t kBlocks = 4;
constexpr std::size_t kEntriesPerBlock = 3;

// Blocks "a0" to "a2", "b0" to "b2" and so on.
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

  void Met(const Error&) override {}
  Result<std::shared_ptr<const Block>> Load(std::size_t block, engine::sst::Walk&) override {
    if (block >= kBlocks) return engine::sst::Damaged("table", 0, "no such block");
    return blocks_[block];
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

// Where blocks would have to end for the index to be right about it.
std::uint64_t DataEnd(ByteView content) {
  std::uint64_t end = 0;
  Decoder decoder(content);
  while (!decoder.rest().empty()) {
    static_cast<void>(decoder.LengthPrefixed());
    end += decoder.Varint() + engine::sst::kBlockTrailerSize;
  }
  return end;
}

void CheckSearch(const TableIndex& index) {
  std::uint64_t end = 0;
  for (std::size_t block = 0; block < index.count(); ++block) {
    const ByteView key = index.last_key(block);
    BEACH_CHECK_EQ(index.Find(key), block);
    BEACH_CHECK_EQ(index.handle(block).offset, end);
    end += index.handle(block).size + engine::sst::kBlockTrailerSize;
    // Of a user key behind it, and behind all of its versions.
    Bytes behind(engine::UserKeyOf(key));
    behind.push_back('\0');
    std::size_t next = block;
    const auto in_front = [&](std::size_t at) {
      return at < index.count() && engine::UserKeyOf(index.last_key(at)) < behind;
    };
    while (in_front(next)) ++next;
    const std::uint64_t first = engine::PackTrailer(engine::kMaxSequence, engine::kKindFirst);
    BEACH_CHECK_EQ(index.Find(behind, first), next);
  }
}

void Run(ByteView input) {
  const std::uint64_t data_end = DataEnd(input);
  const auto index = TableIndex::Parse(Bytes(input), data_end, "index", 0);
  if (!index) {
    BEACH_CHECK(index.error().code() == ErrorCode::kCorruption);
    BEACH_CHECK_LE(index.error().offset(), input.size());
    return;
  }
  const auto refused = TableIndex::Parse(Bytes(input), data_end + 1, "index", 0);
  BEACH_CHECK(!refused.has_value());
  CheckSearch(*index);
  engine::sst::TableIndexBuilder anew;
  for (std::size_t block = 0; block < index->count(); ++block) {
    anew.Add(index->last_key(block), index->handle(block).size);
  }
  BEACH_CHECK_LE(anew.Finish().size(), input.size());

  Blocks blocks;
  const auto table = engine::sst::NewTableIterator(
      *index, blocks, {.options = {}, .readahead = engine::sst::Readahead(0)});
  const std::size_t count_max = kEntriesPerBlock * kBlocks;
  const Entries entries = WalkForward(*table, count_max);
  CheckEnded(*table);
  const bool whole = table->status().has_value();
  for (std::size_t block = 0; block < index->count(); ++block) {
    table->Seek(index->last_key(block));
    BEACH_CHECK(table->Valid() || !table->status());  // found, or damage; never nothing
  }
  WalkBack(*table, count_max);
  CheckEnded(*table);
  for (const auto& [key, value] : entries) {
    table->Seek(key);
    CheckEnded(*table);
    table->SeekForPrevious(key);
    CheckEnded(*table);
  }
  // An index that describes its blocks: its keys are their last ones.
  if (!whole) return;
  BEACH_CHECK_EQ(entries.size(), kEntriesPerBlock * index->count());
  for (std::size_t block = 0; block < index->count(); ++block) {
    if (index->last_key(block) != entries[(block + 1) * kEntriesPerBlock - 1].first) return;
  }
  if (!entries.empty()) CheckIteratorAgrees(*table, entries);
}

}  // namespace

const Target sst_index_target = {
    .name = "sst_index", .run = Run, .seal = nullptr, .size_max = 2048};

}  // namespace beach::fuzz
