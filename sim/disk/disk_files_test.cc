// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/random.h"
#include "sim/disk/disk_fixture.h"

// What the disk tells of its files, and of a power loss, to who looks on.

namespace beach::sim {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr env::OpenOptions kCreate{.mode = env::OpenMode::kCreate};

FileState StateOf(DiskFixture& f, const std::string& path) {
  for (const FileState& file : f.disk->Files()) {
    if (file.path == path) return file;
  }
  ADD_FAILURE() << "no file " << path;
  return {};
}

TEST(DiskFiles, SayWhatIsSeenAndWhatIsDurable) {
  DiskFixture f;
  EXPECT_THAT(f.disk->Files(), IsEmpty());
  Descriptor file;
  ASSERT_EQ(f.disk->Open(kProcess, "a", kCreate, file), 0);
  ASSERT_EQ(f.disk->WriteAt(file, 0, std::string(100, 'x'), false), 0);
  ASSERT_EQ(f.disk->WriteAt(file, 2'000, std::string(100, 'x'), false), 0);
  FileState state = StateOf(f, "a");
  EXPECT_EQ(state.durable_path, "");
  EXPECT_EQ(state.size_bytes, 2'100U);
  EXPECT_EQ(state.durable_size_bytes, 0U);
  EXPECT_EQ(state.pending, 4U);
  EXPECT_THAT(state.dirty, ElementsAre(ByteRange{0, 512}, ByteRange{1'536, 2'560}));

  ASSERT_EQ(f.disk->Sync(file), 0);
  ASSERT_EQ(f.disk->SyncDirectory("."), 0);
  ASSERT_EQ(f.disk->Rename("a", "b"), 0);
  state = StateOf(f, "b");
  EXPECT_EQ(state.durable_path, "a");
  EXPECT_EQ(state.durable_size_bytes, 2'100U);
  EXPECT_EQ(state.pending, 0U);
  EXPECT_THAT(state.dirty, IsEmpty());

  WriteTicket ticket;
  ASSERT_EQ(f.disk->SubmitWrite(file, 512, "in flight", false, ticket), 0);
  EXPECT_THAT(StateOf(f, "b").in_flight, ElementsAre(ByteRange{512, 521}));
  ASSERT_EQ(f.disk->CompleteWrite(ticket), 0);
  EXPECT_THAT(StateOf(f, "b").in_flight, IsEmpty());

  // A removed one is told as long as a power loss may bring it back.
  ASSERT_EQ(f.disk->SyncDirectory("."), 0);
  f.disk->Close(file);
  ASSERT_EQ(f.disk->Remove("b"), 0);
  ASSERT_EQ(f.disk->Files().size(), 1U);
  EXPECT_EQ(f.disk->Files().front().path, "");
  EXPECT_EQ(f.disk->Files().front().durable_path, "b");
  ASSERT_EQ(f.disk->SyncDirectory("."), 0);
  EXPECT_THAT(f.disk->Files(), IsEmpty());
}

// Some writes, sizes and names, not all of them synced.
void Busy(DiskFixture& f, std::uint64_t seed) {
  RandomStream stream(seed);
  for (int i = 0; i < 6; ++i) {
    Descriptor file;
    ASSERT_EQ(f.disk->Open(kProcess, std::to_string(i), kCreate, file), 0);
    for (int k = 0; k < 8; ++k) {
      const std::uint64_t offset = stream.Below(4'000);
      const std::uint64_t length = 1 + stream.Below(3'000);
      ASSERT_EQ(f.disk->WriteAt(file, offset, std::string(length, 'x'), false), 0);
      if (stream.Chance(1, 8)) {
        EXPECT_EQ(f.disk->Truncate(file, stream.Below(3'000)), 0);
      }
      if (stream.Chance(1, 8)) {
        EXPECT_EQ(f.disk->Sync(file), 0);
      }
    }
    if (stream.Chance(1, 3)) {
      EXPECT_EQ(f.disk->SyncDirectory("."), 0);
    }
    f.disk->Close(file);
  }
}

TEST(DiskCuts, PartsAddUpToTheSummary) {
  std::uint64_t torn_in_all = 0;
  std::uint64_t in_part = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    DiskFixture f(seed, {.torn_percent = 50});
    f.disk->DescribeCuts();
    Busy(f, seed);
    const CutSummary cut = f.disk->PowerLoss();
    std::uint64_t kept = 0;
    std::uint64_t torn = 0;
    for (const CutPart& part : cut.parts) {
      kept += part.kept ? 1 : 0;
      torn += part.torn.size();
      EXPECT_EQ(part.what == "write" && part.kept, !part.kept_ranges.empty() || !part.torn.empty());
      std::uint64_t bytes = 0;
      for (const ByteRange& range : part.kept_ranges) {
        EXPECT_GE(range.first, part.range.first);
        EXPECT_LE(range.end, part.range.end);
        bytes += range.end - range.first;
      }
      in_part += bytes > 0 && bytes < part.range.end - part.range.first ? 1 : 0;
    }
    EXPECT_EQ(cut.parts.size(), cut.operations_pending) << seed;
    EXPECT_EQ(kept, cut.operations_kept) << seed;
    EXPECT_EQ(torn, cut.sectors_torn) << seed;
    torn_in_all += torn;
  }
  EXPECT_GT(torn_in_all, 50U);
  EXPECT_GT(in_part, 50U);
}

TEST(DiskCuts, DescribingThemChangesNothing) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    DiskFixture plain(seed, {.torn_percent = 50});
    DiskFixture described(seed, {.torn_percent = 50});
    described.disk->DescribeCuts();
    Busy(plain, seed);
    Busy(described, seed);
    static_cast<void>(described.disk->Files());
    EXPECT_THAT(plain.disk->PowerLoss().parts, IsEmpty());
    static_cast<void>(described.disk->PowerLoss());
    EXPECT_EQ(plain.disk->Digest(), described.disk->Digest()) << seed;
  }
}

}  // namespace
}  // namespace beach::sim
