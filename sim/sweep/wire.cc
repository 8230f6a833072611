// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/wire.h"

#include "base/coding.h"

namespace beach::sim::sweep {
namespace {

// Of reports: another build may have made them (`beachsim run --against`).
constexpr std::uint8_t kWireVersion = 3;

// Kinds of progress.
constexpr std::uint8_t kOption = 1;
constexpr std::uint8_t kWorkload = 2;
constexpr std::uint8_t kDecision = 3;
constexpr std::uint8_t kEvent = 4;
constexpr std::uint8_t kDivergence = 5;
constexpr std::uint8_t kCheckpoint = 6;
constexpr std::uint8_t kSight = 7;

using CountMap = std::map<std::string, std::uint64_t>;

// Lists are a varint count and the elements. A decoder reserves nothing and stops at its first bad
// byte, so a false count costs no more than the bytes there are.
template <class List, class EncodeElement>
void EncodeList(Encoder& out, const List& list, EncodeElement element) {
  out.Varint(list.size());
  for (const auto& value : list) element(out, value);
}

template <class T, class DecodeElement>
void DecodeList(Decoder& in, std::vector<T>& list, DecodeElement element) {
  const std::uint64_t count = in.Varint();
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    T value;
    element(in, value);
    if (in.ok()) list.push_back(std::move(value));
  }
}

std::string DecodeText(Decoder& in) { return std::string(in.LengthPrefixed()); }

void EncodeCounts(Encoder& out, const CountMap& counts) {
  EncodeList(out, counts, [](Encoder& to, const auto& entry) {
    to.LengthPrefixed(entry.first);
    to.Varint(entry.second);
  });
}

void DecodeCounts(Decoder& in, CountMap& counts) {
  const std::uint64_t size = in.Varint();
  for (std::uint64_t i = 0; i < size && in.ok(); ++i) {
    std::string name = DecodeText(in);
    const std::uint64_t count = in.Varint();
    if (in.ok()) counts[std::move(name)] = count;
  }
}

void EncodeHash(Encoder& out, const artifacts::RunHash& hash) {
  out.Fixed64(hash.high);
  out.Fixed64(hash.low);
}

void DecodeHash(Decoder& in, artifacts::RunHash& hash) {
  hash.high = in.Fixed64();
  hash.low = in.Fixed64();
}

void EncodeCheckpoint(Encoder& out, const artifacts::Checkpoint& checkpoint) {
  out.Varint(checkpoint.event);
  EncodeHash(out, checkpoint.hash);
}

void DecodeCheckpoint(Decoder& in, artifacts::Checkpoint& checkpoint) {
  checkpoint.event = in.Varint();
  DecodeHash(in, checkpoint.hash);
}

void EncodeOperation(Encoder& out, const artifacts::Operation& operation) {
  out.Varint(operation.id);
  out.Varint(operation.life);
  out.Varint(operation.client);
  out.LengthPrefixed(operation.kind);
  EncodeList(out, operation.arguments,
             [](Encoder& to, const std::string& text) { to.LengthPrefixed(text); });
}

void DecodeOperation(Decoder& in, artifacts::Operation& operation) {
  operation.id = in.Varint();
  operation.life = in.Varint();
  operation.client = in.Varint();
  operation.kind = DecodeText(in);
  DecodeList(in, operation.arguments,
             [](Decoder& from, std::string& text) { text = DecodeText(from); });
}

void EncodeDecision(Encoder& out, const artifacts::Decision& decision) {
  out.LengthPrefixed(decision.site);
  out.LengthPrefixed(decision.host);
  out.Varint(decision.life);
  out.LengthPrefixed(decision.thread);
  out.Varint(decision.use);
  out.Varint(decision.value);
}

void DecodeDecision(Decoder& in, artifacts::Decision& decision) {
  decision.site = DecodeText(in);
  decision.host = DecodeText(in);
  decision.life = in.Varint();
  decision.thread = DecodeText(in);
  decision.use = in.Varint();
  decision.value = in.Varint();
}

void EncodeEvent(Encoder& out, const artifacts::TraceEvent& event) {
  out.Varint(event.event);
  out.Varint(event.virtual_ns);
  out.LengthPrefixed(event.host);
  out.LengthPrefixed(event.thread);
  out.LengthPrefixed(event.kind);
  out.LengthPrefixed(event.text);
}

void DecodeEvent(Decoder& in, artifacts::TraceEvent& event) {
  event.event = in.Varint();
  event.virtual_ns = in.Varint();
  event.host = DecodeText(in);
  event.thread = DecodeText(in);
  event.kind = DecodeText(in);
  event.text = DecodeText(in);
}

void EncodeCloseUp(Encoder& out, const CloseUpEvent& event) {
  out.Varint(event.event);
  out.Varint(event.virtual_ns);
  out.LengthPrefixed(event.host);
  out.LengthPrefixed(event.thread);
  out.Fixed64(event.site);
  out.Fixed64(event.number);
  EncodeHash(out, event.hash);
  EncodeList(out, event.frames,
             [](Encoder& to, const std::string& text) { to.LengthPrefixed(text); });
}

void DecodeCloseUp(Decoder& in, CloseUpEvent& event) {
  event.event = in.Varint();
  event.virtual_ns = in.Varint();
  event.host = DecodeText(in);
  event.thread = DecodeText(in);
  event.site = in.Fixed64();
  event.number = in.Fixed64();
  DecodeHash(in, event.hash);
  DecodeList(in, event.frames, [](Decoder& from, std::string& text) { text = DecodeText(from); });
}

}  // namespace

