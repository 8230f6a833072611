// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/recorder.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "sim/spectator.h"
#include "sim/system_scope.h"

namespace beach::sim {

void Recorder::GrowLines() {
  const SystemScope system;
  ring_.resize(ring_.size() * 2);
  rich_.resize(ring_.size());
}

Recorder::Rich& Recorder::Enrich(Line& line) {
  line.is_rich = true;
  Rich& rich = rich_[PlaceOf(line)];
  rich.fields = 0;
  rich.text.clear();
  return rich;
}

void Recorder::Tell(const Line& line) {
  if (observer_ != nullptr) [[unlikely]] {
    const SystemScope system;
    observer_->OnEvent(Words(line));
  }
  if (spectator_ != nullptr) [[unlikely]] {
    const SystemScope system;
    Show(line);
  }
  if (follower_ != nullptr && line.event >= follower_->lines_from()) [[unlikely]] {
    const SystemScope system;
    follower_->AtLine(Words(line));
  }
}

void Recorder::Show(const Line& line) const {
  artifacts::TraceEvent words = Words(line);
  Sight sight;
  sight.kind = SightKind::kNote;
  sight.event = words.event;
  sight.virtual_ns = words.virtual_ns;
  sight.host = std::move(words.host);
  sight.life = line.who->life;
  sight.thread = std::move(words.thread);
  sight.name = std::move(words.kind);
  sight.text = std::move(words.text);
  spectator_->See(sight);
}

void Recorder::NoteText(std::uint64_t now_ns, const Identity& who, const char* kind,
                        const char* what, const std::string& text) {
  const SystemScope system;
  Line& line = NextLine(now_ns, who, kind, what);
  Enrich(line).text = text;
  Tell(line);
}

void Recorder::NoteShown(std::uint64_t now_ns, const Identity& who, const char* name,
                         std::span<const env::EventField> fields) {
  BEACH_CHECK(keep_all_);
  Rich& rich = Enrich(NextLine(now_ns, who, kShownKind, name));
  for (const env::EventField& field : fields) {
    rich.text += field.text.empty() ? fmt::format(" {}={}", field.name, field.number)
                                    : fmt::format(" {}={}", field.name, Printable(field.text));
  }
}

void Recorder::Event(std::uint64_t now_ns, const Identity& who, Site event,
                     std::span<const env::EventField> fields) {
  Count(who.hash, event.hash, fields.size());
  const SystemScope system;
  Line& line = NextLine(now_ns, who, "event", event.name);
  Rich& rich = Enrich(line);
  for (const env::EventField& field : fields) {
    hash_.Add(Site::Hash(field.name), field.number, field.text.size());
    if (!field.text.empty()) {
      hash_.AddText(field.text);
      rich.text += fmt::format(" {}={}", field.name, Printable(field.text));
    } else if (rich.fields < kFields) {
      rich.names[rich.fields] = field.name;
      rich.numbers[rich.fields++] = field.number;
    } else {
      rich.text += fmt::format(" {}={}", field.name, field.number);
    }
  }
  if (close_up_ != nullptr) Amend();
  Tell(line);
}

void Recorder::Follow(Follower* follower) {
  BEACH_CHECK_EQ(events_, 0U);
  follower_ = follower;
  checkpoint_next_ = NextCheckpoint();
}

void Recorder::Watch(CloseUp* close_up) {
  BEACH_CHECK_EQ(events_, 0U);
  close_up_ = close_up;
  checkpoint_next_ = NextCheckpoint();
}

std::uint64_t Recorder::NextCheckpoint() const {
  const std::uint64_t every = events_ < kGrid ? kEvery : kRecentEvery;
  std::uint64_t next = (events_ / every + 1) * every;
  if (follower_ != nullptr) next = std::min(next, follower_->checkpoint_event());
  if (close_up_ != nullptr) next = std::min(next, close_up_->Next(events_ + 1));
  return next;
}

void Recorder::Amend() {
  const SystemScope system;
  close_up_->Amend(events_, hash_.Value());
}

void Recorder::PassCheckpoint(std::uint64_t what, std::uint64_t number) {
  if (close_up_ != nullptr && close_up_->Next(events_) == events_) {
    const SystemScope system;
    close_up_->Take(events_, what, number, hash_.Value());
  }
  if (follower_ != nullptr && events_ == follower_->checkpoint_event()) {
    const SystemScope system;
    follower_->AtCheckpoint(hash_.Value());
  }
  const bool early = events_ < kGrid && events_ % kEvery == 0 && std::has_single_bit(events_);
  if (early) early_.push_back({events_, hash_.Value()});
  if (observer_ != nullptr && (early || events_ % kRecentEvery == 0)) {
    const SystemScope system;
    observer_->OnCheckpoint({events_, hash_.Value()});
  }
  if (events_ % grid_ == 0) AddToGrid();
  if (events_ % kRecentEvery == 0) {
    recent_[0] = recent_[1];
    recent_[1] = {events_, hash_.Value()};
  }
  checkpoint_next_ = NextCheckpoint();
  BEACH_CHECK_GT(checkpoint_next_, events_);
}

void Recorder::AddToGrid() {
  if (checkpoints_.size() == kMax) {
    for (std::size_t i = 0; i < kMax / 2; ++i) checkpoints_[i] = checkpoints_[2 * i + 1];
    checkpoints_.resize(kMax / 2);
    grid_ *= 2;
  }
  // After thinning, this event may stand between two of the new grid.
  if (events_ % grid_ == 0) checkpoints_.push_back({events_, hash_.Value()});
}

std::vector<artifacts::Checkpoint> Recorder::Checkpoints() const {
  std::vector<artifacts::Checkpoint> all = early_;
  const auto add = [&all](const artifacts::Checkpoint& checkpoint) {
    const std::uint64_t last = all.empty() ? 0 : all.back().event;
    if (checkpoint.event > last) all.push_back(checkpoint);
  };
  for (const artifacts::Checkpoint& checkpoint : checkpoints_) add(checkpoint);
  // These were taken when their event was counted, before its texts came in; the end was not.
  for (const artifacts::Checkpoint& checkpoint : recent_) {
    if (checkpoint.event < events_) add(checkpoint);
  }
  if (!all.empty() && all.back().event == events_) all.pop_back();
  all.push_back({events_, hash_.Value()});
  return all;
}

artifacts::TraceEvent Recorder::Words(const Line& line) const {
  artifacts::TraceEvent words;
  words.event = line.event;
  words.virtual_ns = line.now_ns;
  words.host = line.who->host;
  words.thread = line.who->thread;
  words.kind = line.kind;
  words.text = line.what;
  if (!line.is_rich) {
    words.text += fmt::format(" {}", line.number);
    return words;
  }
  const Rich& rich = rich_[PlaceOf(line)];
  for (std::size_t i = 0; i < rich.fields; ++i) {
    words.text += fmt::format(" {}={}", rich.names[i], rich.numbers[i]);
  }
  if (!rich.text.empty() && rich.text.front() != ' ' && !words.text.empty()) words.text += ' ';
  words.text += rich.text;
  return words;
}

std::vector<artifacts::TraceEvent> Recorder::Trace() const {
  std::vector<artifacts::TraceEvent> words;
  const std::uint64_t kept = keep_all_ ? lines_ : std::min<std::uint64_t>(lines_, kRing);
  words.reserve(kept);
  for (std::uint64_t i = lines_ - kept; i < lines_; ++i) {
    words.push_back(Words(ring_[keep_all_ ? i : i % kRing]));
  }
  return words;
}

}  // namespace beach::sim
