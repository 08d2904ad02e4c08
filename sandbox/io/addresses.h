// Which addresses belong to the internet, for those who let strangers say whom to call. Pure; any thread.
#pragma once

#include <sys/socket.h>

namespace io {

// False for loopback, private, link-local, carrier-grade NAT, multicast, reserved and documentation
// addresses, whatever IPv6 form they are wrapped in (RFC 6890, RFC 4193, RFC 6052, RFC 3056), and for what is
// no IP address.
bool is_public_address(const sockaddr* address);

}  // namespace io
