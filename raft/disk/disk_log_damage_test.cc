// SPDX-License-Identifier: Apache-2.0
//
// What a log makes of damage, and of a directory that is not its own. Random damage is in
// damage_test.cc.

#include "base/coding.h"
#include "engine/wal/format.h"
#include "engine/wal/log_core.h"
#include "raft/disk/disk_log_fixture.h"
#include "raft/disk/dump.h"
#include "raft/disk/log_map.h"
#include "raft/disk/record.h"
#include "raft/disk/register.h"
#include "raft/disk/verify.h"

namespace beach::raft {
namespace {

using env::conformance::FailsWith;

TEST_F(DiskLogTest, DamageBelowWhatWasVouchedForLosesBytesOfEntriesAlone) {
  OpenAndStart();
  Persist persist = Entries(1, 1, 1);
  persist.hard_state = HardState{.term = Term(4), .vote = NodeId(2)};
  ASSERT_TRUE(Write(std::move(persist)));
  ASSERT_TRUE(WriteEntries(2, 3, 1));
  log_.reset();  // vouches
  const std::string name = SegmentFiles().front();
  FlipByte(name, 3 * engine::wal::kBlockSize + 70);
  Open();
  ASSERT_TRUE(log_->contents().damage.has_value());
  EXPECT_EQ(log_->contents().damage->path(), Directory() + "/" + name);
  EXPECT_EQ(log_->contents().damage->offset(), 3 * engine::wal::kBlockSize);
  EXPECT_EQ(log_->contents().lost, 1U);
  EXPECT_EQ(log_->contents().hard_state, (HardState{.term = Term(4), .vote = NodeId(2)}));
  EXPECT_EQ(Told(), "0: 1@1? 2@1 3@1");
  Reopen();
  EXPECT_FALSE(log_->contents().damage.has_value());
  EXPECT_EQ(log_->contents().lost, 1U);
  Start();
  Persist fill;
  fill.fills.push_back(EntryOf(1, 1, 100));
  ASSERT_TRUE(Write(std::move(fill)));
  Reopen();
  EXPECT_EQ(log_->contents().lost, 0U);
  EXPECT_EQ(Told(), "0: 1@1 2@1 3@1");
}

// A bad sector is as bad as a rotten one, and no worse.
TEST_F(DiskLogTest, ABlockThatCannotBeReadBehindWhatWasVouchedForIsATornEnd) {
  using engine::wal::kBlockSize;
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 3, 1));
  log_.reset();
  const std::string name = SegmentFiles().front();
  // Where nothing was written, and then the vouch, which nothing vouches for.
  for (const std::uint64_t offset : {12 * kBlockSize, 6 * kBlockSize}) {
    files_.RefuseBlock(SegmentFiles().front(), offset);
    Open();
    ASSERT_TRUE(log_->contents().damage.has_value());
    EXPECT_EQ(log_->contents().damage->os_error(), EIO);
    EXPECT_EQ(log_->contents().lost, 0U);
    EXPECT_EQ(Told(), "0: 1@1 2@1 3@1");
    EXPECT_NE(SegmentFiles().front(), name);
    files_.GiveAll();
    Reopen();
    EXPECT_FALSE(log_->contents().damage.has_value());
    EXPECT_EQ(Told(), "0: 1@1 2@1 3@1");
    log_.reset();
  }
}

