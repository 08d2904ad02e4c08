// The supervisor's binary, carried inside this one, so that there is a single file to install.
#pragma once

#include <string_view>

namespace sandbox {

std::string_view supervisor_binary();

}  // namespace sandbox
