// SPDX-License-Identifier: Apache-2.0
#include "node.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "env/marks.h"
#include "log.h"
#include "message.h"

// All of it runs on one loop. On each connection, of a client or of the other node, there is one
// question at a time; questions are answered one after the other, and a write to the file is
// waited for, so that each finds the node as the one before has left it.

namespace mirrored_log {
namespace {

using namespace beach;  // NOLINT

constexpr std::uint64_t kPatienceNs = 1'000'000'000;  // for an answer of the other node
constexpr std::uint64_t kRetryNs = 100'000'000;
constexpr std::uint64_t kUnconfirmedMax = 64;  // items

class Node {
 public:
  Node(const env::Env& env, const NodeOptions& options) : env_(env), options_(options) {}

  Status Run() {
    BEACH_TRY_ASSIGN(log_, Log::Open(env_, options_.directory));
    BEACH_TRY_ASSIGN(loop_, env_.network->NewLoop());
    BEACH_TRY_ASSIGN(listener_, loop_->Listen(options_.listen, {}, [this](auto connection) {
      return Welcome(std::move(connection));
    }));
    latest_ = log_->epoch();
    if (IsMine(latest_)) {
      Dial();
    } else {
      Confirm(log_->tail());
    }
    loop_->Run();
    return Fail(*failure_);
  }

 private:
  struct Guest {
    std::unique_ptr<env::Connection> connection;
    Bytes input;
    std::optional<Message> question;
  };

  bool IsMine(std::uint64_t epoch) const { return epoch % 2 == options_.self; }
  bool Leads() const { return IsMine(log_->epoch()) && latest_ == log_->epoch(); }

  // Who asks.

  env::Connection::Callbacks Welcome(std::unique_ptr<env::Connection> connection) {
    const std::uint64_t id = ++guests_so_far_;
    guests_[id].connection = std::move(connection);
    env::Connection::Callbacks callbacks;
    callbacks.on_bytes = [this, id](ByteView bytes) { Hear(id, bytes); };
    callbacks.on_closed = [this, id](const env::Closed&) { guests_.erase(id); };
    return callbacks;
  }

  void Hear(std::uint64_t id, ByteView bytes) {
    Guest& guest = guests_.at(id);
    guest.input += bytes;
    ByteView rest = guest.input;
    Message message;
    const Found found = Take(rest, message);
    if (found == Found::kUnfinished && !guest.question) return;
    if (found != Found::kWhole || !rest.empty() || guest.question) {
      guests_.erase(id);  // not one question at a time
      return;
    }
    guest.input.clear();
    guest.question = std::move(message);
    asking_.push_back(id);
    AnswerAll();
  }

  void AnswerAll() {
    while (!writes_ && !asking_.empty()) {
      const std::uint64_t id = asking_.front();
      asking_.pop_front();
      if (!guests_.contains(id)) continue;
      const Message question = *guests_.at(id).question;
      switch (question.kind) {
        case Kind::kAppend: AnswerAppend(id, question); break;
        case Kind::kRead: AnswerRead(id, question); break;
        case Kind::kLead: AnswerLead(id); break;
        case Kind::kFollow: AnswerFollow(id, question); break;
        case Kind::kItem: AnswerItem(id, question); break;
        default: guests_.erase(id);
      }
    }
  }

  void Answer(std::uint64_t id, Kind kind, std::uint64_t number = 0, Bytes bytes = {}) {
    const auto guest = guests_.find(id);
    if (guest == guests_.end()) return;
    guest->second.question.reset();
    const Message answer{
        .kind = kind, .epoch = latest_, .number = number, .bytes = std::move(bytes)};
    if (!guest->second.connection->Send(Encode(answer))) guests_.erase(guest);
  }

  void Write(const Message& message, std::function<void()> then) {
    writes_ = true;
    log_->Write(*loop_, message, [this, then = std::move(then)](const Status& written) {
      if (!written) return Stop(written.error());
      writes_ = false;
      then();
      AnswerAll();
    });
  }

  void Stop(const Error& error) {
    failure_ = error;
    loop_->Stop();
  }

  // What clients ask.

  void AnswerAppend(std::uint64_t id, const Message& question) {
    const std::uint64_t number = log_->tail();
    if (!Leads() || !followed_ || number - confirmed_ >= kUnconfirmedMax) {
      return Answer(id, Kind::kNotNow);
    }
    Write({.kind = Kind::kItem, .epoch = latest_, .number = number, .bytes = question.bytes},
          [this, id, number] {
            waiting_[number] = id;
            SendNext();
          });
  }

  void AnswerRead(std::uint64_t id, const Message& question) {
    if (!knows_confirmed_) return Answer(id, Kind::kNotNow);
    const bool there = question.number < confirmed_;
    Answer(id, Kind::kDone, confirmed_, there ? log_->item(question.number) : Bytes());
  }

  void AnswerLead(std::uint64_t id) {
    if (Leads()) return Answer(id, Kind::kDone);
    const std::uint64_t epoch = latest_ + (IsMine(latest_) ? 2 : 1);
    Write({.kind = Kind::kFollow, .epoch = epoch, .number = log_->tail(), .bytes = {}},
          [this, id, epoch] {
            HearOf(epoch);
            Dial();
            Answer(id, Kind::kDone);
          });
  }

  // What the other node asks, which leads or is to lead.

