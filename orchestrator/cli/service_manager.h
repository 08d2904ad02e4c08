// What systemd's Type=notify wants to hear (sd_notify(3)): a datagram to the socket that $NOTIFY_SOCKET
// names.
#pragma once

#include <string_view>

namespace orchestrator {

// "READY=1", "STOPPING=1". Does nothing where nobody listens.
void notify_service_manager(std::string_view state);

}  // namespace orchestrator
