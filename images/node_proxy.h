// A module for Node that lets npm log in to a proxy where it would not by itself; see node_proxy.cjs.
#pragma once

#include <string_view>

namespace images {

std::string_view node_proxy_module();

}  // namespace images
