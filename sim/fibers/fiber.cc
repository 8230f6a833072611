// SPDX-License-Identifier: Apache-2.0
#include "sim/fibers/fiber.h"

#include <cxxabi.h>

#include <boost/context/detail/fcontext.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/check.h"

namespace beach::sim {

namespace fcontext = boost::context::detail;

struct Fiber::Access {
  // Runs on the fiber that was switched to, whatever it was doing.
  static void Arrive(Fiber& self, fcontext::transfer_t from) {
    Fiber& previous = *static_cast<Fiber*>(from.data);
    previous.context_ = from.fctx;
    self.context_ = nullptr;
    const void* low = nullptr;
    std::size_t size = 0;
    FinishSwitch(self.fake_stack_, &low, &size);
    if (previous.low_ == nullptr) {
      previous.low_ = low;
      previous.size_ = size;
    }
  }

  static void Leave(Fiber& self, Fiber& to, bool forever) {
    BEACH_CHECK(to.context_ != nullptr);
    BEACH_CHECK(self.context_ == nullptr);
    StartSwitch(forever ? nullptr : &self.fake_stack_, to.low_, to.size_);
  }

  // Not noexcept: an exception that nobody catches is to find no frame that ends the search, so
  // that std::terminate is called where it was thrown, with nothing unwound, as at the end of a
  // native thread.
  static void Enter(fcontext::transfer_t from);
};

void Fiber::Access::Enter(fcontext::transfer_t from) {
  // A new fiber learns who it is from the one that resumed it.
  Fiber& self = *static_cast<Fiber*>(from.data)->resumed_;
  Arrive(self, from);
  self.Restore();
  self.entry_(self.argument_);
  constexpr bool kEntryMayReturn = false;
  BEACH_CHECK(kEntryMayReturn);
  std::abort();
}

void Fiber::Save() {
  static_assert(sizeof(void*) == 8);
  const char* globals = reinterpret_cast<const char*>(abi::__cxa_get_globals());
  std::memcpy(&state_.caught_exceptions, globals, sizeof(void*));
  std::memcpy(&state_.uncaught_exceptions, globals + sizeof(void*), sizeof(unsigned int));
  state_.error_number = errno;
}

void Fiber::Restore() const {
  char* globals = reinterpret_cast<char*>(abi::__cxa_get_globals());
  std::memcpy(globals, &state_.caught_exceptions, sizeof(void*));
  std::memcpy(globals + sizeof(void*), &state_.uncaught_exceptions, sizeof(unsigned int));
  errno = state_.error_number;
}

void Fiber::Prepare(Stack stack, void (*entry)(void*), void* argument) {
  BEACH_CHECK(stack.low != nullptr);
  state_ = ThreadState{};
  entry_ = entry;
  argument_ = argument;
  low_ = stack.low;
  size_ = stack.size;
  fake_stack_ = nullptr;
  context_ = fcontext::make_fcontext(stack.low + stack.size, stack.size, &Access::Enter);
  BEACH_CHECK(context_ != nullptr);
}

void Fiber::Switch(Fiber& to) {
  Save();
  resumed_ = &to;
  Access::Leave(*this, to, false);
  const fcontext::transfer_t from = fcontext::jump_fcontext(to.context_, this);
  Access::Arrive(*this, from);
  Restore();
}

void Fiber::SwitchForever(Fiber& to) {
  resumed_ = &to;
  Access::Leave(*this, to, true);
  fcontext::jump_fcontext(to.context_, this);
  constexpr bool kMayBeResumed = false;
  BEACH_CHECK(kMayBeResumed);
  std::abort();
}

}  // namespace beach::sim
