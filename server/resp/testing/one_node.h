// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/check.h"
#include "env/loop.h"
#include "raft/node/replica.h"
#include "server/machine/machine.h"
#include "server/service/store.h"

namespace beach::server::testing {

// A cluster of one without a log: what is proposed is applied to a machine in the next turn of the
// loop. The loop and the machine outlive it, and it what it has posted.
class OneNode final : public raft::Replica, public Store {
 public:
  OneNode(env::Loop& loop, Machine& machine) : loop_(loop), machine_(machine) {}

  void Propose(raft::Payload payload, ProposeDone done) override {
    ++proposals;
    loop_.Post([this, payload = std::move(payload), done = std::move(done)] {
      done(Apply(payload.view()));
    });
  }
  void Read(raft::ReadMode, ReadDone done) override {
    ++reads;
    loop_.Post([done = std::move(done)] { done(std::nullopt); });
  }
  raft::NodeId id() const override { return raft::NodeId(1); }
  raft::NodeId leader() const override { return id(); }
  raft::Role role() const override { return raft::Role::kLeader; }
  raft::Term term() const override { return raft::Term(1); }
  raft::LogIndex commit() const override { return last_; }
  raft::LogIndex applied() const override { return last_; }
  raft::EntryTimes TimesOf(raft::LogIndex) const override { return {}; }

  void Get(ByteView key, GetDone done) override { done(machine_.Get(key)); }
  void Find(ByteView key, FindDone done) override {
    StoreValue found;
    Result<std::optional<Bytes>> value = machine_.Get(key, &found.expires_at_ms);
    if (!value) return done(Fail(value.error()));
    found.value = *std::move(value);
    done(std::move(found));
  }
  Result<std::shared_ptr<const StorePin>> Pin() override {
    return Fail(ErrorCode::kUnsupported, "nobody pins it here");
  }
  void Scan(const StoreRange& range, std::shared_ptr<const StorePin> pin, ScanDone done) override {
    BEACH_CHECK(pin == nullptr);
    std::optional<ByteView> end;
    if (range.end) end = *range.end;
    auto scanned =
        machine_.Scan(range.begin, end, {.count = range.entries_max, .bytes = range.bytes_max});
    if (!scanned) return done(Fail(scanned.error()));
    StoreScan scan{.entries = std::move(scanned->entries), .next = std::nullopt};
    if (scanned->more) scan.next = scan.entries.back().first + '\0';
    done(std::move(scan));
  }

  std::uint64_t proposals = 0;
  std::uint64_t reads = 0;

 private:
  raft::Outcome Apply(ByteView payload) {
    last_ = last_.Next();
    const raft::Entry entry{.term = term(),
                            .index = last_,
                            .kind = raft::EntryKind::kNormal,
                            .payload = raft::Payload::Copy(payload)};
    std::vector<Bytes> answers;
    const auto applied = machine_.Apply(std::span(&entry, 1), true, answers);
    BEACH_CHECK(applied && *applied == 1);
    return {.fate = raft::Fate::kCommitted, .index = last_, .answer = std::move(answers.front())};
  }

  env::Loop& loop_;
  Machine& machine_;
  raft::LogIndex last_;
};

}  // namespace beach::server::testing
