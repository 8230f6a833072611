// SPDX-License-Identifier: Apache-2.0
#include "engine/limits.h"

#include "engine/db.h"
#include "engine/testing/db_fixture.h"

namespace beach::engine {
namespace {

struct Bound {
  const char* name;
  std::uint64_t Options::*option;
  std::uint64_t least;
  std::uint64_t most;
};

constexpr std::uint64_t kHalfGiB = 512 * kMiB;
constexpr Bound kBounds[] = {
    {"key_size_max", &Options::key_size_max, 1, 4 * kMiB},
    {"value_size_max", &Options::value_size_max, 1, kHalfGiB},
    {"batch_size_max", &Options::batch_size_max, 1, kHalfGiB},
    {"memtable_size", &Options::memtable_size, kKiB, 1024 * kMiB},
    {"frozen_memtables_max", &Options::frozen_memtables_max, 1, 1024},
    {"wal_segment_size", &Options::wal_segment_size, 64 * kKiB, 4096 * kMiB - 4 * kKiB},
    {"wal_group_size_max", &Options::wal_group_size_max, 1, kHalfGiB},
    {"manifest_size_max", &Options::manifest_size_max, 1, 256 * kMiB},
    {"block_size", &Options::block_size, 1, kHalfGiB},
    {"block_restart_interval", &Options::block_restart_interval, 1, 1024 * kKiB},
    {"open_tables_max", &Options::open_tables_max, 1, 1024 * kKiB},
};

TEST(LimitsTest, EachOptionIsNamedWithItsValueBeyondEitherBound) {
  for (const Bound& bound : kBounds) {
    // 64 MiB segments: the memtables' own bounds are the tighter ones.
    Options options;
    options.memtable_size = kMiB;
    for (const std::uint64_t fine : {bound.least, bound.most}) {
      options.*bound.option = fine;
      const Status checked = CheckOptions(options);
      EXPECT_TRUE(checked) << bound.name << ": " << checked.error().ToString();
    }
    for (const std::uint64_t value : {bound.least - 1, bound.most + 1, ~std::uint64_t{0}}) {
      options.*bound.option = value;
      const Status checked = CheckOptions(options);
      ASSERT_FALSE(checked) << bound.name << " " << value;
      EXPECT_EQ(checked.error().code(), ErrorCode::kInvalidArgument);
      const std::string& message = checked.error().message();
      EXPECT_NE(message.find(bound.name), std::string::npos) << message;
      EXPECT_NE(message.find(std::to_string(value)), std::string::npos) << message;
      EXPECT_NE(message.find(std::to_string(bound.least)), std::string::npos) << message;
    }
  }
}

TEST(LimitsTest, OptionsOfTablesThatMayBeZeroHaveAnUpperBound) {
  const struct {
    const char* name;
    std::uint64_t Options::*option;
    std::uint64_t most;
  } bounds[] = {{"filter_bits_per_key", &Options::filter_bits_per_key, 64},
                {"readahead_max", &Options::readahead_max, 64 * kMiB},
                {"block_cache_size", &Options::block_cache_size, 1024 * 1024 * kMiB}};
  for (const auto& bound : bounds) {
    Options options;
    for (const std::uint64_t fine : {std::uint64_t{0}, bound.most}) {
      options.*bound.option = fine;
      EXPECT_TRUE(CheckOptions(options)) << bound.name;
    }
    options.*bound.option = bound.most + 1;
    const Status checked = CheckOptions(options);
    ASSERT_FALSE(checked) << bound.name;
    EXPECT_EQ(checked.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(checked.error().message().find(bound.name), std::string::npos);
  }
}

TEST(LimitsTest, AnUnknownCompressionIsNamed) {
  for (Compression Options::*const option : {&Options::compression, &Options::bottom_compression}) {
    Options options;
    options.*option = Compression::kZstd;
    EXPECT_TRUE(CheckOptions(options));
    options.*option = static_cast<Compression>(3);
    const Status checked = CheckOptions(options);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(checked.error().message().find("compression is 3"), std::string::npos);
  }
}

TEST(LimitsTest, ALogOfTooManySegmentsIsNamed) {
  Options options;
  options.wal_segment_size = 64 * kKiB;
  options.frozen_memtables_max = 2;
  options.memtable_size = 16 * kKiB * 64 * kKiB / 3;
  EXPECT_TRUE(CheckOptions(options));
  ++options.memtable_size;
  const Status checked = CheckOptions(options);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code(), ErrorCode::kInvalidArgument);
  for (const char* name : {"memtable_size", "wal_segment_size", "frozen_memtables_max"}) {
    EXPECT_NE(checked.error().message().find(name), std::string::npos);
  }
}

TEST_F(DbTest, TheLargestKeysFitTablesAndTheManifest) {
  Options options;
  options.key_size_max = 4 * kMiB;
  options.wal_segment_size = 16 * kMiB;
  options.memtable_size = kMiB;
  auto db = Open(options);
  for (const char c : {'a', 'b', 'c'}) {
    ASSERT_TRUE(db->Put(sync_, Bytes(options.key_size_max, c), "v"));
    ASSERT_TRUE(db->Put(sync_, Bytes(options.key_size_max, static_cast<char>(c + 9)), "v"));
    ASSERT_TRUE(db->Flush());
  }
  db.reset();
  db = Open(options);
  EXPECT_EQ(*db->Get({}, Bytes(options.key_size_max, 'b')), Bytes("v"));
}

}  // namespace
}  // namespace beach::engine
