// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "engine/internal_key.h"
#include "engine/manifest/file_names.h"
#include "engine/manifest/identity.h"
#include "engine/manifest/manifest.h"
#include "engine/manifest/manifest_file.h"
#include "engine/testing/memory_files.h"
#include "fuzz/seeds.h"

namespace beach::fuzz {
namespace {

using namespace engine;  // NOLINT(google-build-using-namespace): the whole file is about it

constexpr DatabaseId kDatabase{.high = 0x0123456789abcdef, .low = 0xfedcba9876543210};

TableInfo Table(std::uint64_t file, ByteView smallest, ByteView largest, std::uint32_t level = 0) {
  TableInfo table{.file = FileNumber(file),
                  .size_bytes = 4321,
                  .entries = 12,
                  .smallest = {},
                  .largest = {},
                  .sequence_min = SequenceNumber(20 * file + 1),
                  .sequence_max = SequenceNumber(20 * file + 12),
                  .level = level};
  const auto key = [](ByteView user_key, std::uint64_t sequence) {
    return InternalKey{user_key, SequenceNumber(sequence), ValueKind::kPut};
  };
  AppendInternalKey(table.smallest, key(smallest, 3));
  AppendInternalKey(table.largest, key(largest, 9));
  return table;
}

wal::Segment LogSegment(std::uint64_t ordinal, std::uint64_t file, std::uint64_t end) {
  return {SegmentOrdinal(ordinal), FileNumber(file), 65536, end};
}

ManifestState State() {
  ManifestState state;
  state.database = kDatabase;
  state.epoch = OpenEpoch(2);
  state.next_file = FileNumber(12);
  state.last_sequence = SequenceNumber(100);
  state.replay_from = {SegmentOrdinal(1), 8192};
  state.durable = {SegmentOrdinal(2), 4096};
  state.tables = {Table(3, "a", "m"), Table(5, "b", "z"), Table(7, "c", "d", 1)};
  state.segments = {LogSegment(1, 4, 20000), LogSegment(2, 6, wal::Segment::kOpenEnd)};
  return state;
}

// What a life of a database adds to it.
std::vector<ManifestEdit> Edits() {
  std::vector<ManifestEdit> edits(4);
  edits[0].segments_sealed = {{SegmentOrdinal(2), 30000}};
  edits[0].segments_added = {LogSegment(3, 11, wal::Segment::kOpenEnd)};
  edits[1].tables_added = {Table(12, "c", "d")};
  edits[1].next_file = FileNumber(14);
  edits[1].replay_from = LogPosition{SegmentOrdinal(3), 4096};
  edits[1].segments_removed = {SegmentOrdinal(1), SegmentOrdinal(2)};
  edits[2].tables_removed = {FileNumber(3), FileNumber(5)};
  edits[2].tables_added = {Table(13, "a", "c", 2), Table(10, "d", "z", 2)};
  edits[3].epoch = OpenEpoch(3);
  edits[3].last_sequence = SequenceNumber(200);
  edits[3].durable = LogPosition{SegmentOrdinal(3), 8192};
  edits[3].time = TimeMark{.sequence = SequenceNumber(150), .time = 1'000'000};
  return edits;
}

}  // namespace

void AddManifestSeeds(Seeds& seeds) {
  std::uint64_t number = 0;
  for (const ManifestEdit& edit : State().Snapshot()) {
    seeds.push_back({"manifest_edit", "snapshot", EncodeManifestEdit(edit)});
  }
  for (const ManifestEdit& edit : Edits()) {
    seeds.push_back(
        {"manifest_edit", "edit-" + std::to_string(++number), EncodeManifestEdit(edit)});
  }

  testing::MemoryFiles files;
  BEACH_CHECK(files.CreateDirectory("db").has_value());
  auto manifest = Manifest::Start(files, "db", State(), kMiB);
  BEACH_CHECK(manifest.has_value());
  const std::string path = "db/" + ManifestFileName((*manifest)->file());
  seeds.push_back({"manifest_file", "snapshot", files.Content(path)});
  for (const ManifestEdit& edit : Edits()) {
    while ((*manifest)->state().next_file < FileNumber(14)) (*manifest)->NewFileNumber();
    BEACH_CHECK((*manifest)->Apply(edit).has_value());
  }
  Bytes content = files.Content(path);
  seeds.push_back({"manifest_file", "edits", content});
  content.resize(content.size() - 5);
  seeds.push_back({"manifest_file", "torn", content});

  seeds.push_back({"current", "first", EncodeCurrent(FileNumber(1))});
  seeds.push_back({"current", "large", EncodeCurrent(FileNumber(123456789))});
  for (const char* name : {"000012.sst", "000007.wal", "MANIFEST-000012", "CURRENT.tmp"}) {
    seeds.push_back({"current", std::string("name-") + name, name});
  }
  seeds.push_back({"identity", "ours", EncodeIdentity(kDatabase)});
}

}  // namespace beach::fuzz
