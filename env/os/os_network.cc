// SPDX-License-Identifier: Apache-2.0
#include "env/os/os_network.h"

#include "env/os/os_loop.h"

namespace beach::env {
namespace {

class OsNetwork final : public Network {
 public:
  explicit OsNetwork(AsyncWrites async_writes) : async_writes_(async_writes) {}

  Result<std::unique_ptr<Loop>> NewLoop() override { return OsLoop::New(async_writes_); }

 private:
  const AsyncWrites async_writes_;
};

}  // namespace

std::unique_ptr<Network> NewOsNetwork(AsyncWrites async_writes) {
  return std::make_unique<OsNetwork>(async_writes);
}

}  // namespace beach::env