  void AnswerFollow(std::uint64_t id, const Message& question) {
    if (question.epoch < latest_ || IsMine(question.epoch)) {
      BEACH_SOMETIMES("mirror.late_leader", true);
      return Answer(id, Kind::kRefused);
    }
    HearOf(question.epoch);
    if (question.epoch == log_->epoch()) {
      // It comes late if the leader has dialled again since: what is here by now is in both.
      BEACH_SOMETIMES("mirror.late_follow", question.number < log_->tail());
      return Answer(id, Kind::kFollowing, log_->tail());
    }
    const std::uint64_t keep = std::min(question.number, log_->tail());
    BEACH_SOMETIMES("mirror.cut_off", keep < log_->tail());
    Write({.kind = Kind::kFollow, .epoch = question.epoch, .number = keep, .bytes = {}},
          [this, id] {
            Confirm(log_->tail());
            for (const auto& [number, client] : waiting_) Answer(client, Kind::kNotNow);
            waiting_.clear();
            Answer(id, Kind::kFollowing, log_->tail());
          });
  }

  void AnswerItem(std::uint64_t id, const Message& question) {
    if (question.epoch != latest_ || question.epoch != log_->epoch() || IsMine(question.epoch)) {
      BEACH_SOMETIMES("mirror.late_item", true);
      return Answer(id, Kind::kRefused);
    }
    if (question.number != log_->tail()) return Answer(id, Kind::kFollowing, log_->tail());
    Write(question, [this, id] {
      Confirm(log_->tail());
      Answer(id, Kind::kFollowing, log_->tail());
    });
  }

  // Who leads.

  // From here on an earlier epoch of this node's own confirms nothing.
  void HearOf(std::uint64_t epoch) {
    if (epoch <= latest_) return;
    latest_ = epoch;
    followed_ = false;
    HangUp();
  }

  void HangUp() {
    link_.reset();
    link_input_.clear();
    loop_->Cancel(timer_);
  }

  void Dial() {
    HangUp();
    env::Connection::Callbacks callbacks;
    callbacks.on_bytes = [this](ByteView bytes) { HearAnswer(bytes); };
    callbacks.on_closed = [this](const env::Closed&) { DialLater(); };
    link_ = loop_->Connect(options_.other, {}, std::move(callbacks));
    Ask({.kind = Kind::kFollow, .epoch = latest_, .number = log_->tail(), .bytes = {}});
  }

  void DialLater() {
    HangUp();
    timer_ = loop_->At(env_.clock->MonotonicNow() + kRetryNs, [this] { Dial(); });
  }

  void Ask(const Message& question) {
    asks_ = true;
    timer_ = loop_->At(env_.clock->MonotonicNow() + kPatienceNs, [this] { DialLater(); });
    if (!link_->Send(Encode(question))) DialLater();
  }

  void HearAnswer(ByteView bytes) {
    link_input_ += bytes;
    ByteView rest = link_input_;
    Message answer;
    const Found found = Take(rest, answer);
    if (found == Found::kUnfinished) return;
    if (found == Found::kDamaged || !rest.empty() || !asks_) return DialLater();
    link_input_.clear();
    if (answer.kind == Kind::kRefused && answer.epoch > latest_) return HearOf(answer.epoch);
    if (answer.kind != Kind::kFollowing || answer.epoch != latest_) return DialLater();
    if (answer.number > log_->tail()) {
      return Stop(Error(ErrorCode::kCorruption, "the follower has more than its leader"));
    }
    loop_->Cancel(timer_);
    asks_ = false;
    followed_ = true;
    follower_tail_ = answer.number;
    Confirm(answer.number);
    SendNext();
  }

  void SendNext() {
    if (!link_ || asks_ || follower_tail_ == log_->tail()) return;
    const Bytes& item = log_->item(follower_tail_);
    Ask({.kind = Kind::kItem, .epoch = latest_, .number = follower_tail_, .bytes = item});
  }

  // Items below `count` are in both files.
  void Confirm(std::uint64_t count) {
    knows_confirmed_ = true;
    confirmed_ = std::max(confirmed_, count);
    while (!waiting_.empty() && waiting_.begin()->first < confirmed_) {
      const auto [number, client] = *waiting_.begin();
      waiting_.erase(waiting_.begin());
      Answer(client, Kind::kDone, number);
    }
  }

  const env::Env& env_;
  const NodeOptions& options_;
  std::unique_ptr<Log> log_;  // outlives the loop
  std::unique_ptr<env::Loop> loop_;
  std::unique_ptr<env::Listener> listener_;
  std::optional<Error> failure_;

  std::uint64_t guests_so_far_ = 0;
  std::map<std::uint64_t, Guest> guests_;
  std::deque<std::uint64_t> asking_;
  bool writes_ = false;

  std::uint64_t latest_ = 0;      // epoch heard of; log_->epoch() or one that is to come
  std::uint64_t confirmed_ = 0;   // items that are in both files, as far as this node knows
  bool knows_confirmed_ = false;  // nothing above it has been acknowledged
  std::map<std::uint64_t, std::uint64_t> waiting_;  // by the item's number, the client

  // Of a leader.
  std::unique_ptr<env::Connection> link_;
  Bytes link_input_;
  bool asks_ = false;      // an answer is to come
  bool followed_ = false;  // the epoch is in the other's file
  std::uint64_t follower_tail_ = 0;
  env::Loop::TimerId timer_ = 0;  // to dial, or to wait no longer
};

}  // namespace

Error Serve(const env::Env& env, const NodeOptions& options) {
  return Node(env, options).Run().error();
}

}  // namespace mirrored_log
