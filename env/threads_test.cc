// SPDX-License-Identifier: Apache-2.0
#include "env/threads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <functional>
#include <string>
#include <vector>

// What threads and locks ask of the virtual OS, call by call. How they behave under a real
// scheduler, either world's, is env/conformance/.

namespace beach::env {
namespace {

using testing::ElementsAre;

// Records what is asked. Park runs the next scripted event, which stands for what other threads do
// meanwhile, and reports a deadline when there is none.
class ScriptedOs final : public VirtualOs {
 public:
  ScriptedOs() { current_virtual_os = this; }
  ~ScriptedOs() { current_virtual_os = nullptr; }

  void Step() override { calls.push_back("step"); }
  bool Park(const void* key, std::uint64_t deadline_ns) override {
    calls.push_back("park " + Name(key) +
                    (deadline_ns == kNoDeadline ? "" : " until " + std::to_string(deadline_ns)));
    if (events.empty()) {
      EXPECT_NE(deadline_ns, kNoDeadline) << "parked for ever";
      return false;
    }
    const std::function<void()> event = events.front();
    events.erase(events.begin());
    event();
    return true;
  }
  void Unpark(const void* key, bool all) override {
    calls.push_back(std::string(all ? "unpark all " : "unpark ") + Name(key));
  }
  void Acquired(const void* key) override { calls.push_back("acquired " + Name(key)); }
  void Released(const void* key) override { calls.push_back("released " + Name(key)); }
  std::uint64_t SpawnThread(const char* name, void (*entry)(void*), void* argument) override {
    calls.push_back(std::string("spawn ") + name);
    entry_ = [=] { entry(argument); };
    return 7;
  }
  void JoinThread(std::uint64_t id) override {
    calls.push_back("join " + std::to_string(id));
    entry_();
  }
  std::uint64_t ThreadId() override { return 42; }
  bool Buggify(Site) override { return false; }
  void Sometimes(Site) override {}
  void Failpoint(Site) override {}

  std::string Name(const void* key) const { return key == mutex ? "mutex" : "condition"; }

  const void* mutex = nullptr;
  std::vector<std::string> calls;
  std::vector<std::function<void()>> events;

 private:
  std::function<void()> entry_;
};

TEST(VirtualMutex, LockIsASwitchPointAndUnlockIsNot) {
  ScriptedOs os;
  Mutex mutex;
  os.mutex = &mutex;
  mutex.Lock();
  mutex.AssertHeld();
  mutex.Unlock();
  EXPECT_THAT(os.calls, ElementsAre("step", "acquired mutex", "released mutex", "unpark mutex"));
}

TEST(VirtualMutex, LockParksForAsLongAsItIsHeld) {
  ScriptedOs os;
  Mutex mutex;
  os.mutex = &mutex;
  mutex.Lock();
  os.calls.clear();
  os.events.emplace_back([] {});  // woken, but a third thread was faster
  os.events.emplace_back([&] { mutex.Unlock(); });
  mutex.Lock();
  EXPECT_THAT(os.calls, ElementsAre("step", "park mutex", "park mutex", "released mutex",
                                    "unpark mutex", "acquired mutex"));
  mutex.Unlock();
}

TEST(VirtualCondVar, WaitFreesTheMutexBeforeItParks) {
  ScriptedOs os;
  Mutex mutex;
  CondVar condition;
  os.mutex = &mutex;
  mutex.Lock();
  os.calls.clear();
  os.events.emplace_back([&] {
    mutex.Lock();  // free: does not park
    mutex.Unlock();
  });
  condition.Wait(mutex);
  mutex.AssertHeld();
  mutex.Unlock();
  EXPECT_THAT(os.calls, ElementsAre("released mutex", "unpark mutex", "park condition", "step",
                                    "acquired mutex", "released mutex", "unpark mutex", "step",
                                    "acquired mutex", "released mutex", "unpark mutex"));
}

TEST(VirtualCondVar, WaitUntilTellsTheDeadlineFromAWakeUp) {
  ScriptedOs os;
  Mutex mutex;
  CondVar condition;
  os.mutex = &mutex;
  const MutexLock lock(mutex);
  os.calls.clear();
  os.events.emplace_back([] {});
  EXPECT_TRUE(condition.WaitUntil(mutex, 1'000));
  EXPECT_FALSE(condition.WaitUntil(mutex, 2'000));
  mutex.AssertHeld();
  EXPECT_THAT(os.calls, ElementsAre("released mutex", "unpark mutex", "park condition until 1000",
                                    "step", "acquired mutex", "released mutex", "unpark mutex",
                                    "park condition until 2000", "step", "acquired mutex"));
}

TEST(VirtualCondVar, NotifyUnparksOneOrAll) {
  ScriptedOs os;
  CondVar condition;
  condition.NotifyOne();
  condition.NotifyAll();
  EXPECT_THAT(os.calls, ElementsAre("unpark condition", "unpark all condition"));
}

TEST(VirtualThread, IsSpawnedByNameAndJoinedById) {
  ScriptedOs os;
  bool ran = false;
  Thread thread("flush", [&] { ran = true; });
  EXPECT_FALSE(ran);
  thread.Join();
  EXPECT_TRUE(ran);
  EXPECT_THAT(os.calls, ElementsAre("spawn flush", "join 7"));
  EXPECT_EQ(CurrentThreadId(), 42U);
}

// Objects that one world made and never used may be destroyed in the other.
TEST(VirtualThreads, DestructorsNeedNoWorld) {
  auto mutex = std::make_unique<Mutex>();
  std::unique_ptr<CondVar> condition;
  {
    ScriptedOs os;
    condition = std::make_unique<CondVar>();
    mutex.reset();
    EXPECT_TRUE(os.calls.empty());
  }
  condition.reset();
}

TEST(NativeThread, CarriesItsName) {
  std::string name(16, '\0');
  Thread thread("beach-flush", [&] { ::pthread_getname_np(::pthread_self(), name.data(), 16); });
  thread.Join();
  EXPECT_STREQ(name.c_str(), "beach-flush");
}

using ThreadsDeathTest = testing::Test;

TEST(ThreadsDeathTest, MisuseStopsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Mutex mutex;
  CondVar condition;
  EXPECT_DEATH(mutex.Unlock(), "held_");
  EXPECT_DEATH(mutex.AssertHeld(), "held_");
  EXPECT_DEATH(condition.Wait(mutex), "held_");
  EXPECT_DEATH(Thread("sixteen-letters!", [] {}), "length < sizeof");
  EXPECT_DEATH(Thread("unjoined", [] {}), "state_ == nullptr");
  EXPECT_DEATH(Thread().Join(), "state_ != nullptr");
}

}  // namespace
}  // namespace beach::env
