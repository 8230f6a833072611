// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/strong_id.h"
#include "env/clock.h"
#include "env/loop.h"
#include "server/client/request_window.h"
#include "server/client/routes.h"
#include "server/command/answer.h"
#include "server/command/command.h"
#include "server/protocol/reply.h"
#include "server/protocol/request.h"

namespace beach::server {

struct ClientOptions {
  wire::ClusterId cluster{};
  std::vector<std::string> addresses;  // of all nodes, at least one
  // Who it is, to nodes that have users. An empty token: it says nothing. Within kUserSizeMax and
  // kTokenSizeMax.
  std::string user = "default";
  std::string token;
  // A node that has not replied for so long is asked no more, and the next one is.
  std::uint64_t silence_max_ns = 1'000'000'000;
  // Before the same is asked again: doubled from the low one up, drawn between half of it and all.
  std::uint64_t retry_low_ns = 10'000'000;
  std::uint64_t retry_high_ns = 500'000'000;
  // The same for an order, which takes as long as what is ordered.
  std::uint64_t order_max_ns = 15'000'000'000;
  // A node is asked to wait for changes for so long, and then once more.
  std::uint64_t watch_wait_ns = 10'000'000'000;
  std::uint64_t in_flight_max = 128;  // asked, and not replied, but for watches
  std::uint64_t calls_max = 4096;     // those that wait included
  std::uint64_t bytes_max = std::uint64_t{64} << 20;
  std::uint64_t random_key = 0;
  wire::LinkOptions link = {.bulk_max_bytes = std::uint64_t{32} << 20};
};

// Why a call has not brought what it was to.
struct CallFailure {
  // kUnknown: a write or an order may be done, now or later. With any other kind it is not done,
  // and will not be.
  FailureKind kind = FailureKind::kUnavailable;
  Bytes detail;  // for people
};
template <class T>
using CallResult = std::expected<T, CallFailure>;

struct GetResult {
  std::uint64_t index = 0;
  std::optional<Bytes> value;
};
// A moment that a node keeps for the further pages of a scan, until it is too old.
struct ScanCursor {
  std::uint64_t id = 0;
  std::size_t node = 0;  // among the client's addresses
};
struct ScanResult {
  std::uint64_t index = 0;
  std::vector<std::pair<Bytes, Bytes>> entries;
  std::optional<Bytes> next;         // where to go on; nothing: that was all
  std::optional<ScanCursor> cursor;  // of a scan that keeps its moment, and goes on
};

// What one entry of the log has done to keys: all of it that is in the range that is watched.
struct WatchedChange {
  KeyChangeKind kind = KeyChangeKind::kDelete;
  Bytes key;
  Bytes value;
  std::optional<Bytes> end;
  MergeKind merge = MergeKind::kAdd;
  std::uint64_t expires_at_ms = 0;
};
struct WatchedEntry {
  std::uint64_t index = 0;
  std::vector<WatchedChange> changes;  // in order
};
struct WatchResult {
  std::vector<WatchedEntry> entries;  // by index, each whole
  std::uint64_t next = 0;             // all up to there is told: where to go on
};

struct StatusNode {
  wire::NodeNumber id;
  std::uint8_t membership = 0;           // of Membership
  std::optional<NodeProgress> progress;  // as the leader knows it
  std::string address;
};
// As StatusReply has it.
struct StatusResult {
  wire::NodeNumber leader;
  wire::NodeNumber id;
  NodeRole role = NodeRole::kFollower;
  std::uint64_t term = 0;
  std::uint64_t commit = 0;
  std::uint64_t applied = 0;
  std::uint64_t log_base = 0;
  std::uint64_t log_last = 0;
  std::uint64_t log_bytes = 0;
  std::uint64_t state = 0;
  std::uint64_t configuration = 0;
  std::vector<StatusNode> nodes;
};

// If all conditions hold the operations, else those of `otherwise`. Borrowed for the call.
struct Transaction {
  std::vector<Condition> conditions;
  std::vector<Operation> operations;
  std::vector<Operation> otherwise;
};

// A client of a cluster: finds a node that serves, asks again where that is safe, and opens a
// session, so that a write is done once however often it is asked for. Bytes that are handed to it
// are copied. Each `done` is called once, never from inside the call that it was given to; not at
// all when the client goes first. None may destroy the client. Of one loop, and on its thread.
//
// A deadline is relative, in nanoseconds; 0: none.
class Client {
 public:
  using WriteDone = std::function<void(CallResult<Answer>)>;
  using GetDone = std::function<void(CallResult<GetResult>)>;
  using ScanDone = std::function<void(CallResult<ScanResult>)>;
  using WatchDone = std::function<void(CallResult<WatchResult>)>;
  using StatusDone = std::function<void(CallResult<StatusResult>)>;
  using IndexDone = std::function<void(CallResult<std::uint64_t>)>;
  using LeaderDone = std::function<void(CallResult<wire::NodeNumber>)>;

  Client(env::Loop& loop, env::Clock& clock, const ClientOptions& options);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  void Transact(const Transaction& transaction, std::uint64_t deadline_ns, WriteDone done);
  void Put(ByteView key, ByteView value, std::uint64_t deadline_ns, WriteDone done);
  void Delete(ByteView key, std::uint64_t deadline_ns, WriteDone done);
  // Puts `value` where the key has `expected`, or is absent with nothing. The answer's kind says
  // which: kDone, or kOtherwise, with the value that is there.
  void CompareAndSet(ByteView key, std::optional<ByteView> expected, ByteView value,
                     std::uint64_t deadline_ns, WriteDone done);
  void Get(ByteView key, Consistency consistency, std::uint64_t deadline_ns, GetDone done);
  // Its fields for deadline and cursor are not looked at. A further page, with the cursor of the
  // one before, shows keys as of the first: by that node alone. kCompacted: it does not keep that
  // moment any more, or is gone.
  void Scan(const ScanRequest& request, std::uint64_t deadline_ns, ScanDone done,
            const std::optional<ScanCursor>& cursor = std::nullopt);

