// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace beach::sim {

// Memory has an owner: a simulated process (its arena, dropped whole when it is killed) or the
// simulation itself. While a SystemScope is open on a simulated thread, `new` serves the
// simulation; outside of it, the process. Every piece of sim/ and every oracle that is entered from
// a process opens one before it allocates anything that it keeps, and closes it before it makes
// what it hands back. Nests. Holds no switch: a thread must not block or switch inside one.
// `delete` always finds the right owner by itself.
class SystemScope {
 public:
  SystemScope();
  ~SystemScope();
  SystemScope(const SystemScope&) = delete;
  SystemScope& operator=(const SystemScope&) = delete;

 private:
  void* saved_;
};

}  // namespace beach::sim
