// SPDX-License-Identifier: Apache-2.0
#include "env/threads.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "base/check.h"

// Every function chooses its world by one load of `current_virtual_os`. In the virtual world the
// pthread objects stay as their static initializers made them, so that either world may destroy
// them. Simulated threads share one OS thread: `held_` needs no lock of its own there.

namespace beach::env {

Mutex::~Mutex() {
  BEACH_CHECK(!held_);
  if (current_virtual_os == nullptr) ::pthread_mutex_destroy(&native_);
}

void Mutex::Lock() {
  if (VirtualOs* const vos = current_virtual_os; vos != nullptr) [[unlikely]] {
    vos->Step();
    while (held_) vos->Park(this, kNoDeadline);
    held_ = true;
    vos->Acquired(this);
    return;
  }
  const int failure = ::pthread_mutex_lock(&native_);
  BEACH_CHECK_EQ(failure, 0);
  held_ = true;
}

void Mutex::Unlock() {
  BEACH_CHECK(held_);
  held_ = false;
  if (VirtualOs* const vos = current_virtual_os; vos != nullptr) [[unlikely]] {
    vos->Released(this);
    vos->Unpark(this, false);
    return;
  }
  const int failure = ::pthread_mutex_unlock(&native_);
  BEACH_CHECK_EQ(failure, 0);
}

void Mutex::AssertHeld() const { BEACH_CHECK(held_); }

CondVar::CondVar() : native_(PTHREAD_COND_INITIALIZER) {}

CondVar::~CondVar() {
  if (current_virtual_os == nullptr) ::pthread_cond_destroy(&native_);
}

void CondVar::Wait(Mutex& mutex) { WaitUntil(mutex, kNoDeadline); }

bool CondVar::WaitUntil(Mutex& mutex, std::uint64_t deadline_ns) {
  mutex.AssertHeld();
  if (VirtualOs* const vos = current_virtual_os; vos != nullptr) [[unlikely]] {
    mutex.Unlock();  // never switches: no wake-up can fall between it and Park
    const bool woken = vos->Park(this, deadline_ns);
    mutex.Lock();
    return woken;
  }
  mutex.held_ = false;
  int failure = 0;
  if (deadline_ns == kNoDeadline) {
    failure = ::pthread_cond_wait(&native_, &mutex.native_);
  } else {
    constexpr std::uint64_t kSecond = 1'000'000'000;
    const timespec deadline{.tv_sec = static_cast<time_t>(deadline_ns / kSecond),
                            .tv_nsec = static_cast<long>(deadline_ns % kSecond)};
    failure = ::pthread_cond_clockwait(&native_, &mutex.native_, CLOCK_MONOTONIC, &deadline);
  }
  mutex.held_ = true;
  BEACH_CHECK(failure == 0 || failure == ETIMEDOUT);
  return failure == 0;
}

void CondVar::NotifyOne() {
  if (VirtualOs* const vos = current_virtual_os; vos != nullptr) [[unlikely]] {
    vos->Unpark(this, false);
    return;
  }
  ::pthread_cond_signal(&native_);
}

void CondVar::NotifyAll() {
  if (VirtualOs* const vos = current_virtual_os; vos != nullptr) [[unlikely]] {
    vos->Unpark(this, true);
    return;
  }
  ::pthread_cond_broadcast(&native_);
}

void Semaphore::Acquire() {
  const MutexLock lock(mutex_);
  while (count_ == 0) available_.Wait(mutex_);
  --count_;
}

void Semaphore::Release() {
  // Notifies under the lock: once it is free, the acquirer may destroy the semaphore.
  const MutexLock lock(mutex_);
  ++count_;
  available_.NotifyOne();
}

// Outlives the thread: freed by Join, after the body has returned.
struct Thread::State {
  char name[16];  // the kernel's limit, terminator included
  std::function<void()> body;
  pthread_t native{};
  std::uint64_t virtual_id = 0;  // 0: a native thread

  static void RunVirtual(void* state) { static_cast<State*>(state)->body(); }
  static void* RunNative(void* state) {
    auto* const self = static_cast<State*>(state);
    ::pthread_setname_np(::pthread_self(), self->name);
    self->body();
    return nullptr;
  }
};

Thread::Thread(const char* name, std::function<void()> body) : state_(new State) {
  const std::size_t length = std::strlen(name);
  BEACH_CHECK_LT(length, sizeof state_->name);
  std::memcpy(state_->name, name, length + 1);
  state_->body = std::move(body);
  if (VirtualOs* const vos = current_virtual_os; vos != nullptr) [[unlikely]] {
    state_->virtual_id = vos->SpawnThread(state_->name, &State::RunVirtual, state_);
    BEACH_CHECK_NE(state_->virtual_id, 0U);
    return;
  }
  const int failure = ::pthread_create(&state_->native, nullptr, &State::RunNative, state_);
  BEACH_CHECK_EQ(failure, 0);
}

Thread::~Thread() { BEACH_CHECK(state_ == nullptr); }

Thread::Thread(Thread&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}

Thread& Thread::operator=(Thread&& other) noexcept {
  if (this == &other) return *this;
  BEACH_CHECK(state_ == nullptr);
  state_ = std::exchange(other.state_, nullptr);
  return *this;
}

void Thread::Join() {
  BEACH_CHECK(state_ != nullptr);
  if (state_->virtual_id != 0) {
    VirtualOs* const vos = current_virtual_os;
    BEACH_CHECK(vos != nullptr);
    vos->JoinThread(state_->virtual_id);
  } else {
    const int failure = ::pthread_join(state_->native, nullptr);
    BEACH_CHECK_EQ(failure, 0);
  }
  delete std::exchange(state_, nullptr);
}

std::uint64_t CurrentThreadId() {
  if (VirtualOs* const vos = current_virtual_os; vos != nullptr) [[unlikely]] {
    return vos->ThreadId();
  }
  return static_cast<std::uint64_t>(::gettid());
}

std::uint64_t ThreadHint() {
  if (VirtualOs* const vos = current_virtual_os; vos != nullptr) [[unlikely]] {
    return vos->ThreadId();
  }
  // An address that is a multiple of the page's size, and mostly of a stack's.
  return static_cast<std::uint64_t>(::pthread_self()) * 0x9E3779B97F4A7C15U >> 48;
}

}  // namespace beach::env
