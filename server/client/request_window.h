// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>

#include "base/check.h"
#include "server/command/command.h"

namespace beach::server {

// Numbers of the requests of one session: each is used for one request, and those without an answer
// are never further apart than the session remembers.
class RequestWindow {
 public:
  bool has_room() const { return next_.value - answered_below().value < kOutstandingMax; }
  // REQUIRES: has_room.
  RequestNumber Take() {
    BEACH_CHECK(has_room());
    const RequestNumber number = next_;
    open_.insert(number);
    next_ = next_.Next();
    return number;
  }
  // Nobody asks for it again: it has its answer, or was given up. Once a later request has said so,
  // it will not be done any more either.
  void Close(RequestNumber number) { BEACH_CHECK_EQ(open_.erase(number), 1U); }

  // All requests below are closed.
  RequestNumber answered_below() const { return open_.empty() ? next_ : *open_.begin(); }

 private:
  RequestNumber next_{1};
  std::set<RequestNumber> open_;
};

}  // namespace beach::server
