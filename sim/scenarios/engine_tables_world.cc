// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_tables_world.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace beach::sim::scenarios::named_tables {
namespace {

constexpr Site kSequenced = "write.sequenced";
constexpr Site kCreated = "named_table.created";
constexpr Site kDropped = "named_table.dropped";
constexpr NamedTable kList{engine::TableNumber(1)};
constexpr std::size_t kGoneMax = 8;

const env::EventField* Find(std::span<const env::EventField> fields, std::string_view name) {
  for (const env::EventField& field : fields) {
    if (name == field.name) return &field;
  }
  return nullptr;
}

std::uint64_t Number(std::span<const env::EventField> fields, std::string_view name) {
  const env::EventField* const field = Find(fields, name);
  return field == nullptr ? 0 : field->number;
}

oracle::Judgement Wrong(const char* rule, std::string message) {
  return oracle::Violation{.rule = rule, .message = std::move(message)};
}

std::string Name(NamedTable table) { return "table " + std::to_string(table.number.value); }

}  // namespace

Bytes Place(NamedTable table, ByteView key) {
  Bytes place;
  for (int shift = 24; shift >= 0; shift -= 8) {
    place.push_back(static_cast<char>(static_cast<unsigned char>(table.number.value >> shift)));
  }
  return place.append(key);
}

oracle::KeyRange Within(NamedTable table, const oracle::KeyRange& range) {
  const NamedTable next{table.number.Next()};
  return {.from = Place(table, range.from), .to = range.to ? Place(table, *range.to) : Place(next)};
}

NamedTable TableOf(ByteView place) {
  std::uint64_t number = 0;
  for (const char c : place.substr(0, 4)) number = number << 8 | static_cast<unsigned char>(c);
  return NamedTable{engine::TableNumber(number)};
}

ByteView KeyOf(ByteView place) { return place.substr(4); }

Bytes PlaceOfName(ByteView name) { return Place(kList, name); }
Bytes PlaceOfNumber(NamedTable table) { return Place(kList, "#" + Place(table)); }
Bytes NumberText(NamedTable table) { return std::to_string(table.number.value); }

std::vector<oracle::KeyValue> AllWithin(NamedTable table, std::vector<oracle::KeyValue> entries) {
  for (auto& [key, value] : entries) key = Place(table, key);
  return entries;
}

void World::Record(Site event, std::span<const env::EventField> fields) {
  if (pending_) return;
  if (event.hash == kSequenced.hash) {
    const std::uint64_t first = Number(fields, "first");
    const std::uint64_t count = Number(fields, "count");
    const std::uint64_t tag = Number(fields, "tag");
    if (tag != 0) return HearWrite(oracle::BatchId(tag), first, count);
    change_first_ = first;
    change_count_ = count;
  }
  if (event.hash == kCreated.hash || event.hash == kDropped.hash) {
    const NamedTable table{engine::TableNumber(Number(fields, "table"))};
    HearChange(event.hash == kDropped.hash, table, Find(fields, "name")->text);
  }
}

void World::HearWrite(oracle::BatchId id, std::uint64_t first, std::uint64_t count) {
  pending_ = model.Sequence(id, first, count);
  if (pending_) return;
  const std::uint64_t prefix = model.sequenced();
  for (const NamedTable table : touched_[id]) {
    if (model.At(PlaceOfNumber(table), prefix).value) continue;
    pending_ = Wrong("written-when-dropped", model.DescribeBatch(id) + " writes to " + Name(table) +
                                                 ", or has a condition on it, and is in the log "
                                                 "behind its drop");
  }
}

Issued World::Issue(oracle::ModelBatch batch) {
  std::vector<NamedTable>& tables = touched_[batch.id];
  const auto touch = [&](ByteView place) {
    if (TableOf(place) != NamedTable()) tables.push_back(TableOf(place));
  };
  for (const oracle::ModelOperation& operation : batch.operations) touch(operation.key);
  for (const oracle::ModelCondition& condition : batch.conditions) touch(condition.key);
  const Issued issued{.id = batch.id, .mark = model.BeginRead()};
  model.Issue(std::move(batch));
  return issued;
}

oracle::Judgement World::Written(const Issued& issued, const Result<bool>& written) {
  if (written) return *written ? model.Acknowledge(issued.id) : model.Decline(issued.id);
  const ErrorCode code = written.error().code();
  const bool refused = code == ErrorCode::kNotFound;
  const bool nothing = refused || code == ErrorCode::kNoSpace || code == ErrorCode::kOverloaded;
  if (!nothing) return model.Fail(issued.id);
  const oracle::Judgement judgement = model.Reject(issued.id);
  if (judgement || !refused) return judgement;
  const bool explained = std::ranges::any_of(touched_[issued.id], [&](NamedTable table) {
    return MayBe(issued.mark, PlaceOfNumber(table), false);
  });
  if (explained) return {};
  return Wrong("table-missing", "a write was refused, and all of its tables are there");
}

