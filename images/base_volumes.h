// What an image keeps in volumes (`VOLUME` of its Dockerfile) is in no layer that is made of it, and each
// container has its own.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace images {

// Throws io::SetupError, which names `base`, when what we put into layers would be lost in one. Else a
// sentence for the report about the others; nullopt where there are none.
std::optional<std::string> check_volumes(const std::vector<std::string>& volumes, const std::string& base);

}  // namespace images
