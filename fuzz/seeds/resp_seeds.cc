// SPDX-License-Identifier: Apache-2.0
#include "fuzz/seeds.h"

namespace beach::fuzz {
namespace {

Bytes StreamSeed(char split, ByteView commands) { return Bytes(1, split) + Bytes(commands); }

}  // namespace

void AddRespSeeds(Seeds& seeds) {
  constexpr ByteView kArrays =
      "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n";
  seeds.push_back({"resp", "arrays", StreamSeed('\x00', kArrays)});
  seeds.push_back({"resp", "split", StreamSeed('\x02', kArrays)});
  seeds.push_back({"resp", "inline",
                   StreamSeed('\x05',
                              "PING\r\nset k 'a b' NX PX 500\nincrby n -7\r\nexpire k 9 GT\r\n"
                              "mset a 1 \"\\x41\\n\" ''\r\nh[a-c]?*\\* hab\r\n")});
  seeds.push_back({"resp", "too_long", StreamSeed('\x01', "*2\r\n$3\r\nGET\r\n$513\r\n")});
  seeds.push_back({"resp", "too_many", StreamSeed('\x01', "*17\r\n$3\r\nGET\r\n")});
  seeds.push_back({"resp", "empty", StreamSeed('\x03', "*0\r\n\r\n*-1\r\n*1\r\n$0\r\n\r\n")});
}

}  // namespace beach::fuzz
