// SPDX-License-Identifier: Apache-2.0
#include "client.h"

#include <memory>
#include <optional>

namespace mirrored_log {

using namespace beach;  // NOLINT

Result<Message> Call(const env::Env& env, const std::string& address, const Message& request,
                     std::uint64_t patience_ns) {
  BEACH_TRY_ASSIGN(const std::unique_ptr<env::Loop> loop, env.network->NewLoop());
  std::string why = address + " does not answer";
  Bytes input;
  std::optional<Message> answer;
  env::Connection::Callbacks callbacks;
  callbacks.on_bytes = [&](ByteView bytes) {
    input += bytes;
    ByteView rest = input;
    Message message;
    const Found found = Take(rest, message);
    if (found == Found::kUnfinished) return;
    if (found == Found::kWhole) answer = message;
    loop->Stop();
  };
  callbacks.on_closed = [&](const env::Closed& closed) {
    why += ": " + closed.detail;
    loop->Stop();
  };
  const auto connection = loop->Connect(address, {}, std::move(callbacks));
  if (!connection->Send(Encode(request))) return Fail(ErrorCode::kIo, why);
  loop->At(env.clock->MonotonicNow() + patience_ns, [&] { loop->Stop(); });
  loop->Run();
  if (!answer) return Fail(ErrorCode::kIo, why);
  return *answer;
}

}  // namespace mirrored_log
