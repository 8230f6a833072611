// SPDX-License-Identifier: Apache-2.0
#include "server/machine/sessions.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "base/check.h"

namespace beach::server {
namespace {

static_assert(kOutstandingMax == 64, "a bit of one word for each slot");

constexpr std::uint64_t BitOf(std::uint8_t slot) { return std::uint64_t{1} << slot; }

std::unexpected<Error> Damaged(ByteView key) {
  return Fail(ErrorCode::kCorruption, "a session's row is none: key \"" + Printable(key) + "\"");
}

}  // namespace

Sessions::Sessions(SessionLimits limits) : limits_(limits) {
  BEACH_CHECK_GE(limits_.count_max, 1U);
}

bool Sessions::IsIdle(const Session& session, std::uint64_t time_ms) const {
  BEACH_CHECK_GE(time_ms, session.used_at_ms);
  return time_ms - session.used_at_ms >= limits_.idle_max_ms;
}

Sessions::Found Sessions::Find(SessionId session, RequestNumber request,
                               std::uint64_t time_ms) const {
  const auto place = by_id_.find(session);
  if (place == by_id_.end() || IsIdle(*place->second, time_ms)) return {};
  const Session& found = *place->second;
  if (request < found.answered_below) return {.standing = Standing::kForgotten, .answer = {}};
  for (const Answered& answered : found.answered) {
    if (answered.request != request) continue;
    return {.standing = Standing::kAnswered, .answer = answered.answer};
  }
  return {.standing = Standing::kNew, .answer = {}};
}

void Sessions::RemoveIdle(std::uint64_t time_ms, engine::WriteBatch& batch) {
  for (const Session& session : by_use_) {
    if (plan_.removed.size() == kRemovedMax || !IsIdle(session, time_ms)) return;
    Remove(session, batch);
  }
}

// The rows that there are, one by one: a range delete would have to be read past by everybody.
void Sessions::Remove(const Session& session, engine::WriteBatch& batch) {
  for (std::uint8_t slot = 0; slot < kOpenSlot; ++slot) {
    if ((session.slots & BitOf(slot)) != 0) batch.Delete(SessionRowKey(session.id, slot));
  }
  if (session.open_row) batch.Delete(SessionRowKey(session.id, kOpenSlot));
  plan_.removed.push_back(session.id);
}

void Sessions::Open(std::uint64_t index, std::uint64_t time_ms, ByteView answer,
                    engine::WriteBatch& batch) {
  BEACH_CHECK(!plan_.opened);
  if (by_use_.size() - plan_.removed.size() >= limits_.count_max) {
    // Those that are removed already are the first of the list.
    const auto first = static_cast<std::ptrdiff_t>(plan_.removed.size());
    Remove(*std::next(by_use_.begin(), first), batch);
  }
  const SessionId id(index);
  BEACH_CHECK(!by_id_.contains(id));
  const SessionRow row{
      .index = index, .used_at_ms = time_ms, .request = {}, .answered_below = {}, .answer = answer};
  batch.Put(SessionRowKey(id, kOpenSlot), EncodeSessionRow(row));
  plan_.opened = Session{.id = id,
                         .used_index = index,
                         .used_at_ms = time_ms,
                         .answered_below = {},
                         .slots = 0,
                         .open_row = true,
                         .answered = {}};
}

bool Sessions::Close(SessionId session, std::uint64_t time_ms, engine::WriteBatch& batch) {
  const auto place = by_id_.find(session);
  if (place == by_id_.end() || IsIdle(*place->second, time_ms)) return false;
  Remove(*place->second, batch);
  return true;
}

Sessions::Answered Sessions::Kept(RequestNumber request, ByteView answer) {
  const bool kept = answer.size() <= kAnswerKeptMax;
  return {.request = request, .kept = kept, .answer = Bytes(kept ? answer : ByteView())};
}

void Sessions::Remember(const Command& command, std::uint64_t index, std::uint64_t time_ms,
                        ByteView answer, engine::WriteBatch& batch) {
  BEACH_CHECK(!answer.empty());
  const Session& session = *by_id_.at(command.session);
  Use use{.session = session.id,
          .index = index,
          .time_ms = time_ms,
          .answered_below = std::max(session.answered_below, command.answered_below),
          .slots_deleted = 0,
          .answered = Kept(command.request, answer)};
  BEACH_CHECK_LT(command.request.value - use.answered_below.value, kOutstandingMax);
  // Short ones stay until another takes their row; long ones are not worth the space.
  for (const Answered& answered : session.answered) {
    const std::uint8_t slot = SlotOf(answered.request);
    if (answered.kept || answered.request >= use.answered_below) continue;
    if (slot == SlotOf(command.request)) continue;
    batch.Delete(SessionRowKey(session.id, slot));
    use.slots_deleted |= BitOf(slot);
  }
  const SessionRow row{.index = index,
                       .used_at_ms = time_ms,
                       .request = command.request,
                       .answered_below = use.answered_below,
                       .answer = answer};
  batch.Put(SessionRowKey(session.id, SlotOf(command.request)), EncodeSessionRow(row));
  plan_.use = std::move(use);
}

void Sessions::Commit() {
  for (const SessionId id : plan_.removed) {
    const auto place = by_id_.find(id);
    by_use_.erase(place->second);
    by_id_.erase(place);
  }
  if (plan_.opened) {
    by_use_.push_back(*std::move(plan_.opened));
    by_id_.emplace(by_use_.back().id, std::prev(by_use_.end()));
  }
  if (plan_.use) {
    Use& use = *plan_.use;
    const ByUse::iterator session = by_id_.at(use.session);
    session->used_index = use.index;
    session->used_at_ms = use.time_ms;
    session->answered_below = use.answered_below;
    session->slots &= ~use.slots_deleted;
    session->slots |= BitOf(SlotOf(use.answered.request));
    std::erase_if(session->answered,
                  [&](const Answered& answered) { return answered.request < use.answered_below; });
    session->answered.push_back(std::move(use.answered));
    BEACH_CHECK_LE(session->answered.size(), kOutstandingMax);
    by_use_.splice(by_use_.end(), by_use_, session);
  }
  plan_ = {};
}

Status Sessions::Load(engine::Db& db) {
  by_use_.clear();
  by_id_.clear();
  plan_ = {};
  engine::ReadOptions options;
  options.range = SessionRows();
  BEACH_TRY_ASSIGN(const std::unique_ptr<engine::Iterator> rows, db.NewIterator(options));
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    BEACH_TRY(LoadRow(rows->key(), rows->value()));
  }
  BEACH_TRY(rows->status());
  Order();
  return {};
}

