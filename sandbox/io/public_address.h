// Which addresses are of the public internet: what a stranger may make this program connect to.
#pragma once

#include <sys/socket.h>

namespace io {

// False for loopback, private, link-local, shared, multicast, documentation and other special ranges, for an
// IPv6 address that stands for such an IPv4 one, and for every family but these two.
bool is_public(const sockaddr& address);

}  // namespace io
