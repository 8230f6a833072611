// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/table_cache.h"

#include <cerrno>
#include <utility>
#include <vector>

#include "env/marks.h"

namespace beach::engine::sst {
namespace {

constexpr std::uint64_t kUnreadableNs = 1'000'000'000;
constexpr std::size_t kUnreadableMax = 16;

}  // namespace

Result<std::shared_ptr<env::File>> TableCache::Use(TableFile& table) {
  if (auto file = FindOpen(table)) return file;
  auto opened = table.files_.Open(table.path_, {.mode = env::OpenMode::kRead, .direct = false});
  if (!opened && opened.error().code() == ErrorCode::kNotFound) {
    // It may have been kept open, and then removed, since.
    auto file = FindOpen(table);
    BEACH_SOMETIMES("sst.table_removed_while_opened", file != nullptr);
    if (file != nullptr) return file;
    return Fail(Error(ErrorCode::kCorruption, "a table that is in use is missing").At(table.path_));
  }
  if (!opened) return Fail(std::move(opened).error());
  BEACH_SOMETIMES("sst.table_opened_again", true);
  return TakeIn(table, *std::move(opened), /*keep=*/false);
}

std::shared_ptr<env::File> TableCache::FindOpen(TableFile& table) {
  const env::MutexLock lock(mutex_);
  if (table.file_ != nullptr && !table.kept_) {
    open_.splice(open_.begin(), open_, table.place_);
  }
  return table.file_;
}

Status TableCache::Keep(TableFile& table) {
  BEACH_TRY_ASSIGN(std::shared_ptr<env::File> file, Use(table));
  TakeIn(table, std::move(file), /*keep=*/true);
  return {};
}

void TableCache::Add(TableFile& table, std::shared_ptr<env::File> file) {
  TakeIn(table, std::move(file), /*keep=*/false);
}

// Of two that opened it at once, the second one's file is closed again. Files are closed without
// the lock: they go out of scope behind it.
std::shared_ptr<env::File> TableCache::TakeIn(TableFile& table, std::shared_ptr<env::File> file,
                                              bool keep) {
  std::vector<std::shared_ptr<env::File>> closed;
  const env::MutexLock lock(mutex_);
  if (table.file_ == nullptr) {
    table.file_ = std::move(file);
    open_.push_front(&table);
    table.place_ = open_.begin();
  }
  if (keep && !table.kept_) {
    table.kept_ = true;
    open_.erase(table.place_);
    ++kept_;
  }
  for (auto at = open_.end();
       at != open_.begin() && open_.size() + kept_ > limits_.open_tables_max;) {
    --at;
    TableFile& oldest = **at;
    if (&oldest == &table || oldest.file_.use_count() > 1) continue;
    closed.push_back(std::move(oldest.file_));
    oldest.file_ = nullptr;
    at = open_.erase(at);
  }
  return table.file_;
}

void TableCache::Forget(TableFile& table) {
  std::shared_ptr<env::File> closed;
  const env::MutexLock lock(mutex_);
  if (table.file_ == nullptr) return;
  closed = std::move(table.file_);
  if (table.kept_) {
    --kept_;
  } else {
    open_.erase(table.place_);
  }
}

void TableCache::Met(const Error& error) {
  const env::MutexLock lock(mutex_);
  if (damage_) return;
  if (error.code() == ErrorCode::kCorruption) damage_ = error;
  if (IsUnreadableAgain(error)) {
    damage_ = Error(ErrorCode::kCorruption, "cannot be read, time and again: " + error.message())
                  .At(error.path(), error.offset());
  }
}

// Takes note of where the disk has refused a read. A read that went well in between is not asked
// for: whoever acts on damage looks again.
bool TableCache::IsUnreadableAgain(const Error& error) {
  mutex_.AssertHeld();
  if (error.os_error() != EIO || limits_.clock == nullptr) return false;
  const std::uint64_t now = limits_.clock->MonotonicNow();
  for (const Unreadable& place : unreadable_) {
    if (place.path != error.path() || place.offset != error.offset()) continue;
    return now - place.since_ns >= kUnreadableNs;
  }
  unreadable_.push_back({.path = error.path(), .offset = error.offset(), .since_ns = now});
  if (unreadable_.size() > kUnreadableMax) unreadable_.pop_front();
  return false;
}

std::optional<Error> TableCache::damage() {
  const env::MutexLock lock(mutex_);
  return damage_;
}

std::uint64_t TableCache::open_tables() {
  const env::MutexLock lock(mutex_);
  return open_.size() + kept_;
}

}  // namespace beach::engine::sst
