// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "raft/node/replica.h"
#include "server/service/admin.h"
#include "server/service/store.h"

// A node's replica and store that do what a test says.

namespace beach::server::testing {

class FakeReplica final : public raft::Replica {
 public:
  struct Proposal {
    raft::Payload payload;
    ProposeDone done;
  };
  struct Waiting {
    raft::ReadMode mode{};
    ReadDone done;
  };

  void Propose(raft::Payload payload, ProposeDone done) override {
    proposals.push_back({std::move(payload), std::move(done)});
  }
  void Read(raft::ReadMode mode, ReadDone done) override {
    reads.push_back({mode, std::move(done)});
  }
  raft::NodeId id() const override { return raft::NodeId(2); }
  raft::NodeId leader() const override { return leader_id; }
  raft::Role role() const override { return role_now; }
  raft::Term term() const override { return raft::Term(5); }
  raft::LogIndex commit() const override { return raft::LogIndex(11); }
  raft::LogIndex applied() const override { return raft::LogIndex(10); }
  raft::EntryTimes TimesOf(raft::LogIndex) const override { return times; }

  // The oldest of each is answered.
  void Answer(const raft::Outcome& outcome) {
    BEACH_CHECK(!proposals.empty());
    const ProposeDone done = std::move(proposals.front().done);
    proposals.erase(proposals.begin());
    done(outcome);
  }
  void Grant(std::optional<raft::ReadError> error = std::nullopt) {
    BEACH_CHECK(!reads.empty());
    const ReadDone done = std::move(reads.front().done);
    reads.erase(reads.begin());
    done(error);
  }

  raft::NodeId leader_id{3};
  raft::Role role_now = raft::Role::kFollower;
  raft::EntryTimes times;
  std::vector<Proposal> proposals;
  std::vector<Waiting> reads;
};

class FakeAdmin final : public Admin {
 public:
  struct Ordered {
    std::vector<raft::Change> changes;
    bool joint = false;
    raft::Replica::ProposeDone done;
  };

  void Change(std::span<const raft::Change> changed, bool joint,
              raft::Replica::ProposeDone done) override {
    changes.push_back({{changed.begin(), changed.end()}, joint, std::move(done)});
  }
  std::expected<void, raft::TransferError> Transfer(raft::NodeId to) override {
    if (refuses) return std::unexpected(*refuses);
    transfers.push_back(to);
    target = to;
    return {};
  }
  raft::NodeId transfer_target() const override { return target; }
  NodeView View() const override { return view; }

  // The oldest change.
  void Answer(const raft::Outcome& outcome) {
    BEACH_CHECK(!changes.empty());
    const auto done = std::move(changes.front().done);
    changes.erase(changes.begin());
    done(outcome);
  }

  std::vector<Ordered> changes;
  std::vector<raft::NodeId> transfers;
  raft::NodeId target;
  std::optional<raft::TransferError> refuses;
  NodeView view;
};

class FakeStore final : public Store {
 public:
  struct FakePin final : public StorePin {
    std::map<Bytes, Bytes> values;
  };
  void Get(ByteView key, GetDone done) override {
    ++gets;
    if (later) {
      waiting.push_back([this, key = Bytes(key), done] { done(Value(key)); });
      return;
    }
    done(Value(Bytes(key)));
  }
  void Find(ByteView key, FindDone done) override {
    Get(key, [this, key = Bytes(key), done](Result<std::optional<Bytes>> value) {
      if (!value) return done(Fail(value.error()));
      const auto expiry = expiries.find(key);
      done(StoreValue{.value = *value,
                      .expires_at_ms = expiry == expiries.end() ? 0 : expiry->second});
    });
  }
  Result<std::shared_ptr<const StorePin>> Pin() override {
    if (broken) return Fail(ErrorCode::kCorruption, "bad block");
    auto pin = std::make_shared<FakePin>();
    pin->values = values;
    pins.push_back(pin);
    return pin;
  }
  // Those that somebody has.
  std::size_t pinned() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(pins, [](const auto& pin) { return !pin.expired(); }));
  }
  void Scan(const StoreRange& range, std::shared_ptr<const StorePin> pin, ScanDone done) override {
    last_range = range;
    const auto* const then = static_cast<const FakePin*>(pin.get());
    const std::map<Bytes, Bytes>& shown = then != nullptr ? then->values : values;
    if (broken) return done(Fail(ErrorCode::kCorruption, "bad block"));
    StoreScan scan;
    for (auto at = shown.lower_bound(range.begin);
         at != shown.end() && (!range.end || at->first < *range.end); ++at) {
      if (scan.entries.size() == range.entries_max) {
        scan.next = at->first;
        break;
      }
      scan.entries.push_back(*at);
    }
    done(std::move(scan));
  }

  std::map<Bytes, Bytes> values;
  std::map<Bytes, std::uint64_t> expiries;
  StoreRange last_range;
  bool later = false;  // reads are answered when the test runs what waits
  bool broken = false;
  int gets = 0;
  std::vector<std::weak_ptr<const StorePin>> pins;
  std::vector<std::function<void()>> waiting;

 private:
  Result<std::optional<Bytes>> Value(const Bytes& key) {
    if (broken) return Fail(ErrorCode::kCorruption, "bad block");
    const auto found = values.find(key);
    if (found == values.end()) return std::optional<Bytes>();
    return std::optional<Bytes>(found->second);
  }
};

}  // namespace beach::server::testing
