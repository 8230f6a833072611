// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "env/clock.h"
#include "env/loop.h"
#include "wire/frame.h"
#include "wire/hello.h"
#include "wire/link.h"

namespace beach::server {

// No other request has it.
inline constexpr wire::RequestId kLoginId(~std::uint64_t{0});

// The ways from a client to the nodes of a cluster. One node is asked at a time, until it is silent
// or gone or another is known to lead; each is dialled when it is first wanted. Of one loop, and on
// its thread.
class Routes {
 public:
  struct Callbacks {
    std::function<void()> on_ready;            // something may be sent
    std::function<void(std::size_t)> on_lost;  // what was sent to that node may never be replied
    std::function<void(std::size_t, const wire::Frame&)> on_reply;  // borrowed for the call
  };

  // No callback may destroy it. REQUIRES: at least one address. `login` is what each connection
  // begins with, an AuthenticateRequest; empty: nothing. Its reply is told as of kLoginId.
  Routes(env::Loop& loop, env::Clock& clock, const wire::ClusterId& cluster,
         std::vector<std::string> addresses, const wire::LinkOptions& options, Bytes login,
         Callbacks callbacks);
  Routes(const Routes&) = delete;
  Routes& operator=(const Routes&) = delete;

  // Whether there is somebody to ask; else he is dialled, and on_ready tells.
  bool Ready();
  // Whether that node can be asked, whoever is asked at the moment.
  bool IsUp(std::size_t node) const;
  // To that node alone. False: as much waits to go there as may. REQUIRES: IsUp.
  bool SendTo(std::size_t node, const wire::FrameHead& head, ByteView payload);
  // To which node it went; nothing: as much waits to go there as may. REQUIRES: Ready.
  std::optional<std::size_t> Send(const wire::FrameHead& head, ByteView payload);
  // That node leads, as another has said. The address may be empty.
  void Prefer(wire::NodeNumber leader, ByteView address);
  // That node was silent: the next is asked.
  void Avoid(std::size_t node);
  // What that node says makes no sense: it is dialled anew, when the present callback has returned.
  void Distrust(std::size_t node);
  // Does what Distrust has left: never call it from a callback of this class.
  void Tidy();

  std::size_t target() const { return target_; }

 private:
  struct Way {
    std::unique_ptr<wire::Link> link;
    bool distrusted = false;
  };

  void Dial(std::size_t node);
  void MoveOn();
  void OnUp(std::size_t node);
  void OnDown(std::size_t node);

  env::Loop& loop_;
  env::Clock& clock_;
  const wire::ClusterId cluster_;
  const std::vector<std::string> addresses_;
  const wire::LinkOptions options_;
  const Bytes login_;
  const Callbacks callbacks_;
  std::vector<Way> ways_;              // by node, as addresses are
  std::size_t target_ = 0;             // who is asked
  std::optional<std::size_t> leader_;  // who is to be asked once he is up
};

}  // namespace beach::server
