// SPDX-License-Identifier: Apache-2.0
#include "server/service/slow_log.h"

#include <array>
#include <cstddef>
#include <span>

#include "base/check.h"

namespace beach::server {
namespace {

constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
constexpr std::uint64_t kNsPerUs = 1'000;

class Fields {
 public:
  void Add(const env::EventField& field) { fields_[count_++] = field; }
  // What began where the one before it has ended. Nothing is said to take less than no time.
  void AddPart(const char* name, std::uint64_t& from_ns, std::uint64_t until_ns) {
    const std::uint64_t took_ns = until_ns > from_ns ? until_ns - from_ns : 0;
    Add({.name = name, .number = took_ns / kNsPerUs});
    from_ns += took_ns;
  }
  std::span<const env::EventField> all() const { return std::span(fields_).first(count_); }

 private:
  std::array<env::EventField, 8> fields_;
  std::size_t count_ = 0;
};

void AddParts(const SlowRequest& request, Fields& fields) {
  std::uint64_t at_ns = request.began_ns;
  const raft::EntryTimes& entry = request.entry;
  if (request.granted_ns != 0) {
    fields.AddPart("grant_us", at_ns, request.granted_ns);
    fields.AddPart("read_us", at_ns, request.ended_ns);
  } else if (entry.written_ns != 0 && entry.committed_ns != 0) {
    const bool without_us = entry.durable_ns == 0 || entry.durable_ns > entry.committed_ns;
    fields.AddPart("queue_us", at_ns, entry.written_ns);
    fields.AddPart("sync_us", at_ns, without_us ? entry.committed_ns : entry.durable_ns);
    fields.AddPart("replicate_us", at_ns, entry.committed_ns);
    fields.AddPart("apply_us", at_ns, request.ended_ns);
  }
}

}  // namespace

void SlowLog::Note(const SlowRequest& request) {
  BEACH_CHECK_GE(request.ended_ns, request.began_ns);
  ++count_;
  if (events_ == nullptr) return;
  const std::uint64_t second = request.ended_ns / kNsPerSecond;
  if (second != second_) told_ = 0;
  second_ = second;
  if (told_ == kPerSecondMax) {
    ++untold_;
    return;
  }
  ++told_;
  Fields fields;
  fields.Add({.name = "kind", .text = request.kind});
  fields.Add({.name = "client", .text = request.client});
  fields.Add({.name = "took_us", .number = (request.ended_ns - request.began_ns) / kNsPerUs});
  AddParts(request, fields);
  if (untold_ > 0) fields.Add({.name = "untold", .number = untold_});
  untold_ = 0;
  events_->Record("server.slow", fields.all());
}

}  // namespace beach::server
