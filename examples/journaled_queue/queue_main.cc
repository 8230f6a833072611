// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <string>

#include "env/os/os_env.h"
#include "queue.h"

// queue_main DIRECTORY push TEXT... | pop: the same object code on this machine's files and
// threads.
int main(int argc, char** argv) {
  const std::string command = argc > 2 ? argv[2] : "";
  if (command != "push" && command != "pop") {
    std::fprintf(stderr, "usage: %s DIRECTORY push TEXT... | pop\n", argv[0]);
    return 2;
  }
  const beach::env::OsEnv os;
  const auto queue = journaled_queue::Queue::Open(os.env(), argv[1]);
  if (!queue) return std::fprintf(stderr, "%s\n", queue.error().ToString().c_str()), 3;
  for (int i = 3; i < argc && command == "push"; ++i) {
    const auto number = (*queue)->Push(argv[i]);
    if (!number) return std::fprintf(stderr, "%s\n", number.error().ToString().c_str()), 3;
  }
  if (command == "push") return 0;
  const auto item = (*queue)->Pop();
  if (!item) return std::fprintf(stderr, "%s\n", item.error().ToString().c_str()), 3;
  if (!*item) return 6;
  std::printf("%s\n", (*item)->bytes.c_str());
  return 0;
}
