// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/error.h"
#include "bench/server/server_system.h"

namespace beach::bench {

// How a put and a get are said to a server, and where its reply ends. One is asked at a time on a
// connection.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual void AppendPut(ByteView key, ByteView value, Bytes& target) const = 0;
  virtual void AppendGet(ByteView key, Bytes& target) const = 0;
  // `bytes` is a whole reply to a put, or to a get, or else its beginning: more has to come.
  // kCorruption: it is an error, or no value.
  virtual Result<bool> IsWhole(ServerWork work, ByteView bytes) const = 0;
};

// Redis' protocol.
std::unique_ptr<Exchange> NewRespExchange();
// etcd's JSON gateway (/v3/kv/put, /v3/kv/range), over HTTP/1.1.
std::unique_ptr<Exchange> NewEtcdExchange();

Bytes Base64Of(ByteView bytes);

}  // namespace beach::bench
