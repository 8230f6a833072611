// SPDX-License-Identifier: Apache-2.0
#include "raft/disk/segment_keeper.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/no_space.h"
#include "engine/wal/format.h"

namespace beach::raft {

using engine::wal::Segment;

Result<FlightFile> OpenFlightFile(env::FileSystem& files, const std::string& path, bool direct) {
  if (direct) {
    auto file = files.Open(path, {.mode = env::OpenMode::kReadWrite, .direct = true});
    if (file) return FlightFile{.file = *std::move(file), .direct = true};
    if (file.error().code() != ErrorCode::kUnsupported) return Fail(std::move(file).error());
  }
  BEACH_TRY_ASSIGN(auto file, files.Open(path, {.mode = env::OpenMode::kReadWrite}));
  return FlightFile{.file = std::move(file), .direct = false};
}

SegmentKeeper::SegmentKeeper(Options options, Register content)
    : options_(std::move(options)), content_(std::move(content)) {
  BEACH_CHECK(!content_.segments.empty());
  for (const Segment& segment : content_.segments) bytes_ += segment.size_bytes;
}

std::string SegmentKeeper::PathOf(const Segment& segment) const {
  return env::JoinPath(options_.directory, engine::wal::SegmentFileName(segment.file));
}

Result<Segment> SegmentKeeper::Make(std::uint64_t size_bytes) {
  const Segment segment{.ordinal = content_.next_ordinal,
                        .file = content_.next_file,
                        .size_bytes = size_bytes,
                        .end = Segment::kOpenEnd};
  content_.next_ordinal = segment.ordinal.Next();
  content_.next_file = segment.file.Next();
  const engine::wal::SegmentHeader header{.ordinal = segment.ordinal,
                                          .epoch = content_.epoch(),
                                          .predecessor_end = {content_.segments.back().ordinal, 0},
                                          .salt = content_.salt};
  std::optional<Segment> former;
  if (!spare_.empty() && spare_.back().size_bytes == size_bytes) {
    former = spare_.back();
    spare_.pop_back();  // whatever comes of it
  } else {
    bytes_ += size_bytes;
  }
  const Status made = MakeFile(segment, former, header);
  if (made) return segment;
  Remove(segment);
  return Fail(made.error());
}

Status SegmentKeeper::MakeFile(const Segment& segment, const std::optional<Segment>& former,
                               const engine::wal::SegmentHeader& header) {
  env::FileSystem& files = *options_.files;
  const std::string path = PathOf(segment);
  if (former) {
    BEACH_TRY(engine::wal::RecycleSegment(files, PathOf(*former), path, *former, header));
  } else {
    BEACH_TRY(engine::wal::CreateSegment(files, path, segment.size_bytes, header));
  }
  return files.SyncDirectory(options_.directory);
}

void SegmentKeeper::Prepare() {
  if (prepared_) return;
  if (auto made = Make(options_.segment_size_bytes)) prepared_ = *made;
}

Result<SegmentKeeper::Entered> SegmentKeeper::Enter(std::uint64_t end, const LogHead& head,
                                                    std::uint64_t payload_bytes) {
  // A block stays for what vouches for it.
  const std::uint64_t wanted = engine::wal::kSegmentHeaderSize +
                               engine::wal::BlockUp(engine::wal::kItemHeaderSize + payload_bytes) +
                               engine::wal::kBlockSize;
  const std::uint64_t size = std::max(wanted, options_.segment_size_bytes);
  if (size > engine::wal::kSegmentSizeMax) {
    return Fail(ErrorCode::kInvalidArgument, "an entry is larger than any segment of a log");
  }
  if (prepared_ && prepared_->size_bytes != size) LetGo(*std::exchange(prepared_, std::nullopt));
  if (!prepared_) {
    BEACH_TRY_ASSIGN(prepared_, Make(size));
  }
  auto file = OpenFlightFile(*options_.files, PathOf(*prepared_), options_.direct);
  if (!file) return Fail(WithoutNoSpace(file.error()));
  Register next = content_;
  Segment& left = next.segments.back();
  BEACH_CHECK(left.end == Segment::kOpenEnd);
  left.end = end;
  next.durable = {left.ordinal, end};
  next.head = head;
  next.segments.push_back(*prepared_);
  BEACH_TRY(WriteRegister(*options_.files, options_.directory, next));
  content_ = std::move(next);
  return Entered{.segment = *std::exchange(prepared_, std::nullopt), .file = *std::move(file)};
}

Status SegmentKeeper::Retire(engine::SegmentOrdinal oldest, engine::LogPosition durable,
                             const LogHead& head, Term base_term) {
  BEACH_CHECK(oldest <= content_.segments.back().ordinal);
  Register next = content_;
  std::vector<Segment> retired;
  while (next.segments.front().ordinal < oldest) {
    retired.push_back(next.segments.front());
    next.segments.erase(next.segments.begin());
  }
  next.base = head.base;
  next.base_term = base_term;
  next.durable = durable;
  next.head = head;
  BEACH_TRY(WriteRegister(*options_.files, options_.directory, next));
  content_ = std::move(next);
  for (const Segment& segment : retired) LetGo(segment);
  return {};
}

void SegmentKeeper::LetGo(const Segment& segment) {
  if (segment.size_bytes == options_.segment_size_bytes && spare_.size() < options_.recycled_max) {
    spare_.push_back(segment);
    return;
  }
  Remove(segment);
}

// What cannot be removed is debris, which the next open removes.
void SegmentKeeper::Remove(const Segment& segment) {
  static_cast<void>(options_.files->Remove(PathOf(segment)));
  bytes_ -= segment.size_bytes;
}

}  // namespace beach::raft
