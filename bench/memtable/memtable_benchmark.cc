// SPDX-License-Identifier: Apache-2.0
// Memtables of each kind alone: filled, read, walked, with keys of 16 digits and values of 100
// bytes, in memory that no cache of a processor's own holds.
#include <benchmark/benchmark.h>

#include <cstring>
#include <memory>

#include "base/random.h"
#include "bench/engine/records.h"
#include "engine/memtable/memtable.h"

namespace beach::bench {
namespace {

using engine::Memtable;
using engine::MemtableKind;
using engine::SequenceNumber;
using engine::ValueKind;

constexpr std::uint64_t kSeed = 1;
constexpr std::uint64_t kBytesPerEntry = 150;

enum class KeyOrder { kSequential, kRandom };

class Writes {
 public:
  Writes(std::uint64_t count, KeyOrder order) : order_(order), permutation_(count, kSeed) {
    std::memset(value_, 'v', sizeof value_);
  }

  std::uint64_t RecordAt(std::uint64_t index) const {
    return order_ == KeyOrder::kSequential ? index : permutation_.At(index);
  }
  void Add(Memtable& memtable, std::uint64_t index) {
    memtable.Add(SequenceNumber(index + 1), ValueKind::kPut, key_.Present(RecordAt(index)),
                 ByteView(value_, sizeof value_));
  }

 private:
  const KeyOrder order_;
  const Permutation permutation_;
  KeyBuffer key_;
  char value_[100];
};

std::unique_ptr<Memtable> Filled(MemtableKind kind, std::uint64_t count, KeyOrder order) {
  auto memtable = std::make_unique<Memtable>(kind, count * kBytesPerEntry);
  Writes writes(count, order);
  for (std::uint64_t i = 0; i < count; ++i) writes.Add(*memtable, i);
  return memtable;
}

void Fill(benchmark::State& state, MemtableKind kind, KeyOrder order) {
  const auto count = static_cast<std::uint64_t>(state.range(0));
  std::uint64_t bytes = 0;
  for (auto _ : state) {
    const auto memtable = Filled(kind, count, order);
    bytes = memtable->size_bytes();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["bytes_per_entry"] = static_cast<double>(bytes) / static_cast<double>(count);
}

void Get(benchmark::State& state, MemtableKind kind, KeyOrder order) {
  const auto count = static_cast<std::uint64_t>(state.range(0));
  const auto memtable = Filled(kind, count, order);
  RandomStream random(kSeed);
  KeyBuffer key;
  for (auto _ : state) {
    auto found = memtable->Get(key.Present(random.Below(count)), SequenceNumber(count));
    benchmark::DoNotOptimize(found);
  }
  state.SetItemsProcessed(state.iterations());
}

// A new cursor, a seek and ten entries.
void Seek(benchmark::State& state, MemtableKind kind) {
  const auto count = static_cast<std::uint64_t>(state.range(0));
  const auto memtable = Filled(kind, count, KeyOrder::kRandom);
  RandomStream random(kSeed);
  KeyBuffer key;
  for (auto _ : state) {
    const auto iterator = memtable->NewIterator();
    Bytes target(key.Present(random.Below(count)));
    target.append(8, '\xff');
    iterator->Seek(target);
    for (int step = 0; step < 10 && iterator->Valid(); ++step) iterator->Next();
    benchmark::DoNotOptimize(iterator->Valid());
  }
  state.SetItemsProcessed(state.iterations());
}

// As a flush does.
void Walk(benchmark::State& state, MemtableKind kind) {
  const auto count = static_cast<std::uint64_t>(state.range(0));
  const auto memtable = Filled(kind, count, KeyOrder::kRandom);
  for (auto _ : state) {
    const auto iterator = memtable->NewIterator();
    std::uint64_t sum = 0;
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
      sum += iterator->key().size() + static_cast<unsigned char>(iterator->value().back());
    }
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void Register() {
  constexpr std::pair<const char*, MemtableKind> kKinds[] = {{"skip_list", MemtableKind::kSkipList},
                                                             {"b_tree", MemtableKind::kBTree},
                                                             {"hash", MemtableKind::kHash}};
  const auto add = [](const std::string& name, auto&& body) {
    benchmark::RegisterBenchmark(name.c_str(), body)
        ->Unit(benchmark::kNanosecond)
        ->Arg(400'000)  // what 64 MiB hold
        ->Arg(2'000'000)
        ->MeasureProcessCPUTime();
  };
  for (const auto& [name, kind] : kKinds) {
    const MemtableKind of = kind;
    const std::string suffix = std::string("/") + name;
    add("fill_random" + suffix, [of](auto& state) { Fill(state, of, KeyOrder::kRandom); });
    add("fill_in_order" + suffix, [of](auto& state) { Fill(state, of, KeyOrder::kSequential); });
    add("get" + suffix, [of](auto& state) { Get(state, of, KeyOrder::kRandom); });
    add("get_filled_in_order" + suffix,
        [of](auto& state) { Get(state, of, KeyOrder::kSequential); });
    if (of != MemtableKind::kHash) add("seek" + suffix, [of](auto& state) { Seek(state, of); });
    add("walk" + suffix, [of](auto& state) { Walk(state, of); });
  }
}

}  // namespace
}  // namespace beach::bench

int main(int argc, char** argv) {
  beach::bench::Register();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