oracle::Judgement World::JudgeTime(std::uint64_t time) const {
  const std::uint64_t expected = model.TimeAt(model.sequenced());
  if (time == expected) return {};
  return Wrong("wrong-time", "the database's time is " + std::to_string(time) + "; expected " +
                                 std::to_string(expected));
}

// As many operations as the engine has numbers for it, with the outcome that it must have.
void World::HearChange(bool drop, NamedTable table, ByteView name) {
  const oracle::BatchId id(NextId());
  oracle::ModelBatch batch{.id = id, .client = 0, .sync = true, .operations = {}};
  std::optional<Bytes> number;
  std::optional<Bytes> named;
  if (!drop) {
    number = NumberText(table);
    named = Bytes(name);
    const bool fresh = created_.emplace(table.number, id).second;
    if (!fresh || given_.contains(table.number)) {
      pending_ = Wrong("table-number-reused", "\"" + Bytes(name) + "\" is made " + Name(table) +
                                                  ", which another one was");
      return;
    }
  } else {
    dropped_[Bytes(name)].push_back({.id = id, .table = table});
  }
  batch.operations = {{.key = PlaceOfName(name), .value = number},
                      {.key = PlaceOfNumber(table), .value = named},
                      {.key = PlaceOfNumber(table), .value = named}};
  if (drop) {
    const oracle::KeyRange all = Within(table);
    batch.operations.back() = {.key = all.from, .value = {}, .range_end = all.to};
  }
  model.Issue(std::move(batch));
  pending_ = model.Sequence(id, change_first_, change_count_);
}

void World::Settle(const oracle::Judgement& judgement) {
  const oracle::Judgement& first = pending_ ? pending_ : judgement;
  if (first) simulation.Fail(first->rule, first->message);
}

void World::BeginLife(ProcessEnd before) {
  if (before == ProcessEnd::kPowerLost) {
    crash.Ended(oracle::LifeEnd::kPowerLost);
  } else if (!closed_) {
    crash.Ended(oracle::LifeEnd::kKilled);
  }
  closed_ = false;
  touched_.clear();
  created_.clear();
  dropped_.clear();
}

void World::Closed() {
  crash.Ended(oracle::LifeEnd::kClosed);
  closed_ = true;
}

oracle::Judgement World::Created(ByteView name, NamedTable table) {
  if (pending_) return pending_;
  const auto found = created_.find(table.number);
  if (found == created_.end()) {
    return Wrong("table-unknown", "\"" + Bytes(name) + "\" is said to be " + Name(table) +
                                      ", and nothing of it is in the log");
  }
  Given(table);
  return model.Acknowledge(found->second);
}

// Drops of one name follow each other, each durable before the next: the first is no later than
// the one that this call made.
oracle::Judgement World::Dropped(ByteView name) {
  if (pending_) return pending_;
  const auto found = dropped_.find(name);
  if (found == dropped_.end() || found->second.empty()) {
    return Wrong("table-unknown",
                 "\"" + Bytes(name) + "\" is said to be dropped, and nothing of it is in the log");
  }
  const Change change = found->second.front();
  found->second.pop_front();
  gone.push_back(change.table);
  if (gone.size() > kGoneMax) gone.erase(gone.begin());
  return model.Acknowledge(change.id);
}

bool World::MayBe(const oracle::Model::ReadMark& mark, ByteView place, bool there) const {
  const std::uint64_t last = mark.sequenced.value_or(model.sequenced());
  for (std::uint64_t prefix = mark.visible; prefix <= last; ++prefix) {
    if (model.At(place, prefix).value.has_value() == there) return true;
  }
  return false;
}

oracle::Judgement World::JudgeAnswer(const oracle::Model::ReadMark& mark, NamedTable table,
                                     bool refused) const {
  if (table == NamedTable()) {
    if (!refused) return {};
    return Wrong("table-missing", "the table without a name is said not to be there");
  }
  if (MayBe(mark, PlaceOfNumber(table), !refused)) return {};
  // A snapshot from before the creation may show nothing.
  if (!refused && mark.sequenced) return {};
  if (refused) return Wrong("table-missing", Name(table) + " is said to be dropped, and is not");
  return Wrong("dropped-table-read", Name(table) + " was read after it was dropped");
}

}  // namespace beach::sim::scenarios::named_tables
