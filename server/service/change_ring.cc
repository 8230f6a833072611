// SPDX-License-Identifier: Apache-2.0
#include "server/service/change_ring.h"

#include <algorithm>

#include "base/check.h"
#include "base/coding.h"
#include "engine/expiry.h"
#include "engine/merge_operator.h"
#include "env/marks.h"
#include "server/machine/key_space.h"

namespace beach::server {
namespace {

// What an entry counts as, however little it changed.
constexpr std::uint64_t kKeptOverhead = 64;
// Looked through in one go, for ranges that little happens in: the loop has others to serve.
constexpr std::uint64_t kLookBytesMax = std::uint64_t{1} << 20;

template <class Left, class Right>
constexpr bool Same(Left left, Right right) {
  return static_cast<int>(left) == static_cast<int>(right);
}
static_assert(Same(engine::ValueKind::kDelete, KeyChangeKind::kDelete));
static_assert(Same(engine::ValueKind::kPut, KeyChangeKind::kPut));
static_assert(Same(engine::ValueKind::kDeleteRange, KeyChangeKind::kDeleteRange));
static_assert(Same(engine::ValueKind::kMerge, KeyChangeKind::kMerge));
static_assert(Same(engine::ValueKind::kPutUntil, KeyChangeKind::kPutUntil));

bool IsUsers(ByteView stored) { return !stored.empty() && stored[0] == kUserSpace; }

// Nothing for what is not about users' keys.
std::optional<KeyChange> ChangeOf(const engine::BatchOperation& operation) {
  if (operation.kind == engine::ValueKind::kTime || !IsUsers(operation.key)) return std::nullopt;
  KeyChange change;
  change.kind = static_cast<KeyChangeKind>(operation.kind);
  change.key = UserKey(operation.key);
  engine::MergeOperand merge;
  engine::ExpiringValue expiring;
  bool sound = true;
  switch (change.kind) {
    case KeyChangeKind::kDelete: break;
    case KeyChangeKind::kPut: change.value = operation.value; break;
    case KeyChangeKind::kDeleteRange:
      if (IsUsers(operation.end)) change.end = UserKey(operation.end);
      break;
    case KeyChangeKind::kMerge:
      sound = engine::ParseOperand(operation.value, merge);
      change.merge = static_cast<MergeKind>(merge.merge_operator);
      change.value = merge.operand;
      break;
    case KeyChangeKind::kPutUntil:
      sound = engine::ParseExpiring(operation.value, expiring);
      change.expires_at_ms = expiring.expires_at;
      change.value = expiring.value;
      break;
  }
  BEACH_CHECK(sound);  // the batch was written here
  return change;
}

// Leaves of the change what is in the range. False: nothing is.
bool Clip(const WatchRange& range, KeyChange& change) {
  if (change.kind != KeyChangeKind::kDeleteRange) {
    return range.begin <= change.key && (!range.end || change.key < *range.end);
  }
  change.key = std::max(change.key, range.begin);
  if (range.end) change.end = change.end ? std::min(*change.end, *range.end) : *range.end;
  return !change.end || change.key < *change.end;
}

std::uint64_t SizeOf(const KeyChange& change) {
  return change.key.size() + change.value.size() + change.end.value_or(ByteView()).size();
}

// Fills a page with what is asked for, as far as it goes.
class PageMaker {
 public:
  PageMaker(const WatchRange& range, ChangePage& page) : range_(range), page_(page) {}