Bytes EncodeJob(const Job& job) {
  Bytes bytes;
  Encoder out(bytes);
  out.Varint(job.scenario);
  out.Varint(job.seed);
  out.Varint(job.address_salt);
  out.Fixed8(job.fresh_process ? 1 : 0);
  return bytes;
}

Result<Job> DecodeJob(ByteView bytes) {
  Decoder in(bytes);
  Job job;
  job.scenario = in.Varint();
  job.seed = in.Varint();
  job.address_salt = in.Varint();
  job.fresh_process = in.Fixed8() != 0;
  if (!in.done()) return Fail(ErrorCode::kCorruption, "malformed job for a sweep worker");
  return job;
}

Bytes EncodeProgress(const std::string& option, std::uint64_t value) {
  Bytes bytes;
  Encoder out(bytes);
  out.Fixed8(kOption);
  out.LengthPrefixed(option);
  out.Varint(value);
  return bytes;
}

Bytes EncodeProgress(const std::vector<artifacts::Operation>& workload) {
  Bytes bytes;
  Encoder out(bytes);
  out.Fixed8(kWorkload);
  EncodeList(out, workload, EncodeOperation);
  return bytes;
}

Bytes EncodeProgress(const artifacts::Decision& decision) {
  Bytes bytes;
  Encoder out(bytes);
  out.Fixed8(kDecision);
  EncodeDecision(out, decision);
  return bytes;
}

Bytes EncodeProgress(const artifacts::TraceEvent& event) {
  Bytes bytes;
  Encoder out(bytes);
  out.Fixed8(kEvent);
  EncodeEvent(out, event);
  return bytes;
}

Bytes EncodeProgress(const artifacts::Checkpoint& checkpoint) {
  Bytes bytes;
  Encoder out(bytes);
  out.Fixed8(kCheckpoint);
  EncodeCheckpoint(out, checkpoint);
  return bytes;
}

Bytes EncodeDivergence(std::uint64_t event) {
  Bytes bytes;
  Encoder out(bytes);
  out.Fixed8(kDivergence);
  out.Varint(event);
  return bytes;
}

Bytes EncodeSight(const Sight& sight) {
  Bytes bytes;
  Encoder out(bytes);
  out.Fixed8(kSight);
  out.Fixed8(static_cast<std::uint8_t>(sight.kind));
  out.Varint(sight.event);
  out.Varint(sight.virtual_ns);
  out.LengthPrefixed(sight.host);
  out.Varint(sight.life);
  for (const std::string* text : {&sight.thread, &sight.name, &sight.path, &sight.text}) {
    out.LengthPrefixed(*text);
  }
  out.Varint(sight.file);
  out.Varint(sight.offset);
  out.Varint(sight.length);
  out.Fixed64(static_cast<std::uint64_t>(sight.number));
  EncodeList(out, sight.ranges, [](Encoder& to, const SightRange& range) {
    to.Fixed8(static_cast<std::uint8_t>(range.kind));
    to.Varint(range.first);
    to.Varint(range.end);
  });
  EncodeList(out, sight.fields, [](Encoder& to, const SightField& field) {
    to.LengthPrefixed(field.name);
    to.Varint(field.number);
    to.LengthPrefixed(field.text);
  });
  return bytes;
}

std::optional<Result<Sight>> DecodeSight(ByteView bytes) {
  Decoder in(bytes);
  if (in.Fixed8() != kSight) return std::nullopt;
  Sight sight;
  const std::uint8_t kind = in.Fixed8();
  sight.kind = static_cast<SightKind>(kind);
  sight.event = in.Varint();
  sight.virtual_ns = in.Varint();
  sight.host = DecodeText(in);
  sight.life = in.Varint();
  for (std::string* text : {&sight.thread, &sight.name, &sight.path, &sight.text}) {
    *text = DecodeText(in);
  }
  sight.file = in.Varint();
  sight.offset = in.Varint();
  sight.length = in.Varint();
  sight.number = static_cast<std::int64_t>(in.Fixed64());
  bool known = kind >= 1 && kind <= kSightKindLast;
  DecodeList(in, sight.ranges, [&known](Decoder& from, SightRange& range) {
    const std::uint8_t of = from.Fixed8();
    known = known && of >= 1 && of <= static_cast<std::uint8_t>(SightRange::Kind::kTorn);
    range.kind = static_cast<SightRange::Kind>(of);
    range.first = from.Varint();
    range.end = from.Varint();
  });
  DecodeList(in, sight.fields, [](Decoder& from, SightField& field) {
    field.name = DecodeText(from);
    field.number = from.Varint();
    field.text = DecodeText(from);
  });
  if (!in.done() || !known) {
    return Fail(ErrorCode::kCorruption, "a sweep worker showed something malformed");
  }
  return sight;
}

