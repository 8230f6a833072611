// SPDX-License-Identifier: Apache-2.0
// What a client's runs, transactions and watches are to the replica and the store.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "server/resp/resp_client.h"
#include "server/resp/resp_errors.h"

namespace beach::server {
namespace {

// Of the store, at a time.
constexpr std::uint64_t kReadsOpenMax = 16;
// What one run may read: reads that come behind it are not done.
constexpr std::uint64_t kBytesReadMax = std::uint64_t{64} << 20;

}  // namespace

void RespClient::Propose(const Command& command,
                         std::function<void(RespClient&, const raft::Outcome&)> done) {
  Bytes encoded;
  EncodeCommand(command, encoded);
  running_ = true;
  node_.replica.Propose(
      raft::Payload::Copy(encoded),
      [weak = node_.self, id = id_, done = std::move(done)](const raft::Outcome& outcome) {
        const std::shared_ptr<RespNode> node = weak.lock();
        RespClient* const client = node == nullptr ? nullptr : node->Find(id);
        if (client != nullptr) done(*client, outcome);
      });
}

void RespClient::Read(std::function<void(RespClient&)> granted) {
  running_ = true;
  node_.replica.Read(raft::ReadMode::kRound,
                     [weak = node_.self, id = id_,
                      granted = std::move(granted)](std::optional<raft::ReadError> error) {
                       const std::shared_ptr<RespNode> node = weak.lock();
                       RespClient* const client = node == nullptr ? nullptr : node->Find(id);
                       if (client == nullptr) return;
                       if (!error) return granted(*client);
                       if (client->run_.plans > 0) return client->FailRun(RespErrorOf(*error));
                       client->writer().Error(RespErrorOf(*error));
                       client->Resume();
                     });
}

void RespClient::Launch() {
  run_.began_ns = node_.clock.MonotonicNow();
  if (run_.plans == 0) return WriteRun();
  if (!run_.writes) {
    return Read([](RespClient& client) {
      client.run_.granted_ns = client.node_.clock.MonotonicNow();
      client.ReadOn();
    });
  }
  Command command;
  command.proposed_at_ms = node_.wall_ms();
  for (Item& item : run_.items) {
    const std::vector<Operation>& operations = item.plan.operations;
    command.operations.insert(command.operations.end(), operations.begin(), operations.end());
  }
  Propose(command,
          [](RespClient& client, const raft::Outcome& outcome) { client.Written(outcome); });
}

void RespClient::Written(const raft::Outcome& outcome) {
  if (outcome.fate != raft::Fate::kCommitted) return FailRun(RespErrorOf(outcome));
  run_.index = outcome.index;
  Result<Answer> answer = DecodeAnswer(outcome.answer);
  if (!answer) return FailRun(RespErrorOfLostAnswer());
  if (answer->kind != AnswerKind::kDone) {
    if (run_.plans == 1) return FailRun(RespErrorOf(answer->kind));
    return ProposeAlone();  // together they are too much, and nothing was done
  }
  BEACH_CHECK_EQ(answer->values.size(), run_.results);
  std::size_t at = 0;
  for (Item& item : run_.items) {
    for (std::size_t i = item.plan.results(); i > 0; --i) {
      item.results.push_back(std::move(answer->values[at++]));
    }
  }
  WriteRun();
}

// The next of a run's items, as an entry of its own.
void RespClient::ProposeAlone() {
  while (run_.alone < run_.items.size() && !run_.items[run_.alone].error.empty()) ++run_.alone;
  if (run_.alone == run_.items.size()) return WriteRun();
  Command command;
  command.proposed_at_ms = node_.wall_ms();
  command.operations = run_.items[run_.alone].plan.operations;
  Propose(command,
          [](RespClient& client, const raft::Outcome& outcome) { client.WrittenAlone(outcome); });
}

void RespClient::WrittenAlone(const raft::Outcome& outcome) {
  Item& item = run_.items[run_.alone++];
  Result<Answer> answer = DecodeAnswer(outcome.answer);
  if (outcome.fate != raft::Fate::kCommitted) {
    item.error = RespErrorOf(outcome);
  } else if (!answer) {
    item.error = RespErrorOfLostAnswer();
  } else if (answer->kind != AnswerKind::kDone) {
    item.error = RespErrorOf(answer->kind);
  } else {
    item.results = std::move(answer->values);
  }
  ProposeAlone();
}

// What has expired by this node's clock is there until the log has such a time. So it is told the
// time, and what was read is read again.
void RespClient::TellTime() {
  run_.told = true;
  run_.expired = 0;
  run_.next_item = 0;
  run_.bytes_read = 0;
  for (Item& item : run_.items) item.results.clear();
  Command command;
  command.proposed_at_ms = node_.wall_ms();
  Propose(command, [](RespClient& client, const raft::Outcome& outcome) {
    if (outcome.fate != raft::Fate::kCommitted) return client.FailRun(RespErrorOf(outcome));
    client.ReadOn();
  });
}

// Asks the store for as many as may be asked at once.
void RespClient::ReadOn() {
  if (run_.asking) return;
  run_.asking = true;
  while (run_.next_item < run_.items.size() && run_.reads_open < kReadsOpenMax) {
    const std::size_t at = run_.next_item;
    Item& item = run_.items[at];
    const bool over = run_.next_operation == item.plan.operations.size() || !item.error.empty();
    if (over) {
      ++run_.next_item;
      run_.next_operation = 0;
    } else if (run_.bytes_read > kBytesReadMax) {
      item.error = "ERR more than 64 MiB asked for at once: ask for less";
    } else {
      ReadOne(at, item.plan.operations[run_.next_operation++]);
    }
  }
  run_.asking = false;
  if (run_.reads_open > 0 || run_.next_item < run_.items.size()) return;
  if (run_.expired > 0 && !run_.told) return TellTime();
  WriteRun();
}

void RespClient::ReadOne(std::size_t item, const Operation& operation) {
  const std::size_t slot = run_.items[item].results.size();
  run_.items[item].results.emplace_back();
  ++run_.reads_open;
  Bytes watched_key(watched.empty() ? ByteView() : operation.key);
  node_.store.Find(operation.key, [weak = node_.self, id = id_, item, slot, kind = operation.kind,
                                   key = std::move(watched_key)](Result<StoreValue> found) {
    const std::shared_ptr<RespNode> node = weak.lock();
    RespClient* const client = node == nullptr ? nullptr : node->Find(id);
    if (client == nullptr) return;
    Run& run = client->run_;
    --run.reads_open;
    if (found) client->CompareWithWatched(key, found->value);
    if (!found) {
      run.items[item].error = RespErrorOfStore(found.error());
    } else if (found->value) {
      const std::uint64_t expires_at_ms = found->expires_at_ms;
      if (expires_at_ms != 0 && expires_at_ms <= node->wall_ms()) ++run.expired;
      if (kind != OperationKind::kGet) found->value->clear();
      if (kind == OperationKind::kExpiry && expires_at_ms != 0) {
        found->value = std::to_string(expires_at_ms);
      }
      run.bytes_read += found->value->size();
      run.items[item].results[slot] = std::move(found->value);
    }
    client->ReadOn();
  });
}

// A watched key that it sees with another value than it had has changed since: whatever it has
// again by the time of EXEC, what the client does then is for what it has seen.
void RespClient::CompareWithWatched(ByteView key, const std::optional<Bytes>& value) {
  for (const Condition& condition : watched) {
    if (condition.key != key) continue;
    const bool same = condition.kind == ConditionKind::kAbsent
                          ? !value.has_value()
                          : value.has_value() && *value == condition.value;
    watched_changed_ = watched_changed_ || !same;
  }
}

void RespClient::FailRun(const std::string& error) {
  for (Item& item : run_.items) {
    if (item.error.empty()) item.error = error;
  }
  WriteRun();
}

// It has ended: its replies go out, in order.
void RespClient::WriteRun() {
  const Run run = std::exchange(run_, {});
  RespReplyWriter writer(version, out_);
  for (const Item& item : run.items) {
    if (!item.error.empty()) {
      writer.Error(item.error);
    } else {
      WriteResults(item.plan, item.results, node_.wall_ms(), writer);
    }
  }
  NoteIfSlow(run);
  if (running_) return Resume();
  Pump();
}

void RespClient::NoteIfSlow(const Run& run) {
  const std::uint64_t now_ns = node_.clock.MonotonicNow();
  const std::uint64_t took_ns = now_ns - run.began_ns;
  SlowLog* const log = node_.options.slow;
  if (log != nullptr && log->IsSlow(took_ns)) {
    const auto named =
        std::ranges::find_if(run.items, [](const Item& item) { return item.command != nullptr; });
    log->Note({.kind = named == run.items.end() ? "none" : named->command->name,
               .client = peer(),
               .began_ns = run.began_ns,
               .ended_ns = now_ns,
               .granted_ns = run.granted_ns,
               .entry = node_.replica.TimesOf(run.index)});
  }
  if (node_.options.slow_ns == 0 || took_ns < node_.options.slow_ns) return;
  for (const Item& item : run.items) {
    if (item.command == nullptr) continue;
    SlowCommand slow;
    slow.at_s = node_.wall_ms() / 1000;
    slow.took_us = took_ns / 1000;
    slow.words = item.request;
    slow.peer = peer();
    slow.client_name = name;
    node_.AddSlow(std::move(slow));
  }
}

void RespClient::BeginTransaction() {
  if (in_transaction) return writer().Error("ERR MULTI calls can not be nested");
  in_transaction = true;
  writer().Simple("OK");
}

// What was watched is so no more, either.
void RespClient::DiscardTransaction() {
  in_transaction = false;
  spoilt_ = false;
  queued_.clear();
  queued_size_ = 0;
  Unwatch();
}

void RespClient::Unwatch() {
  watched_size_ = 0;
  watched.clear();
  watched_bytes_.clear();
  watched_changed_ = false;
}

void RespClient::Execute() {
  if (!in_transaction) return writer().Error("ERR EXEC without MULTI");
  if (spoilt_) {
    DiscardTransaction();
    return writer().Error("EXECABORT Transaction discarded because of previous errors.");
  }
  if (watched_changed_) {
    DiscardTransaction();
    return writer().NullArray();
  }
  Command command;
  command.proposed_at_ms = node_.wall_ms();
  command.conditions = watched;
  for (const Item& item : queued_) {
    const std::vector<Operation>& operations = item.plan.operations;
    command.operations.insert(command.operations.end(), operations.begin(), operations.end());
  }
  if (const Status sound = CheckCommand(command); !sound) {
    DiscardTransaction();
    return writer().Error(RespErrorOfInvalid(sound.error()));
  }
  Propose(command,
          [](RespClient& client, const raft::Outcome& outcome) { client.Executed(outcome); });
}

void RespClient::Executed(const raft::Outcome& outcome) {
  const std::vector<Item> queued = std::exchange(queued_, {});
  DiscardTransaction();
  RespReplyWriter writer(version, out_);
  const Result<Answer> answer = DecodeAnswer(outcome.answer);
  if (outcome.fate != raft::Fate::kCommitted) {
    writer.Error(RespErrorOf(outcome));
  } else if (!answer) {
    writer.Error(RespErrorOfLostAnswer());
  } else if (answer->kind == AnswerKind::kOtherwise) {
    writer.NullArray();  // what was watched has changed
  } else if (answer->kind != AnswerKind::kDone) {
    writer.Error(RespErrorOf(answer->kind));
  } else {
    writer.Array(queued.size());
    std::span<const std::optional<Bytes>> values = answer->values;
    for (const Item& item : queued) {
      const std::size_t results = item.plan.results();
      BEACH_CHECK_LE(results, values.size());
      WriteResults(item.plan, values.first(results), node_.wall_ms(), writer);
      values = values.subspan(results);
    }
  }
  Resume();
}

void RespClient::Watch(const RespRequest& request) {
  if (in_transaction) return writer().Error("ERR WATCH inside MULTI is not allowed");
  if (watched.size() + request.size() - 1 > kConditionsMax) {
    return writer().Error("ERR as many keys are watched as may be");
  }
  watching_ = request;
  Read([](RespClient& client) { client.WatchOn(1); });
}

// What the key holds now is what it must hold then.
void RespClient::WatchOn(std::size_t next) {
  if (next == watching_.size()) {
    watching_.clear();
    writer().Simple("OK");
    return Resume();
  }
  node_.store.Get(
      watching_[next], [weak = node_.self, id = id_, next](Result<std::optional<Bytes>> value) {
        const std::shared_ptr<RespNode> node = weak.lock();
        RespClient* const client = node == nullptr ? nullptr : node->Find(id);
        if (client == nullptr) return;
        if (!value) {
          client->watching_.clear();
          client->writer().Error(RespErrorOfStore(value.error()));
          return client->Resume();
        }
        client->watched_size_ += client->watching_[next].size() + (*value ? (*value)->size() : 0);
        if (client->watched_size_ > kCommandSizeMax) {
          client->watching_.clear();
          client->DiscardTransaction();
          client->writer().Error("ERR what is watched is more than 16 MiB: nothing is any more");
          return client->Resume();
        }
        std::vector<std::unique_ptr<Bytes>>& kept = client->watched_bytes_;
        Condition condition{.kind = ConditionKind::kAbsent};
        condition.key = *kept.emplace_back(std::make_unique<Bytes>(client->watching_[next]));
        if (*value) {
          condition.kind = ConditionKind::kEquals;
          condition.value = *kept.emplace_back(std::make_unique<Bytes>(**std::move(value)));
        }
        client->watched.push_back(condition);
        client->WatchOn(next + 1);
      });
}

}  // namespace beach::server
