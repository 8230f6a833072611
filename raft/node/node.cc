// SPDX-License-Identifier: Apache-2.0
#include "raft/node/node.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/random.h"
#include "base/site.h"
#include "env/marks.h"

namespace beach::raft {
namespace {

// The runs of terms of the first `count` entries.
std::vector<StoredRun> FirstOf(const std::vector<StoredRun>& terms, std::uint64_t count) {
  std::vector<StoredRun> first;
  for (const StoredRun& run : terms) {
    if (count == 0) break;
    first.push_back({.term = run.term, .count = std::min(run.count, count)});
    count -= first.back().count;
  }
  BEACH_CHECK_EQ(count, 0U);
  return first;
}

Result<Restored> Restore(DiskLog& log, const StateMachine& machine, const NodeOptions& options) {
  const DiskLogContents& found = log.contents();
  SnapshotMeta held = machine.durable();
  if (held.index == LogIndex{}) held.configuration = options.bootstrap;
  // A machine that has lost its state, all of it or what is newest, and a log that begins behind.
  const bool state_lost = held.index < found.base;
  if (state_lost) held.index = found.base;
  BEACH_CHECK(held.index >= found.base);
  BEACH_CHECK(held.index <= found.last);
  const std::uint64_t applied = held.index.value - found.base.value;
  BEACH_TRY_ASSIGN(std::vector<Entry> entries, log.ReadFrom(held.index.Next()));
  return Restored{.hard_state = found.hard_state,
                  .base = found.base,
                  .base_term = found.base_term,
                  .applied = held.index,
                  .applied_terms = FirstOf(found.terms, applied),
                  .entries = std::move(entries),
                  .state_lost = state_lost,
                  .configuration_index = held.configuration_index,
                  .configuration = std::move(held.configuration)};
}

}  // namespace

ClusterId ClusterNumber(const wire::ClusterId& cluster) {
  const ByteView bytes(reinterpret_cast<const char*>(cluster.data()), cluster.size());
  return ClusterId(Site::Hash(bytes));
}

Result<std::unique_ptr<Node>> Node::Start(env::Loop& loop, const env::Env& env,
                                          const NodeOptions& options, DiskLog& log,
                                          StateMachine& machine,
                                          std::function<void(const Error&)> on_failed) {
  Options core = options.core;
  core.cluster = ClusterNumber(options.cluster);
  core.incarnation = log.contents().starts;
  // Nodes that were given one key draw apart: elections that always begin together never end.
  core.random_key = RandomValue(core.random_key, core.id.value);
  BEACH_TRY_ASSIGN(Restored restored, Restore(log, machine, options));
  return std::unique_ptr<Node>(
      new Node(loop, env, options, core, log, machine, std::move(restored), std::move(on_failed)));
}

template <class Then>
auto Node::IfAlive(Then then) {
  return [weak = std::weak_ptr<Node*>(self_), then = std::move(then)](auto&&... arguments) {
    const std::shared_ptr<Node*> self = weak.lock();
    if (self != nullptr) then(**self, std::forward<decltype(arguments)>(arguments)...);
  };
}

Node::Node(env::Loop& loop, const env::Env& env, const NodeOptions& options, const Options& core,
           DiskLog& log, StateMachine& machine, Restored restored,
           std::function<void(const Error&)> on_failed)
    : loop_(loop),
      clock_(*env.clock),
      events_(env.events),
      options_(options),
      log_(log),
      machine_(machine),
      on_failed_(std::move(on_failed)),
      core_(core, std::move(restored), clock_.MonotonicNow()),
      pending_(options.pending),
      self_(std::make_shared<Node*>(this)) {
  pending_.Installed(core_.applied());
  peers_ = std::make_unique<Peers>(loop, clock_, options_.cluster, core, options_.links,
                                   options_.addresses, options_.snapshots.BulkBytes(),
                                   [this](NodeId node) { snapshots_->LinkUp(node); });
  applier_ = std::make_unique<Applier>(
      *env.clock, loop, machine,
      Applier::Callbacks{
          .on_applied = [this](std::span<const Entry> entries,
                               std::span<const Bytes> answers) { Applied(entries, answers); },
          .on_failed = [this](const Error& error) { StepAside(error); }});
  snapshots_ = std::make_unique<SnapshotDriver>(loop, env, options_.snapshots, core_, machine,
                                                *applier_, log, ForSnapshots());
  // The log outlives the node.
  log_.Start(loop,
             {.on_persisted = IfAlive([](Node& node, PersistId id) { node.Persisted(id); }),
              .on_failed = IfAlive([](Node& node, const Error& error) { node.StepAside(error); })});
  if (options_.watcher != nullptr) options_.watcher->Started(core_);
  Wake();
  Housekeeping();
}

Node::~Node() {
  if (timer_ != 0) loop_.Cancel(timer_);
  if (housekeeping_ != 0) loop_.Cancel(housekeeping_);
}

// --- What comes in.

Status Node::Received(const wire::Frame& frame, NodeId from) {
  if (failed_) return {};
  if (frame.head.type == kSnapshotFrameType) return snapshots_->Received(frame.payload, from);
  BEACH_TRY_ASSIGN(Message message, ReadPeerFrame(frame, from));
  if (options_.watcher != nullptr) options_.watcher->Heard(message);
  core_.Step(Now(), std::move(message));
  Look();
  return {};
}

template <class Done>
Done Node::Watched(std::uint64_t now_ns, CallId call, Done done) const {
  NodeWatcher* const watcher = options_.watcher;
  if (watcher == nullptr) return done;
  watcher->Asked(call, now_ns);
  return [watcher, call, done = std::move(done)](const auto& answer) {
    watcher->Answered(call);
    done(answer);
  };
}

RequestId Node::Await(std::uint64_t now_ns, ProposeDone done) {
  done = Watched(now_ns, pending_.next_request(), std::move(done));
  Wake();
  return pending_.AddProposal(std::move(done), now_ns + options_.call_max_ns);
}

ReadContext Node::Await(std::uint64_t now_ns, ReadDone done) {
  done = Watched(now_ns, pending_.next_context(), std::move(done));
  Wake();
  return pending_.AddRead(std::move(done), now_ns + options_.call_max_ns);
}

void Node::Propose(Payload payload, ProposeDone done) {
  const std::uint64_t now = Now();
  const RequestId request = Await(now, std::move(done));
  if (failed_) return pending_.Told({.request = request, .fate = Fate::kUnknown});
  const auto proposed = core_.Propose(now, std::move(payload), request);
  if (!proposed) pending_.Refused(request, proposed.error());
  Look();
}

void Node::ProposeConfiguration(std::span<const Change> changes, ChangeMode mode,
                                ProposeDone done) {
  const std::uint64_t now = Now();
  const RequestId request = Await(now, std::move(done));
  if (failed_) return pending_.Told({.request = request, .fate = Fate::kUnknown});
  const auto proposed = core_.ProposeConfiguration(now, changes, mode, request);
  if (!proposed) pending_.Refused(request, proposed.error());
  Look();
}

void Node::Read(ReadMode mode, ReadDone done) {
  const std::uint64_t now = Now();
  const ReadContext context = Await(now, std::move(done));
  if (failed_) return pending_.ReadAnswered(context, ReadError::kUnanswered);
  const auto asked = core_.Read(now, context, mode);
  if (!asked) pending_.ReadAnswered(context, asked.error());
  Look();
}

std::expected<void, TransferError> Node::TransferLeadership(NodeId target) {
  if (failed_) return std::unexpected(TransferError::kNotLeader);
  const auto begun = core_.TransferLeadership(Now(), target);
  Look();
  return begun;
}

SnapshotDriver::Callbacks Node::ForSnapshots() {
  return {.is_up = [this](NodeId node) { return peers_ != nullptr && peers_->IsUp(node); },
          .send =
              [this](NodeId to, wire::Lane lane, ByteView payload) {
                return peers_ != nullptr && peers_->Send(to, lane, kSnapshotFrameType, payload);
              },
          .on_input = [this] { Look(); },
          .on_installed = [this](const LogReplacement& replacement) { Installed(replacement); },
          .on_failed = [this](const Error& error) { StepAside(error); }};
}

void Node::Installed(const LogReplacement& replacement) {
  if (options_.watcher != nullptr) options_.watcher->Installed(replacement, log_.durable());
  pending_.Installed(replacement.meta.index);
}

void Node::Applied(std::span<const Entry> entries, std::span<const Bytes> answers) {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (options_.watcher != nullptr) options_.watcher->Applied(entries[i], answers[i]);
    pending_.Applied(entries[i].index, answers[i]);
  }
  const std::uint64_t now = Now();
  marks_.Applied(entries.back().index, now);
  core_.Applied(now, entries.back().index);
  Look();
}

