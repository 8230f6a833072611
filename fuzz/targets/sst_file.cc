// SPDX-License-Identifier: Apache-2.0
// A whole table. One that passes Verify reads the same every way, and can be written anew; one that
// does not gives typed errors, and never an entry that its blocks' checksums do not vouch for.
#include <algorithm>

#include "base/check.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "engine/internal_key.h"
#include "engine/sst/block_io.h"
#include "engine/sst/compression.h"
#include "engine/sst/dump.h"
#include "engine/sst/range_deletes.h"
#include "engine/sst/table.h"
#include "engine/sst/table_cache.h"
#include "engine/sst/table_frame.h"
#include "engine/testing/memory_files.h"
#include "fuzz/targets/sst_walk.h"
#include "fuzz/targets/targets.h"

namespace beach::fuzz {
namespace {

using namespace engine::sst;  // NOLINT(google-build-using-namespace): the whole file is about it
using engine::InternalKey;
using engine::TableBuilder;
using engine::TableInfo;
using engine::TableReader;
using engine::testing::MemoryFiles;

constexpr char kPath[] = "000007.sst";
constexpr char kAnewPath[] = "000008.sst";

// --- Sealing ----------------------------------------------------------------------------------

std::uint64_t Word(const Bytes& bytes, std::size_t at) {
  return LoadFixed<std::uint64_t>(bytes.data() + at);
}

// False for a place that the file does not have.
bool SealBlock(Bytes& bytes, const Identity& identity, const BlockHandle& handle) {
  if (handle.offset > bytes.size() || handle.size > bytes.size() - handle.offset ||
      bytes.size() - handle.offset - handle.size < kBlockTrailerSize) {
    return false;
  }
  const ByteView stored = ByteView(bytes).substr(handle.offset, handle.size);
  const auto compression = static_cast<engine::Compression>(bytes[handle.offset + handle.size]);
  const Bytes trailer = BlockTrailer(identity, handle.offset, stored, compression);
  bytes.replace(handle.offset + handle.size, trailer.size(), trailer);
  return true;
}

void Seal(Bytes& input) {
  if (input.size() < kFooterSize) return;
  const std::size_t footer = input.size() - kFooterSize;
  Identity identity;
  identity.database.high = Word(input, footer + kFooterDatabaseHighOffset);
  identity.database.low = Word(input, footer + kFooterDatabaseLowOffset);
  identity.file = engine::FileNumber(Word(input, footer + kFooterFileNumberOffset));
  for (const std::size_t at : {kFooterPropertiesOffsetOffset, kFooterFilterOffsetOffset,
                               kFooterRangeDeletesOffsetOffset}) {
    const BlockHandle handle{Word(input, footer + at), Word(input, footer + at + 8)};
    if (handle != BlockHandle()) SealBlock(input, identity, handle);
  }
  const BlockHandle index{Word(input, footer + kFooterIndexOffsetOffset),
                          Word(input, footer + kFooterIndexSizeOffset)};
  if (SealBlock(input, identity, index)) {
    const Bytes content = input.substr(index.offset, index.size);
    Decoder decoder(content);
    BlockHandle handle;
    while (!decoder.rest().empty()) {
      static_cast<void>(decoder.LengthPrefixed());
      handle.size = decoder.Varint();
      if (!decoder.ok() || !SealBlock(input, identity, handle)) break;
      handle.offset += handle.size + kBlockTrailerSize;
    }
  }
  const ByteView sealed = ByteView(input).substr(footer, kFooterCrcOffset);
  StoreFixed(input.data() + footer + kFooterCrcOffset, Crc32c(sealed));
}

// --- Checking ---------------------------------------------------------------------------------

void CheckDamage(const Error& error) {
  BEACH_CHECK(error.code() == ErrorCode::kCorruption || error.code() == ErrorCode::kRefused);
  BEACH_CHECK(error.path() == kPath);
}

// What the table says of itself, in place of a manifest.
Result<TableInfo> InfoOf(env::File& file, std::uint64_t size, engine::DatabaseId& database) {
  BEACH_TRY_ASSIGN(const Footer footer, ReadFooter(file, size));
  BEACH_TRY_ASSIGN(const Properties properties, ReadProperties(file, footer, size - kFooterSize));
  database = footer.identity.database;
  TableInfo info;
  info.file = footer.identity.file;
  info.size_bytes = size;
  info.entries = properties.entries + properties.range_deletes;
  info.smallest = properties.smallest;
  info.largest = properties.largest;
  info.sequence_min = properties.sequence_min;
  info.sequence_max = properties.sequence_max;
  return info;
}

// A table that Verify refused: reads end, in entries or in damage.
void ReadDamaged(TableReader& reader, std::uint64_t size) {
  const auto iterator = reader.NewIterator();
  // An entry has three bytes at least, compressed or not.
  size *= kZstdRatioMax;
  const Entries entries = WalkForward(*iterator, size);
  if (!iterator->status()) CheckDamage(iterator->status().error());
  WalkBack(*iterator, size);
  if (!iterator->status()) CheckDamage(iterator->status().error());
  const std::size_t step = entries.size() / 64 + 1;
  for (std::size_t i = 0; i < entries.size(); i += step) {
    const Bytes& key = entries[i].first;
    iterator->Seek(key);
    if (!iterator->status()) CheckDamage(iterator->status().error());
    iterator->SeekForPrevious(key);
    if (!iterator->status()) CheckDamage(iterator->status().error());
    const auto found = reader.Get(engine::UserKeyOf(key), engine::kMaxSequence);
    if (!found) CheckDamage(found.error());
  }
}

void CheckGets(TableReader& reader, const Entries& entries) {
  for (const auto& [bytes, value] : entries) {
    InternalKey key;
    const bool parsed = engine::ParseInternalKey(bytes, key);
    BEACH_CHECK(parsed);
    const auto found = reader.Get(key.user_key, key.sequence);
    BEACH_CHECK(found.has_value());
    BEACH_CHECK(found->has_value());
    BEACH_CHECK((*found)->sequence == key.sequence);
    // Of two kinds at one number, which no writer makes, the first is found.
    if ((*found)->kind == key.kind) BEACH_CHECK((*found)->value == value);
    Bytes absent(key.user_key);
    absent.push_back('\x01');
    const bool exists = std::ranges::any_of(
        entries, [&absent](const auto& entry) { return engine::UserKeyOf(entry.first) == absent; });
    const auto nothing = reader.Get(absent, engine::kMaxSequence);
    BEACH_CHECK(nothing.has_value());
    BEACH_CHECK_EQ(nothing->has_value(), exists);
  }
}

void CheckWrittenAnew(MemoryFiles& files, const Entries& entries, const RangeDeletes& ranges,
                      const TableInfo& info) {
  engine::Options options;
  options.compression =
      entries.size() % 2 == 0 ? engine::Compression::kLz4 : engine::Compression::kZstd;
  options.block_size = 128;
  options.block_restart_interval = 3;
  constexpr engine::DatabaseId kDatabase{1, 2};
  constexpr engine::FileNumber kFile{8};
  auto builder = TableBuilder::Create(files, kAnewPath, kDatabase, kFile, options);
  BEACH_CHECK(builder.has_value());
  for (const auto& [key, value] : entries) {
    const Status added = (*builder)->Add(key, value);
    BEACH_CHECK(added.has_value());
  }
  for (const RangeDelete& range : ranges) {
    (*builder)->AddRangeDelete(range.begin, range.end, range.sequence);
  }
  const auto made = (*builder)->Finish();
  BEACH_CHECK(made.has_value());
  BEACH_CHECK_EQ(made->entries, info.entries);
  BEACH_CHECK(made->smallest == info.smallest);
  BEACH_CHECK(made->largest == info.largest);
  const auto reader = TableReader::Open(
      files, kAnewPath, kDatabase, *made,
      std::make_shared<TableCache>(TableCache::Limits{
          .block_cache_size = 4096, .open_tables_max = 1, .readahead_max = 1024}));
  BEACH_CHECK(reader.has_value());
  const Status verified = (*reader)->Verify();
  BEACH_CHECK(verified.has_value());
  BEACH_CHECK((*reader)->range_deletes() == ranges);
  if (!entries.empty()) CheckIteratorAgrees(*(*reader)->NewIterator(), entries);
  CheckGets(**reader, entries);
}

void Run(ByteView input) {
  MemoryFiles files;
  files.SetContent(kPath, Bytes(input));
  const Status dumped = DumpTable(files, kPath, true, [](std::string_view) {});
  const auto file = files.Open(kPath, {});
  BEACH_CHECK(file.has_value());
  engine::DatabaseId database;
  const auto info = InfoOf(**file, input.size(), database);
  if (!info) {
    BEACH_CHECK(!dumped);
    return CheckDamage(info.error());
  }
  const auto reader = TableReader::Open(files, kPath, database, *info);
  if (!reader) {
    BEACH_CHECK(!dumped);
    return CheckDamage(reader.error());
  }
  const Status verified = (*reader)->Verify();
  BEACH_CHECK_EQ(dumped.has_value(), verified.has_value());
  if (!verified) {
    CheckDamage(verified.error());
    return ReadDamaged(**reader, input.size());
  }
  const auto iterator = (*reader)->NewIterator();
  const Entries entries = WalkForward(*iterator, input.size() * kZstdRatioMax);
  BEACH_CHECK(iterator->status().has_value());
  const RangeDeletes& ranges = (*reader)->range_deletes();
  BEACH_CHECK_EQ(entries.size() + ranges.size(), info->entries);
  BEACH_CHECK(StrictlyAscending(entries));
  if (ranges.empty()) {
    BEACH_CHECK(entries.front().first == info->smallest);
    BEACH_CHECK(entries.back().first == info->largest);
  }
  if (!entries.empty()) CheckIteratorAgrees(*iterator, entries);
  CheckGets(**reader, entries);
  CheckWrittenAnew(files, entries, ranges, *info);
}

}  // namespace

const Target sst_file_target = {.name = "sst_file", .run = Run, .seal = Seal, .size_max = 8192};

}  // namespace beach::fuzz
