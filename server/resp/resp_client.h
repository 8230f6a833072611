// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "env/loop.h"
#include "raft/node/replica.h"
#include "server/command/answer.h"
#include "server/command/command.h"
#include "server/resp/client_id.h"
#include "server/resp/command_table.h"
#include "server/resp/reply_writer.h"
#include "server/resp/request_reader.h"
#include "server/resp/resp_node.h"
#include "server/service/authenticator.h"

namespace beach::server {

// A connection to a RESP port: what it has said about itself, what it queues in MULTI, and its
// commands, one behind the other.
//
// Commands that follow each other and only read, or only write, make a run: it is one read of the
// replica and then reads of the store, or one entry of the log. One run is under way at a time, so
// that whatever a client has written, its next command sees, and replies are in order. What comes
// meanwhile waits in the reader, and beyond a bound in the network.
class RespClient {
 public:
  RespClient(RespNode& node, RespClientId id, std::unique_ptr<env::Connection> connection);
  RespClient(const RespClient&) = delete;
  RespClient& operator=(const RespClient&) = delete;
  ~RespClient();

  env::Connection::Callbacks connection_callbacks();
  bool running() const { return running_; }

  // For commands.
  RespNode& node() { return node_; }
  RespReplyWriter writer() { return {version, out_}; }
  RespClientId id() const { return id_; }
  const std::string& peer() const { return connection_->peer(); }
  std::uint64_t began_ns() const { return began_ns_; }
  // Goes on once a read of this node is linearizable; if there is none, the client is told so.
  // Nothing else is done for it until Resume.
  void Read(std::function<void(RespClient&)> granted);
  void Resume();
  // No more is read; what was answered goes out first.
  void CloseSoon();
  void Admitted(ByteView user, std::shared_ptr<Account> account);  // AUTH has succeeded
  Role role() const;
  // What it is told where its role is not enough.
  std::string NotPermitted(const std::string& command) const;

  // As it was when it came, but for who it is.
  void Reset();
  void BeginTransaction();
  void DiscardTransaction();
  void Execute();
  void Watch(const RespRequest& request);
  void Unwatch();

  RespVersion version = RespVersion::kTwo;
  Bytes user;
  bool in_transaction = false;
  std::vector<Condition> watched;  // views of watched_bytes_
  Bytes name;
  Bytes library_name;
  Bytes library_version;
  const char* last_command = "NULL";

 private:
  // A command on keys that was taken.
  struct Item {
    RespRequest request;
    const RespCommand* command = nullptr;
    RespPlan plan;
    std::string error;  // instead of a plan
    std::vector<std::optional<Bytes>> results;
  };
  struct Run {
    std::vector<Item> items;
    bool writes = false;
    std::size_t plans = 0;
    std::size_t results = 0;
    std::uint64_t bytes = 0;
    std::uint64_t began_ns = 0;
    std::uint64_t granted_ns = 0;  // of a run that reads: since when it might
    raft::LogIndex index;          // of one that writes: its entry
    // Of a run that reads.
    std::size_t next_item = 0;
    std::size_t next_operation = 0;
    std::uint64_t reads_open = 0;
    std::uint64_t bytes_read = 0;
    bool asking = false;
    std::uint64_t expired = 0;  // of values that were read, but for the log's time
    bool told = false;          // the log was told what time it is
    std::size_t alone = 0;      // of a run that writes, and does not fit one answer: the item
  };

  void OnBytes(ByteView bytes);
  void Pump();
  bool Step();
  bool Take(RespRequest& request);
  const RespCommand* Look(const RespRequest& request, std::string& error) const;
  bool Pay(const RespCommand& command);
  void Queue(RespRequest request, const RespCommand& command);
  bool Join(RespRequest& request, const RespCommand& command);
  void AddError(std::string error);

  void Launch();
  void Propose(const Command& command, std::function<void(RespClient&, const raft::Outcome&)> done);
  void Written(const raft::Outcome& outcome);
  void ProposeAlone();
  void WrittenAlone(const raft::Outcome& outcome);
  void TellTime();
  void Executed(const raft::Outcome& outcome);
  void ReadOn();
  void ReadOne(std::size_t item, const Operation& operation);
  void WriteRun();
  void CompareWithWatched(ByteView key, const std::optional<Bytes>& value);
  void FailRun(const std::string& error);
  void NoteIfSlow(const Run& run);

  void WatchOn(std::size_t next);
  void Flush();
  void Drain(bool draining);

  RespNode& node_;
  const RespClientId id_;
  const std::unique_ptr<env::Connection> connection_;
  const std::uint64_t began_ns_;
  RespRequestReader reader_;
  std::optional<RespRequest> ahead_;  // did not fit the run before it
  bool ahead_is_paid_ = false;
  Run run_;
  Bytes out_;
  std::shared_ptr<Account> account_;  // null: it has not said who it is
  bool running_ = false;              // something is to come back
  bool pumping_ = false;              // Pump is below us
  bool draining_ = false;             // the peer is to read first
  bool ended_ = false;                // it sends no more
  bool closing_ = false;
  bool paused_ = false;
  env::Loop::TimerId drain_timer_ = 0;
  std::vector<Item> queued_;  // in MULTI
  std::uint64_t queued_size_ = 0;
  std::uint64_t watched_size_ = 0;
  bool spoilt_ = false;  // something could not be queued
  RespRequest watching_;
  std::vector<std::unique_ptr<Bytes>> watched_bytes_;
  bool watched_changed_ = false;  // and it has seen that
};

}  // namespace beach::server
