// SPDX-License-Identifier: Apache-2.0
#include "server/machine/testing/random_history.h"

#include <algorithm>

#include "raft/configuration.h"

namespace beach::server::testing {
namespace {

// One after the other; keeps the bytes that commands are views of.
class Drawing {
 public:
  Drawing(RandomStream& stream, SessionLimits limits)
      : stream_(stream), limits_(limits), model_(limits) {}

  void Next() {
    // A clock of some proposer: it goes on, jumps, and is behind the others' now and then.
    clock_ms_ += stream_.Below(limits_.idle_max_ms / 16);
    if (stream_.Chance(1, 60)) clock_ms_ += stream_.Below(limits_.idle_max_ms * 2);
    switch (stream_.Below(20)) {
      case 0: return Add(raft::EntryKind::kNoOp, {}, {});
      case 1: return AddConfiguration();
      case 2: return AddGarbage();
      case 3:
      case 4: return AddCopy();
      case 5: return AddSession(CommandKind::kOpenSession);
      case 6:
        if (stream_.Chance(1, 3)) return AddSession(CommandKind::kCloseSession);
        [[fallthrough]];
      default: return AddTransaction();
    }
  }

  History Finish() {
    history_.live = model_.Live();
    history_.sessions = model_.Sessions();
    history_.time_ms = model_.time_ms();
    return std::move(history_);
  }

 private:
  std::uint64_t NextIndex() const { return history_.entries.size() + 1; }

  void Add(raft::EntryKind kind, const Bytes& payload, Bytes answer) {
    if (stream_.Chance(1, 30)) term_ += 1;
    history_.entries.push_back({.term = raft::Term(term_),
                                .index = raft::LogIndex(NextIndex()),
                                .kind = kind,
                                .payload = raft::Payload::Copy(payload)});
    history_.answers.push_back(std::move(answer));
  }

  void AddConfiguration() {
    raft::Configuration members;
    const std::uint64_t count = 3 + stream_.Below(3);
    for (std::uint64_t node = 1; node <= count; ++node) {
      members.voters.push_back(raft::NodeId(node));
    }
    Add(raft::EntryKind::kConfiguration, raft::EncodeConfiguration(members), {});
  }

  void AddGarbage() {
    Bytes payload;
    if (!history_.entries.empty()) {
      const auto& some = history_.entries[stream_.Below(history_.entries.size())];
      payload = some.payload.view();
    }
    payload += "x";
    Add(raft::EntryKind::kNormal, payload, Model::ApplyGarbage(NextIndex()));
  }

  void AddCommand(const Command& command) {
    Bytes payload;
    EncodeCommand(command, payload);
    Add(raft::EntryKind::kNormal, payload, model_.Apply(command, NextIndex()));
  }

  // The network's: of any entry, however old; most are of lately.
  void AddCopy() {
    if (history_.entries.empty()) return AddTransaction();
    const std::uint64_t back_max =
        std::min<std::uint64_t>(history_.entries.size(), stream_.Chance(1, 4) ? 1000 : 8);
    const std::uint64_t back = 1 + stream_.Below(back_max);
    const Bytes payload(history_.entries[history_.entries.size() - back].payload.view());
    Result<Command> command = DecodeCommand(payload);
    if (!command) return AddTransaction();
    // The client's own has the time of now, and may have said more to be answered.
    if (stream_.Chance(1, 2)) {
      command->proposed_at_ms = Clock();
      const std::uint64_t ahead = command->request.value - command->answered_below.value;
      command->answered_below.value += stream_.Below(ahead + 1);
    }
    AddCommand(*command);
  }

  void AddSession(CommandKind kind) {
    Command command;
    command.kind = kind;
    command.proposed_at_ms = Clock();
    if (kind == CommandKind::kCloseSession) {
      command.session = ASession();
      if (command.session == SessionId{}) return AddTransaction();
    }
    AddCommand(command);
  }

  void AddTransaction() {
    text_.clear();
    Command command;
    command.proposed_at_ms = Clock();
    if (stream_.Chance(4, 5)) command.session = ASession();
    if (command.session != SessionId{}) Number(command);
    for (std::uint64_t i = stream_.Below(3); i > 0; --i) command.conditions.push_back(ACondition());
    for (std::uint64_t i = stream_.Below(6); i > 0; --i)
      command.operations.push_back(AnOperation());
    for (std::uint64_t i = stream_.Below(3); i > 0; --i) command.otherwise.push_back(AnOperation());
    AddCommand(command);
  }

  // Requests come in any order, and some numbers are left out.
  void Number(Command& command) {
    std::uint64_t& newest = newest_[command.session];
    newest += stream_.Below(3);
    std::uint64_t& answered = answered_[command.session];
    const std::uint64_t open_max = stream_.Chance(1, 2) ? 4 : kOutstandingMax;
    const std::uint64_t open = stream_.Below(open_max);
    answered = std::max(answered, newest - std::min(newest, open));
    command.answered_below.value = answered - std::min(answered, stream_.Below(6));
    command.request.value = std::max(command.answered_below.value, newest - stream_.Below(2));
    if (newest == 0) command.request.value = 0;
    command.request.value =
        std::min(command.request.value, command.answered_below.value + kOutstandingMax - 1);
  }

