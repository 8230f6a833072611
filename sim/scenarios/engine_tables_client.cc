// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_tables_client.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "sim/scenarios/engine_crash_range.h"
#include "sim/system_scope.h"

// Runs inside the simulated process: all but the world may vanish at any seam call.

namespace beach::sim::scenarios::named_tables {
namespace {

using engine_crash::CheckTurns;
using engine_crash::ReadRange;
using oracle::Judgement;
using ReadMark = oracle::Model::ReadMark;

oracle::KeyRange DrawRange(RandomStream& draws) {
  oracle::KeyRange range;
  if (draws.Chance(1, 2)) range.from = DrawKey(draws);
  if (draws.Chance(1, 2)) range.to = DrawKey(draws);
  if (range.to && *range.to < range.from) std::swap(*range.to, range.from);
  return range;
}

}  // namespace

Status Client::Make(const Call& call) {
  RandomStream draws(RandomValue(call.number, call.client));
  const std::size_t slot = draws.Below(kNames.size());
  const std::string name = kNames[slot];
  if (call.kind == "create") return Create(name, slot);
  if (call.kind == "drop") return Drop(name);
  if (call.kind == "open") return Open(name, slot);
  if (call.kind == "list") return List();
  if (call.kind == "flush") return Flush();
  if (call.kind == "batch" || call.kind == "write" || call.kind == "if" || call.kind == "async") {
    return writer_.Make(draws, call);
  }
  if (call.kind == "check") return Check(draws);
  const NamedTable table = DrawTable(draws, handles_);
  if (call.kind == "get") return Get(table, DrawKey(draws));
  if (call.kind == "multiget") return MultiGet(draws, table);
  if (call.kind == "hold") return Hold(draws, table);
  const oracle::KeyRange range = DrawRange(draws);
  const bool backward = draws.Chance(1, 2);
  if (call.kind == "scan") return Scan(table, range, backward, draws.Next());
  // compact
  const bool all = draws.Chance(1, 2);
  std::optional<Bytes> from;
  if (!all) from = range.from;
  const ReadMark mark = BeginRead();
  const Status done =
      db_.CompactRange(from, all ? std::nullopt : range.to, all ? NamedTable() : table);
  if (!done && IsGone(done.error(), mark, table)) return {};
  return done;
}

Status Client::Create(const std::string& name, std::size_t slot) {
  const ReadMark mark = BeginRead();
  const auto table = db_.CreateTable(name);
  if (table) handles_[slot] = table->number.value;
  Judgement judgement;
  if (table) {
    const SystemScope system;
    judgement = world_.Created(name, *table);
  } else if (table.error().code() == ErrorCode::kAlreadyExists) {
    const SystemScope system;
    if (!world_.MayBe(mark, PlaceOfName(name), true)) {
      judgement = oracle::Violation{.rule = "table-unknown",
                                    .message = "\"" + name + "\" is said to be there, and is not"};
    }
  } else {
    return Fail(table.error());
  }
  Judge(judgement);
  return {};
}

Status Client::Drop(const std::string& name) {
  const ReadMark mark = BeginRead();
  const Status dropped = db_.DropTable(name);
  Judgement judgement;
  if (dropped) {
    const SystemScope system;
    judgement = world_.Dropped(name);
  } else if (dropped.error().code() == ErrorCode::kNotFound) {
    const SystemScope system;
    if (!world_.MayBe(mark, PlaceOfName(name), false)) {
      judgement = oracle::Violation{.rule = "table-missing",
                                    .message = "\"" + name + "\" is said not to be there, and is"};
    }
  } else {
    return dropped;
  }
  Judge(judgement);
  return {};
}

Status Client::Open(const std::string& name, std::size_t slot) {
  const ReadMark mark = BeginRead();
  const auto table = db_.OpenTable(name);
  if (!table && table.error().code() != ErrorCode::kNotFound) return Fail(table.error());
  Judgement judgement;
  {
    const SystemScope system;
    std::optional<Bytes> number;
    if (table) number = NumberText(*table);
    judgement = world_.model.EndGet(mark, PlaceOfName(name), number);
  }
  Judge(judgement);
  if (table) handles_[slot] = table->number.value;
  return {};
}

Status Client::List() {
  const ReadMark mark = BeginRead();
  const auto names = db_.ListTables();
  if (!names) return Fail(names.error());
  Judgement judgement;
  {
    const SystemScope system;
    for (const char* const name : kNames) {
      const bool listed = std::ranges::find(*names, name) != names->end();
      if (world_.MayBe(mark, PlaceOfName(name), listed)) continue;
      judgement = oracle::Violation{
          .rule = listed ? "table-unknown" : "table-missing",
          .message = std::string(name) +
                     (listed ? " is listed, and is not there" : " is not listed, and is there")};
    }
  }
  Judge(judgement);
  return {};
}

Status Client::Get(NamedTable table, ByteView key) {
  const ReadMark mark = BeginRead();
  const auto found = db_.Get({.table = table}, key);
  if (!found) return IsGone(found.error(), mark, table) ? Status() : Fail(found.error());
  Answered(mark, table);
  Judgement judgement;
  {
    const SystemScope system;
    judgement = world_.model.EndGet(mark, Place(table, key), *found);
  }
  Judge(judgement);
  return {};
}

Status Client::MultiGet(RandomStream& draws, NamedTable table) {
  const Bytes keys[] = {DrawKey(draws), DrawKey(draws), DrawKey(draws)};
  const std::vector<ByteView> views(std::begin(keys), std::end(keys));
  const ReadMark mark = BeginRead();
  const auto results = db_.MultiGet({.table = table}, views);
  std::vector<oracle::KeyFound> found;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!results[i]) {
      const Error& error = results[i].error();
      return IsGone(error, mark, table) ? Status() : Fail(error);
    }
    found.emplace_back(Place(table, keys[i]), *results[i]);
  }
  Answered(mark, table);
  Judgement judgement;
  {
    const SystemScope system;
    judgement = world_.model.EndMultiGet(mark, found);
  }
  Judge(judgement);
  return {};
}

