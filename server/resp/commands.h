// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/resp/request_reader.h"

// Commands that are not on keys alone: what the table has in `run`. The arity of each has been
// looked at. Each answers before it returns, or suspends the client and resumes it once it has.

namespace beach::server {

class RespClient;

// Of the connection.
void RunAuth(RespClient& client, const RespRequest& request);
void RunClient(RespClient& client, const RespRequest& request);
void RunEcho(RespClient& client, const RespRequest& request);
void RunHello(RespClient& client, const RespRequest& request);
void RunPing(RespClient& client, const RespRequest& request);
void RunQuit(RespClient& client, const RespRequest& request);
void RunReset(RespClient& client, const RespRequest& request);
void RunSelect(RespClient& client, const RespRequest& request);

// Of transactions.
void RunDiscard(RespClient& client, const RespRequest& request);
void RunExec(RespClient& client, const RespRequest& request);
void RunMulti(RespClient& client, const RespRequest& request);
void RunUnwatch(RespClient& client, const RespRequest& request);
void RunWatch(RespClient& client, const RespRequest& request);

// Of all keys.
void RunDbsize(RespClient& client, const RespRequest& request);
void RunScan(RespClient& client, const RespRequest& request);

// Of the node.
void RunCommand(RespClient& client, const RespRequest& request);
void RunConfig(RespClient& client, const RespRequest& request);
void RunInfo(RespClient& client, const RespRequest& request);
void RunSlowlog(RespClient& client, const RespRequest& request);

}  // namespace beach::server
