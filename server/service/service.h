// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/strong_id.h"
#include "env/clock.h"
#include "env/loop.h"
#include "raft/node/replica.h"
#include "server/protocol/reply.h"
#include "server/protocol/request.h"
#include "server/service/admin.h"
#include "server/service/authenticator.h"
#include "server/service/change_source.h"
#include "server/service/slow_log.h"
#include "server/service/store.h"
#include "wire/frame.h"
#include "wire/guest.h"

namespace beach::server {

struct ServiceLimits {
  // Requests without a reply, of one guest.
  std::uint64_t guest_calls_max = 256;
  // What is asked of the replica and the store, and not answered by them; of all guests, those that
  // are gone included.
  std::uint64_t work_max = 4096;
  std::uint64_t work_bytes_max = std::uint64_t{64} << 20;  // of requests
  // Moments that are kept for scans, of one guest and of all, and for how long.
  std::uint64_t guest_cursors_max = 16;
  std::uint64_t cursors_max = 256;
  std::uint64_t cursor_age_max_ns = 60'000'000'000;
  // Who waits for changes, of all guests; and the bytes of what they have asked.
  std::uint64_t watches_max = 1024;
  std::uint64_t watch_bytes_max = std::uint64_t{16} << 20;
};

// What a node may have beside its replica and its store; each outlives the service. Who asks for
// what there is not, is told that it is unavailable.
struct ServiceParts {
  Admin* admin = nullptr;
  Authenticator* authenticator = nullptr;  // null: everybody may do everything
  ChangeSource* changes = nullptr;         // whose wake is the service's
  SlowLog* slow = nullptr;
};

// Serves the requests of clients on one node. A write is proposed, wherever the leader is; a read
// waits until it may be served here, and is served from the store. Replies go out as they come.
//
// A guest is who the node's acceptor has welcomed as a client: it is joined, its frames are handed
// on, and it is left when it is gone. Of one loop, and on its thread. Once the service has ended,
// replica and store call nothing back any more.
class Service {
 public:
  using GuestId = StrongId<struct GuestIdTag>;

  Service(env::Loop& loop, env::Clock& clock, raft::Replica& replica, Store& store,
          const ServiceLimits& limits, const ServiceParts& parts = {});
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service();

  // Where nodes are, as clients are to dial them. REQUIRES: at most kAddressesMax, and no address
  // beyond kAddressSizeMax.
  void SetAddresses(std::map<wire::NodeNumber, std::string> addresses);

  // The guest lives until Leave. Its connection's send queue holds the longest reply at least, or
  // who asks for one is cut off.
  GuestId Join(wire::Guest& guest);
  // A frame of that guest, of any type: what is no request cuts it off. REQUIRES: it has not left.
  void OnFrame(GuestId guest, const wire::Frame& frame);
  // It is gone: what is under way for it is replied to nobody.
  void Leave(GuestId guest);

  // How long a payload of it may be: who has not said who he is is kept little of.
  std::uint64_t PayloadMaxOf(GuestId guest) const;

  std::uint64_t cursors() const { return cursors_.size(); }
  std::uint64_t work() const { return work_; }
  std::uint64_t calls() const { return calls_.size(); }

 private:
  using CallId = StrongId<struct CallIdTag>;
  using CursorId = StrongId<struct CursorIdTag>;
  struct Cursor {
    GuestId guest;
    std::shared_ptr<const StorePin> pin;
    std::uint64_t index = 0;
    std::uint64_t until_ns = 0;
  };
  struct Host {
    wire::Guest* guest = nullptr;
    std::shared_ptr<Account> account;  // null: it has not said who it is
    std::set<CallId> calls;
  };
  struct Call {
    GuestId guest;
    wire::RequestId request;
    std::uint16_t type = 0;
    Bytes payload;            // as it came; a write's goes to the log
    bool maybe_done = false;  // what it asks for may be done, whatever is told at its deadline
    env::Loop::TimerId timer = 0;
    env::Loop::TimerId look_timer = 0;  // until what was begun has ended
    std::uint64_t looks = 0;
    std::uint64_t began_ns = 0;
    std::uint64_t granted_ns = 0;  // of a read: since when it might be served
    raft::LogIndex index;          // of a write that is committed
    WatchPlace place;              // of a watch: up to where it was looked for changes
  };

  Role RoleOf(const Host& host) const;
  void Authenticate(Host& host, wire::RequestId asked, const AuthenticateRequest& request);
  void Begin(GuestId guest, const wire::Frame& frame, const Request& request);
  void SetDeadline(CallId id, std::uint32_t deadline_ms);
  void BeginWrite(CallId id, const WriteRequest& request);
  void BeginRead(CallId id, Consistency consistency);
  void ReadStore(CallId id);
  void ReadKey(CallId id, const GetRequest& request);
  // service_scan.cc
  void ReadRange(CallId id, const ScanRequest& request);
  Result<CursorId> NewCursor(GuestId guest);
  bool MayKeepAnother(GuestId guest) const;
  void ForgetCursorsOf(GuestId guest);
  void AgeCursors();
  void Written(CallId id, const raft::Outcome& outcome);
  // service_admin.cc
  void BeginChange(CallId id, const ChangeRequest& request);
  void Changed(CallId id, const raft::Outcome& outcome);
  void ConfirmChange(CallId id);
  void AwaitChange(CallId id);
  void BeginTransfer(CallId id, const TransferRequest& request);
  void AwaitTransfer(CallId id);
  void LookAgain(CallId id, void (Service::*look)(CallId));
  std::vector<raft::Change> ChangesOf(CallId id) const;
  Reply StatusNow() const;

  // service_watch.cc
  void BeginWatch(CallId id, const WatchRequest& request);
  void LookForChanges(CallId id);
  void OnChanges();
  void EndWatch(CallId id);

  // What it holds beside its place among calls.
  void Forget(CallId id, const Call& call);
  // What the replica or the store was asked, and what it answers.
  void TakeWork(std::uint64_t bytes);
  void GiveWork(std::uint64_t bytes);
  // The call ends with this, unless it has ended before.
  void Finish(CallId id, Reply reply);
  void NoteIfSlow(const Call& call);
  void Send(wire::Guest& guest, wire::RequestId request, Reply reply);

  env::Loop& loop_;
  env::Clock& clock_;
  raft::Replica& replica_;
  Store& store_;
  const ServiceLimits limits_;
  const ServiceParts parts_;
  std::map<wire::NodeNumber, std::string> addresses_;
  std::map<GuestId, Host> hosts_;
  std::map<CallId, Call> calls_;  // without a reply so far
  std::set<CallId> watches_;      // those of calls_ that wait for changes
  std::uint64_t watch_bytes_ = 0;
  std::map<CursorId, Cursor> cursors_;  // the oldest first
  // Drawn at the begin, so that other nodes, and other lives of this one, have others.
  CursorId last_cursor_;
  env::Loop::TimerId age_timer_ = 0;  // set while there are any
  GuestId last_guest_;
  CallId last_call_;
  std::uint64_t work_ = 0;
  std::uint64_t work_bytes_ = 0;
};

}  // namespace beach::server
