// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/error.h"
#include "env/env.h"
#include "env/threads.h"
#include "server/client/client.h"

namespace beach::server {

// A client of a cluster for programs that have threads and no loop: each call waits until it has
// its result. It has a loop and a thread of its own, on which one asynchronous client
// (server/client/client.h) does the work: what many threads ask at once shares its connections and
// its session, and nobody waits for another's reply.
//
// Thread-safe. A deadline is relative, in nanoseconds; 0: none, and then a call waits for as long
// as the cluster does not answer. Failures are as of the asynchronous client: kUnknown says that a
// write may be done, any other kind that it is not.
class BlockingClient {
 public:
  // With options as of Client. `env` has a network, and outlives it: a TlsNetwork (env/tls) for
  // nodes that are under TLS. kIo: no more descriptors.
  static Result<std::unique_ptr<BlockingClient>> Open(const env::Env& env,
                                                      const ClientOptions& options);
  BlockingClient(const BlockingClient&) = delete;
  BlockingClient& operator=(const BlockingClient&) = delete;
  // REQUIRES: nobody is in a call.
  ~BlockingClient();

  // Nothing: the key is absent.
  CallResult<GetResult> Get(ByteView key, std::uint64_t deadline_ns, Consistency consistency = {});
  CallResult<Answer> Put(ByteView key, ByteView value, std::uint64_t deadline_ns);
  CallResult<Answer> Delete(ByteView key, std::uint64_t deadline_ns);
  // Of Client: the answer's kind is kDone, or kOtherwise with what is there instead.
  CallResult<Answer> CompareAndSet(ByteView key, std::optional<ByteView> expected, ByteView value,
                                   std::uint64_t deadline_ns);
  CallResult<Answer> Write(const Transaction& transaction, std::uint64_t deadline_ns);
  // One page; with the cursor of the page before, as of the same moment.
  CallResult<ScanResult> Scan(const ScanRequest& request, std::uint64_t deadline_ns,
                              const std::optional<ScanCursor>& cursor = std::nullopt);
  // The next changes behind `from`, or none by the deadline: call it again from the result's next.
  CallResult<WatchResult> Watch(ByteView begin, std::optional<ByteView> end,
                                std::optional<std::uint64_t> from, std::uint64_t deadline_ns);
  CallResult<StatusResult> Status(std::uint64_t deadline_ns);
  CallResult<std::uint64_t> ChangeMembers(const ChangeRequest& request, std::uint64_t deadline_ns);
  CallResult<wire::NodeNumber> TransferLeadership(wire::NodeNumber target,
                                                  std::uint64_t deadline_ns);

 private:
  BlockingClient(const env::Env& env, std::unique_ptr<env::Loop> loop,
                 const ClientOptions& options);

  // Has the call made on the loop, and waits for what it brings.
  template <class T>
  CallResult<T> Await(const std::function<void(std::function<void(CallResult<T>)>)>& call);

  const std::unique_ptr<env::Loop> loop_;
  std::unique_ptr<Client> client_;  // touched on the loop alone
  env::Thread thread_;
};

}  // namespace beach::server
