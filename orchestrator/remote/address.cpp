#include "orchestrator/remote/address.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "orchestrator/job/quoted.h"
#include "orchestrator/remote/poster.h"
#include "sandbox/io/error.h"

namespace orchestrator::remote {

Address parse_address(const std::string& text) {
  const auto refuse = [&] {
    throw io::RequestError(
        fmt::format("must be https://HOST or unix:/PATH of a serve, or https://HOST/v2/ENDPOINT, not {}",
                    in_quotes(text)));
  };
  Address address;
  address.said = text;
  if (text.starts_with("unix:")) {
    address.unix_socket = text.substr(text.starts_with("unix://") ? 7 : 5);
    if (!address.unix_socket.starts_with('/')) refuse();
    address.base = "http://server";
    address.here = true;
    return address;
  }
  // A user, a query or a fragment would be taken for what they are not.
  static const std::regex form(R"((https?://[A-Za-z0-9._\-\[\]:]+)(/v2/[A-Za-z0-9._\-]+)?/?)");
  std::smatch parts;
  if (text.size() > 2000 || !std::regex_match(text, parts, form)) refuse();
  address.endpoint = parts[2].matched;
  address.base = parts[1].str() + parts[2].str();
  static const std::regex loopback(R"(https?://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?)");
  address.here = std::regex_match(parts[1].str(), loopback);
  return address;
}

void check_token_may_go(const std::string& flag, const Address& address) {
  if (address.unix_socket.empty()) check_post_url(flag, address.base);
}

}  // namespace orchestrator::remote