// Of two flights that were under way together, neither vouches for the other. Where the first
// cannot be read, the second says that it was there: both may have been acknowledged. A rotten one
// looks like one that never came, and ends the log.
TEST_F(DiskLogTest, ABlockThatCannotBeReadBeforeASoundItemIsDamage) {
  Open();
  log_.reset();
  const Register content = ReadRegister(world_.files(), Directory())->content;
  const std::string name = engine::wal::SegmentFileName(content.segments.back().file);
  engine::wal::LogCore core(content.epoch(), content.segments.back(), content.durable,
                            content.salt);
  std::vector<std::uint64_t> begins;
  LogMap map(content.base, content.base_term);
  for (const std::uint64_t index : {1U, 2U}) {
    Bytes payload = HeadPayload(map.Head());
    AppendEntry(payload, EntryOf(index, 1, 100));
    engine::wal::AlignedBuffer image;
    const auto item = core.Plan(engine::wal::ItemKind::kFlight, payload, {}, 2, image);
    ASSERT_OK(map.Apply(payload, item.begin));
    auto file = world_.files().Open(Directory() + "/" + name, {.mode = env::OpenMode::kReadWrite});
    ASSERT_OK(file);
    ASSERT_OK((*file)->WriteAt(item.begin.offset, image.view()));
    begins.push_back(item.begin.offset);
  }
  files_.RefuseBlock(name, begins[0]);
  const auto report = VerifyRaftLog(files_, Directory());
  ASSERT_OK(report);
  EXPECT_EQ(report->damage.size(), 1U);
  EXPECT_EQ(report->last, LogIndex(2));
  EXPECT_EQ(report->lost, 1U);
  Open();
  EXPECT_EQ(log_->contents().lost, 1U);
  EXPECT_EQ(Told(), "0: 1@1? 2@1");
}

// It is read in pieces of 1 MiB, which its items cross and exceed.
TEST_F(DiskLogTest, ALargeSegmentIsSalvagedPieceByPiece) {
  using engine::wal::kBlockSize;
  constexpr std::size_t kEntrySize = 300'000;
  options_.segment_size_bytes = std::uint64_t{16} << 20;
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 1, 1, kEntrySize));
  ASSERT_TRUE(WriteEntries(2, 30, 1, kEntrySize));
  ASSERT_TRUE(Write(Entries(31, 40, 1, kEntrySize)));
  log_.reset();
  const std::string name = SegmentFiles().front();
  FlipByte(name, 20);
  files_.RefuseBlock(name, 4 * kBlockSize);  // in the flight of the first entry
  Open();
  EXPECT_EQ(log_->contents().lost, 1U);
  EXPECT_EQ(log_->contents().last, LogIndex(40));
  std::string expected = "0: 1@1?";
  for (int i = 2; i <= 40; ++i) expected += " " + std::to_string(i) + "@1";
  EXPECT_EQ(Told(kEntrySize), expected);
}

// A device that is out of order refuses what a bad sector does, and much more.
TEST_F(DiskLogTest, AnOutageOfTheDeviceLosesNothing) {
  using engine::wal::kBlockSize;
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 40, 1, 3'000));
  Reopen();  // without the segment that was made ahead of its time
  log_.reset();
  const std::vector<std::string> names = SegmentFiles();
  const auto all = [&] {
    Bytes bytes;
    for (const std::string& name : SegmentFiles()) {
      auto file = world_.files().Open(Directory() + "/" + name, {});
      Bytes content((*file)->Size().value(), '\0');
      EXPECT_TRUE((*file)->ReadAt(0, content.data(), content.size()));
      bytes += content;
    }
    return bytes;
  };
  const Bytes before = all();
  files_.RefuseBlock(names.front(), 4 * kBlockSize);
  // From the first refused read on, or from a later one of the same start.
  for (std::uint64_t refusals = 1; refusals <= 4; ++refusals) {
    files_.BreakDownAfter(refusals);
    const auto opened = TryOpen();
    ASSERT_FALSE(opened) << refusals;
    EXPECT_EQ(opened.error().code(), ErrorCode::kIo);
    EXPECT_EQ(opened.error().os_error(), EIO);
    EXPECT_EQ(SegmentFiles(), names);
    EXPECT_TRUE(all() == before);
  }
  files_.GiveAll();
  Open();
  EXPECT_EQ(log_->contents().lost, 0U);
  EXPECT_FALSE(log_->contents().damage.has_value());
  log_.reset();
  files_.RefuseBlock(SegmentFiles().front(), 4 * kBlockSize);
  Open();
  EXPECT_GT(log_->contents().lost, 0U);
}

