// SPDX-License-Identifier: Apache-2.0
#include "server/http/http_port.h"

#include <map>
#include <utility>

#include "server/http/admin_page.h"
#include "server/http/api_json.h"
#include "server/http/metrics_text.h"

namespace beach::server {
namespace {

// With more that it has not read, a client is answered nothing; the longest answer fits above it.
constexpr std::uint64_t kUnreadMax = std::uint64_t{256} << 10;
constexpr std::uint64_t kSendQueueMax = std::uint64_t{4} << 20;
constexpr std::uint64_t kSendQueueLow = std::uint64_t{64} << 10;
constexpr char kJson[] = "application/json";

HttpAnswer AnswerOf(const std::string& path, const HttpPort::Gather& gather,
                    const HttpCounts& counts) {
  if (path == "/livez") return {.body = "ok\n"};
  if (path == "/readyz") {
    const std::string why = WhyNotReady(gather());
    if (why.empty()) return {.body = "ok\n"};
    return {.status = 503, .body = why + "\n"};
  }
  if (path == "/metrics") {
    return {.type = kMetricsType, .body = MetricsText(gather(), counts)};
  }
  for (const ApiDocument& document : ApiDocuments()) {
    if (path == document.path) return {.type = kJson, .body = document.render(gather())};
  }
  if (const auto file = FindAdminFile(path)) {
    return {.type = file->type, .body = std::string(file->text)};
  }
  return {.status = 404, .body = "there is no such page\n"};
}

}  // namespace

struct HttpPort::Shared {
  struct Client {
    std::unique_ptr<env::Connection> connection;
    HttpReader reader;
    std::uint64_t progress_ns = 0;  // when it last ended a request, or took answers
    env::Loop::TimerId timer = 0;
    bool closing = false;
  };

  Shared(env::Loop& loop_of, env::Clock& clock_of, const HttpOptions& with, Gather gather_with)
      : loop(loop_of), clock(clock_of), options(with), gather(std::move(gather_with)) {}

  env::Connection::Callbacks Accept(std::unique_ptr<env::Connection> connection);
  void Answer(std::uint64_t id);
  void AnswerOne(Client& client, const HttpAnswer& answer, bool head, bool keep_alive);
  void Watch(std::uint64_t id);
  void Drop(std::uint64_t id);
  // A function of a client's that does nothing once port or client are gone.
  template <class Work>
  auto For(std::uint64_t id, Work work) {
    return [weak = self, id, work](auto&&... arguments) {
      const std::shared_ptr<Shared> port = weak.lock();
      if (port == nullptr || !port->clients.contains(id)) return;
      work(*port, id, arguments...);
    };
  }

  env::Loop& loop;
  env::Clock& clock;
  const HttpOptions options;
  const Gather gather;
  std::weak_ptr<Shared> self;
  std::map<std::uint64_t, Client> clients;
  std::uint64_t last_client = 0;
  HttpCounts counts;
};

env::Connection::Callbacks HttpPort::Shared::Accept(std::unique_ptr<env::Connection> connection) {
  if (clients.size() >= options.clients_max) {
    ++counts.clients_turned_away;
    return {};
  }
  const std::uint64_t id = ++last_client;
  Client& client = clients[id];
  client.connection = std::move(connection);
  client.progress_ns = clock.MonotonicNow();
  Watch(id);
  env::Connection::Callbacks callbacks;
  callbacks.on_bytes = For(id, [](Shared& port, std::uint64_t who, ByteView bytes) {
    port.clients[who].reader.Append(bytes);
    port.Answer(who);
  });
  callbacks.on_writable = For(id, [](Shared& port, std::uint64_t who) {
    port.clients[who].progress_ns = port.clock.MonotonicNow();
    port.Answer(who);
  });
  callbacks.on_closed =
      For(id, [](Shared& port, std::uint64_t who, const env::Closed&) { port.Drop(who); });
  return callbacks;
}

void HttpPort::Shared::Answer(std::uint64_t id) {
  Client& client = clients[id];
  while (!client.closing) {
    const bool full = client.connection->queued_bytes() > kUnreadMax;
    client.connection->PauseReading(full);
    if (full) return;
    const auto next = client.reader.Next();
    if (!next) return;
    client.progress_ns = clock.MonotonicNow();
    if (!next->has_value()) {
      ++counts.refusals;
      const HttpRefusal& refusal = next->error();
      AnswerOne(client, {.status = refusal.status, .body = refusal.why + "\n"}, false, false);
      continue;
    }
    const HttpRequest& request = **next;
    ++counts.answers;
    counts.clients = clients.size();
    AnswerOne(client, AnswerOf(request.path, gather, counts), request.head, request.keep_alive);
  }
}

void HttpPort::Shared::AnswerOne(Client& client, const HttpAnswer& answer, bool head,
                                 bool keep_alive) {
  const bool sent = client.connection->Send(EncodeHttpAnswer(answer, head, keep_alive));
  if (sent && keep_alive) return;
  client.closing = true;
  client.connection->Close();
}

void HttpPort::Shared::Watch(std::uint64_t id) {
  Client& client = clients[id];
  client.timer = loop.At(client.progress_ns + options.idle_max_ns,
                         For(id, [](Shared& port, std::uint64_t who) {
                           const Client& one = port.clients[who];
                           const std::uint64_t now_ns = port.clock.MonotonicNow();
                           if (now_ns < one.progress_ns + port.options.idle_max_ns) {
                             return port.Watch(who);
                           }
                           ++port.counts.clients_cut_off;
                           port.clients.erase(who);
                         }));
}

void HttpPort::Shared::Drop(std::uint64_t id) {
  loop.Cancel(clients[id].timer);
  clients.erase(id);
}

HttpPort::~HttpPort() {
  listener_.reset();
  for (auto& [id, client] : shared_->clients) shared_->loop.Cancel(client.timer);
  shared_->clients.clear();
}

Result<std::unique_ptr<HttpPort>> HttpPort::Open(env::Loop& loop, env::Clock& clock,
                                                 const std::string& address,
                                                 const HttpOptions& options, Gather gather) {
  auto shared = std::make_shared<Shared>(loop, clock, options, std::move(gather));
  shared->self = shared;
  std::unique_ptr<HttpPort> port(new HttpPort(shared));
  env::ConnectionOptions connections;
  connections.send_queue_max_bytes = kSendQueueMax;
  connections.send_queue_low_bytes = kSendQueueLow;
  connections.read_max_bytes = kHttpHeaderBytesMax;
  BEACH_TRY_ASSIGN(
      port->listener_,
      loop.Listen(address, connections,
                  [shared = shared.get()](std::unique_ptr<env::Connection> connection) {
                    return shared->Accept(std::move(connection));
                  }));
  return port;
}

const std::string& HttpPort::address() const { return listener_->address(); }

HttpCounts HttpPort::counts() const {
  HttpCounts counts = shared_->counts;
  counts.clients = shared_->clients.size();
  return counts;
}

}  // namespace beach::server