void Node::Persisted(PersistId id) {
  if (failed_) return;
  if (options_.watcher != nullptr) options_.watcher->Persisted(id);
  const std::uint64_t now = Now();
  core_.Persisted(now, id);
  marks_.Durable(core_.durable(), now);
  Look();
}

// --- A turn.

void Node::Look() {
  if (options_.watcher != nullptr) options_.watcher->Looked(core_);
  Wake();
}

void Node::Wake() {
  if (awake_) return;
  awake_ = true;
  loop_.Post(IfAlive([](Node& node) { node.Turn(); }));
}

void Node::Turn() {
  awake_ = false;
  if (!failed_) {
    const std::uint64_t now = Now();
    if (now >= core_.NextDeadlineNs()) core_.Tick(now);
    snapshots_->Look();
    Take(now);
    SetTimer(now);
  }
  pending_.Deliver();
}

void Node::Take(std::uint64_t now_ns) {
  core_.TakeOutput(now_ns, output_);
  if (options_.watcher != nullptr) options_.watcher->Turned(core_, output_);
  Mark(now_ns);
  if (output_.persist.id != PersistId{}) log_.Write(std::move(output_.persist));
  for (const Message& message : output_.messages) peers_->Send(message);
  for (const ProposalFate& fate : output_.fates) pending_.Told(fate);
  for (const ReadAnswer& read : output_.reads) pending_.ReadAnswered(read.context, read.error);
  for (const LoadRequest& request : output_.loads) Load(request);
  snapshots_->Take(output_, now_ns);
  for (const Event& event : output_.events) Report(event);
  if (!output_.apply.empty()) applier_->Add(output_.apply);
}

