// SPDX-License-Identifier: Apache-2.0
#include "fuzz/seeds.h"

namespace beach::fuzz {
namespace {

Bytes StreamSeed(char split, ByteView requests) { return Bytes(1, split) + Bytes(requests); }

}  // namespace

void AddHttpSeeds(Seeds& seeds) {
  constexpr ByteView kTwo =
      "GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n"
      "HEAD /api/status.json?x=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  seeds.push_back({"http", "whole", StreamSeed('\x00', kTwo)});
  seeds.push_back({"http", "split", StreamSeed('\x02', kTwo)});
  seeds.push_back({"http", "old", StreamSeed('\x07', "GET / HTTP/1.0\r\n\r\n")});
  seeds.push_back(
      {"http", "body",
       StreamSeed('\x03', "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1")});
  seeds.push_back(
      {"http", "chunked",
       StreamSeed('\x04', "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")});
  seeds.push_back({"http", "long",
                   StreamSeed('\xff', "GET / HTTP/1.1\r\nX: " + Bytes(9000, 'x') + "\r\n\r\n")});
}

}  // namespace beach::fuzz