// What was refused once and is given at a second look was not lost.
TEST_F(DiskLogTest, WhatCanBeReadASecondTimeIsNotLost) {
  // A start reads many blocks at once; then, twice, it looks at what is sound, many blocks at once
  // and block by block; the sixth read is the second look.
  for (const std::uint64_t refusals : {1U, 2U, 3U, 4U, 5U, 6U}) {
    OpenAndStart();
    ASSERT_TRUE(WriteEntries(1, 3, refusals));
    log_.reset();
    files_.RefuseBlock(SegmentFiles().front(), 3 * engine::wal::kBlockSize);
    files_.GiveAllAfter(refusals);
    Open();
    EXPECT_EQ(log_->contents().lost, refusals == 6 ? 1U : 0U) << refusals;
    log_.reset();
    files_.GiveAll();
    const std::vector<std::string> names = world_.files().List(Directory()).value();
    for (const std::string& name : names) {
      ASSERT_OK(world_.files().Remove(Directory() + "/" + name));
    }
  }
}

// Ordinal, offset and epoch of an item can be guessed, and a payload placed so that a block begins
// with its image. It is looked at where the flight around it is damaged.
TEST_F(DiskLogTest, APayloadThatImitatesAnItemIsNotBelieved) {
  using engine::wal::kBlockSize;
  constexpr std::uint64_t kFlight = 3 * kBlockSize;  // the first one after a start
  const LogHead head{.hard_state = {},
                     .base = {},
                     .last = LogIndex(2),
                     .before = {},
                     .runs = {{.first = LogIndex(1), .term = Term(1)}}};
  // Entry 3, which at the second block of its flight has an item with other bytes of entry 3.
  const auto imitation = [&](const Register& content, std::uint64_t changed) {
    Bytes records = HeadPayload(head);
    AppendEntry(records, EntryOf(3, 1, 2 * kBlockSize));
    const std::uint64_t before = engine::wal::kItemHeaderSize + records.size() - 2 * kBlockSize;
    Bytes imitated = HeadPayload(head);
    AppendEntry(imitated, EntryOf(3, 1, 5));
    const engine::SegmentOrdinal here = content.segments.back().ordinal;
    const engine::wal::ItemHeader header{
        .payload_length = static_cast<std::uint32_t>(imitated.size()),
        .count = 2,
        .begin = {here, kFlight + kBlockSize},
        .previous_end = kFlight + kBlockSize,
        .epoch = content.epoch(),
        .first_sequence = {},
        .durable = {here, kFlight + kBlockSize},
        .salt = engine::LogSalt(content.salt.value ^ changed)};
    Bytes payload(2 * kBlockSize, 'p');
    engine::wal::EncodeItem(header, imitated, payload.data() + kBlockSize - before);
    return payload;
  };
  const auto lost_with = [&](std::uint64_t changed) {
    OpenAndStart();
    EXPECT_TRUE(WriteEntries(1, 2, 1));
    Reopen();
    Start();
    const Register content = ReadRegister(world_.files(), Directory())->content;
    Persist persist = Entries(3, 3, 1);
    persist.entries[0].payload = Payload::Copy(imitation(content, changed));
    EXPECT_TRUE(Write(std::move(persist)));
    EXPECT_TRUE(WriteEntries(4, 4, 1));
    log_.reset();
    FlipByte(engine::wal::SegmentFileName(content.segments.back().file), kFlight + 70);
    Open();
    EXPECT_EQ(log_->contents().last, LogIndex(4));
    const std::uint64_t lost = log_->contents().lost;
    log_.reset();
    const std::vector<std::string> names = world_.files().List(Directory()).value();
    for (const std::string& name : names) {
      EXPECT_TRUE(world_.files().Remove(Directory() + "/" + name));
    }
    return lost;
  };
  EXPECT_EQ(lost_with(1), 1U);
  EXPECT_EQ(lost_with(std::uint64_t{1} << 63), 1U);
  EXPECT_EQ(lost_with(~std::uint64_t{0}), 1U);
  // Whoever knew the salt would be believed: it is that alone.
  EXPECT_EQ(lost_with(0), 0U);
}