void Node::Mark(std::uint64_t now_ns) {
  const Persist& persist = output_.persist;
  if (persist.truncate_from != LogIndex{}) marks_.Cut(persist.truncate_from);
  if (!persist.entries.empty()) marks_.Written(persist.entries.back().index, now_ns);
  marks_.Committed(core_.commit(), now_ns);
}

void Node::Load(const LoadRequest& request) {
  log_.Load(request.first, request.last, request.bytes_max,
            IfAlive([request](Node& node, Result<std::vector<Entry>> entries) {
              if (node.failed_) return;
              if (!entries) return node.StepAside(entries.error());
              node.core_.Loaded(node.Now(), request.peer, request.first, std::move(*entries));
              node.Look();
            }));
}

void Node::SetTimer(std::uint64_t now_ns) {
  const std::uint64_t deadline = std::max(core_.NextDeadlineNs(), now_ns);
  if (timer_ != 0 && timer_ns_ == deadline) return;
  if (timer_ != 0) loop_.Cancel(timer_);
  timer_ns_ = deadline;
  timer_ = loop_.At(deadline, [this] {
    timer_ = 0;
    Wake();
  });
}

// --- Now and then.

void Node::Housekeeping() {
  if (failed_) return;
  // A leader whose tables cannot grow any more has no snapshot for who lags behind, and would lead
  // them for ever.
  const Status health = machine_.Health();
  if (!health) return StepAside(health.error());
  const std::uint64_t now = Now();
  pending_.Expire(now);
  if (pending_.ready()) Wake();
  DropLog();
  HandOverForSpace();
  housekeeping_ = loop_.At(now + options_.housekeeping_ns, [this] {
    housekeeping_ = 0;
    Housekeeping();
  });
}

