// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "engine/db.h"
#include "env/os/os_env.h"

int main(int argc, char** argv) {
  beach::env::OsEnv os;
  auto db = beach::engine::Db::Open(os.env(), argc > 1 ? argv[1] : "beach-example", {});
  if (!db) return std::fprintf(stderr, "%s\n", db.error().ToString().c_str()), 1;
  if (auto put = (*db)->Put({.sync = true}, "tide", "high"); !put) return 1;  // durable from here
  auto tide = (*db)->Get({}, "tide");
  if (!tide || !*tide) return 1;
  std::printf("tide is %s\n", (*tide)->c_str());
  return (*db)->Close() ? 0 : 1;
}