// A newer release may have meant anything. Its log is left as it is, whole or damaged.
TEST_F(DiskLogTest, RecordsOfAnotherVersionAreRefusedAlsoBehindDamage) {
  Open();
  log_.reset();
  const Register content = ReadRegister(world_.files(), Directory())->content;
  const std::string name = engine::wal::SegmentFileName(content.segments.back().file);
  engine::wal::LogCore core(content.epoch(), content.segments.back(), content.durable,
                            content.salt);
  std::vector<std::uint64_t> begins;
  LogMap map(content.base, content.base_term);
  for (const std::uint64_t index : {1U, 2U}) {
    Bytes payload = HeadPayload(map.Head());
    AppendEntry(payload, EntryOf(index, 1, 100));
    ASSERT_OK(map.Apply(payload, {}));
    if (index == 2) payload.front() = kRecordsVersion + 1;
    engine::wal::AlignedBuffer image;
    const auto item = core.Plan(engine::wal::ItemKind::kFlight, payload, {}, 2, image);
    core.Completed(item.id, true);
    auto file = world_.files().Open(Directory() + "/" + name, {.mode = env::OpenMode::kReadWrite});
    ASSERT_OK(file);
    ASSERT_OK((*file)->WriteAt(item.begin.offset, image.view()));
    begins.push_back(item.begin.offset);
  }
  const std::vector<std::string> names = SegmentFiles();
  for (const bool damaged : {false, true}) {
    if (damaged) FlipByte(name, begins[0] + 70);
    const auto opened = TryOpen();
    EXPECT_TRUE(FailsWith(opened, ErrorCode::kRefused, Directory() + "/" + name));
    EXPECT_EQ(opened.error().offset(), begins[1]);
    const auto report = VerifyRaftLog(world_.files(), Directory());
    EXPECT_TRUE(FailsWith(report, ErrorCode::kRefused, Directory() + "/" + name));
    const auto dumped = DumpRaftLog(world_.files(), Directory(), [](std::string_view) {});
    ASSERT_FALSE(dumped);
    EXPECT_EQ(dumped.error().code(), damaged ? ErrorCode::kCorruption : ErrorCode::kRefused);
    EXPECT_EQ(SegmentFiles(), names);
  }
}

TEST_F(DiskLogTest, DamageBelowWhatTheStateMachineHoldsLosesNothing) {
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 3, 1));
  log_.reset();
  FlipByte(SegmentFiles().front(), 3 * engine::wal::kBlockSize + 70);
  Open(1, 1);
  EXPECT_EQ(log_->contents().lost, 0U);
  EXPECT_EQ(Told(), "1: 2@1 3@1");
}

// What the log came to is in its last segment: without it nothing is known.
TEST_F(DiskLogTest, ALogWithoutItsLastSegmentIsRefused) {
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 3, 1));
  log_.reset();
  const std::string path = Directory() + "/" + SegmentFiles().front();
  auto file = world_.files().Open(path, {.mode = env::OpenMode::kReadWrite});
  ASSERT_OK(file);
  ASSERT_OK((*file)->Truncate(2 * engine::wal::kBlockSize));
  EXPECT_TRUE(FailsWith(TryOpen(), ErrorCode::kCorruption, path));
  file->reset();
  ASSERT_OK(world_.files().Remove(path));
  EXPECT_FALSE(TryOpen());
}

