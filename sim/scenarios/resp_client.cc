// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/resp_client.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/check.h"
#include "env/loop.h"
#include "env/marks.h"
#include "sim/scenarios/resp_reply.h"
#include "sim/scenarios/server_node.h"
#include "sim/system_scope.h"

namespace beach::sim::scenarios::cluster {
namespace {

constexpr std::uint64_t kLookNs = 20 * kMillisecond;
constexpr std::uint64_t kRetryNs = 50 * kMillisecond;
// In the calm: a node that does not answer for so long is left for another one.
constexpr std::uint64_t kPatienceNs = 3'000 * kMillisecond;

class RespClient {
 public:
  RespClient(Judge& judge, const Plan& plan, std::uint64_t number, const std::vector<Work>& works,
             env::Loop& loop, env::Clock& clock)
      : judge_(judge),
        plan_(plan),
        number_(number),
        works_(works),
        loop_(loop),
        clock_(clock),
        node_(number % plan.nodes) {
    Next();
  }

 private:
  void Next() {
    if (done_ == works_.size()) return Look();
    work_ = works_[done_++];
    loop_.At(clock_.MonotonicNow() + work_.pause_ms * kMillisecond, [this] { Begin(); });
  }

  // Its own works are done: one more, in the calm, until it is done.
  void Look() {
    if (last_done_) {
      judge_.ClientDone();
      return loop_.Stop();
    }
    is_last_ = judge_.calm;
    work_ = last_;
    loop_.At(clock_.MonotonicNow() + kLookNs, [this] { is_last_ ? Begin() : Look(); });
  }

  void Begin() {
    const std::uint64_t patience_ns =
        is_last_ ? kPatienceNs : std::min(plan_.deadline_ns, kPatienceNs);
    timer_ = loop_.At(clock_.MonotonicNow() + patience_ns, [this] {
      timer_ = 0;
      GiveUp();
    });
    asked_ = false;
    busy_ = true;
    if (connection_ != nullptr) return Ask();
    Connect();
  }

  void Connect() {
    received_.clear();
    const std::uint64_t life = ++life_;
    connection_ = loop_.Connect(RespAddressOf(node_), {},
                                {.on_open = [this] { Ask(); },
                                 .on_bytes = [this](ByteView bytes) { Heard(bytes); },
                                 .on_writable = {},
                                 .on_end = {},
                                 .on_closed = [this, life](const env::Closed&) { Closed(life); }});
  }

  void Send(const std::vector<std::vector<Bytes>>& commands) {
    Bytes bytes;
    for (const std::vector<Bytes>& command : commands) bytes += RespCommand(command);
    replies_wanted_ = commands.size();
    replies_.clear();
    // All of it fits: it is refused where the connection is gone, and that is told next.
    if (!connection_->Send(bytes)) GiveUp();
  }

  void Ask() {
    const Bytes key = KeyOf(work_.key);
    // Redis has no way to say "if it is that value": a client watches, looks, and then writes.
    if (work_.kind == Kind::kCas) {
      watching_ = true;
      return Send({{"WATCH", key}, {"GET", key}});
    }
    Call();
    const Bytes value = ValueOf(work_);
    switch (work_.kind) {
      case Kind::kGet: return Send({{"GET", key}});
      case Kind::kDelete: return Send({{"DEL", key}});
      case Kind::kPair: {
        const Bytes other = KeyOf(work_.other);
        return Send({{"MULTI"},
                     {"GET", key},
                     {"GET", other},
                     {"SET", key, value},
                     {"SET", other, value},
                     {"EXEC"}});
      }
      case Kind::kAppend: return Send({{"APPEND", key, value}});
      case Kind::kPut:
      case Kind::kCas: return Send({{"SET", key, value}});
    }
  }

  // The judge is told before anything can take effect.
  void Call() {
    asked_ = true;
    const SystemScope system;
    judge_.Called(number_, Operation());
  }

  // What the work asks for. With a SystemScope open.
  oracle::ClientOperation Operation() const {
    oracle::ClientOperation operation;
    const Bytes key = KeyOf(work_.key);
    const Bytes value = ValueOf(work_);
    switch (work_.kind) {
      case Kind::kGet: operation.reads = {{key, std::nullopt}}; break;
      case Kind::kDelete: operation.changes = {{oracle::ChangeKind::kDelete, key, {}}}; break;
      case Kind::kPair:
        operation.changes = {{oracle::ChangeKind::kPut, key, value},
                             {oracle::ChangeKind::kPut, KeyOf(work_.other), value}};
        break;
      case Kind::kCas: operation.conditions = {{key, watched_}}; [[fallthrough]];
      case Kind::kPut: operation.changes = {{oracle::ChangeKind::kPut, key, value}}; break;
      case Kind::kAppend: operation.changes = {{oracle::ChangeKind::kAppend, key, value}}; break;
    }
    return operation;
  }

  void Heard(ByteView bytes) {
    received_ += bytes;
    bool broken = false;
    while (auto reply = TakeRespReply(received_, broken)) {
      if (replies_.size() == replies_wanted_) return Misread("a reply to nothing");
      replies_.push_back(*std::move(reply));
    }
    if (broken) return Misread("what is no reply");
    if (replies_wanted_ > 0 && replies_.size() == replies_wanted_) {
      replies_wanted_ = 0;
      Answered();
    }
  }

