// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/db.h"
#include "env/os/os_env.h"
#include "env/threads.h"

// The database on this machine, by as many real threads as it has kinds of callers: writers, synced
// and not, those that do not wait, counters that compare and set, readers, walkers, flushers;
// closed and opened again. What it is for is ThreadSanitizer
// (`make tsan`): the orders of memory that a processor may choose are no part of any simulation.
// BEACH_STRESS_ROUNDS (1) makes it longer.

namespace beach::engine {
namespace {

constexpr int kWriters = 4;
constexpr int kReaders = 2;
constexpr int kCounters = 2;
constexpr std::uint64_t kCountsPerRound = 50;
constexpr const char* kCounter = "counter";  // all of them count in it
constexpr std::uint64_t kWritesPerRound = 300;
constexpr std::uint64_t kKeysPerWriter = 16;

std::uint64_t Rounds() {
  const char* const asked = std::getenv("BEACH_STRESS_ROUNDS");
  std::uint64_t rounds = 1;
  if (asked != nullptr) std::from_chars(asked, asked + std::strlen(asked), rounds);
  return rounds;
}

// Small, so that all that happens rarely happens often.
Options StressOptions(std::uint64_t round) {
  Options options;
  options.memtable_size = 16 * kKiB;
  options.wal_segment_size = 128 * kKiB;
  options.wal_flights_max = 1 + round % 4;
  options.block_size = 512;
  options.async_writes_max = round % 2 == 0 ? 16 : 1000;
  options.block_cache_size = round % 2 == 0 ? 16 * kKiB : 0;
  return options;
}

Bytes KeyOf(int writer, std::uint64_t number) {
  return "key " + std::to_string(writer) + "." + std::to_string(number % kKeysPerWriter);
}

// The number of the write, and bytes that follow from it.
Bytes ValueOf(std::uint64_t number) {
  return std::to_string(number) + ":" + Bytes(number % 200, static_cast<char>('a' + number % 26));
}

std::uint64_t NumberOf(ByteView value) {
  std::uint64_t number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  EXPECT_EQ(value, ValueOf(number));
  return number;
}

class DbStress : public testing::Test {
 protected:
  DbStress() {
    std::string name = (std::filesystem::temp_directory_path() / "beach-stress-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  ~DbStress() override { std::filesystem::remove_all(folder_); }

  void Write(Db& db, int writer, std::uint64_t first) {
    for (std::uint64_t number = first; number < first + kWritesPerRound; ++number) {
      const WriteOptions options{.sync = number % 4 == 0};
      if (number % 16 == 5) {
        WriteBatch batch;
        batch.Delete(KeyOf(writer, number));
        batch.Put(KeyOf(writer, number), ValueOf(number));
        EXPECT_TRUE(db.Write(options, batch));
      } else {
        EXPECT_TRUE(db.Put(options, KeyOf(writer, number), ValueOf(number)));
      }
    }
  }

  // As a writer of its own, who does not wait.
  void WriteAsync(Db& db, int writer, std::uint64_t first) {
    for (std::uint64_t number = first; number < first + kWritesPerRound; ++number) {
      const WriteOptions options{.sync = number % 8 != 0};
      while (true) {
        WriteBatch batch;
        batch.Put(KeyOf(writer, number), ValueOf(number));
        const Status queued = db.WriteAsync(options, batch, [this, number](const Status& status) {
          EXPECT_TRUE(status);
          EXPECT_EQ(answered_.exchange(number + 1), number);  // in their order
        });
        if (queued) break;
        EXPECT_EQ(queued.error().code(), ErrorCode::kOverloaded);
        EXPECT_TRUE(db.Put({.sync = true}, KeyOf(writer, number), ValueOf(number)));
      }
    }
  }

  void Count(Db& db) {
    for (std::uint64_t counted = 0; counted < kCountsPerRound;) {
      const auto seen = db.Get({}, kCounter);
      ASSERT_TRUE(seen.has_value());
      std::optional<ByteView> expected;
      if (*seen) expected = **seen;
      const Bytes next = ValueOf(*seen ? NumberOf(**seen) + 1 : 1);
      const auto set = db.CompareAndSet({.sync = counted % 2 == 0}, kCounter, expected, next);
      ASSERT_TRUE(set.has_value());
      if (*set) ++counted;
    }
  }

  // What a reader has seen of a key is never older later on.
  void Read(Db& db) {
    std::map<Bytes, std::uint64_t> seen;
    while (writers_left_.load() > 0) {
      for (int writer = 0; writer <= kWriters; ++writer) {
        for (std::uint64_t key = 0; key < kKeysPerWriter; ++key) {
          Look(db, KeyOf(writer, key), seen);
        }
      }
    }
  }

  void Look(Db& db, const Bytes& key, std::map<Bytes, std::uint64_t>& seen) {
    const auto value = db.Get({}, key);
    ASSERT_TRUE(value.has_value());
    if (!*value) {
      EXPECT_FALSE(seen.contains(key)) << key;
      return;
    }
    const std::uint64_t number = NumberOf(**value);
    EXPECT_GE(number, seen[key]) << key;
    seen[key] = number;
  }

  void Walk(Db& db) {
    bool forward = true;
    while (writers_left_.load() > 0) {
      const auto iterator = db.NewIterator({});
      ASSERT_TRUE(iterator.has_value());
      forward ? (*iterator)->SeekToFirst() : (*iterator)->SeekToLast();
      Bytes last;
      for (; (*iterator)->Valid(); forward ? (*iterator)->Next() : (*iterator)->Previous()) {
        const Bytes key((*iterator)->key());
        if (!last.empty()) {
          EXPECT_EQ(key > last, forward);
        }
        last = key;
        NumberOf((*iterator)->value());
      }
      EXPECT_TRUE((*iterator)->status());
      forward = !forward;
    }
  }

  std::filesystem::path folder_;
  std::atomic<int> writers_left_{0};
  std::atomic<std::uint64_t> answered_{0};  // the next number to be
};

TEST_F(DbStress, AllCallersAtOnce) {
  const env::OsEnv os;
  const std::string directory = (folder_ / "db").string();
  for (std::uint64_t round = 0; round < 2 * Rounds(); ++round) {
    auto opened = Db::Open(os.env(), directory, StressOptions(round));
    ASSERT_TRUE(opened.has_value()) << opened.error().ToString();
    Db& db = **opened;
    writers_left_ = kWriters + 1 + kCounters;
    std::vector<env::Thread> threads;
    for (int writer = 0; writer < kWriters; ++writer) {
      threads.emplace_back("writer", [this, &db, writer, round] {
        Write(db, writer, round * kWritesPerRound);
        --writers_left_;
      });
    }
    threads.emplace_back("async", [this, &db, round] {
      WriteAsync(db, kWriters, round * kWritesPerRound);
      --writers_left_;
    });
    for (int counter = 0; counter < kCounters; ++counter) {
      threads.emplace_back("counter", [this, &db] {
        Count(db);
        --writers_left_;
      });
    }
    for (int reader = 0; reader < kReaders; ++reader) {
      threads.emplace_back("reader", [this, &db] { Read(db); });
    }
    threads.emplace_back("walker", [this, &db] { Walk(db); });
    threads.emplace_back("flusher", [this, &db] {
      while (writers_left_.load() > 0) EXPECT_TRUE(db.Flush());
    });
    for (env::Thread& thread : threads) thread.Join();

    const auto count = db.Get({}, kCounter);
    ASSERT_TRUE(count.has_value() && *count);
    EXPECT_EQ(NumberOf(**count), (round + 1) * kCounters * kCountsPerRound);
    EXPECT_TRUE(db.Close());  // and all are answered
    EXPECT_EQ(answered_, (round + 1) * kWritesPerRound);
    opened = Db::Open(os.env(), directory, StressOptions(round));
    ASSERT_TRUE(opened.has_value()) << opened.error().ToString();
    for (int writer = 0; writer <= kWriters; ++writer) {
      const std::uint64_t end = (round + 1) * kWritesPerRound;
      for (std::uint64_t number = end - kKeysPerWriter; number < end; ++number) {
        const auto value = (*opened)->Get({}, KeyOf(writer, number));
        ASSERT_TRUE(value.has_value() && *value);
        EXPECT_EQ(**value, ValueOf(number));
      }
    }
    EXPECT_TRUE((*opened)->Close());
  }
}

}  // namespace
}  // namespace beach::engine
