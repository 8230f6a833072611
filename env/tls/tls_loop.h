// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "env/clock.h"
#include "env/loop.h"
#include "env/tls/tls_context.h"

namespace beach::env {

// A loop whose connections are those of another, under TLS: who uses it cannot tell, but for the
// time it takes, and for whom it does not come to know. Timers, Post and file writes are the
// other's. What it listens at answers as a server, what it connects to is asked as a client.
//
// A connection is accepted before it has shown who it is, so that who bounds them bounds these too.
// Nothing of it is told until it has; what is sent to it waits. Who does not show it in time, or
// speaks something else, is closed: kReset, or kConnectFailed for one that we have connected to.
// So is one that ends without saying so: then nobody knows whether all has arrived.
class TlsLoop final : public Loop {
 public:
  // `inner` and `clock` outlive it.
  TlsLoop(Loop& inner, Clock& clock, std::shared_ptr<const TlsContext> context);
  // The same, and owns it.
  TlsLoop(std::unique_ptr<Loop> inner, Clock& clock, std::shared_ptr<const TlsContext> context);
  ~TlsLoop() override;

  // For connections that begin from here on: new certificates take the place of old ones.
  void Renew(std::shared_ptr<const TlsContext> context);

  void Run() override { inner_.Run(); }
  void Stop() override { inner_.Stop(); }
  void Post(std::function<void()> work) override { inner_.Post(std::move(work)); }
  TimerId At(std::uint64_t deadline_ns, std::function<void()> work) override {
    return inner_.At(deadline_ns, std::move(work));
  }
  void Cancel(TimerId timer) override { inner_.Cancel(timer); }
  // kInvalidArgument without a certificate, too.
  Result<std::unique_ptr<Listener>> Listen(const std::string& address,
                                           const ConnectionOptions& options,
                                           OnConnection on_connection) override;
  std::unique_ptr<Connection> Connect(const std::string& address, const ConnectionOptions& options,
                                      Connection::Callbacks callbacks) override;
  void SubmitWrite(File& file, std::uint64_t offset, ByteView data,
                   std::function<void(Status)> done) override {
    inner_.SubmitWrite(file, offset, data, std::move(done));
  }

 private:
  Loop& inner_;
  Clock& clock_;
  // Shared with the listeners, which outlive a certificate.
  const std::shared_ptr<std::shared_ptr<const TlsContext>> context_;
  std::unique_ptr<Loop> owned_;  // last: what its callbacks own may still use us
};

// Makes such loops of another network's. All of it outlives them.
class TlsNetwork final : public Network {
 public:
  TlsNetwork(Network& inner, Clock& clock, std::shared_ptr<const TlsContext> context)
      : inner_(inner), clock_(clock), context_(std::move(context)) {}

  Result<std::unique_ptr<Loop>> NewLoop() override;

 private:
  Network& inner_;
  Clock& clock_;
  const std::shared_ptr<const TlsContext> context_;
};

}  // namespace beach::env
