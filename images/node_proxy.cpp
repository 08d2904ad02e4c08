#include "images/node_proxy.h"

#include "sandbox/io/carried_file.h"

CARRY_FILE(node_proxy, NODE_PROXY_FILE);

namespace images {

std::string_view node_proxy_module() { return CARRIED_FILE(node_proxy); }

}  // namespace images