  void Misread(const std::string& what) {
    judge_.Misused(node_, "a Redis client was sent " + what);
  }

  void Answered() {
    const RespReply& last = replies_.back();
    if (watching_) return Watched();
    if (last.type == '-') return Refused(*last.text);
    BEACH_SOMETIMES("resp.watched_key_had_changed", last.type == '*' && last.is_null);
    BEACH_SOMETIMES("resp.transaction_done", last.type == '*' && !last.is_null);
    // Somebody has written since it watched, which may have been before it looked.
    if (work_.kind == Kind::kCas && last.is_null) {
      judge_.Refused(number_);
    } else {
      const SystemScope system;
      judge_.Returned(number_, AnsweredBy(last));
    }
    Done(true);
  }

  // As the client saw it. With a SystemScope open.
  oracle::ClientOperation AnsweredBy(const RespReply& last) const {
    oracle::ClientOperation operation = Operation();
    operation.answer = oracle::Answer::kDone;
    if (work_.kind == Kind::kGet) operation.reads = {{KeyOf(work_.key), ValueIn(last)}};
    if (work_.kind == Kind::kPair) {
      BEACH_CHECK_EQ(last.parts.size(), 4U);
      operation.reads = {{KeyOf(work_.key), ValueIn(last.parts[0])}};
      if (work_.other != work_.key) {
        operation.reads.push_back({KeyOf(work_.other), ValueIn(last.parts[1])});
      }
    }
    return operation;
  }

  // It has looked: now it writes, if nobody has written meanwhile.
  void Watched() {
    watching_ = false;
    const RespReply& found = replies_.back();
    if (replies_.front().type == '-' || found.type == '-') return LookElsewhere();
    watched_ = ValueIn(found);
    Call();
    Send({{"MULTI"}, {"SET", KeyOf(work_.key), ValueOf(work_)}, {"EXEC"}});
  }

  static std::optional<Bytes> ValueIn(const RespReply& reply) {
    return reply.is_null ? std::nullopt : reply.text;
  }

  // Told why not.
  void Refused(const Bytes& why) {
    const bool unknown = why.starts_with("UNKNOWN");
    BEACH_SOMETIMES("resp.outcome_unknown", unknown);
    BEACH_SOMETIMES("resp.refused", !unknown);
    unknown ? NotKnown() : NotDone();
    LookElsewhere();
  }

  void NotKnown() {
    const SystemScope system;
    if (work_.kind == Kind::kGet) return judge_.Refused(number_);  // it changes nothing
    judge_.Returned(number_, Operation());
  }
  void NotDone() { judge_.Refused(number_); }

  void Closed(std::uint64_t life) {
    if (life != life_) return;
    connection_.reset();
    if (busy_) GiveUp();  // else the next work finds another node
  }

  // Nobody answers, or the connection is gone.
  void GiveUp() {
    if (asked_) NotKnown();
    LookElsewhere();
  }

  void LookElsewhere() {
    connection_.reset();
    ++life_;
    node_ = (node_ + 1) % plan_.nodes;
    asked_ = false;
    Done(false);
  }

  void Done(bool served) {
    if (timer_ != 0) loop_.Cancel(std::exchange(timer_, 0));
    busy_ = false;
    watching_ = false;
    asked_ = false;
    replies_wanted_ = 0;
    last_done_ = served && is_last_;
    if (served) return Next();
    loop_.At(clock_.MonotonicNow() + kRetryNs, [this] { Next(); });
  }

  Judge& judge_;
  const Plan& plan_;
  const std::uint64_t number_;
  const std::vector<Work>& works_;
  env::Loop& loop_;
  env::Clock& clock_;
  const Work last_{
      .id = 0, .kind = Kind::kPut, .key = 0, .other = 0, .value_size = 1, .pause_ms = 0};
  std::size_t done_ = 0;
  bool is_last_ = false;
  bool last_done_ = false;
  Work work_;                     // the one that is done now
  bool busy_ = false;             // it is under way
  bool asked_ = false;            // the judge was told of it
  bool watching_ = false;         // and what of it comes first is asked
  std::optional<Bytes> watched_;  // what it saw there
  std::uint64_t node_;            // its place
  std::uint64_t life_ = 0;        // of the connection
  env::Loop::TimerId timer_ = 0;
  Bytes received_;
  std::size_t replies_wanted_ = 0;
  std::vector<RespReply> replies_;
  std::unique_ptr<env::Connection> connection_;
};

}  // namespace

void RunRespClient(Judge& judge, const Plan& plan, std::uint64_t number,
                   const std::vector<Work>& works, const env::Env& env) {
  for (;;) {
    const auto loop = env.network->NewLoop();
    if (!loop) {  // no descriptors, for now
      env.clock->SleepUntil(env.clock->MonotonicNow() + kLookNs);
      continue;
    }
    RespClient client(judge, plan, number, works, **loop, *env.clock);
    return (*loop)->Run();
  }
}

}  // namespace beach::sim::scenarios::cluster
