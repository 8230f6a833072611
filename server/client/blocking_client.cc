// SPDX-License-Identifier: Apache-2.0
#include "server/client/blocking_client.h"

#include <utility>

#include "base/check.h"

namespace beach::server {
namespace {

// Where a result is left for who waits. Shared by him and the loop: whoever is last lets it go.
template <class T>
struct Desk {
  env::Mutex mutex;
  env::CondVar arrived;
  std::optional<CallResult<T>> result;  // under mutex
};

}  // namespace

Result<std::unique_ptr<BlockingClient>> BlockingClient::Open(const env::Env& env,
                                                             const ClientOptions& options) {
  BEACH_CHECK(env.network != nullptr);
  BEACH_TRY_ASSIGN(std::unique_ptr<env::Loop> loop, env.network->NewLoop());
  return std::unique_ptr<BlockingClient>(new BlockingClient(env, std::move(loop), options));
}

BlockingClient::BlockingClient(const env::Env& env, std::unique_ptr<env::Loop> loop,
                               const ClientOptions& options)
    : loop_(std::move(loop)), client_(std::make_unique<Client>(*loop_, *env.clock, options)) {
  thread_ = env::Thread("client-loop", [this] { loop_->Run(); });
}

BlockingClient::~BlockingClient() {
  loop_->Post([this] {
    client_.reset();
    loop_->Stop();
  });
  thread_.Join();
}

template <class T>
CallResult<T> BlockingClient::Await(
    const std::function<void(std::function<void(CallResult<T>)>)>& call) {
  const auto desk = std::make_shared<Desk<T>>();
  // What the call has borrowed is there until it has its result: its caller waits here.
  loop_->Post([&call, desk] {
    call([desk](CallResult<T> result) {
      const env::MutexLock lock(desk->mutex);
      desk->result = std::move(result);
      desk->arrived.NotifyOne();
    });
  });
  const env::MutexLock lock(desk->mutex);
  while (!desk->result) desk->arrived.Wait(desk->mutex);
  return *std::move(desk->result);
}

CallResult<GetResult> BlockingClient::Get(ByteView key, std::uint64_t deadline_ns,
                                          Consistency consistency) {
  return Await<GetResult>(
      [&](Client::GetDone done) { client_->Get(key, consistency, deadline_ns, std::move(done)); });
}

CallResult<Answer> BlockingClient::Put(ByteView key, ByteView value, std::uint64_t deadline_ns) {
  return Await<Answer>(
      [&](Client::WriteDone done) { client_->Put(key, value, deadline_ns, std::move(done)); });
}

CallResult<Answer> BlockingClient::Delete(ByteView key, std::uint64_t deadline_ns) {
  return Await<Answer>(
      [&](Client::WriteDone done) { client_->Delete(key, deadline_ns, std::move(done)); });
}

CallResult<Answer> BlockingClient::CompareAndSet(ByteView key, std::optional<ByteView> expected,
                                                 ByteView value, std::uint64_t deadline_ns) {
  return Await<Answer>([&](Client::WriteDone done) {
    client_->CompareAndSet(key, expected, value, deadline_ns, std::move(done));
  });
}

CallResult<Answer> BlockingClient::Write(const Transaction& transaction,
                                         std::uint64_t deadline_ns) {
  return Await<Answer>([&](Client::WriteDone done) {
    client_->Transact(transaction, deadline_ns, std::move(done));
  });
}

CallResult<ScanResult> BlockingClient::Scan(const ScanRequest& request, std::uint64_t deadline_ns,
                                            const std::optional<ScanCursor>& cursor) {
  return Await<ScanResult>(
      [&](Client::ScanDone done) { client_->Scan(request, deadline_ns, std::move(done), cursor); });
}

CallResult<WatchResult> BlockingClient::Watch(ByteView begin, std::optional<ByteView> end,
                                              std::optional<std::uint64_t> from,
                                              std::uint64_t deadline_ns) {
  return Await<WatchResult>([&](Client::WatchDone done) {
    client_->Watch(begin, end, from, deadline_ns, std::move(done));
  });
}

CallResult<StatusResult> BlockingClient::Status(std::uint64_t deadline_ns) {
  return Await<StatusResult>(
      [&](Client::StatusDone done) { client_->Status(deadline_ns, std::move(done)); });
}

CallResult<std::uint64_t> BlockingClient::ChangeMembers(const ChangeRequest& request,
                                                        std::uint64_t deadline_ns) {
  return Await<std::uint64_t>([&](Client::IndexDone done) {
    client_->ChangeMembers(request, deadline_ns, std::move(done));
  });
}

CallResult<wire::NodeNumber> BlockingClient::TransferLeadership(wire::NodeNumber target,
                                                                std::uint64_t deadline_ns) {
  return Await<wire::NodeNumber>([&](Client::LeaderDone done) {
    client_->TransferLeadership(target, deadline_ns, std::move(done));
  });
}

}  // namespace beach::server
