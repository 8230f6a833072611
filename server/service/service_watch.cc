// SPDX-License-Identifier: Apache-2.0
// Who waits for changes of keys. A request is replied to once, with what there is; who wants more
// asks for what is behind it. So nothing is queued for those who are slow: what they have not asked
// for yet is kept once for all, as far as the source keeps it.
#include <utility>

#include "base/check.h"
#include "base/variant.h"
#include "env/marks.h"
#include "server/service/failures.h"
#include "server/service/service.h"

namespace beach::server {

void Service::BeginWatch(CallId id, const WatchRequest& request) {
  if (parts_.changes == nullptr) return Finish(id, FailureOfStore("this node keeps no changes"));
  Call& call = calls_.at(id);
  const std::uint64_t bytes = call.payload.size();
  const bool full =
      watches_.size() >= limits_.watches_max || bytes > limits_.watch_bytes_max - watch_bytes_;
  if (full) return Finish(id, FailureOfOverload());
  watches_.insert(id);
  watch_bytes_ += bytes;
  if (!request.from) {
    call.place = parts_.changes->End();
    return EndWatch(id);
  }
  call.place = *request.from;
  LookForChanges(id);
}

void Service::LookForChanges(CallId id) {
  Call& call = calls_.at(id);
  const Result<Request> decoded = DecodeRequest(call.type, call.payload);
  BEACH_CHECK(decoded.has_value());  // it was when it came
  const auto& request = As<WatchRequest>(*decoded);
  std::optional<ChangePage> page =
      parts_.changes->Read(call.place, {.begin = request.begin, .end = request.end});
  BEACH_SOMETIMES("watch.compacted", !page);
  if (!page) return Finish(id, FailureOfCompacted());
  call.place = page->next;
  if (page->entries.empty() && page->at_end) return parts_.changes->Await(page->next.index);
  // Without entries it has looked through much, and goes on when it is asked again.
  Finish(id, WatchReply{.leader = {}, .next = page->next, .entries = std::move(page->entries)});
}

void Service::OnChanges() {
  // A reply may cut its guest off, but takes nobody out before the loop's next turn.
  for (auto at = watches_.begin(); at != watches_.end();) {
    const CallId id = *at++;
    LookForChanges(id);
  }
}

// There was nothing; what was looked through need not be again.
void Service::EndWatch(CallId id) {
  Finish(id, WatchReply{.leader = {}, .next = calls_.at(id).place, .entries = {}});
}

}  // namespace beach::server
