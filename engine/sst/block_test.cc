// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/block.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <optional>

#include "base/coding.h"
#include "engine/sst/key_hash.h"
#include "engine/sst/table_testing.h"

namespace beach::engine::sst {
namespace {

constexpr std::uint64_t kPlace = 1000;  // where the blocks of these tests claim to be

Bytes BuildBlock(const Entries& entries, std::uint64_t restart_interval) {
  BlockBuilder builder(restart_interval);
  for (const auto& [key, value] : entries) builder.Add(key, value);
  const std::uint64_t size = builder.size_bytes();
  Bytes content = builder.Finish();
  EXPECT_EQ(content.size(), size);
  EXPECT_TRUE(builder.empty());
  return content;
}

constexpr std::size_t kHeaderSize = 3;  // of a small entry: three lengths

// Where the parts of a block begin.
struct Layout {
  std::uint32_t restart_count;
  std::uint32_t bucket_count;
  std::size_t restarts;
  std::size_t buckets;
};

Layout LayoutOf(const Bytes& content) {
  const std::size_t tail = content.size() - kBlockTailSize;
  Layout layout{};
  layout.restart_count = LoadFixed<std::uint32_t>(content.data() + tail + kBlockRestartCountOffset);
  layout.bucket_count = LoadFixed<std::uint32_t>(content.data() + tail + kBlockBucketCountOffset);
  layout.buckets = tail - layout.bucket_count;
  layout.restarts = layout.buckets - layout.restart_count * kRestartSize;
  return layout;
}

Entries ManyEntries() {
  Entries entries;
  for (std::uint64_t i = 0; i < 40; ++i) {
    entries.emplace(KeyAt("prefix/" + std::to_string(100 + i / 3), i + 1), std::to_string(i));
  }
  return entries;
}

TEST(Block, WalksBothWaysOverWhatWasBuilt) {
  const Entries entries = ManyEntries();
  for (const std::uint64_t interval : {1U, 2U, 7U, 16U, 1000U}) {
    const auto block = Block::Parse(BuildBlock(entries, interval), "f", kPlace);
    ASSERT_TRUE(block.has_value());
    const auto iterator = NewBlockIterator(*block);
    EXPECT_FALSE(iterator->Valid());
    iterator->SeekToFirst();
    for (const auto& [key, value] : entries) {
      ASSERT_TRUE(iterator->Valid());
      EXPECT_EQ(iterator->key(), key);
      EXPECT_EQ(iterator->value(), value);
      iterator->Next();
    }
    EXPECT_FALSE(iterator->Valid());
    iterator->SeekToLast();
    for (auto at = entries.rbegin(); at != entries.rend(); ++at) {
      ASSERT_TRUE(iterator->Valid());
      EXPECT_EQ(iterator->key(), at->first);
      iterator->Previous();
    }
    EXPECT_FALSE(iterator->Valid());
    for (const auto& [key, value] : entries) {
      iterator->Seek(key);
      ASSERT_TRUE(iterator->Valid());
      EXPECT_EQ(iterator->value(), value);
      iterator->SeekForPrevious(key);
      ASSERT_TRUE(iterator->Valid());
      EXPECT_EQ(iterator->value(), value);
    }
    EXPECT_TRUE(iterator->status().has_value());
  }
}

TEST(Block, SharedPrefixesAreStoredOnce) {
  const Entries entries = ManyEntries();
  EXPECT_LT(BuildBlock(entries, 16).size() + 40 * 7, BuildBlock(entries, 1).size());
}

TEST(Block, RestartsThatDoNotFitAreDamage) {
  const auto parse = [](ByteView entries, std::initializer_list<std::uint32_t> restarts) {
    Bytes content(entries);
    for (const std::uint32_t& number : restarts) {
      if (&number + 1 == restarts.end()) Encoder(content).Fixed32(0);  // no buckets
      Encoder(content).Fixed32(number);
    }
    const auto block = Block::Parse(content, "f", kPlace);
    if (block) return true;
    EXPECT_EQ(block.error().code(), ErrorCode::kCorruption);
    EXPECT_GE(block.error().offset(), kPlace);
    return false;
  };
  EXPECT_FALSE(parse("", {}));
  EXPECT_FALSE(parse("abc", {}));
  EXPECT_FALSE(parse("", {0}));
  EXPECT_FALSE(parse("", {0, 1})) << "no entry";
  EXPECT_TRUE(parse("entry", {0, 1}));
  EXPECT_FALSE(parse("entry", {1, 1})) << "the first entry is a restart";
  EXPECT_FALSE(parse("entry", {0, 5, 2})) << "beyond the entries";
  EXPECT_FALSE(parse("entry", {0, 3, 3, 3})) << "do not ascend";
  EXPECT_FALSE(parse("entry", {0, 2}));
  EXPECT_FALSE(parse("entry", {0, 0xffffffff}));
}

// Walks and searches in every way. The promise: it ends, stays inside the block, and an error says
// where.
void Exercise(const Bytes& content) {
  const auto block = Block::Parse(content, "f", kPlace);
  if (!block) return;
  const auto iterator = NewBlockIterator(*block);
  const auto check = [&] {
    if (iterator->Valid()) {
      RC_ASSERT(iterator->status().has_value());
      RC_ASSERT(iterator->key().size() >= kInternalKeyTrailerSize);
      RC_ASSERT(iterator->key().size() + iterator->value().size() <= content.size() * 256);
      return true;
    }
    if (!iterator->status()) {
      const Error error = iterator->status().error();
      RC_ASSERT(error.code() == ErrorCode::kCorruption);
      RC_ASSERT(error.path() == "f");
      RC_ASSERT(error.offset() >= kPlace);
      RC_ASSERT(error.offset() < kPlace + content.size());
    }
    return false;
  };
  std::size_t steps = 0;
  for (iterator->SeekToFirst(); check(); iterator->Next()) ++steps;
  RC_ASSERT(steps <= content.size());
  steps = 0;
  for (iterator->SeekToLast(); check(); iterator->Previous()) ++steps;
  RC_ASSERT(steps <= content.size());
  for (const std::uint64_t number : {0U, 104U, 200U}) {
    const Bytes target = KeyAt("prefix/" + std::to_string(number), 5);
    iterator->Seek(target);
    if (check()) iterator->Previous();
    check();
    iterator->SeekForPrevious(target);
    if (check()) iterator->Next();
    check();
  }
}

TEST(Block, HostileBytesNeverLeadOutside) {
  const Bytes good = BuildBlock(ManyEntries(), 4);
  EXPECT_TRUE(rc::check("a block with some bytes changed", [&] {
    Bytes bytes = good;
    const auto changes = *rc::gen::inRange(1, 4);
    for (int i = 0; i < changes; ++i) {
      const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
      bytes[at] = *rc::gen::arbitrary<char>();
    }
    Exercise(bytes);
  }));
  EXPECT_TRUE(rc::check("a block with an end of its own", [&] {
    Bytes bytes = good.substr(0, *rc::gen::inRange<std::size_t>(0, good.size()));
    for (const std::uint32_t number : {0U, 0U, 1U}) Encoder(bytes).Fixed32(number);
    Exercise(bytes);
  }));
  EXPECT_TRUE(rc::check("garbage", [](const std::vector<char>& noise) {
    Bytes bytes(noise.begin(), noise.end());
    for (const std::uint32_t number : {0U, 0U, 1U}) Encoder(bytes).Fixed32(number);
    Exercise(bytes);
  }));
}

TEST(Block, DamagedEntriesAreErrorsAtTheirOffset) {
  const auto walk = [](ByteView entry) {
    Bytes content(entry);
    for (const std::uint32_t number : {0U, 0U, 1U}) Encoder(content).Fixed32(number);
    const auto block = Block::Parse(content, "f", kPlace);
    EXPECT_TRUE(block.has_value());
    const auto iterator = NewBlockIterator(*block);
    iterator->SeekToFirst();
    EXPECT_FALSE(iterator->Valid());
    EXPECT_EQ(iterator->status().error().offset(), kPlace);
    return iterator->status().error().message();
  };
  EXPECT_EQ(walk(Bytes("\0\x09\0key", 6)), "an entry does not fit its block");
  EXPECT_EQ(walk(Bytes("\0\0\xff\xff\xff\xff\x0f", 7)), "an entry does not fit its block");
  EXPECT_EQ(walk(Bytes("\x03\0\0", 3)), "an entry shares more than the key before it");
  EXPECT_EQ(walk(Bytes("\0\x03\0key", 6)), "an entry's key is not a key");
  EXPECT_EQ(walk(Bytes("\0\x08\0\xff\0\0\0\0\0\0\0", 11)), "an entry's key is not a key");
  EXPECT_EQ(walk(Bytes("\0\x08\3\4\0\0\0\0\0\0\0too", 14)), "an entry's value is none of its kind");
  EXPECT_EQ(walk(Bytes("\0\x08\1\3\0\0\0\0\0\0\0\4", 12)), "an entry's value is none of its kind");
}

TEST(Block, GetTellsAValueThatIsNoneOfItsKindWithItsPlace) {
  for (const ValueKind kind : {ValueKind::kPutUntil, ValueKind::kMerge}) {
    const auto block = Block::Parse(BuildBlock({{KeyAt("k", 1, kind), "\x07"}}, 1), "f", kPlace);
    ASSERT_TRUE(block.has_value());
    bool beyond = false;
    const auto found = (*block)->Get("k", kMaxSequence, HashUserKey("k"), beyond);
    ASSERT_FALSE(found.has_value());
    EXPECT_EQ(found.error().code(), ErrorCode::kCorruption);
    EXPECT_EQ(found.error().path(), "f");
    EXPECT_EQ(found.error().offset(), kPlace);
  }
}

TEST(Block, ARestartThatIsNoEntryOfItsOwnIsToldByItsCheck) {
  const Bytes good = BuildBlock(ManyEntries(), 4);
  const auto sound = Block::Parse(good, "f", kPlace);
  ASSERT_TRUE(sound.has_value());
  EXPECT_TRUE((*sound)->CheckRestarts().has_value());
  const Layout layout = LayoutOf(good);
  const std::uint32_t count = layout.restart_count;
  ASSERT_GT(count, 2U);
  const std::size_t restarts = layout.restarts;
  const std::size_t second = restarts + kRestartSize;
  const auto offset = LoadFixed<std::uint32_t>(good.data() + second);
  // Within an entry; at one that shares; and the last one, at the last byte of all entries.
  const std::size_t last = restarts + (count - 1) * kRestartSize;
  const std::pair<std::size_t, std::size_t> changes[] = {
      {second, offset + 1}, {second, offset - 1}, {last, restarts - 1}};
  for (const auto& [at, to] : changes) {
    Bytes bad = good;
    StoreFixed(bad.data() + at, static_cast<std::uint32_t>(to));
    const auto block = Block::Parse(bad, "f", kPlace);
    ASSERT_TRUE(block.has_value());
    const Status checked = (*block)->CheckRestarts();
    ASSERT_FALSE(checked.has_value()) << to;
    EXPECT_EQ(checked.error().code(), ErrorCode::kCorruption);
    EXPECT_EQ(checked.error().offset(), kPlace + at);
  }
  // A restart less: what it led to is an entry that shares nothing, which is fine.
  const auto one = Block::Parse(BuildBlock(ManyEntries(), 1), "f", kPlace);
  EXPECT_TRUE((*one)->CheckRestarts().has_value());
}

TEST(Block, ARestartAtAnEntryThatSharesIsToldByItsCheck) {
  // Two entries, the second sharing; the second restart, made up, stands at it.
  BlockBuilder builder(16);
  builder.Add(KeyAt("aa", 1), "1");
  const std::uint64_t second = kHeaderSize + KeyAt("aa", 1).size() + 1;
  builder.Add(KeyAt("ab", 1), "2");
  Bytes content = builder.Finish();
  content.resize(LayoutOf(content).buckets);
  for (const std::uint64_t number : {second, std::uint64_t{0}, std::uint64_t{2}}) {
    Encoder(content).Fixed32(static_cast<std::uint32_t>(number));
  }
  const auto block = Block::Parse(content, "f", kPlace);
  ASSERT_TRUE(block.has_value());
  EXPECT_FALSE((*block)->CheckRestarts().has_value());
}

// What a search of the entries says of (key, sequence).
std::optional<Bytes> Expected(const Entries& entries, ByteView key, std::uint64_t sequence) {
  const auto at = entries.lower_bound(KeyAt(key, sequence));
  if (at == entries.end() || UserKeyOf(at->first) != key) return std::nullopt;
  return at->second;
}

std::optional<Bytes> Found(const Block& block, ByteView key, std::uint64_t sequence) {
  bool beyond = false;
  const auto found = block.Get(key, SequenceNumber(sequence), HashUserKey(key), beyond);
  EXPECT_TRUE(found.has_value());
  if (!found || !*found) return std::nullopt;
  EXPECT_FALSE(beyond);
  return (*found)->value;
}

TEST(Block, GetFindsWhatASearchFindsWithAndWithoutAHashIndex) {
  EXPECT_TRUE(rc::check([] {
    Entries entries;
    const auto count = *rc::gen::inRange<std::uint64_t>(1, 400);
    const auto keys = *rc::gen::inRange<std::uint64_t>(1, 300);
    for (std::uint64_t i = 1; i <= count; ++i) {
      const Bytes key(*rc::gen::element<std::size_t>(0, 1, 5, 130, 300), 'k');
      entries.emplace(KeyAt(key + std::to_string(i * 7 % keys), i), std::to_string(i));
    }
    const auto interval = *rc::gen::element<std::uint64_t>(1, 2, 3, 16, 1000);
    const auto block = Block::Parse(BuildBlock(entries, interval), "f", kPlace);
    RC_ASSERT(block.has_value());
    const bool hashed = (entries.size() + interval - 1) / interval <= kHashedRestartsMax;
    RC_ASSERT((*block)->has_hash_index() == hashed);
    RC_ASSERT((*block)->CheckBuckets().has_value());
    for (const auto& [key, value] : entries) {
      const ByteView user_key = UserKeyOf(key);
      for (const std::uint64_t sequence : {std::uint64_t{0}, count / 2, count + 1}) {
        RC_ASSERT(Found(**block, user_key, sequence) == Expected(entries, user_key, sequence));
      }
      const Bytes absent = Bytes(user_key) + "!";
      RC_ASSERT(Found(**block, absent, count) == Expected(entries, absent, count));
    }
  }));
}

TEST(Block, GetSaysWhenItsEntriesAllLieInFront) {
  BlockBuilder builder(2);
  for (const char* key : {"a", "b", "c"}) builder.Add(KeyAt(key, 7), key);
  Bytes content = builder.Finish();
  // Without buckets: a search, which knows more than a bucket says.
  Bytes searched = content.substr(0, LayoutOf(content).buckets);
  for (const std::uint32_t number : {0U, LayoutOf(content).restart_count}) {
    Encoder(searched).Fixed32(number);
  }
  const auto block = Block::Parse(searched, "f", kPlace);
  ASSERT_TRUE(block.has_value());
  bool beyond = false;
  EXPECT_FALSE((*block)->Get("d", SequenceNumber(9), HashUserKey("d"), beyond)->has_value());
  EXPECT_TRUE(beyond);
  EXPECT_FALSE((*block)->Get("bb", SequenceNumber(9), HashUserKey("bb"), beyond)->has_value());
  EXPECT_FALSE(beyond);
}

TEST(Block, ABucketThatLeadsElsewhereIsToldByItsCheckOrByParse) {
  const Bytes good = BuildBlock(ManyEntries(), 4);
  const Layout layout = LayoutOf(good);
  ASSERT_GT(layout.bucket_count, 0U);
  std::size_t found = 0;
  for (std::size_t i = 0; i < layout.bucket_count; ++i) {
    Bytes bad = good;
    char& bucket = bad[layout.buckets + i];
    bucket = static_cast<char>(bucket == 1 ? 0 : 1);
    const auto block = Block::Parse(bad, "f", kPlace);
    ASSERT_TRUE(block.has_value());
    const Status checked = (*block)->CheckBuckets();
    ASSERT_FALSE(checked.has_value());
    EXPECT_EQ(checked.error().code(), ErrorCode::kCorruption);
    EXPECT_EQ(checked.error().offset(), kPlace + layout.buckets + i);
    bucket = static_cast<char>(layout.restart_count);
    const auto refused = Block::Parse(bad, "f", kPlace);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().offset(), kPlace + layout.buckets + i);
    ++found;
  }
  EXPECT_EQ(found, layout.bucket_count);
}

}  // namespace
}  // namespace beach::engine::sst