  // What the entries behind `from` have changed from `begin`, included, to `end`, excluded
  // (nothing: to the last key): as soon as there is some. Without `from`: at once, and empty, where
  // the node is now. At the deadline it is empty where it is known how far nothing has happened.
  // Whoever goes on at the result's `next` misses nothing and is told nothing twice, whichever
  // nodes he asks. kCompacted: nodes do not know any more what was changed; he has to read anew: a
  // scan's index is one to watch from, and what is told then may be in the scan.
  void Watch(ByteView begin, std::optional<ByteView> end, std::optional<std::uint64_t> from,
             std::uint64_t deadline_ns, WatchDone done);
  // Of the node that is asked at the moment.
  void Status(std::uint64_t deadline_ns, StatusDone done);
  // Orders, which go to the leader. Asked again only where it is known that they were not taken:
  // kUnknown says that they may have been. A change of members brings the index of the entry.
  void ChangeMembers(const ChangeRequest& request, std::uint64_t deadline_ns, IndexDone done);
  // Brings who leads now: the target.
  void TransferLeadership(wire::NodeNumber target, std::uint64_t deadline_ns, LeaderDone done);

  // Without a result so far.
  std::uint64_t calls() const { return calls_.size(); }
  SessionId session() const { return session_; }  // 0: none is open

 private:
  using CallId = StrongId<struct CallIdTag>;
  using ReplyDone = std::function<void(CallResult<const Reply*>)>;
  enum class Kind : std::uint8_t { kOpen, kWrite, kRead, kOrder, kWatch };
  struct Call {
    Kind kind = Kind::kRead;
    std::uint16_t type = 0;
    Bytes payload;                  // of its request; of a write without a number, its command
    std::uint64_t deadline_ns = 0;  // absolute; 0: none
    std::uint64_t bytes = 0;        // as it counts
    ReplyDone done;
    SessionId session;     // of a write that has a number
    RequestNumber number;  // 0: it has none yet
    std::uint64_t not_before_ns = 0;
    std::vector<wire::RequestId> tries;    // all of them
    std::uint64_t unsettled = 0;           // tries that may be done, or may have been
    wire::RequestId last_try;              // 0: it waits to be asked
    std::size_t node = 0;                  // of the last try
    std::optional<std::size_t> only_node;  // that nobody else can answer
    std::uint64_t give_up_ns = 0;          // when the last try has been silent for too long
  };

  void Begin(Call call, std::uint64_t deadline_ns);
  struct Watcher;
  // What may be done without being known to be.
  static bool Changes(const Call& call) {
    return call.kind != Kind::kRead && call.kind != Kind::kWatch;
  }
  void WatchOn(std::shared_ptr<Watcher> watcher);
  void OnWatched(std::shared_ptr<Watcher> watcher, CallResult<const Reply*> result);
  std::uint64_t PatienceOf(const Call& call) const;
  void BeginOrder(const Request& request, std::uint64_t deadline_ns, ReplyDone done);
  void BeginRead(const Request& request, std::uint64_t deadline_ns, ReplyDone done,
                 std::optional<std::size_t> only_node = std::nullopt);
  std::optional<std::size_t> Send(const Call& call, wire::RequestId asked);
  void FailSoon(FailureKind kind, const Bytes& detail, const ReplyDone& done);
  // Runs Work at that time, or before.
  void WakeAt(std::uint64_t time_ns);
  void Work();
  void LookAt(CallId id, Call& call, std::uint64_t now_ns);
  bool MayAsk(CallId id, Call& call, std::uint64_t now_ns);
  bool Number(Call& call);
  void OpenSession();
  void Ask(CallId id, Call& call, std::uint64_t now_ns);
  void AskAgain(Call& call);
  void OnLost(std::size_t node);
  void OnReply(std::size_t node, const wire::Frame& frame);
  void OnFailure(CallId id, wire::RequestId asked, const Failure& failure);
  void OnSessionExpired(CallId id, Call& call);
  void OnOpened(CallResult<const Reply*> reply);
  void FailWrites(const CallFailure& failure);
  // Takes the call out, and tells it.
  void Finish(CallId id, CallResult<const Reply*> result);
  void FinishFailed(CallId id, FailureKind kind, Bytes detail);

  env::Loop& loop_;
  env::Clock& clock_;
  const ClientOptions options_;
  Routes routes_;
  std::map<CallId, Call> calls_;             // in order of their begin
  std::map<wire::RequestId, CallId> tries_;  // those of calls_
  std::vector<std::function<void()>> soon_;  // what Work calls first
  CallId last_call_;
  wire::RequestId last_try_;
  SessionId session_;
  bool opening_ = false;
  std::size_t replying_ = 0;  // the node whose reply came last
  std::uint64_t open_not_before_ns_ = 0;
  RequestWindow window_;  // of session_
  std::uint64_t in_flight_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t draws_ = 0;
  env::Loop::TimerId timer_ = 0;
  std::uint64_t timer_ns_ = 0;
};

}  // namespace beach::server
