// The Debian mirror that this host itself uses, read from its apt sources. Pure but for `host_mirror`.
#pragma once

#include <string>
#include <string_view>

namespace images {

// The first mirror of Debian's main archive in a one-line sources.list; empty when there is none.
std::string mirror_of_list(std::string_view text);
// The same of a deb822 file (*.sources).
std::string mirror_of_deb822(std::string_view text);
// Looks through `etc`/apt; empty when this host names no Debian mirror (then debootstrap has its own
// default).
std::string host_mirror(const std::string& etc = "/etc");
// A sources.list for the new base: its suite from that mirror, without credentials of this host.
std::string sources_list(const std::string& mirror, const std::string& suite);

}  // namespace images
