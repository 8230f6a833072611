// SPDX-License-Identifier: Apache-2.0
#include "raft/disk/disk_log.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "engine/wal/format.h"
#include "env/marks.h"
#include "raft/disk/disk_log_impl.h"

namespace beach::raft {
namespace {

std::unexpected<Error> Invalid(const char* what) {
  return Fail(ErrorCode::kInvalidArgument, std::string("of a Raft log: ") + what);
}

Status CheckOptions(const DiskLogOptions& options) {
  const std::uint64_t size = options.segment_size_bytes;
  if (size < engine::wal::kSegmentSizeMin || size > engine::wal::kSegmentSizeMax ||
      size % engine::wal::kBlockSize != 0) {
    return Invalid("impossible segment_size_bytes");
  }
  if (options.flights_max == 0) return Invalid("flights_max is 0");
  if (options.flight_bytes_max == 0) return Invalid("flight_bytes_max is 0");
  return {};
}

DiskLogContents ContentsOf(const RecoveredLog& recovered) {
  return {.starts = recovered.content.starts,
          .hard_state = recovered.map.hard_state(),
          .base = recovered.map.base(),
          .base_term = recovered.map.base_term(),
          .terms = recovered.map.Runs(),
          .last = recovered.map.last(),
          .lost = recovered.map.lost(),
          .damage = recovered.damage};
}

}  // namespace

Result<std::unique_ptr<DiskLog>> DiskLog::Open(const env::Env& env, const std::string& directory,
                                               const DiskLogOptions& options,
                                               const HeldState& held) {
  BEACH_TRY(CheckOptions(options));
  BEACH_TRY_ASSIGN(RecoveredLog recovered,
                   RecoverRaftLog({.files = env.files,
                                   .clock = env.clock,
                                   .directory = directory,
                                   .segment_size_bytes = options.segment_size_bytes,
                                   .cluster = options.cluster,
                                   .node = options.node,
                                   .create = options.create,
                                   .held = held}));
  const std::string name = engine::wal::SegmentFileName(recovered.content.segments.back().file);
  BEACH_TRY_ASSIGN(FlightFile file,
                   OpenFlightFile(*env.files, env::JoinPath(directory, name), options.direct));
  return std::unique_ptr<DiskLog>(new DiskLog(
      std::make_shared<Impl>(env, directory, options, std::move(recovered), std::move(file))));
}

DiskLog::DiskLog(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
DiskLog::~DiskLog() { impl_->Close(); }

const DiskLogContents& DiskLog::contents() const { return impl_->contents(); }
Result<std::vector<Entry>> DiskLog::ReadFrom(LogIndex first) const {
  return impl_->ReadFrom(first);
}
void DiskLog::Start(env::Loop& loop, Callbacks callbacks) {
  impl_->Start(loop, std::move(callbacks));
}
void DiskLog::Write(Persist&& persist) { impl_->Write(std::move(persist)); }
void DiskLog::Replace(LogIndex index, Term term, bool keep_suffix, std::function<void()> done) {
  impl_->Replace(index, term, keep_suffix, std::move(done));
}
void DiskLog::Load(LogIndex first, LogIndex last, std::uint64_t bytes_max,
                   std::function<void(Result<std::vector<Entry>>)> done) {
  impl_->Load(first, last, bytes_max, std::move(done));
}
void DiskLog::Compact(LogIndex upto) { impl_->Compact(upto); }
LogIndex DiskLog::base() const { return impl_->base(); }
DiskLogRange DiskLog::durable() const { return impl_->durable(); }
std::uint64_t DiskLog::bytes_on_disk() const { return impl_->bytes_on_disk(); }
bool DiskLog::awaits_space() const { return impl_->awaits_space(); }

DiskLog::Impl::Impl(const env::Env& env, std::string directory, const DiskLogOptions& options,
                    RecoveredLog recovered, FlightFile file)
    : env_(env),
      directory_(std::move(directory)),
      options_(options),
      contents_(ContentsOf(recovered)),
      lock_(std::move(recovered.lock)),
      map_(std::move(recovered.map)),
      durable_{.base = map_.base(), .last = map_.last()},
      listed_(recovered.content.segments.begin(), recovered.content.segments.end()),
      core_(recovered.content.epoch(), listed_.back(), recovered.end, recovered.content.salt),
      file_(std::move(file.file)),
      direct_(file.direct),
      keeper_({.files = env.files,
               .directory = directory_,
               .segment_size_bytes = options.segment_size_bytes,
               .recycled_max = options.recycled_max,
               .direct = options.direct},
              std::move(recovered.content)) {}

Result<std::vector<Entry>> DiskLog::Impl::ReadFrom(LogIndex first) const {
  BEACH_CHECK(loop_ == nullptr);
  BEACH_CHECK(first > map_.base());
  if (first > map_.last()) return std::vector<Entry>();
  const auto places = PlacesOf(first, map_.last(), ~std::size_t{0});
  BEACH_TRY_ASSIGN(std::vector<Entry> entries, ReadEntries(*env_.files, places, ~std::uint64_t{0}));
  return Judge(places, std::move(entries));
}

void DiskLog::Impl::Start(env::Loop& loop, Callbacks callbacks) {
  BEACH_CHECK(loop_ == nullptr);
  loop_ = &loop;
  callbacks_ = std::move(callbacks);
  helper_ = std::make_unique<Worker>("raft-log");
  reader_ = std::make_unique<Worker>("raft-log-read");
  helper_->Do([this] { keeper_.Prepare(); });  // joined before this goes
}

void DiskLog::Impl::Write(Persist&& persist) {
  BEACH_CHECK(loop_ != nullptr);
  BEACH_CHECK(persist.id != PersistId{});
  if (!usable()) return;
  BEACH_SOMETIMES("raft_log.cut_across_segments", CutsAcrossSegments(persist));
  queue_.Push(std::move(persist));
  Pump();
}

// Whether entries are cut that are older than the segment which will say so.
bool DiskLog::Impl::CutsAcrossSegments(const Persist& persist) const {
  const LogIndex from = std::max(persist.truncate_from, map_.base().Next());
  if (persist.truncate_from == LogIndex{} || from > map_.last()) return false;
  return map_.Find(from).at.segment < core_.segment().ordinal;
}

void DiskLog::Impl::Replace(LogIndex index, Term term, bool keep_suffix,
                            std::function<void()> done) {
  BEACH_CHECK(loop_ != nullptr);
  if (!usable()) return;
  queue_.PushBase(index, term, keep_suffix, std::move(done));
  Pump();
}

void DiskLog::Impl::Close() {
  BEACH_CHECK(!closed_);
  closed_ = true;
  if (vouch_timer_) loop_->Cancel(*vouch_timer_);
  if (space_timer_) loop_->Cancel(*space_timer_);
  helper_.reset();
  reader_.reset();
  VouchBlocking();
  queue_.Clear();
  staged_.reset();
  unacknowledged_.clear();
  file_.reset();
  lock_.reset();
}

std::string DiskLog::Impl::PathOf(const engine::wal::Segment& segment) const {
  return env::JoinPath(directory_, engine::wal::SegmentFileName(segment.file));
}

}  // namespace beach::raft
