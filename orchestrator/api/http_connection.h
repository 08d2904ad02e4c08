// The connections of an HttpServer: each reads a request, has it answered, and reads the next.
#pragma once

#include "orchestrator/api/http_state.h"

namespace orchestrator {

// It lives until one of both sides closes it. `peer`: as in ServedRequest.
void start_connection(std::shared_ptr<HttpServer::State> server, Protocol::socket socket, std::string peer);

// Those that wait for a request, and with `even_busy` all others. Any thread.
void close_connections(HttpServer::State& server, bool even_busy);

}  // namespace orchestrator
