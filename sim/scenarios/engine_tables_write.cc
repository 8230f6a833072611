// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_tables_write.h"

#include <utility>

#include "env/marks.h"
#include "sim/system_scope.h"

namespace beach::sim::scenarios::named_tables {
namespace {

using Kind = Operation::Kind;

constexpr std::uint64_t kFillerMax = 200;
constexpr std::uint64_t kOperandSizeMax = 20;  // beside its id; so that values that grow stay small
constexpr std::uint64_t kLifetime = 40;
constexpr std::uint64_t kTimeStep = 8;

// Of 20.
Kind DrawOperationKind(RandomStream& draws) {
  const std::uint64_t choice = draws.Below(20);
  if (choice == 0) return Kind::kDeleteRange;
  if (choice == 1) return Kind::kTime;
  if (choice < 6) return Kind::kMerge;
  if (choice < 9) return Kind::kPutUntil;
  return choice < 16 ? Kind::kPut : Kind::kDelete;
}

engine::MergeOperator OperatorOf(oracle::MergeKind kind) {
  switch (kind) {
    case oracle::MergeKind::kAdd: return engine::MergeOperator::kAdd;
    case oracle::MergeKind::kAppend: return engine::MergeOperator::kAppend;
    case oracle::MergeKind::kMax: return engine::MergeOperator::kMax;
    case oracle::MergeKind::kMin: break;
  }
  return engine::MergeOperator::kMin;
}

oracle::ModelOperation ModelOf(const Operation& operation) {
  oracle::ModelOperation issued{.key = Place(operation.table, operation.key), .value = {}};
  switch (operation.kind) {
    case Kind::kPutUntil: issued.expires_at = operation.time; [[fallthrough]];
    case Kind::kPut: issued.value = operation.value; break;
    case Kind::kDelete: break;
    case Kind::kDeleteRange: issued.range_end = Place(operation.table, operation.end); break;
    case Kind::kMerge:
      issued.value = operation.value;
      issued.merge = operation.merge;
      break;
    case Kind::kTime: issued = {.key = {}, .value = {}, .time = operation.time}; break;
  }
  return issued;
}

engine::WriteBatch BatchOf(const std::vector<Operation>& operations) {
  engine::WriteBatch batch;
  for (const Operation& operation : operations) {
    const auto& [kind, table, key, end, value, merge, time] = operation;
    switch (kind) {
      case Kind::kPut: batch.Put(key, value, table); break;
      case Kind::kPutUntil: batch.PutUntil(key, value, time, table); break;
      case Kind::kDelete: batch.Delete(key, table); break;
      case Kind::kDeleteRange: batch.DeleteRange(key, end, table); break;
      case Kind::kMerge: batch.Merge(key, OperatorOf(merge), value, table); break;
      case Kind::kTime: batch.AdvanceTime(time); break;
    }
  }
  return batch;
}

// The model is told how a write ended. The error, if a fault must explain it.
Status End(World& world, const Issued& issued, const Result<bool>& written) {
  oracle::Judgement judgement;
  {
    const SystemScope system;
    judgement = world.Written(issued, written);
  }
  world.Settle(judgement);
  if (written) return {};
  const ErrorCode code = written.error().code();
  if (code == ErrorCode::kNotFound || code == ErrorCode::kOverloaded) return {};
  return Fail(written.error());
}

}  // namespace

Status Writer::Make(RandomStream& draws, const Call& call) {
  const bool one = call.kind == "write";
  const bool conditional = call.kind == "if";
  const oracle::BatchId id(call.id);
  oracle::ModelBatch batch{
      .id = id, .client = call.client + 1, .sync = draws.Chance(1, 2), .operations = {}};
  std::vector<Operation> operations(one ? 1 : draws.Between(0, 6));
  if (conditional && draws.Chance(1, 2)) operations.resize(1);
  for (std::uint32_t i = 0; i < operations.size(); ++i) {
    operations[i] = DrawOperation(draws, {id, i});
    batch.operations.push_back(ModelOf(operations[i]));
  }
  if (conditional) {
    const bool of_first = !operations.empty() && draws.Chance(3, 4);
    batch.conditions = DrawConditions(draws, of_first ? batch.operations[0].key : Bytes());
  }
  Issued issued;
  {
    const SystemScope system;
    issued = world_.Issue(batch);
  }
  const engine::WriteOptions options{.sync = batch.sync, .tag = id.value};
  if (call.kind == "async") return SendAsync(options, operations, issued);
  if (conditional) return End(world_, issued, SendIf(options, batch, operations));
  const Status written =
      one ? SendOne(options, operations[0]) : db_.Write(options, BatchOf(operations));
  return End(world_, issued, written ? Result<bool>(true) : Fail(written.error()));
}

Operation Writer::DrawOperation(RandomStream& draws, oracle::ValueId id) {
  Operation operation{.kind = DrawOperationKind(draws),
                      .table = DrawTable(draws, handles_),
                      .key = DrawKey(draws),
                      .end = {},
                      .value = oracle::MakeValue(id, draws.Below(kFillerMax))};
  const std::uint64_t now = world_.model.TimeAt(world_.model.sequenced());
  switch (operation.kind) {
    case Kind::kPut:
    case Kind::kDelete: break;
    case Kind::kPutUntil: operation.time = now + draws.Below(kLifetime); break;
    case Kind::kTime: operation.time = now + draws.Below(kTimeStep); break;
    case Kind::kDeleteRange:
      operation.end = DrawKey(draws);
      if (operation.end < operation.key) std::swap(operation.key, operation.end);
      if (operation.end == operation.key) operation.end.push_back('\0');
      break;
    case Kind::kMerge:
      operation.merge = static_cast<oracle::MergeKind>(draws.Below(4));
      operation.value = operation.merge == oracle::MergeKind::kAdd
                            ? oracle::NumberOperand(draws.Next())
                            : oracle::MakeValue(id, draws.Below(kOperandSizeMax));
      break;
  }
  return operation;
}

// `first`: a place; empty: any.
std::vector<oracle::ModelCondition> Writer::DrawConditions(RandomStream& draws, Bytes first) {
  std::vector<oracle::ModelCondition> conditions(draws.Chance(2, 3) ? 1 : draws.Between(0, 3));
  for (oracle::ModelCondition& condition : conditions) {
    condition.key = std::exchange(first, {});
    if (condition.key.empty()) {
      const NamedTable table = DrawTable(draws, handles_);
      condition.key = Place(table, DrawKey(draws));
    }
    const std::uint64_t expected = draws.Below(8);
    if (expected == 0) condition.value = "other";
    if (expected > 1) {
      const SystemScope system;
      condition.value = world_.model.At(condition.key, world_.model.visible()).value;
    }
  }
  return conditions;
}

Status Writer::SendOne(const engine::WriteOptions& options, const Operation& operation) {
  engine::WriteOptions with_table = options;
  with_table.table = operation.table;
  const auto& [kind, table, key, end, value, merge, time] = operation;
  switch (kind) {
    case Kind::kPut: return db_.Put(with_table, key, value);
    case Kind::kPutUntil: return db_.PutUntil(with_table, key, value, time);
    case Kind::kDelete: return db_.Delete(with_table, key);
    case Kind::kDeleteRange: return db_.DeleteRange(with_table, key, end);
    case Kind::kMerge: return db_.Merge(with_table, key, OperatorOf(merge), value);
    case Kind::kTime: break;
  }
  return db_.AdvanceTime(options, time);
}

Result<bool> Writer::SendIf(const engine::WriteOptions& options, const oracle::ModelBatch& issued,
                            const std::vector<Operation>& operations) {
  if (operations.size() == 1 && issued.conditions.size() == 1 &&
      issued.conditions[0].key == issued.operations[0].key) {
    const Operation& operation = operations[0];
    engine::WriteOptions with_table = options;
    with_table.table = operation.table;
    const bool puts = operation.kind == Kind::kPut;
    if (puts || operation.kind == Kind::kDelete) {
      return db_.CompareAndSet(with_table, operation.key, issued.conditions[0].value,
                               puts ? std::optional<ByteView>(operation.value) : std::nullopt);
    }
  }
  engine::WriteConditions conditions;
  for (const oracle::ModelCondition& condition : issued.conditions) {
    const NamedTable table = TableOf(condition.key);
    const ByteView key = KeyOf(condition.key);
    if (condition.value) {
      conditions.KeyHolds(key, *condition.value, table);
    } else {
      conditions.KeyIsAbsent(key, table);
    }
  }
  return db_.WriteIf(options, conditions, BatchOf(operations));
}

// When it is answered, this may be gone.
Status Writer::SendAsync(const engine::WriteOptions& options,
                         const std::vector<Operation>& operations, const Issued& issued) {
  const auto done = [world = &world_, excuse = &excuse_, issued](const Status& status) {
    BEACH_SOMETIMES("engine_tables.async_refused_for_a_table",
                    !status && status.error().code() == ErrorCode::kNotFound);
    const Result<bool> written = status ? Result<bool>(true) : Fail(status.error());
    (*excuse)("an asynchronous write", End(*world, issued, written));
  };
  const Status queued = db_.WriteAsync(options, BatchOf(operations), done);
  if (queued) return {};
  return End(world_, issued, Fail(queued.error()));
}

}  // namespace beach::sim::scenarios::named_tables
