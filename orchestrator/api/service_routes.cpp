// Whether the server lives, whether it can work, and what it counts.
#include <fmt/format.h>

#include "orchestrator/api/api_server.h"
#include "orchestrator/api/openapi.h"

namespace orchestrator {
namespace {

ServedResponse text(int status, std::string body) {
  return {status, "text/plain; charset=utf-8", std::move(body), {}};
}

}  // namespace

std::vector<Route> service_routes(const ApiParts& parts) {
  return {
      {"GET|HEAD", "/livez", kForAll, [](Call& call) { call.reply->respond(text(200, "ok\n")); }},
      {"GET|HEAD", "/readyz", kForAll,
       [parts](Call& call) {
         const auto why =
             parts.draining() ? std::optional<std::string>("the server is about to stop") : parts.not_ready();
         call.reply->respond(why ? text(503, *why + "\n") : text(200, "ok\n"));
       }},
      {"GET", "/metrics", may_read,
       [parts](Call& call) {
         call.reply->respond({200, "text/plain; version=0.0.4; charset=utf-8", parts.metrics_text(), {}});
       }},
      {"GET", "/api/v1/openapi.json", kForAll,
       [](Call& call) {
         call.reply->respond({200, "application/json", openapi_document(), {}});
       }},
      {"GET", "/api/v1/version", kForAll,
       [parts](Call& call) {
         call.reply->respond(json_response({{"version", parts.settings.version}}));
       }},
  };
}

}  // namespace orchestrator
