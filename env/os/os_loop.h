// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "env/loop.h"
#include "env/os/loop_core.h"
#include "env/os/loop_writes.h"
#include "env/os/posix_files.h"

namespace beach::env {

// The loop on Linux: what is in it is in its parts.
class OsLoop final : public Loop {
 public:
  static Result<std::unique_ptr<Loop>> New(AsyncWrites async_writes);
  ~OsLoop() override;

  void Run() override { core_->Run(); }
  void Stop() override { core_->Stop(); }
  void Post(std::function<void()> work) override { core_->Post(std::move(work)); }
  TimerId At(std::uint64_t deadline_ns, std::function<void()> work) override {
    return core_->At(deadline_ns, std::move(work));
  }
  void Cancel(TimerId timer) override { core_->Cancel(timer); }
  Result<std::unique_ptr<Listener>> Listen(const std::string& address,
                                           const ConnectionOptions& options,
                                           OnConnection on_connection) override;
  std::unique_ptr<Connection> Connect(const std::string& address, const ConnectionOptions& options,
                                      Connection::Callbacks callbacks) override;
  void SubmitWrite(File& file, std::uint64_t offset, ByteView data,
                   std::function<void(Status)> done) override;

 private:
  OsLoop(std::unique_ptr<LoopCore> core, AsyncWrites async_writes);

  const std::unique_ptr<LoopCore> core_;
  std::unique_ptr<LoopWrites> writes_;
};

}  // namespace beach::env
