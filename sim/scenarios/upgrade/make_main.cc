// SPDX-License-Identifier: Apache-2.0
// image_make FILE: writes an image of a disk as today's engine leaves it.
#include <cstdio>

#include "sim/scenarios/upgrade/world.h"
#include "sim/sweep/os_files.h"

int main(int argc, char** argv) {
  using namespace beach::sim;
  if (argc != 2) {
    std::fputs("usage: image_make FILE\n", stderr);
    return 2;
  }
  const auto written = sweep::OsWriteFile(argv[1], EncodeImage(scenarios::upgrade::MakeImage()));
  if (written) return 0;
  std::fprintf(stderr, "%s\n", written.error().ToString().c_str());
  return 3;
}
