// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "raft/testing/node.h"

// What comes from other nodes may be anything that a decoder lets through: a core ignores what
// cannot be, and never stops. Messages here are drawn near what the node has, so that many are
// taken for true. Nothing is claimed of what such a node then says.
//   RAFT_SEEDS=100000 raft_hostile_test  many

namespace beach::raft::testing {
namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t kSeeds = 300;
#else
constexpr std::uint64_t kSeeds = 3000;
#endif
constexpr std::uint64_t kStepsMax = 400;
constexpr std::uint64_t kMillisecond = 1'000'000;

// One node among strangers.
class Besieged {
 public:
  explicit Besieged(std::uint64_t seed)
      : random_(Mix64(seed)), node_(OptionsOf(seed), Members(Nodes(1, 3))) {
    node_.Start(now_ns_);
  }

  void Run() {
    for (std::uint64_t steps = random_.Between(1, kStepsMax); steps > 0; --steps) {
      Step();
      if (node_.up()) Drive();
    }
  }

  std::uint64_t messages() const { return messages_; }
  std::uint64_t entries() const { return node_.disk_last().value; }
  std::uint64_t installs() const { return installs_; }
  std::uint64_t leaderships() const { return leaderships_; }

 private:
  static Options OptionsOf(std::uint64_t seed) {
    Options options;
    options.cluster = ClusterId(7);
    options.id = NodeId(1);
    options.random_key = seed;
    options.election_timeout_ns = 100 * kMillisecond;
    options.heartbeat_interval_ns = 20 * kMillisecond;
    options.message_bytes_max = 200;
    options.tail_bytes_max = 100;
    return options;
  }
  static std::vector<NodeId> Nodes(std::uint64_t first, std::uint64_t last) {
    std::vector<NodeId> nodes;
    for (; first <= last; ++first) nodes.emplace_back(first);
    return nodes;
  }

  static Configuration Members(std::vector<NodeId> voters, std::vector<NodeId> outgoing = {},
                               std::vector<NodeId> learners = {}) {
    Configuration configuration;
    configuration.voters = std::move(voters);
    configuration.outgoing = std::move(outgoing);
    configuration.learners = std::move(learners);
    configuration.auto_leave = configuration.joint();
    return configuration;
  }

  void Step() {
    now_ns_ += random_.Below(30 * kMillisecond);
    if (!node_.up()) return node_.Start(now_ns_);
    switch (random_.Below(40)) {
      case 0: return Crash();
      case 1: return Propose();
      case 2: return Compact();
      case 3: return Pass(node_.core().Read(now_ns_, ReadContext(++requests_), ReadMode::kRound));
      case 4: return Pass(node_.core().Read(now_ns_, ReadContext(++requests_), ReadMode::kLease));
      case 5: return Pass(node_.core().TransferLeadership(now_ns_, Somebody()));
      default: break;
    }
    if (now_ns_ >= node_.core().NextDeadlineNs()) return node_.core().Tick(now_ns_);
    ++messages_;
    node_.core().Step(now_ns_, DrawMessage());
  }

  template <class Taken>
  static void Pass(const Taken&) {}

  void Propose() {
    const RequestId request(++requests_);
    if (random_.Chance(3, 4)) {
      return Pass(node_.core().Propose(now_ns_, Payload::Copy("proposed"), request));
    }
    const Change change{.kind = static_cast<ChangeKind>(random_.Below(3)), .node = Somebody()};
    const auto mode = random_.Chance(1, 2) ? ChangeMode::kSimple : ChangeMode::kJoint;
    Pass(node_.core().ProposeConfiguration(now_ns_, std::span(&change, 1), mode, request));
  }

  void Compact() {
    node_.Flush();
    if (node_.flushed().index <= node_.disk_last()) node_.Compact(node_.flushed().index);
  }

  void Crash() {
    node_.Crash(random_.Below(node_.disk_work() + 1), random_.Below(3));
    if (random_.Chance(1, 3)) node_.LoseState();
    while (random_.Chance(1, 2)) {
      node_.LoseEntry(node_.disk_base() + random_.Below(8));
    }
  }

  void Drive() {
    const bool led = node_.core().role() == Role::kLeader;
    node_.Pump(now_ns_);
    while (node_.disk_work() > 0 && random_.Chance(2, 3)) {
      node_.FinishDiskWork(now_ns_);
      node_.Pump(now_ns_);
    }
    while (node_.apply_work() > 0 && random_.Chance(2, 3)) node_.ApplyOne(now_ns_);
    while (node_.loads() > 0 && random_.Chance(1, 2)) node_.AnswerLoad(now_ns_);
    if (const auto transfer = node_.PinSnapshot(now_ns_)) SendPinned(*transfer);
    if (node_.wanted() && random_.Chance(1, 3)) ReceiveWanted();
    node_.Pump(now_ns_);
    for (const Message& message : node_.messages) Hear(message);
    node_.messages.clear();
    node_.reads.clear();
    node_.fates.clear();
    node_.events.clear();
    node_.applied.clear();
    installs_ += std::exchange(node_.installed, false) ? 1 : 0;
    leaderships_ += !led && node_.core().role() == Role::kLeader ? 1 : 0;
  }