// The flight that a block begins with says that the log was that long, under a right checksum, and
// is the last.
void Lie(env::File& file, engine::LogSalt salt, std::uint64_t block, LogIndex last) {
  const std::uint64_t begin = block * engine::wal::kBlockSize;
  Bytes item(engine::wal::kItemHeaderSize, '\0');
  ASSERT_OK(file.ReadAt(begin, item.data(), item.size()));
  const auto size =
      LoadFixed<std::uint32_t>(item.data() + engine::wal::kItemLengthOffset) + item.size();
  item += HeadPayload(
      {.hard_state = {}, .base = {}, .last = last, .before = {}, .runs = {{LogIndex(1), Term(1)}}});
  // An entry makes it as long as what was there.
  Bytes entry;
  for (std::size_t length = 1; item.size() + entry.size() < size; ++length) {
    entry.clear();
    AppendEntry(entry, EntryOf(last.value + 1, 1, length));
  }
  item += entry;
  ASSERT_EQ(item.size(), size);
  item.resize(engine::wal::kBlockSize, '\0');
  StoreFixed(item.data() + engine::wal::kItemCrcOffset, engine::wal::ItemCrc(item, salt));
  item.resize(2 * engine::wal::kBlockSize, '\0');
  ASSERT_OK(file.WriteAt(begin, item));
}

TEST_F(DiskLogTest, AHeadThatClaimsMoreThanThereWasRoomForIsDamage) {
  OpenAndStart();
  for (std::uint64_t i = 1; i <= 3; ++i) ASSERT_TRUE(WriteEntries(i, i, 1));
  log_.reset();
  const std::string name = SegmentFiles().front();
  const std::string path = Directory() + "/" + name;
  FlipByte(name, 3 * engine::wal::kBlockSize + 70);
  const auto found = ReadRegister(world_.files(), Directory());
  ASSERT_OK(found);
  for (const LogIndex last : {LogIndex(20'000), kLogIndexMax - 1}) {
    auto file = world_.files().Open(path, {.mode = env::OpenMode::kReadWrite});
    ASSERT_OK(file);
    Lie(**file, found->content.salt, 5, last);
    EXPECT_TRUE(FailsWith(TryOpen(), ErrorCode::kCorruption, path));
    const auto report = VerifyRaftLog(world_.files(), Directory());
    ASSERT_OK(report);
    EXPECT_FALSE(report->is_known);
  }
}

TEST_F(DiskLogTest, AStateMachineWithWhatNoLogCanHaveIsDamaged) {
  const auto opened = TryOpen(kLogIndexMax.value + 1, 1);
  EXPECT_TRUE(FailsWith(opened, ErrorCode::kCorruption, Directory()));
}

// As when files were swapped between two nodes.
TEST_F(DiskLogTest, ASegmentOfAnotherLogIsNotTakenForAnEmptyOne) {
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 3, 1));
  log_.reset();
  const std::string path = Directory() + "/" + SegmentFiles().front();
  auto file = world_.files().Open(path, {.mode = env::OpenMode::kReadWrite});
  ASSERT_OK(file);
  Bytes block(engine::wal::kSegmentHeaderSize, '\0');
  ASSERT_OK((*file)->ReadAt(0, block.data(), block.size()));
  auto header = engine::wal::DecodeSegmentBlock(block);
  ASSERT_OK(header);
  header->salt.value ^= 1;
  Bytes other = engine::wal::EncodeSegmentBlock(*header);
  other.resize(kSegmentSize, '\0');
  ASSERT_OK((*file)->WriteAt(0, other));
  EXPECT_TRUE(FailsWith(TryOpen(), ErrorCode::kCorruption, path));
}

// A crash between a snapshot's two installs: the state machine holds what the log has lost.
TEST_F(DiskLogTest, NothingIsLostOfWhatTheStateMachineHoldsByNow) {
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 3, 1));
  ASSERT_TRUE(WriteEntries(4, 5, 1));
  log_.reset();
  FlipByte(SegmentFiles().front(), 3 * engine::wal::kBlockSize + 70);
  Open();
  EXPECT_EQ(log_->contents().lost, 1U);
  log_.reset();
  Open(4, 1);
  EXPECT_EQ(log_->contents().lost, 0U);
  EXPECT_EQ(log_->contents().base, LogIndex(4));
  EXPECT_EQ(Told(), "4: 5@1");
  Reopen(4, 1);
  EXPECT_EQ(Told(), "4: 5@1");
}