  // All changes of an entry but the first `skip`. False: no more fits. The page says where to go
  // on.
  bool Add(std::uint64_t index, const std::shared_ptr<const Bytes>& changes, std::uint32_t skip) {
    if (looked_ >= kLookBytesMax) return false;
    looked_ += changes->size();
    bool fresh = true;
    Decoder decoder{ByteView(*changes)};
    for (std::uint32_t number = 0; !decoder.rest().empty(); ++number) {
      KeyChange change;
      const bool sound = ReadKeyChange(change, decoder);
      BEACH_CHECK(sound);
      if (number < skip || !Clip(range_, change)) continue;
      const std::uint64_t size = SizeOf(change);
      if (count_ > 0 && (count_ >= kWatchChangesMax || bytes_ + size > kWatchBytesMax)) {
        BEACH_SOMETIMES("watch.within_an_entry", number > 0);
        page_.next = {.index = index - 1, .skip = number};
        return false;
      }
      if (std::exchange(fresh, false)) {
        page_.entries.push_back({.index = index, .changes = {}});
        page_.kept.push_back(changes);
      }
      page_.entries.back().changes.push_back(change);
      ++count_;
      bytes_ += size;
    }
    page_.next = {.index = index, .skip = 0};
    return true;
  }

 private:
  const WatchRange& range_;
  ChangePage& page_;
  std::uint64_t count_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t looked_ = 0;
};

}  // namespace

ChangeRing::ChangeRing(env::Loop& loop, std::uint64_t bytes_max)
    : loop_(loop), bytes_max_(bytes_max), self_(std::make_shared<ChangeRing*>(this)) {}

void ChangeRing::Begins(raft::LogIndex index) {
  const env::MutexLock lock(mutex_);
  entries_.clear();
  bytes_ = 0;
  first_ = index.value;
  last_ = index.value;
  PostWake();
}

void ChangeRing::Applied(raft::LogIndex index, const engine::WriteBatch& batch) {
  Bytes changes;
  Encoder encoder(changes);
  engine::BatchReader reader(batch.encoding());
  for (engine::BatchOperation operation; reader.Next(operation);) {
    const std::optional<KeyChange> change = ChangeOf(operation);
    if (change) EncodeKeyChange(*change, encoder);
  }
  BEACH_CHECK(reader.ok());
  const env::MutexLock lock(mutex_);
  BEACH_CHECK_EQ(index.value, last_ + 1);
  last_ = index.value;
  if (!changes.empty()) {
    bytes_ += changes.size() + kKeptOverhead;
    entries_.push_back(
        {.index = index.value, .changes = std::make_shared<const Bytes>(std::move(changes))});
  }
  while (bytes_ > bytes_max_ && entries_.size() > 1) {
    first_ = entries_.front().index;
    bytes_ -= entries_.front().changes->size() + kKeptOverhead;
    entries_.pop_front();
  }
  PostWake();
}

// Under mutex_.
void ChangeRing::PostWake() {
  if (!awaited_ || posted_) return;
  awaited_ = false;
  posted_ = true;
  loop_.Post([weak = std::weak_ptr<ChangeRing*>(self_)] {
    const std::shared_ptr<ChangeRing*> self = weak.lock();
    if (self == nullptr) return;
    ChangeRing& ring = **self;
    {
      const env::MutexLock lock(ring.mutex_);
      ring.posted_ = false;
    }
    if (ring.wake_ != nullptr) ring.wake_();
  });
}

void ChangeRing::Await(std::uint64_t index) {
  const env::MutexLock lock(mutex_);
  awaited_ = true;
  if (last_ > index) PostWake();
}

std::optional<ChangePage> ChangeRing::Read(const WatchPlace& from, const WatchRange& range) {
  const env::MutexLock lock(mutex_);
  if (from.index < first_) return std::nullopt;
  ChangePage page{.entries = {}, .next = from, .at_end = from.index >= last_, .kept = {}};
  if (page.at_end) return page;
  PageMaker maker(range, page);
  for (auto entry = std::ranges::upper_bound(entries_, from.index, {}, &Kept::index);
       entry != entries_.end(); ++entry) {
    const std::uint32_t skip = entry->index == from.index + 1 ? from.skip : 0;
    if (!maker.Add(entry->index, entry->changes, skip)) return page;
  }
  page.next = {.index = last_, .skip = 0};
  page.at_end = true;
  return page;
}

WatchPlace ChangeRing::End() const {
  const env::MutexLock lock(mutex_);
  return {.index = last_, .skip = 0};
}

std::uint64_t ChangeRing::bytes() const {
  const env::MutexLock lock(mutex_);
  return bytes_;
}

}  // namespace beach::server
