// SPDX-License-Identifier: Apache-2.0
#include "env/os/os_loop.h"

#include <utility>

#include "env/os/os_listener.h"
#include "env/os/stream.h"

namespace beach::env {

Result<std::unique_ptr<Loop>> OsLoop::New(AsyncWrites async_writes) {
  BEACH_TRY_ASSIGN(std::unique_ptr<LoopCore> core, LoopCore::New());
  return std::unique_ptr<Loop>(new OsLoop(std::move(core), async_writes));
}

OsLoop::OsLoop(std::unique_ptr<LoopCore> core, AsyncWrites async_writes)
    : core_(std::move(core)), writes_(std::make_unique<LoopWrites>(*core_, async_writes)) {}

// While all parts are there: what the callbacks own may still use the loop.
OsLoop::~OsLoop() {
  writes_.reset();
  core_->DropCallbacks();
}

Result<std::unique_ptr<Listener>> OsLoop::Listen(const std::string& address,
                                                 const ConnectionOptions& options,
                                                 OnConnection on_connection) {
  return NewOsListener(*core_, address, options, std::move(on_connection));
}

std::unique_ptr<Connection> OsLoop::Connect(const std::string& address,
                                            const ConnectionOptions& options,
                                            Connection::Callbacks callbacks) {
  auto stream = std::make_shared<Stream>(*core_, options, address);
  stream->Connect(address, std::move(callbacks));
  return std::make_unique<OsConnection>(*core_, std::move(stream));
}

void OsLoop::SubmitWrite(File& file, std::uint64_t offset, ByteView data,
                         std::function<void(Status)> done) {
  writes_->Submit(file, offset, data, std::move(done));
}

}  // namespace beach::env