Status AbsorbProgress(ByteView bytes, RunReport& report) {
  Decoder in(bytes);
  artifacts::Decision decision;
  artifacts::TraceEvent event;
  artifacts::Checkpoint checkpoint;
  std::vector<artifacts::Operation> workload;
  std::string name;
  std::uint64_t value = 0;
  const std::uint8_t kind = in.Fixed8();
  switch (kind) {
    case kOption:
      name = DecodeText(in);
      value = in.Varint();
      break;
    case kWorkload: DecodeList(in, workload, DecodeOperation); break;
    case kDecision: DecodeDecision(in, decision); break;
    case kEvent: DecodeEvent(in, event); break;
    case kDivergence: value = in.Varint(); break;
    case kCheckpoint: DecodeCheckpoint(in, checkpoint); break;
    default: return Fail(ErrorCode::kCorruption, "a sweep worker told something unknown");
  }
  if (!in.done()) return Fail(ErrorCode::kCorruption, "malformed progress of a sweep worker");
  if (kind == kOption) report.options[name] = value;
  if (kind == kWorkload) report.workload = std::move(workload);
  if (kind == kDecision) report.decisions.push_back(std::move(decision));
  if (kind == kCheckpoint) report.checkpoints.push_back(checkpoint);
  if (kind == kDivergence) report.diverged_at = value;
  if (kind == kEvent) report.trace.push_back(std::move(event));
  return {};
}

Bytes EncodeReport(const RunReport& report) {
  Bytes bytes;
  Encoder out(bytes);
  out.Fixed8(kWireVersion);
  out.LengthPrefixed(report.verdict.signature);
  out.LengthPrefixed(report.verdict.message);
  out.Varint(report.verdict.virtual_ns);
  out.Varint(report.verdict.event);
  EncodeHash(out, report.hash);
  EncodeList(out, report.checkpoints, EncodeCheckpoint);
  out.Varint(report.virtual_ns);
  out.Varint(report.events);
  out.Varint(report.operations);
  EncodeCounts(out, report.faults);
  EncodeCounts(out, report.sometimes);
  EncodeCounts(out, report.strikes);
  EncodeCounts(out, report.options);
  EncodeList(out, report.workload, EncodeOperation);
  EncodeList(out, report.decisions, EncodeDecision);
  EncodeList(out, report.trace, EncodeEvent);
  EncodeList(out, report.close_up, EncodeCloseUp);
  EncodeList(out, report.images, [](Encoder& to, const auto& image) {
    to.LengthPrefixed(image.first);
    to.LengthPrefixed(image.second);
  });
  out.Varint(report.decisions_recorded);
  out.Varint(report.decisions_followed);
  out.Fixed8(report.diverged_at ? 1 : 0);
  out.Varint(report.diverged_at.value_or(0));
  return bytes;
}

Result<RunReport> DecodeReport(ByteView bytes) {
  Decoder in(bytes);
  if (in.Fixed8() != kWireVersion) {
    return Fail(ErrorCode::kCorruption, "a sweep worker of another version answered");
  }
  RunReport report;
  report.verdict.signature = DecodeText(in);
  report.verdict.message = DecodeText(in);
  report.verdict.virtual_ns = in.Varint();
  report.verdict.event = in.Varint();
  DecodeHash(in, report.hash);
  DecodeList(in, report.checkpoints, DecodeCheckpoint);
  report.virtual_ns = in.Varint();
  report.events = in.Varint();
  report.operations = in.Varint();
  DecodeCounts(in, report.faults);
  DecodeCounts(in, report.sometimes);
  DecodeCounts(in, report.strikes);
  DecodeCounts(in, report.options);
  DecodeList(in, report.workload, DecodeOperation);
  DecodeList(in, report.decisions, DecodeDecision);
  DecodeList(in, report.trace, DecodeEvent);
  DecodeList(in, report.close_up, DecodeCloseUp);
  const std::uint64_t images = in.Varint();
  for (std::uint64_t i = 0; i < images && in.ok(); ++i) {
    std::string host = DecodeText(in);
    report.images[std::move(host)] = DecodeText(in);
  }
  report.decisions_recorded = in.Varint();
  report.decisions_followed = in.Varint();
  const bool diverged = in.Fixed8() != 0;
  const std::uint64_t diverged_at = in.Varint();
  if (diverged) report.diverged_at = diverged_at;
  if (!in.done()) return Fail(ErrorCode::kCorruption, "malformed answer of a sweep worker");
  return report;
}

}  // namespace beach::sim::sweep
