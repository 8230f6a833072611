// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "engine/internal_key.h"
#include "engine/sst/block_io.h"
#include "engine/sst/format.h"
#include "engine/sst/table.h"
#include "engine/sst/table_frame.h"
#include "engine/testing/memory_files.h"
#include "fuzz/seeds.h"

namespace beach::fuzz {
namespace {

using namespace engine;  // NOLINT(google-build-using-namespace): the whole file is about it

constexpr DatabaseId kDatabase{.high = 0x0123456789abcdef, .low = 0xfedcba9876543210};
constexpr FileNumber kFile{7};

Bytes Key(ByteView user_key, std::uint64_t sequence, ValueKind kind) {
  Bytes key;
  AppendInternalKey(key,
                    {.user_key = user_key, .sequence = SequenceNumber(sequence), .kind = kind});
  return key;
}

Bytes Table(int keys, int versions, std::uint64_t block_size, std::uint64_t restart_interval,
            Compression compression = Compression::kNone, int ranges = 0) {
  testing::MemoryFiles files;
  Options options;
  options.compression = compression;
  if (ranges > 0) options.filter_bits_per_key = 0;
  options.block_size = block_size;
  options.block_restart_interval = restart_interval;
  auto builder = TableBuilder::Create(files, "table", kDatabase, kFile, options);
  BEACH_CHECK(builder.has_value());
  for (int i = 0; i < keys; ++i) {
    const std::string user_key = "key" + std::to_string(100 + i);
    for (int version = versions; version > 0; --version) {
      const auto sequence = static_cast<std::uint64_t>(version * keys + i);
      const bool is_delete = (i + version) % 5 == 0;
      const Bytes key = Key(user_key, sequence, is_delete ? ValueKind::kDelete : ValueKind::kPut);
      const Bytes value = is_delete ? Bytes() : "value" + std::to_string(sequence);
      BEACH_CHECK((*builder)->Add(key, value).has_value());
    }
  }
  for (int i = 0; i < ranges; ++i) {
    const std::string begin = "key" + std::to_string(100 + i);
    (*builder)->AddRangeDelete(begin, "key2", SequenceNumber(1000 + static_cast<unsigned>(i)));
  }
  BEACH_CHECK((*builder)->Finish().has_value());
  return files.Content("table");
}

Bytes Part(const Bytes& table, const sst::BlockHandle& handle) {
  return table.substr(handle.offset, handle.size);
}

void AddParts(Seeds& seeds, const std::string& name, const Bytes& table) {
  const std::uint64_t end = table.size() - sst::kFooterSize;
  const auto footer = sst::DecodeFooter(ByteView(table).substr(end), "table", end);
  BEACH_CHECK(footer.has_value());
  seeds.push_back({"sst_file", name, table});
  seeds.push_back({"sst_footer", name, table.substr(end)});
  seeds.push_back({"sst_properties", name, Part(table, footer->properties)});
  const Bytes content = Part(table, footer->index);
  seeds.push_back({"sst_index", name, content});
  if (footer->filter != sst::BlockHandle()) {
    seeds.push_back({"sst_filter", name, Part(table, footer->filter)});
  }
  const auto data_end = sst::CheckLayout(*footer, end, "table");
  BEACH_CHECK(data_end.has_value());
  const auto index = sst::TableIndex::Parse(content, *data_end, "table", 0);
  BEACH_CHECK(index.has_value());
  if (index->count() == 0) return;
  const sst::BlockHandle first = index->handle(0);
  sst::Decompressor decompressor;
  const auto block = sst::BlockContent(Part(table, {0, first.size + sst::kBlockTrailerSize}),
                                       footer->identity, 0, "table", decompressor);
  BEACH_CHECK(block.has_value());
  seeds.push_back({"sst_block", name, *block});
}

// Every other value expires.
Bytes ExpiringTable(int keys) {
  testing::MemoryFiles files;
  auto builder = TableBuilder::Create(files, "table", kDatabase, kFile, Options());
  BEACH_CHECK(builder.has_value());
  for (int i = 0; i < keys; ++i) {
    const std::string user_key = "key" + std::to_string(100 + i);
    const bool expires = i % 2 == 0;
    const Bytes key = Key(user_key, static_cast<std::uint64_t>(i + 1),
                          expires ? ValueKind::kPutUntil : ValueKind::kPut);
    const Bytes value = expires ? EncodeExpiring(static_cast<std::uint64_t>(i) * 1000, "v") : "v";
    BEACH_CHECK((*builder)->Add(key, value).has_value());
  }
  BEACH_CHECK((*builder)->Finish().has_value());
  return files.Content("table");
}

// Of the target's own blocks, by their last keys.
Bytes Index(std::uint64_t count) {
  sst::TableIndexBuilder builder;
  for (std::uint64_t i = 0; i < count; ++i) {
    const Bytes user_key{static_cast<char>('a' + i), '2'};
    builder.Add(Key(user_key, 7, ValueKind::kPut), 10 + i);
  }
  return builder.Finish();
}

}  // namespace

void AddTableSeeds(Seeds& seeds) {
  AddParts(seeds, "one-entry", Table(1, 1, 4096, 16));
  AddParts(seeds, "versions", Table(3, 5, 4096, 4));
  AddParts(seeds, "blocks", Table(20, 2, 100, 3));
  AddParts(seeds, "restarts", Table(12, 1, 200, 1));
  AddParts(seeds, "lz4", Table(30, 2, 500, 16, Compression::kLz4));
  AddParts(seeds, "zstd", Table(30, 2, 500, 16, Compression::kZstd));
  AddParts(seeds, "ranges", Table(5, 1, 500, 16, Compression::kNone, 3));
  AddParts(seeds, "ranges-alone", Table(0, 0, 500, 16, Compression::kNone, 2));
  AddParts(seeds, "expiring", ExpiringTable(9));
  seeds.push_back({"sst_index", "all", Index(4)});
  seeds.push_back({"sst_index", "more", Index(5)});
  seeds.push_back({"sst_index", "some", Index(2)});
}

}  // namespace beach::fuzz