  std::uint64_t Clock() {
    return clock_ms_ - std::min(clock_ms_, stream_.Below(limits_.idle_max_ms / 4));
  }

  // One that is there, or was, or never.
  SessionId ASession() {
    const std::vector<SessionId> ids = model_.Sessions();
    if (ids.empty() || stream_.Chance(1, 12)) return SessionId(1 + stream_.Below(NextIndex()));
    return ids[stream_.Below(ids.size())];
  }

  ByteView Text(Bytes bytes) { return text_.emplace_back(std::move(bytes)); }
  ByteView AKey() {
    static constexpr ByteView kKeys[] = {
        "", ByteView("\0", 1), ByteView("\0s", 2), "\x01", "a", "ab", "b", "c", "\xff", "\xff\xff"};
    return kKeys[stream_.Below(std::size(kKeys))];
  }
  ByteView AValue() {
    const std::uint64_t size = stream_.Chance(1, 8) ? stream_.Below(400) : stream_.Below(4);
    return Text(Bytes(size, static_cast<char>('a' + stream_.Below(3))));
  }
  // Or what looks like one.
  ByteView ANumber() {
    static constexpr ByteView kNumbers[] = {"0",
                                            "-0",
                                            "7",
                                            "-12",
                                            "07",
                                            "+1",
                                            "",
                                            "1 ",
                                            "9223372036854775807",
                                            "9223372036854775808",
                                            "-9223372036854775808"};
    return stream_.Chance(1, 4) ? AValue() : kNumbers[stream_.Below(std::size(kNumbers))];
  }
  // The last one is not of all.
  void SetExpiry(Operation& operation, std::uint64_t kinds) {
    constexpr ExpiryKind kKinds[] = {ExpiryKind::kNever, ExpiryKind::kAt, ExpiryKind::kIn,
                                     ExpiryKind::kKeep};
    operation.expiry = kKinds[stream_.Below(kinds)];
    const std::uint64_t far = stream_.Below(limits_.idle_max_ms);
    if (operation.expiry == ExpiryKind::kAt) operation.expires_at_ms = clock_ms_ + far;
    if (operation.expiry == ExpiryKind::kIn) operation.expires_at_ms = far;
    if (operation.expires_at_ms != 0 && stream_.Chance(1, 20)) {
      operation.expires_at_ms = stream_.Chance(1, 2) ? 0 : ~std::uint64_t{0};
    }
  }
  Condition ACondition() {
    Condition condition{.kind = static_cast<ConditionKind>(stream_.Below(4)), .key = AKey()};
    if (condition.kind < ConditionKind::kEquals) return condition;
    const auto live = model_.Live();
    const auto there = live.find(Bytes(condition.key));
    const bool same = there != live.end() && stream_.Chance(2, 3);
    condition.value = same ? Text(there->second) : AValue();
    return condition;
  }
  Operation AnOperation() {
    Operation operation{.kind = static_cast<OperationKind>(stream_.Below(12)), .key = AKey()};
    switch (operation.kind) {
      case OperationKind::kSet:
        operation.value = ANumber();
        operation.flags = static_cast<std::uint8_t>(stream_.Below(4));
        SetExpiry(operation, 4);
        break;
      case OperationKind::kExpire:
        operation.flags = static_cast<std::uint8_t>(stream_.Chance(1, 2) ? 0 : stream_.Below(16));
        SetExpiry(operation, 3);
        break;
      case OperationKind::kAddTo:
        operation.value = Text(Bytes(8, stream_.Chance(1, 8) ? '\x7f' : '\xff'));
        break;
      case OperationKind::kExtend: operation.value = AValue(); break;
      case OperationKind::kPutUntil:
        operation.expires_at_ms = clock_ms_ + stream_.Below(limits_.idle_max_ms);
        [[fallthrough]];
      case OperationKind::kPut: operation.value = AValue(); break;
      case OperationKind::kDeleteRange:
        operation.value = AKey();
        if (operation.value < operation.key) std::swap(operation.key, operation.value);
        break;
      case OperationKind::kMerge:
        operation.merge = static_cast<MergeKind>(stream_.Below(4));
        operation.value =
            operation.merge == MergeKind::kAdd ? Text(Bytes("\1\0\0\0\0\0\0\0", 8)) : AValue();
        break;
      default: break;
    }
    return operation;
  }

  RandomStream& stream_;
  const SessionLimits limits_;
  Model model_;
  History history_;
  std::uint64_t clock_ms_ = 1'000'000;
  std::uint64_t term_ = 1;
  std::map<SessionId, std::uint64_t> newest_;
  std::map<SessionId, std::uint64_t> answered_;
  std::deque<Bytes> text_;
};

}  // namespace

History DrawHistory(RandomStream& stream, std::size_t count, SessionLimits limits) {
  Drawing drawing(stream, limits);
  for (std::size_t i = 0; i < count; ++i) drawing.Next();
  return drawing.Finish();
}

}  // namespace beach::server::testing
