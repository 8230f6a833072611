// SPDX-License-Identifier: Apache-2.0
#include "fuzz/seeds.h"
#include "wire/frame.h"

namespace beach::fuzz {
namespace {

Bytes StreamSeed(char split, const Bytes& frames) { return Bytes(1, split) + frames; }

}  // namespace

void AddFrameSeeds(Seeds& seeds) {
  Bytes one;
  wire::AppendFrame(one, {.type = 1, .flags = 0, .request = wire::RequestId(1)}, "payload");
  Bytes several = one;
  wire::AppendFrame(several, {.type = 2, .flags = 3, .request = {}}, "");
  wire::AppendFrame(several, {.type = 7, .flags = 0, .request = {}}, "four");
  wire::AppendFrame(several, {.type = 1, .flags = 0, .request = {}}, Bytes(300, 'x'));
  Bytes long_one;
  wire::AppendFrame(long_one, {.type = 7, .flags = 0, .request = {}}, "beyond");
  seeds.push_back({"frame", "one", StreamSeed('\x00', one)});
  seeds.push_back({"frame", "several", StreamSeed('\x20', several)});
  seeds.push_back({"frame", "too_long", StreamSeed('\x02', long_one)});
  seeds.push_back({"frame", "unfinished", StreamSeed('\x05', several.substr(0, 200))});
}

}  // namespace beach::fuzz