Status Sessions::LoadRow(ByteView key, ByteView value) {
  const std::optional<SessionRowPlace> place = ParseSessionRowKey(key);
  const std::optional<SessionRow> row = ParseSessionRow(value);
  if (!place || !row) return Damaged(key);
  const bool open = place->slot == kOpenSlot;
  if (!open && SlotOf(row->request) != place->slot) return Damaged(key);
  if (by_use_.empty() || by_use_.back().id != place->session) {
    by_use_.emplace_back().id = place->session;
  }
  Session& session = by_use_.back();
  if (open) session.open_row = true;
  if (!open) session.slots |= BitOf(place->slot);
  if (row->index > session.used_index) {
    session.used_index = row->index;
    session.used_at_ms = row->used_at_ms;
    session.answered_below = row->answered_below;
  }
  if (!open) session.answered.push_back(Kept(row->request, row->answer));
  return {};
}

// What all rows together say: which answers are forgotten, and who was used before whom.
void Sessions::Order() {
  for (Session& session : by_use_) {
    std::erase_if(session.answered, [&](const Answered& answered) {
      return answered.request < session.answered_below;
    });
  }
  by_use_.sort([](const Session& a, const Session& b) { return a.used_index < b.used_index; });
  for (auto place = by_use_.begin(); place != by_use_.end(); ++place) {
    by_id_.emplace(place->id, place);
  }
}

}  // namespace beach::server