  void SendPinned(const Transfer& transfer) {
    snapshots_.push_back(transfer.id);
    if (random_.Chance(1, 2)) return node_.core().SnapshotSent(transfer.to, transfer.id);
    if (random_.Chance(1, 2)) return node_.core().SnapshotFailed(transfer.to, transfer.id);
  }

  void ReceiveWanted() {
    const SnapshotToReceive wanted = *node_.wanted();
    if (random_.Chance(1, 4)) {
      return node_.core().SnapshotReceiveFailed(now_ns_, wanted.from, wanted.id);
    }
    const State state{.index = wanted.meta.index,
                      .term = wanted.meta.term,
                      .digest = random_.Next(),
                      .configuration_index = wanted.meta.configuration_index,
                      .configuration = wanted.meta.configuration};
    node_.Receive(now_ns_, {.from = wanted.from, .to = NodeId(1), .id = wanted.id, .state = state});
  }

  // What an answer has to name.
  void Hear(const Message& message) {
    if (const auto* const ask = std::get_if<PreVote>(&message.body)) pre_vote_ = ask->round;
    if (const auto* const beat = std::get_if<Heartbeat>(&message.body)) round_ = beat->round;
    if (const auto* const begin = std::get_if<InstallSnapshot>(&message.body)) {
      snapshots_.push_back(begin->id);
    }
  }

  std::uint64_t Wild() {
    static constexpr std::uint64_t kEdges[] = {0, 1, ~std::uint64_t{0}, ~std::uint64_t{0} - 1,
                                               std::uint64_t{1} << 63};
    return random_.Chance(1, 2) ? kEdges[random_.Below(std::size(kEdges))] : random_.Next();
  }
  std::uint64_t Near(std::uint64_t value) {
    if (random_.Chance(1, 50)) return Wild();
    const std::uint64_t near = value + random_.Below(5);
    return near < 2 ? 0 : near - 2;
  }
  // Of the log: its base, its end, what is committed, what is lost.
  LogIndex Index() {
    const Core& core = node_.core();
    switch (random_.Below(6)) {
      case 0: return LogIndex(Near(core.log().base().value));
      case 1: return LogIndex(Near(core.commit().value));
      case 2: return LogIndex(Near(core.log().whole_last().value));
      case 3: return LogIndex(random_.Below(core.log().last().value + 2));
      default: return LogIndex(Near(core.log().last().value));
    }
  }
  Term TermOf(LogIndex index) {
    if (random_.Chance(1, 8)) return Term(Near(node_.core().term().value));
    return node_.core().log().TermAt(index).value_or(node_.core().log().end().term);
  }
  NodeId Somebody() { return NodeId(random_.Between(1, 4)); }
  bool Flag() { return random_.Chance(1, 2); }
  RoundId Round(RoundId asked) { return random_.Chance(1, 4) ? RoundId(Near(asked.value)) : asked; }
  SnapshotId Snapshot() {
    if (snapshots_.empty() || random_.Chance(1, 4)) return SnapshotId(random_.Below(4));
    return snapshots_[random_.Below(snapshots_.size())];
  }

  Configuration SomeConfiguration() {
    switch (random_.Below(4)) {
      case 0: return Members(Nodes(1, 2), Nodes(2, 4));
      case 1: return Members(Nodes(2, 3), {}, Nodes(4, 4));
      case 2: return Members(Nodes(1, 1));
      default: return Members(Nodes(1, 3));
    }
  }

  std::vector<Entry> Entries(LogIndex previous) {
    std::vector<Entry> entries;
    Term term = TermOf(previous);
    for (std::uint64_t count = random_.Below(5); count > 0; --count) {
      const LogIndex index(random_.Chance(1, 40) ? Near(previous.value) : previous.value + 1);
      previous = previous.Next();
      const auto stored = node_.core().log().TermAt(index);
      if (stored && random_.Chance(3, 4)) {
        term = *stored;
      } else if (random_.Chance(1, 4)) {
        term = Term(Near(node_.core().term().value));
      }
      const auto kind = static_cast<EntryKind>(random_.Below(3));
      Bytes payload = "payload";
      if (kind == EntryKind::kConfiguration && !random_.Chance(1, 8)) {
        payload = EncodeConfiguration(SomeConfiguration());
      }
      entries.push_back(
          {.term = term, .index = index, .kind = kind, .payload = Payload::Copy(payload)});
    }
    return entries;
  }