// Who has no space commits by the others' disks, applies nothing, and answers nobody: another one
// is to lead.
void Node::HandOverForSpace() {
  const bool waits = log_.awaits_space() || applier_->awaits_space();
  if (!waits || core_.transfer_target() != NodeId{}) return;
  BEACH_SOMETIMES("raft.handed_over_for_space", HandOver());
}

bool Node::HandOver() {
  if (failed_ || core_.role() != Role::kLeader) return false;
  if (core_.transfer_target() != NodeId{}) return true;
  const Progress* best = nullptr;
  for (const Progress& peer : core_.progress()) {
    if (peer.id == core_.options().id || !core_.configuration().IsVoter(peer.id)) continue;
    if (peer.snapshot_min != LogIndex{}) continue;  // it has lost its state, and may not lead
    if (best == nullptr || peer.match > best->match) best = &peer;
  }
  return best != nullptr && TransferLeadership(best->id).has_value();
}

void Node::DropLog() {
  // While a snapshot takes the log's place, the state machine may be ahead of the core.
  const std::uint64_t bytes = log_.bytes_on_disk();
  if (bytes <= options_.log_bytes_max || snapshots_->installing()) return;
  const LogIndex durable = machine_.durable().index;
  // Few entries may take much, each life of a node having a segment of its own.
  const bool much = bytes / 2 > options_.log_bytes_max;
  const std::uint64_t kept = much ? 0 : options_.log_entries_kept;
  const std::uint64_t last = core_.log().last().value;
  // What is applied may be durable before the core has been told.
  const LogIndex upto =
      std::min({durable, core_.applied(), LogIndex(last > kept ? last - kept : 0)});
  if (durable < core_.applied()) machine_.WantDurable();
  if (upto <= core_.log().base()) return;
  if (options_.watcher != nullptr) options_.watcher->Compacted(upto);
  core_.Compacted(upto);
  log_.Compact(upto);
}

void Node::Report(const Event& event) {
  if (events_ == nullptr) return;
  static constexpr Site kSites[] = {
      "raft.role",          "raft.term",           "raft.leader",         "raft.vote_granted",
      "raft.configuration", "raft.transfer_ended", "raft.conflict",       "raft.snapshot_ignored",
      "raft.filled",        "raft.handed_on",      "raft.message_ignored"};
  static_assert(std::size(kSites) == static_cast<std::size_t>(EventKind::kMessageIgnored) + 1);
  const auto kind = static_cast<std::size_t>(event.kind);
  BEACH_CHECK_LT(kind, std::size(kSites));
  events_->Record(kSites[kind], {{.name = "why", .text = ReasonName(event.reason)},
                                 {.name = "role", .text = RoleName(event.role)},
                                 {.name = "term", .number = event.term.value},
                                 {.name = "node", .number = event.node.value},
                                 {.name = "index", .number = event.index.value}});
}

void Node::StepAside(const Error& error) {
  if (failed_) return;
  failed_ = true;
  if (events_ != nullptr) {
    const std::string why = error.ToString();
    events_->Record("raft.stepped_aside", {{.name = "why", .text = why}});
  }
  pending_.GiveUp();
  Wake();
  loop_.Post(IfAlive([](Node& node) { node.peers_.reset(); }));
  if (on_failed_) on_failed_(error);
}

}  // namespace beach::raft
