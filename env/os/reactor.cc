// SPDX-License-Identifier: Apache-2.0
#include "env/os/reactor.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstring>
#include <exception>
#include <utility>

#include "base/check.h"

namespace beach::env {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Shared with the waits that Asio holds: they come after the Watch is gone, and find `watched`
// null.
struct WatchState {
  explicit WatchState(asio::io_context& io) : descriptor(io) {}

  asio::posix::stream_descriptor descriptor;
  Watched* watched = nullptr;
  bool awaits_readable = false;
  bool awaits_writable = false;
};

class AsioWatch final : public Watch {
 public:
  explicit AsioWatch(std::shared_ptr<WatchState> state) : state_(std::move(state)) {}
  ~AsioWatch() override {
    state_->watched = nullptr;
    error_code ignored;
    state_->descriptor.close(ignored);
  }

  int fd() const override { return state_->descriptor.native_handle(); }

  void AwaitReadable() override {
    if (std::exchange(state_->awaits_readable, true)) return;
    state_->descriptor.async_wait(asio::posix::descriptor_base::wait_read,
                                  [state = state_](const error_code&) {
                                    state->awaits_readable = false;
                                    if (state->watched != nullptr) state->watched->OnReadable();
                                  });
  }

  void AwaitWritable() override {
    if (std::exchange(state_->awaits_writable, true)) return;
    state_->descriptor.async_wait(asio::posix::descriptor_base::wait_write,
                                  [state = state_](const error_code&) {
                                    state->awaits_writable = false;
                                    if (state->watched != nullptr) state->watched->OnWritable();
                                  });
  }

  bool awaits_writable() const override { return state_->awaits_writable; }
  void Tell(Watched& watched) override { state_->watched = &watched; }

 private:
  const std::shared_ptr<WatchState> state_;
};

// No single wait is longer: time points far away overflow inside of Asio. Waking early is allowed.
constexpr std::chrono::hours kWaitMax{24};

std::chrono::steady_clock::time_point WakeTime(std::uint64_t deadline_ns) {
  const auto latest = std::chrono::steady_clock::now() + kWaitMax;
  const std::uint64_t latest_ns = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(latest.time_since_epoch()).count());
  if (deadline_ns >= latest_ns) return latest;
  return std::chrono::steady_clock::time_point(
      std::chrono::nanoseconds(static_cast<std::int64_t>(deadline_ns)));
}

class AsioReactor final : public Reactor {
 public:
  explicit AsioReactor(Owner& owner) : owner_(owner) {}

  void Run() override {
    io_.run();
    BEACH_CHECK(stopping_);
    stopping_ = false;
    io_.restart();
  }
  void Stop() override {
    stopping_ = true;
    io_.stop();
  }
  bool stopping() const override { return stopping_; }

  void Wake() override {
    asio::post(io_, [this] { owner_.OnPosted(); });
  }
  // Behind all that is ready by now.
  void EndTurn() override {
    asio::post(io_, [this] { owner_.OnTurnEnd(); });
  }
  void WakeAt(std::uint64_t deadline_ns) override {
    timer_.expires_at(WakeTime(deadline_ns));
    timer_.async_wait([this](const error_code& failure) {
      if (!failure) owner_.OnTimer();
    });
  }

  Result<std::unique_ptr<Watch>> NewWatch(int fd, Watched& watched) override {
    auto state = std::make_shared<WatchState>(io_);
    error_code failure;
    state->descriptor.assign(fd, failure);
    if (failure) {
      ::close(fd);
      return Fail(Error(ErrorCode::kIo, "watch a descriptor: " + failure.message())
                      .WithErrno(failure.value()));
    }
    state->watched = &watched;
    return std::make_unique<AsioWatch>(std::move(state));
  }

  Status Resolve(const HostPort& address, Resolved resolved) override {
    try {
      resolver_.async_resolve(
          address.host, address.port, asio::ip::resolver_base::numeric_service,
          [host = address.host, resolved = std::move(resolved)](
              const error_code& failure, const asio::ip::tcp::resolver::results_type& found) {
            if (failure) {
              return resolved(Fail(ErrorCode::kIo, "host " + host + ": " + failure.message()));
            }
            std::vector<SocketAddress> all;
            for (const auto& each : found) {
              SocketAddress address_found;
              const asio::ip::tcp::endpoint endpoint = each.endpoint();
              std::memcpy(&address_found.storage, endpoint.data(), endpoint.size());
              address_found.length = static_cast<socklen_t>(endpoint.size());
              all.push_back(address_found);
            }
            resolved(std::move(all));
          });
    } catch (const std::exception& failure) {  // the first one starts a thread
      return Fail(ErrorCode::kIo, "host " + address.host + ": " + failure.what());
    }
    return {};
  }

 private:
  Owner& owner_;
  asio::io_context io_{1};  // one thread runs it: it may keep its own work to itself
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  asio::steady_timer timer_{io_};
  asio::ip::tcp::resolver resolver_{io_};
  bool stopping_ = false;
};

}  // namespace

Result<std::unique_ptr<Reactor>> NewReactor(Reactor::Owner& owner) {
  try {
    return std::make_unique<AsioReactor>(owner);
  } catch (const std::exception& failure) {
    return Fail(ErrorCode::kIo, std::string("new event loop: ") + failure.what());
  }
}

}  // namespace beach::env
