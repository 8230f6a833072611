// SPDX-License-Identifier: Apache-2.0
#include "raft/core.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

// Inputs, the rules that hold for all messages, and output. What each message does is in the file
// of its operation: elect, replicate, follow, commit, propose, read, reconfigure, transfer,
// snapshot, repair.

namespace beach::raft {
namespace {

// Ids of one life of a node: what an earlier one sent is answered to nobody.
constexpr std::uint64_t FirstOf(std::uint64_t incarnation) { return incarnation << 40; }

std::uint64_t EntriesOf(const Restored& restored) {
  std::uint64_t count = restored.entries.size();
  for (const StoredRun& run : restored.applied_terms) count += run.count;
  return count;
}

}  // namespace

Core::Core(const Options& options, Restored restored, std::uint64_t now_ns)
    : options_(options),
      term_(restored.hard_state.term),
      vote_(restored.hard_state.vote),
      log_(restored.base, restored.base_term, restored.applied.Next()),
      storage_(restored.hard_state, restored.base + EntriesOf(restored)),
      configurations_(restored.configuration_index, std::move(restored.configuration)),
      commit_(restored.applied),
      handed_(restored.applied),
      applied_(restored.applied),
      leader_heard_ns_(now_ns),
      pre_vote_round_(FirstOf(options.incarnation)),
      forward_counter_(FirstOf(options.incarnation)),
      last_snapshot_(FirstOf(options.incarnation)) {
  BEACH_CHECK(options.id != NodeId{});
  BEACH_CHECK_LT(options.incarnation, std::uint64_t{1} << 24);
  BEACH_CHECK_LE(options.heartbeat_interval_ns * 2, options.election_timeout_ns);
  BEACH_CHECK_LT(options.clock_drift_ppm, 1'000'000U);
  Restore(restored);
  DrawElectionTimeout(now_ns);
  CheckInvariants();
}

void Core::Restore(Restored& restored) {
  BEACH_CHECK(!restored.state_lost || restored.applied == restored.base);
  state_lost_ = restored.state_lost;
  for (const StoredRun& run : restored.applied_terms) {
    for (std::uint64_t i = 0; i < run.count; ++i) log_.AppendStored(run.term);
  }
  BEACH_CHECK_EQ(log_.last().value, restored.applied.value);
  for (Entry& entry : restored.entries) {
    if (entry.kind == EntryKind::kConfiguration) {
      auto configuration = DecodeConfiguration(entry.payload.view());
      BEACH_CHECK(configuration.has_value());
      configurations_.Append(entry.index, std::move(*configuration));
    }
    if (entry.kind == EntryKind::kLost) storage_.Lost(entry.index);
    log_.Append(std::move(entry));
  }
}

// --- Inputs.

void Core::Step(std::uint64_t now_ns, Message&& message) {
  const NodeId from = message.from;
  // Ids of nodes may coincide between clusters.
  if (message.cluster != options_.cluster || message.to != options_.id || from == NodeId{} ||
      from == options_.id || message.term > kSaidTermMax) {
    return Tell(EventKind::kMessageIgnored, Reason::kNone, from);
  }
  // Entries are what they are in any term.
  const bool of_any_term = std::holds_alternative<Fetch>(message.body) ||
                           std::holds_alternative<FetchReply>(message.body);
  if (!of_any_term && !TakesTerm(now_ns, message)) return;
  if (message.term == term_) {
    if (Progress* const peer = Find(from)) peer->heard_ns = now_ns;
  }
  const Term term = message.term;
  // As std::visit would, which brings exceptions along.
  const auto handle = [&]<std::size_t... kKinds>(std::index_sequence<kKinds...>) {
    ((message.body.index() == kKinds ? On(now_ns, from, term, *std::get_if<kKinds>(&message.body))
                                     : void()),
     ...);
  };
  handle(std::make_index_sequence<std::variant_size_v<Body>>());
  CheckInvariants();
}

// 3.3: a higher term in any message is adopted, and durable before this node says another word. An
// older one is not listened to. False: the message is done with.
bool Core::TakesTerm(std::uint64_t now_ns, const Message& message) {
  if (message.term == term_) return true;
  if (message.term < term_) {
    AnswerStale(message);
    return false;
  }
  // 4.2.3: who asks for votes while a leader is alive changes nothing, not even the term.
  const auto* const vote = std::get_if<RequestVote>(&message.body);
  if (vote != nullptr && !vote->transfer && LeaderIsLive(now_ns)) return false;
  if (std::holds_alternative<PreVote>(message.body) && LeaderIsLive(now_ns)) return true;
  BecomeFollower(now_ns, message.term, NodeId{}, Reason::kHigherTerm);
  return true;
}

// A node that lags behind learns the term from the answer, and can go on: a deposed leader steps
// down, a candidate asks again. Without it two nodes may each wait for the other for ever.
void Core::AnswerStale(const Message& message) {
  if (const auto* const pre_vote = std::get_if<PreVote>(&message.body)) {
    Send(message.from, PreVoteReply{.round = pre_vote->round, .granted = false});
  } else if (std::holds_alternative<RequestVote>(message.body)) {
    Send(message.from, VoteReply{.granted = false});
  } else if (std::holds_alternative<Append>(message.body) ||
             std::holds_alternative<Heartbeat>(message.body) ||
             std::holds_alternative<InstallSnapshot>(message.body)) {
    Send(message.from, HeartbeatReply{});
  }
}

void Core::Tick(std::uint64_t now_ns) {
  if (role_ == Role::kLeader) {
    TickLeader(now_ns);
  } else if (now_ns >= election_deadline_ns_) {
    if (MayCampaign()) {
      CampaignPreVote(now_ns, Reason::kElectionTimeout);
    } else {
      leader_ = {};
      DrawElectionTimeout(now_ns);
      AskForLost();
    }
  }
  proposals_.Expire(now_ns, output_.fates);
  ExpireForwarded(now_ns);
  CheckInvariants();
}

void Core::TickLeader(std::uint64_t now_ns) {
  CheckQuorum(now_ns);
  if (role_ != Role::kLeader) return;
  EndTransferIfDue(now_ns);
  if (now_ns < heartbeat_deadline_ns_) return;
  // From the deadline on, not from this wake: nodes that wake late do not drift into step.
  heartbeat_deadline_ns_ += options_.heartbeat_interval_ns;
  if (heartbeat_deadline_ns_ <= now_ns) {
    heartbeat_deadline_ns_ = now_ns + options_.heartbeat_interval_ns;
  }
  BroadcastHeartbeat(now_ns);
  timed_round_ = rounds_.sent();
}

std::uint64_t Core::NextDeadlineNs() const {
  std::uint64_t next = role_ == Role::kLeader ? heartbeat_deadline_ns_ : election_deadline_ns_;
  if (transfer_.target != NodeId{}) next = std::min(next, transfer_.deadline_ns);
  for (const auto& deadline :
       {proposals_.deadline_ns(), forwarded_.deadline_ns(), forwarded_reads_.deadline_ns()}) {
    if (deadline) next = std::min(next, *deadline);
  }
  return next;
}

void Core::Persisted(std::uint64_t now_ns, PersistId id) {
  storage_.Done(id);
  ReleaseHeld();
  if (role_ == Role::kCandidate) CountOwnVote(now_ns);
  if (role_ == Role::kLeader) {
    // 10.2.1: the leader's own disk counts like any other, and no sooner.
    Progress* const self = Find(options_.id);
    if (self != nullptr && self->Acknowledge(storage_.durable())) AdvanceCommit(now_ns);
  }
  CheckInvariants();
}

void Core::Applied(std::uint64_t, LogIndex index) {
  if (index <= applied_) return;  // from before a snapshot took its place
  BEACH_CHECK(index <= handed_);
  applied_ = index;
  GrantApplied();
  log_.TrimTail(std::min(applied_, storage_.durable()), options_.tail_bytes_max);
  CheckInvariants();
}

void Core::Compacted(LogIndex index) {
  if (index <= log_.base()) return;
  BEACH_CHECK(index <= applied_);
  log_.Compact(index);
  configurations_.Compact(index);
  CheckInvariants();
}

// --- Output.

void Core::TakeOutput(std::uint64_t now_ns, Output& output) {
  if (role_ == Role::kLeader) {
    if (rounds_.wanted()) BroadcastHeartbeat(now_ns);
    for (Progress& peer : progress_) SendAppends(peer);
  }
  storage_.Take(log_.tail(), log_.last(), output_.persist);
  HandOutCommitted();
  CheckInvariants();
  output.Clear();
  Swap(output, output_);
}

// What is applied is durable here: after a crash the log reaches at least as far as the state.
void Core::HandOutCommitted() {
  if (installing_ || state_lost_) return;
  LogIndex upto = std::min(commit_, storage_.durable());
  if (upto <= handed_) return;
  const std::uint64_t under_way = log_.tail().BytesBetween(applied_, handed_);
  if (under_way >= options_.apply_bytes_max) return;
  upto = std::min(upto, handed_ + options_.apply_count_max);
  upto = log_.tail().Fit(handed_, upto, options_.apply_bytes_max - under_way);
  log_.tail().CopyTo(handed_, upto, output_.apply);
  handed_ = upto;
}

// The one way out. Nothing is said before the term and vote that it is said in are durable, nor
// before `after` is.
void Core::Send(NodeId to, Body body, PersistId after) {
  after = std::max(after, storage_.AfterHardState());
  Message message{.cluster = options_.cluster,
                  .from = options_.id,
                  .to = to,
                  .term = term_,
                  .body = std::move(body)};
  if (after <= storage_.done()) {
    output_.messages.push_back(std::move(message));
  } else if (held_.size() < options_.held_messages_max) {  // beyond it is lost, as messages may be
    held_.push_back({.after = after, .message = std::move(message)});
  }
}

void Core::ReleaseHeld() {
  if (held_.empty()) return;
  std::size_t kept = 0;
  for (Held& held : held_) {
    if (held.after <= storage_.done()) {
      output_.messages.push_back(std::move(held.message));
    } else if (&held_[kept] != &held) {
      held_[kept++] = std::move(held);
    } else {
      ++kept;
    }
  }
  held_.resize(kept);
}

void Core::SetTerm(Term term, NodeId vote) {
  BEACH_CHECK(term >= term_);
  if (term > term_) {
    LoseForwarded();
    // Words of the old term, which nobody waits for: those that are not out yet would say after a
    // newer leader was heard what was true before.
    held_.clear();
    output_.messages.clear();
  }
  term_ = term;
  vote_ = vote;
  storage_.SetHardState({.term = term, .vote = vote});
}

void Core::Tell(EventKind kind, Reason reason, NodeId node, LogIndex index) {
  output_.events.push_back(
      {.kind = kind, .reason = reason, .role = role_, .term = term_, .node = node, .index = index});
}

}  // namespace beach::raft
