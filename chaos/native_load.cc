// SPDX-License-Identifier: Apache-2.0
// Native clients that write down what they saw, one JSON object a line (docs/histories.md), until
// SIGTERM: each a thread with the blocking client, which asks again until the deadline, and has
// what it asks done once. `chaos_native_load HISTORY SEED FIRST CLIENTS HOST:PORT...`; numbers of
// clients count from FIRST.
#include <fmt/format.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "env/os/os_env.h"
#include "server/client/blocking_client.h"

namespace beach::server {
namespace {

constexpr std::uint64_t kDeadlineNs = 3'000'000'000;
constexpr double kPauseMs = 12;
// As keys.py has them.
constexpr std::uint64_t kAgeNs = 5'000'000'000;
constexpr unsigned kKeysAtATime = 8;

std::atomic<bool> stop = false;
void OnSignal(int) { stop = true; }

using Json = nlohmann::json;

// All clients' lines, in any order.
class History {
 public:
  explicit History(const std::string& path) : out_(path) {}
  bool good() const { return out_.good(); }
  void Add(const Json& line) {
    const std::scoped_lock lock(mutex_);
    out_ << line.dump() << '\n';
  }

 private:
  std::mutex mutex_;
  std::ofstream out_;
};

class NativeLoad {
 public:
  NativeLoad(BlockingClient& client, env::Clock& clock, History& history, std::uint64_t number,
             std::uint64_t seed)
      : client_(client),
        clock_(clock),
        history_(history),
        number_(number),
        random_(seed * 1000 + number) {}

  void Run() {
    while (!stop) {
      Step();
      const double pause_ms = std::exponential_distribution(1 / kPauseMs)(random_);
      std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(pause_ms));
    }
  }

 private:
  void Step() {
    const std::string key = DrawKey();
    const double what = std::uniform_real_distribution()(random_);
    if (what < 0.4) return Get(key);
    if (what < 0.7) return Put(key);
    if (what < 0.8) return Delete(key);
    CompareAndSet(key);
  }

  std::string DrawKey() {
    std::uint64_t age = clock_.MonotonicNow() / kAgeNs;
    if (std::uniform_real_distribution()(random_) < 0.1) --age;
    return fmt::format("{}-{}", age, std::uniform_int_distribution(0U, kKeysAtATime - 1)(random_));
  }

  std::string NewValue() { return fmt::format("{}.{}", number_, ++writes_); }

  Json Line(const char* op, const std::string& key) {
    return {{"client", number_}, {"op", op}, {"key", key}, {"call", clock_.MonotonicNow()}};
  }
  void Returned(Json& line) {
    line["return"] = clock_.MonotonicNow();
    history_.Add(line);
  }
  // A write that failed was not done, unless nobody knows.
  void Failed(Json& line, const CallFailure& failure) {
    if (failure.kind != FailureKind::kUnknown) return;
    line["return"] = nullptr;
    history_.Add(line);
  }

  void Get(const std::string& key) {
    Json line = Line("get", key);
    const auto got = client_.Get(key, kDeadlineNs);
    if (!got) return;
    seen_ = got->value;
    line["result"] = got->value ? Json(*got->value) : Json();
    Returned(line);
  }

  void Put(const std::string& key) {
    const std::string value = NewValue();
    Json line = Line("put", key);
    line["args"] = {value};
    const auto put = client_.Put(key, value, kDeadlineNs);
    put ? Returned(line) : Failed(line, put.error());
  }

  void Delete(const std::string& key) {
    Json line = Line("delete", key);
    const auto deleted = client_.Delete(key, kDeadlineNs);
    deleted ? Returned(line) : Failed(line, deleted.error());
  }

  // Reads first, mostly: what is not there any more is no news.
  void CompareAndSet(const std::string& key) {
    if (std::uniform_real_distribution()(random_) < 0.8) Get(key);
    const std::string value = NewValue();
    Json line = Line("cas", key);
    const std::optional<std::string> expected = seen_;
    line["args"] = Json::array({expected ? Json(*expected) : Json(), value});
    const auto done = client_.CompareAndSet(
        key, expected ? std::optional<ByteView>(*expected) : std::nullopt, value, kDeadlineNs);
    if (!done) return Failed(line, done.error());
    line["result"] = done->kind == AnswerKind::kDone;
    Returned(line);
  }

  BlockingClient& client_;
  env::Clock& clock_;
  History& history_;
  const std::uint64_t number_;
  std::mt19937_64 random_;
  std::optional<std::string> seen_;
  std::uint64_t writes_ = 0;
};

std::uint64_t NumberOf(std::string_view word) {
  std::uint64_t number = 0;
  std::from_chars(word.data(), word.data() + word.size(), number);
  return number;
}

int Run(const std::vector<std::string>& words) {
  if (words.size() < 5) {
    fmt::print(stderr, "usage: chaos_native_load HISTORY SEED FIRST CLIENTS HOST:PORT...\n");
    return 2;
  }
  const std::uint64_t seed = NumberOf(words[1]);
  const std::uint64_t first = NumberOf(words[2]);
  const env::OsEnv os;
  History history(words[0]);
  if (!history.good()) return fmt::print(stderr, "{}: cannot be written\n", words[0]), 3;
  ClientOptions options;
  options.addresses.assign(words.begin() + 4, words.end());
  // Half of them share a client, the others have one each.
  std::vector<std::unique_ptr<BlockingClient>> clients;
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < NumberOf(words[3]); ++i) {
    if (clients.empty() || i % 2 == 1) {
      auto client = BlockingClient::Open(os.env(), options);
      if (!client) return fmt::print(stderr, "{}\n", client.error().ToString()), 3;
      clients.push_back(*std::move(client));
    }
    BlockingClient& client = i % 2 == 1 ? *clients.back() : *clients.front();
    threads.emplace_back([&os, &client, &history, number = first + i, seed] {
      NativeLoad(client, *os.env().clock, history, number, seed).Run();
    });
  }
  for (std::thread& thread : threads) thread.join();
  return 0;
}

}  // namespace
}  // namespace beach::server

int main(int count, char** words) {
  std::signal(SIGTERM, beach::server::OnSignal);
  return beach::server::Run({words + 1, words + count});
}