// More than the head behind it would tell of, were they in one flight.
TEST_F(DiskLogTest, ADamagedFlightOfManyTermsLeavesThemKnown) {
  OpenAndStart();
  Persist persist;
  for (std::uint64_t i = 1; i <= 20; ++i) persist.entries.push_back(EntryOf(i, i, 10));
  ASSERT_TRUE(Write(std::move(persist)));
  log_.reset();
  FlipByte(SegmentFiles().front(), 3 * engine::wal::kBlockSize + 70);
  Open();
  EXPECT_EQ(log_->contents().lost, kFlightRunsMax);
  EXPECT_EQ(log_->contents().terms.size(), 20U);
}

TEST_F(DiskLogTest, ADamagedHeaderOfASegmentOrALostOneIsMended) {
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 40, 1, 3'000));
  log_.reset();
  FlipByte(SegmentFiles().front(), 20);
  Open();
  EXPECT_TRUE(log_->contents().damage.has_value());
  EXPECT_EQ(log_->contents().lost, 0U);
  EXPECT_EQ(log_->contents().last, LogIndex(40));
  Start();
  ASSERT_TRUE(WriteEntries(41, 80, 2, 3'000));
  log_.reset();
  ASSERT_OK(world_.files().Remove(Directory() + "/" + SegmentFiles().front()));
  Open();
  EXPECT_EQ(log_->contents().lost, 40U);
  EXPECT_EQ(log_->contents().last, LogIndex(80));
}

TEST_F(DiskLogTest, AStateMachineThatWasLostIsNoDamageToTheLog) {
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 5, 1));
  ASSERT_TRUE(Replace(3, 1, true));
  log_.reset();
  const auto open = [this](const HeldState& held) {
    return DiskLog::Open(world_.env(), Directory(), options_, held);
  };
  EXPECT_TRUE(FailsWith(open({.index = LogIndex(0), .term = Term(0)}), ErrorCode::kCorruption,
                        Directory()));
  // All of it, or what was newest.
  for (const std::uint64_t index : {0U, 2U}) {
    for (const bool damaged : {false, true}) {
      if (damaged) FlipByte(SegmentFiles().front(), 20);
      auto opened = open({.index = LogIndex(index), .term = Term(index / 2), .may_be_lost = true});
      ASSERT_OK(opened);
      log_ = *std::move(opened);
      EXPECT_EQ(log_->contents().damage.has_value(), damaged);
      EXPECT_EQ(Told(), "3: 4@1 5@1");
      log_.reset();
    }
  }
  // A log that does not hold the entry is replaced all the same.
  auto opened = open({.index = LogIndex(9), .term = Term(2), .may_be_lost = true});
  ASSERT_OK(opened);
  log_ = *std::move(opened);
  EXPECT_EQ(log_->contents().base, LogIndex(9));
}

TEST_F(DiskLogTest, ATornTailIsCut) {
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 3, 1));
  log_.reset();
  const std::string name = SegmentFiles().front();
  FlipByte(name, 6 * engine::wal::kBlockSize + 70);  // the vouch, which nothing vouches for
  Open();
  EXPECT_EQ(Told(), "0: 1@1 2@1 3@1");
}

TEST_F(DiskLogTest, ForeignFilesAndLostRegistersAreRefused) {
  OpenAndStart();
  ASSERT_TRUE(WriteEntries(1, 3, 1));
  log_.reset();
  ASSERT_OK(world_.files().Remove(Directory() + "/" + kRegisterFileName));
  const auto opened = Outcome();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::kRefused);
  EXPECT_EQ(opened.error().path(), Directory() + "/" + SegmentFiles().front());
}

