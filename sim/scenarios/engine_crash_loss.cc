// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_crash_loss.h"

#include <algorithm>
#include <string>

#include "base/check.h"
#include "engine/wal/format.h"
#include "sim/system_scope.h"

namespace beach::sim::scenarios::engine_crash {
namespace {

using engine::wal::ItemHeader;

// The last sequence number of the whole flights before `limit`.
std::uint64_t LastBefore(ByteView segment, std::uint64_t limit) {
  const auto block = engine::wal::DecodeSegmentBlock(segment.substr(0, engine::wal::kBlockSize));
  if (!block) return 0;
  std::uint64_t last = 0;
  for (std::uint64_t at = engine::wal::kSegmentHeaderSize;
       at + engine::wal::kItemHeaderSize <= limit; at += engine::wal::kBlockSize) {
    const engine::wal::ItemPlace place{
        .segment = block->ordinal, .epoch = block->epoch, .offset = at, .limit = limit};
    ItemHeader header;
    if (!engine::wal::DecodeItemHeader(segment.substr(at), place, header)) continue;
    const ByteView item = segment.substr(at, header.size());
    if (engine::wal::ItemCrc(item) != header.crc || header.count == 0) continue;
    last = std::max(last, header.first_sequence.value + header.count - 1);
  }
  return last;
}

}  // namespace

std::vector<History::Place> History::WithLife(const oracle::Model& model) const {
  std::vector<Place> places = held_;
  for (std::uint64_t prefix = 1; prefix <= model.sequenced(); ++prefix) {
    places.push_back({.id = model.BatchAt(prefix), .last_sequence = model.LastSequence(prefix)});
  }
  return places;
}

void History::BeginSettling(const oracle::Model& model) { life_ = WithLife(model); }

void History::EndSettling(const oracle::Model& model) {
  std::erase_if(life_, [&model](const Place& place) {
    return model.OutcomeOf(place.id) != oracle::Outcome::kApplied;
  });
  held_ = std::move(life_);
  life_.clear();
}

oracle::Judgement History::Judge(const oracle::Model& model, std::uint64_t last_kept,
                                 const std::vector<oracle::KeyValue>& found,
                                 oracle::Model& kept) const {
  for (const Place& place : WithLife(model)) {
    if (place.last_sequence > last_kept) break;
    const oracle::ModelBatch& batch = issued_.at(place.id);
    const std::uint64_t count = batch.operations.size();
    kept.Issue(batch);
    if (oracle::Judgement wrong = kept.Sequence(place.id, place.last_sequence - count + 1, count)) {
      return wrong;
    }
  }
  if (kept.ShowsAt(kept.sequenced(), found)) return std::nullopt;
  return oracle::Violation{.rule = "loss-untold",
                           .message = "the database was said to keep all up to sequence number " +
                                      std::to_string(last_kept) + ", " +
                                      std::to_string(kept.StateAt(kept.sequenced()).size()) +
                                      " keys, but shows " + std::to_string(found.size()) +
                                      " others"};
}

void History::Cut(const oracle::Model& model, std::uint64_t last_kept) {
  held_ = WithLife(model);
  std::erase_if(held_, [=](const Place& place) { return place.last_sequence > last_kept; });
}

std::uint64_t SoundBeforeDamage(Disk& disk) {
  const SystemScope system;
  std::uint64_t last = 0;
  for (const Damage& damage : disk.Damages()) {
    if (damage.fault != DiskFault::kBitRot || !damage.readable_now) continue;
    for (const std::string& path : damage.paths) {
      if (!path.ends_with(".wal")) continue;
      const Result<Bytes> content = disk.Inspect(path);
      if (content) last = std::max(last, LastBefore(*content, damage.offset));
    }
  }
  return last;
}

}  // namespace beach::sim::scenarios::engine_crash
