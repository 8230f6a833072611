// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "base/random.h"
#include "engine/db.h"

namespace beach::server::testing {

// A database that says of some reads and writes, drawn from a stream, that they would block; what a
// machine needs goes to another one, and nothing else is here.
class ReluctantDb final : public engine::Db {
 public:
  // Of a hundred calls of TryGet or TryApply so many would block.
  ReluctantDb(std::unique_ptr<engine::Db> db, RandomStream& stream, std::uint64_t percent)
      : db_(std::move(db)), stream_(stream), percent_(percent) {}

  std::uint64_t applied() const { return applied_; }
  std::uint64_t refused() const { return refused_; }
  std::uint64_t flushes_wanted() const { return wanted_; }
  engine::Db& inner() { return *db_; }

  Status Apply(const engine::WriteBatch& batch, engine::LogMark mark) override {
    ++applied_;
    return db_->Apply(batch, std::move(mark));
  }
  Result<bool> TryApply(const engine::WriteBatch& batch, engine::LogMark mark) override {
    if (Refuses()) return false;
    ++applied_;
    return db_->TryApply(batch, std::move(mark));
  }
  Result<engine::TryGetResult> TryGet(const engine::ReadOptions& options, ByteView key) override {
    if (Refuses()) return engine::TryGetResult{.would_block = true, .value = {}};
    return db_->TryGet(options, key);
  }
  Result<std::optional<Bytes>> Get(const engine::ReadOptions& options, ByteView key) override {
    return db_->Get(options, key);
  }
  Result<std::unique_ptr<engine::Iterator>> NewIterator(
      const engine::ReadOptions& options) override {
    return db_->NewIterator(options);
  }
  engine::LogMark DurableMark() override { return db_->DurableMark(); }
  Status Install(const std::vector<engine::PinnedFile>& files, engine::SequenceNumber last_sequence,
                 std::uint64_t time, engine::LogMark mark) override {
    return db_->Install(files, last_sequence, time, std::move(mark));
  }
  Status Health() override { return db_->Health(); }
  Status CheckFile(const engine::PinnedFile& file) override { return db_->CheckFile(file); }
  void WantFlush() override {
    ++wanted_;
    db_->WantFlush();
  }
  Status Flush() override { return db_->Flush(); }
  engine::SequenceNumber VisibleSequence() override { return db_->VisibleSequence(); }
  engine::DbStats Stats() override { return db_->Stats(); }
  Status Close() override { return db_->Close(); }

  Result<engine::NamedTable> CreateTable(ByteView) override { return None(); }
  Result<engine::NamedTable> OpenTable(ByteView) override { return None(); }
  Status DropTable(ByteView) override { return None(); }
  Result<std::vector<std::string>> ListTables() override { return None(); }
  Status Put(const engine::WriteOptions&, ByteView, ByteView) override { return None(); }
  Status PutUntil(const engine::WriteOptions&, ByteView, ByteView, std::uint64_t) override {
    return None();
  }
  Status AdvanceTime(const engine::WriteOptions&, std::uint64_t) override { return None(); }
  Status Delete(const engine::WriteOptions&, ByteView) override { return None(); }
  Status DeleteRange(const engine::WriteOptions&, ByteView, ByteView) override { return None(); }
  Status Merge(const engine::WriteOptions&, ByteView, engine::MergeOperator, ByteView) override {
    return None();
  }
  Status Write(const engine::WriteOptions&, const engine::WriteBatch&) override { return None(); }
  Result<bool> WriteIf(const engine::WriteOptions&, const engine::WriteConditions&,
                       const engine::WriteBatch&) override {
    return None();
  }
  Result<bool> CompareAndSet(const engine::WriteOptions&, ByteView, const std::optional<ByteView>&,
                             const std::optional<ByteView>&) override {
    return None();
  }
  Status WriteAsync(const engine::WriteOptions&, engine::WriteBatch, WriteDone) override {
    return None();
  }
  std::vector<Result<std::optional<Bytes>>> MultiGet(const engine::ReadOptions&,
                                                     std::span<const ByteView>) override {
    return {};
  }
  Result<std::unique_ptr<const engine::Snapshot>> GetSnapshot() override { return None(); }
  Result<std::unique_ptr<engine::LogCursor>> NewLogCursor(engine::SequenceNumber) override {
    return None();
  }
  Status CompactRange(const std::optional<Bytes>&, const std::optional<Bytes>&,
                      engine::NamedTable) override {
    return None();
  }
  Result<engine::SequenceNumber> Checkpoint(const std::string&) override { return None(); }
  Result<engine::BackupReport> Backup(const std::string&, const engine::BackupOptions&) override {
    return None();
  }
  Result<std::unique_ptr<engine::PinnedFiles>> PinFiles() override { return None(); }

 private:
  static std::unexpected<Error> None() {
    return Fail(ErrorCode::kUnsupported, "not of a machine's");
  }
  bool Refuses() {
    const bool refuses = stream_.Chance(percent_, 100);
    refused_ += refuses ? 1 : 0;
    return refuses;
  }

  std::unique_ptr<engine::Db> db_;
  RandomStream& stream_;
  const std::uint64_t percent_;
  std::uint64_t applied_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t wanted_ = 0;
};

}  // namespace beach::server::testing