TEST_F(DiskLogTest, OneSoundCopyOfTheRegisterIsEnough) {
  Open();
  log_.reset();
  FlipByte(kRegisterFileName, 40);
  Open();
  ASSERT_TRUE(log_->contents().damage.has_value());
  EXPECT_EQ(log_->contents().damage->path(), Directory() + "/" + kRegisterFileName);
  Reopen();
  EXPECT_FALSE(log_->contents().damage.has_value());
  log_.reset();
  FlipByte(kRegisterFileName, 40);
  FlipByte(kRegisterFileName, engine::wal::kBlockSize + 40);
  EXPECT_TRUE(FailsWith(Outcome(), ErrorCode::kCorruption, Directory() + "/" + kRegisterFileName));
}

TEST_F(DiskLogTest, ALogIsMadeOnlyWhereThatIsWanted) {
  const auto is_refused = [this] {
    const auto opened = Outcome();
    return FailsWith(opened, ErrorCode::kRefused, Directory()) &&
           opened.error().message().starts_with("no log of node 3 is here");
  };
  options_.create = false;
  EXPECT_TRUE(is_refused());
  EXPECT_FALSE(world_.files().Exists(Directory()).value());
  ASSERT_OK(world_.files().CreateDirectory(Directory()));
  EXPECT_TRUE(is_refused());
  options_.create = true;
  Open();
  log_.reset();
  options_.create = false;
  Open();
}

TEST_F(DiskLogTest, TheLogOfAnotherNodeIsRefused) {
  Open();
  log_.reset();
  options_.node = NodeId(4);
  const auto opened = Outcome();
  ASSERT_TRUE(FailsWith(opened, ErrorCode::kRefused, Directory()));
  EXPECT_EQ(opened.error().message(),
            "this is the log of node 3 of cluster 1, not of node 4 of cluster 1");
  options_.node = NodeId(3);
  options_.cluster = ClusterId(2);
  EXPECT_TRUE(FailsWith(Outcome(), ErrorCode::kRefused, Directory()));
}

TEST_F(DiskLogTest, LostEntriesAreLostUntilTheyAreFilled) {
  OpenAndStart();
  Persist lost = Entries(1, 6, 2);
  for (std::size_t i = 1; i < 5; ++i) {
    lost.entries[i].kind = EntryKind::kLost;
    lost.entries[i].payload = {};
  }
  ASSERT_TRUE(Write(std::move(lost)));
  Reopen();
  EXPECT_EQ(log_->contents().lost, 4U);
  EXPECT_EQ(Told(), "0: 1@2 2@2? 3@2? 4@2? 5@2? 6@2");
  EXPECT_EQ(log_->ReadFrom(LogIndex(1)).value()[1].kind, EntryKind::kLost);
  Start();
  // Two fills against their order share a flight, and a cut takes back what the third one fills.
  ASSERT_TRUE(WriteEntries(7, 9, 2));
  for (const std::uint64_t index : {3U, 2U, 5U}) {
    Persist fill;
    fill.fills.push_back(EntryOf(index, 2, 100));
    Submit(std::move(fill));
  }
  Persist cut;
  cut.truncate_from = LogIndex(5);
  Submit(std::move(cut));
  ASSERT_TRUE(Await());
  const std::vector<Entry> loaded = Load(1, 9, 1 << 20);
  ASSERT_EQ(loaded.size(), 4U);
  EXPECT_EQ(loaded[2].payload.view(), EntryOf(3, 2, 100).payload.view());
  EXPECT_EQ(loaded[3].kind, EntryKind::kLost);
  Reopen();
  EXPECT_EQ(log_->contents().lost, 1U);
  EXPECT_EQ(Told(), "0: 1@2 2@2 3@2 4@2?");
}

}  // namespace
}  // namespace beach::raft
