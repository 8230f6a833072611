// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "queue.h"
#include "sim/cli/scenario_main.h"
#include "sim/lives.h"

using namespace beach;  // NOLINT
using journaled_queue::Queue;

// What the queue may hold after a crash: the items [head, tail). One client pushes, one pops, so
// two pairs of numbers say it all: what they were told, and what they have asked for.
struct Expected {
  std::uint64_t pushed = 0, pushing = 0;  // pushed <= tail <= pushing
  std::uint64_t popped = 0, popping = 0;  // popped <= head <= popping
};

// Number n is `size` times the n-th letter.
Bytes MakeItem(std::uint64_t number, std::uint64_t size) {
  return Bytes(size, static_cast<char>('a' + number % 26));
}

void CheckRecovered(sim::Simulation& simulation, std::uint64_t head, std::uint64_t tail,
                    Expected& expected) {
  const std::string found = "items [" + std::to_string(head) + ", " + std::to_string(tail) + "): ";
  const auto need = [&](bool holds, const char* rule, const char* of_what, std::uint64_t bound) {
    if (!holds) simulation.Fail(rule, found + of_what + std::to_string(bound));
  };
  need(tail >= expected.pushed, "lost", "pushed was all below ", expected.pushed);
  need(head >= expected.popped, "popped-again", "popped was all below ", expected.popped);
  need(tail <= expected.pushing, "invented", "no push was asked for from ", expected.pushing);
  need(head <= expected.popping, "dropped", "no pop was asked for from ", expected.popping);
  expected = {.pushed = tail, .pushing = tail, .popped = head, .popping = head};
}

// Pops one item, which is the next one.
Status PopNext(sim::Simulation& simulation, Queue& queue, Expected& expected) {
  const bool empty = expected.popped >= expected.pushed;  // but for a push under way
  expected.popping = expected.popped + 1;
  BEACH_TRY_ASSIGN(const auto item, queue.Pop());
  if (!item && empty) return {};
  if (!item || item->number != expected.popped ||
      item->bytes != MakeItem(item->number, item->bytes.size())) {
    simulation.Fail("wrong-item", "not number " + std::to_string(expected.popped));
  }
  ++expected.popped;
  return {};
}

void RunQueue(sim::Simulation& simulation) {
  Expected expected;
  const sim::LivesOptions options{
      .clients = {{{"push", 1}}, {{"pop", 1}}},
      .number_max = 600,
      .faults = sim::UsualFaults(),
      .host = {.small_disk_max_bytes = 65'536, .draw_disk_speed = true}};
  sim::RunLives(simulation, options, [&](sim::Life& life) {
    const auto opened = Queue::Open(life.env(), "queue");
    if (!opened) return life.Excuse("opening", Fail(opened.error()));
    Queue& queue = **opened;
    CheckRecovered(simulation, queue.head(), queue.tail(), expected);
    life.RunClients([&](const sim::Call& call) -> Status {
      if (call.kind == "pop") return PopNext(simulation, queue, expected);
      BEACH_TRY(queue.Push(MakeItem(expected.pushing++, call.number)));
      expected.pushed = expected.pushing;
      return {};
    });
    while (life.last() && expected.popped < expected.pushed) {
      life.Excuse("popping", PopNext(simulation, queue, expected));
    }
  });
}

int main(int argc, char** argv) {
  return sim::cli::ScenarioMain(argc, argv,
                                {{"queue", "a queue in several lives, one client at each end of it",
                                  "what was pushed is popped, once, whatever happens", &RunQueue}});
}
