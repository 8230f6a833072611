// SPDX-License-Identifier: Apache-2.0
#include "sim/fibers/fiber.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <exception>
#include <functional>
#include <string>
#include <vector>

namespace beach::sim {
namespace {

// A fiber that runs a function, then returns to `home` for good.
struct TestFiber {
  TestFiber(StackPool& pool, Fiber& home_fiber, std::function<void()> work)
      : home(home_fiber), body(std::move(work)), stack(pool.Take()) {
    fiber.Prepare(stack, &Enter, this);
  }
  static void Enter(void* self) {
    auto& me = *static_cast<TestFiber*>(self);
    me.body();
    me.fiber.SwitchForever(me.home);
  }
  Fiber& home;
  std::function<void()> body;
  Stack stack;
  Fiber fiber;
};

TEST(Fiber, SwitchesBackAndForth) {
  StackPool pool;
  Fiber home;
  std::string order;
  TestFiber* self = nullptr;
  TestFiber fiber(pool, home, [&] {
    order += "a";
    self->fiber.Switch(home);
    order += "c";
  });
  self = &fiber;
  home.Switch(fiber.fiber);
  order += "b";
  home.Switch(fiber.fiber);
  EXPECT_EQ(order, "abc");
}

TEST(Fiber, ExceptionStateIsItsOwn) {
  StackPool pool;
  Fiber home;
  TestFiber* first = nullptr;
  TestFiber* second = nullptr;
  std::string seen;
  TestFiber a(pool, home, [&] {
    try {
      throw std::string("of a");
    } catch (const std::string&) {
      first->fiber.Switch(home);  // b throws, catches and ends while we hold ours
      try {
        throw;
      } catch (const std::string& again) {
        seen += again;
      }
    }
  });
  TestFiber b(pool, home, [&] {
    EXPECT_EQ(std::current_exception(), nullptr);
    EXPECT_EQ(std::uncaught_exceptions(), 0);
    try {
      throw 5;
    } catch (int) {
      second->fiber.Switch(home);
      EXPECT_NE(std::current_exception(), nullptr);
    }
  });
  first = &a;
  second = &b;
  home.Switch(a.fiber);
  EXPECT_EQ(std::current_exception(), nullptr);
  home.Switch(b.fiber);
  home.Switch(a.fiber);
  home.Switch(b.fiber);
  EXPECT_EQ(seen, "of a");
}

TEST(Fiber, SwitchesInsideADestructorThatUnwinds) {
  StackPool pool;
  Fiber home;
  TestFiber* self = nullptr;
  int uncaught_at_home = -1;
  struct SwitchAway {
    std::function<void()> action;
    ~SwitchAway() { action(); }
  };
  bool caught = false;
  TestFiber fiber(pool, home, [&] {
    try {
      const SwitchAway away{[&] { self->fiber.Switch(home); }};
      throw 1;
    } catch (int) {
      caught = true;
    }
  });
  self = &fiber;
  home.Switch(fiber.fiber);
  uncaught_at_home = std::uncaught_exceptions();
  home.Switch(fiber.fiber);
  EXPECT_EQ(uncaught_at_home, 0);
  EXPECT_TRUE(caught);
}

TEST(Fiber, ErrnoIsItsOwn) {
  StackPool pool;
  Fiber home;
  TestFiber* self = nullptr;
  int seen = 0;
  TestFiber fiber(pool, home, [&] {
    errno = ENOSPC;
    self->fiber.Switch(home);
    seen = errno;
  });
  self = &fiber;
  errno = EINTR;
  home.Switch(fiber.fiber);
  EXPECT_EQ(errno, EINTR);
  errno = EIO;
  home.Switch(fiber.fiber);
  EXPECT_EQ(errno, EIO);
  EXPECT_EQ(seen, ENOSPC);
}

TEST(StackPool, AbandonedStacksAreUsedAgain) {
  StackPool pool;
  Fiber home;
  for (int i = 0; i < 100; ++i) {
    TestFiber* self = nullptr;
    TestFiber fiber(pool, home, [&] {
      volatile char frame[1000] = {};  // leaves redzones behind
      frame[i] = 1;
      EXPECT_EQ(frame[i], 1);
      self->fiber.Switch(home);
    });
    self = &fiber;
    home.Switch(fiber.fiber);
    pool.Give(fiber.stack);  // never resumed
  }
  EXPECT_EQ(pool.mapped(), 1U);
}

TEST(StackPoolDeathTest, OverflowHitsTheGuardPage) {
  StackPool pool;
  const Stack stack = pool.Take();
  stack.low[0] = 1;
  EXPECT_DEATH(*const_cast<volatile char*>(stack.low - 1) = 1, "");
}

}  // namespace
}  // namespace beach::sim
