// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "client.h"
#include "env/os/os_env.h"
#include "node.h"

namespace {

using namespace beach;         // NOLINT
using namespace mirrored_log;  // NOLINT

constexpr std::uint64_t kPatienceNs = 5'000'000'000;

int Usage(const std::string& program) {
  std::fprintf(stderr,
               "usage: %s serve 0|1 DIRECTORY ADDRESS ADDRESS-OF-THE-OTHER\n"
               "       %s at ADDRESS append TEXT | read NUMBER | lead\n",
               program.c_str(), program.c_str());
  return 2;
}

int Ask(const env::Env& env, const std::string& address, const Message& request) {
  const auto answer = Call(env, address, request, kPatienceNs);
  if (!answer) return std::fprintf(stderr, "%s\n", answer.error().ToString().c_str()), 3;
  if (answer->kind == Kind::kNotNow) {
    std::fprintf(stderr, "not now; node %d leads\n", static_cast<int>(answer->epoch % 2));
    return 1;
  }
  if (request.kind == Kind::kAppend) std::printf("number %d\n", static_cast<int>(answer->number));
  if (request.kind != Kind::kRead) return 0;
  if (request.number >= answer->number) return 6;
  std::printf("%s\n", answer->bytes.c_str());
  return 0;
}

}  // namespace

// The same object code on this machine's files, clock and network.
int main(int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  const env::OsEnv os;
  const env::Env env = os.env();
  if (words.size() == 6 && words[1] == "serve" && (words[2] == "0" || words[2] == "1")) {
    const NodeOptions options{.self = words[2] == "0" ? 0U : 1U,
                              .directory = words[3],
                              .listen = words[4],
                              .other = words[5]};
    return std::fprintf(stderr, "%s\n", Serve(env, options).ToString().c_str()), 3;
  }
  if (words.size() < 4 || words[1] != "at") return Usage(words[0]);
  Message request;
  if (words[3] == "lead" && words.size() == 4) {
    request.kind = Kind::kLead;
  } else if (words[3] == "append" && words.size() == 5) {
    request.kind = Kind::kAppend;
    request.bytes = words[4];
  } else if (words[3] == "read" && words.size() == 5) {
    request.kind = Kind::kRead;
    request.number = std::strtoull(words[4].c_str(), nullptr, 10);
  } else {
    return Usage(words[0]);
  }
  return Ask(env, words[2], request);
}