  Body DrawBody() {
    const LogIndex index = Index();
    switch (random_.Below(20)) {
      case 0:
        return PreVote{.round = Round(pre_vote_), .last = {.index = index, .term = TermOf(index)}};
      case 1: return PreVoteReply{.round = Round(pre_vote_), .granted = Flag()};
      case 2:
        return RequestVote{.last = {.index = index, .term = TermOf(index)}, .transfer = Flag()};
      case 3: return VoteReply{.granted = Flag()};
      case 4: return Heartbeat{.round = Round(round_), .commit = index};
      case 5:
        return HeartbeatReply{.round = Round(round_),
                              .lost = Flag() ? Index() : LogIndex{},
                              .snapshot_min = random_.Chance(1, 4) ? Index() : LogIndex{}};
      case 6:
      case 7:
        return AppendReply{.accepted = Flag(),
                           .matched = index,
                           .previous = Index(),
                           .hint = {.index = Index(), .term = TermOf(index)}};
      case 8: {
        const LogIndex at = Index();
        return InstallSnapshot{.id = Snapshot(),
                               .meta = {.index = index,
                                        .term = TermOf(index),
                                        .configuration_index = Flag() ? at : LogIndex{},
                                        .configuration = SomeConfiguration()}};
      }
      case 9:
        return InstallSnapshotReply{
            .id = Snapshot(),
            .kind = Flag() ? SnapshotReplyKind::kHeld : SnapshotReplyKind::kRefused,
            .index = index};
      case 10: return TimeoutNow{};
      case 11: return ReadForward{.id = ForwardId(random_.Below(5))};
      case 12: return ReadForwardReply{.id = Forward(), .granted = Flag(), .index = index};
      case 13:
        return ProposeForward{.id = ForwardId(Near(5)), .payload = Payload::Copy("forwarded")};
      case 14:
        return ProposeForwardReply{.id = Forward(),
                                   .accepted = Flag(),
                                   .index = index,
                                   .error = static_cast<std::uint8_t>(random_.Below(256))};
      case 15: return Fetch{.first = index, .last = Index()};
      case 16:
        return FetchReply{
            .previous = index, .previous_term = TermOf(index), .entries = Entries(index)};
      default:
        return Append{.previous = index,
                      .previous_term = TermOf(index),
                      .commit = Index(),
                      .entries = Entries(index)};
    }
  }
  ForwardId Forward() { return ForwardId(random_.Chance(1, 4) ? Wild() : random_.Below(8)); }

  Message DrawMessage() {
    const Term own = node_.core().term();
    const bool wild = random_.Chance(1, 200);
    const Term term(wild ? Near(own.value) : own.value + random_.Below(40) / 38);
    return {.cluster = ClusterId(random_.Chance(1, 50) ? 8 : 7),
            .from = Somebody(),
            .to = NodeId(random_.Chance(1, 50) ? 2 : 1),
            .term = random_.Chance(1, 3) ? Term(own.value) : term,
            .body = DrawBody()};
  }

  RandomStream random_;
  Node node_;
  std::uint64_t now_ns_ = kMillisecond;
  std::uint64_t requests_ = 0;
  RoundId pre_vote_;
  RoundId round_;
  std::vector<SnapshotId> snapshots_;
  std::uint64_t messages_ = 0;
  std::uint64_t installs_ = 0;
  std::uint64_t leaderships_ = 0;
};

TEST(Hostile, NoMessageStopsANode) {
  const char* const only = std::getenv("RAFT_SEED");
  const char* const many = std::getenv("RAFT_SEEDS");
  const std::uint64_t first = only == nullptr ? 1 : std::strtoull(only, nullptr, 10);
  const std::uint64_t count = only != nullptr   ? 1
                              : many != nullptr ? std::strtoull(many, nullptr, 10)
                                                : kSeeds;
  std::uint64_t messages = 0;
  std::uint64_t entries = 0;
  std::uint64_t installs = 0;
  std::uint64_t leaderships = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Besieged node(seed);
    node.Run();
    messages += node.messages();
    entries += node.entries();
    installs += node.installs();
    leaderships += node.leaderships();
  }
  std::printf("%s\n", (std::to_string(messages) + " messages, " + std::to_string(entries) +
                       " entries, " + std::to_string(installs) + " installs, " +
                       std::to_string(leaderships) + " leaderships")
                          .c_str());
  if (count < 100) return;
  EXPECT_GT(messages, count * 50);
  EXPECT_GT(installs, count / 100);
  EXPECT_GT(leaderships, count / 20);
}

}  // namespace
}  // namespace beach::raft::testing