Status Client::Scan(NamedTable table, const oracle::KeyRange& range, bool backward,
                    std::uint64_t pick) {
  ReadMark mark = BeginRead();
  engine::ReadOptions options{.table = table};
  // The range is the iterator's, or only that of the walk.
  const bool bound = pick % 2 == 0;
  if (bound) options.range = {.begin = range.from, .end = range.to};
  const auto iterator = db_.NewIterator(options);
  if (!iterator) {
    return IsGone(iterator.error(), mark, table) ? Status() : Fail(iterator.error());
  }
  Answered(mark, table);
  world_.model.FixSnapshot(mark);
  return ReadAll(**iterator, mark, table, range, backward, bound ? pick : 0);
}

// `pick`: for turns, where the iterator shows the range alone; 0: it shows more.
Status Client::ReadAll(engine::Iterator& iterator, const ReadMark& mark, NamedTable table,
                       const oracle::KeyRange& range, bool backward, std::uint64_t pick) {
  BEACH_TRY_ASSIGN(const auto entries,
                   ReadRange(iterator, pick == 0 ? range : oracle::KeyRange(), backward));
  Judgement judgement;
  {
    const SystemScope system;
    judgement = world_.model.EndScan(mark, Within(table, range), AllWithin(table, entries));
  }
  Judge(judgement);
  if (pick == 0) return {};
  BEACH_TRY_ASSIGN(const std::string turns, CheckTurns(iterator, entries, pick >> 1));
  if (!turns.empty()) world_.simulation.Fail("scan-mismatch", "in a table, " + turns);
  return {};
}

Status Client::Hold(RandomStream& draws, NamedTable table) {
  if (held_) return Check(draws);
  Held held{.table = table,
            .snapshot = {},
            .of_snapshot = BeginRead(),
            .iterator = {},
            .of_iterator = {}};
  BEACH_TRY_ASSIGN(held.snapshot, db_.GetSnapshot());
  Judgement judgement;
  {
    const SystemScope system;
    judgement = world_.model.FixAt(held.of_snapshot, held.snapshot->sequence().value);
  }
  Judge(judgement);
  held.of_iterator = BeginRead();
  auto iterator = db_.NewIterator({.table = table});
  if (!iterator && !IsGone(iterator.error(), held.of_iterator, table))
    return Fail(iterator.error());
  if (iterator) {
    Answered(held.of_iterator, table);
    world_.model.FixSnapshot(held.of_iterator);
    held.iterator = *std::move(iterator);
  }
  held_ = std::move(held);
  return {};
}

// Whatever was dropped meanwhile.
Status Client::Check(RandomStream& draws) {
  if (!held_) return {};
  const Held held = *std::exchange(held_, std::nullopt);
  const NamedTable table = held.table;
  const bool backward = draws.Chance(1, 2);
  if (held.iterator) {
    BEACH_TRY(ReadAll(*held.iterator, held.of_iterator, table, {}, backward, draws.Next() | 1));
  }
  const engine::ReadOptions options{.snapshot = held.snapshot.get(), .table = table};
  const Bytes key = DrawKey(draws);
  const auto found = db_.Get(options, key);
  if (!found)
    return IsGone(found.error(), held.of_snapshot, table) ? Status() : Fail(found.error());
  Answered(held.of_snapshot, table);
  Judgement judgement;
  {
    const SystemScope system;
    judgement = world_.model.EndGet(held.of_snapshot, Place(table, key), *found);
  }
  Judge(judgement);
  const auto iterator = db_.NewIterator(options);
  if (!iterator) {
    return IsGone(iterator.error(), held.of_snapshot, table) ? Status() : Fail(iterator.error());
  }
  return ReadAll(**iterator, held.of_snapshot, table, {}, !backward, draws.Next() | 1);
}

Status Client::Flush() {
  const std::uint64_t mark = world_.model.DurableMark();
  BEACH_TRY(db_.Flush());
  world_.model.Durable(mark);
  return {};
}

bool Client::IsGone(const Error& error, const ReadMark& mark, NamedTable table) {
  if (error.code() != ErrorCode::kNotFound) return false;
  Judgement judgement;
  {
    const SystemScope system;
    judgement = world_.JudgeAnswer(mark, table, true);
  }
  Judge(judgement);
  return true;
}

void Client::Answered(const ReadMark& mark, NamedTable table) {
  Judgement judgement;
  {
    const SystemScope system;
    judgement = world_.JudgeAnswer(mark, table, false);
  }
  Judge(judgement);
}

// What readers are said to see is the end of a batch, and what a read that begins now must show.
ReadMark Client::BeginRead() {
  ReadMark said = world_.model.BeginRead();
  const engine::SequenceNumber sequence = db_.VisibleSequence();
  Judgement judgement;
  {
    const SystemScope system;
    judgement = world_.model.FixAt(said, sequence.value);
  }
  Judge(judgement);
  return {.visible = said.visible, .sequenced = {}};
}

}  // namespace beach::sim::scenarios::named_tables
