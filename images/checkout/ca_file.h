// Whether a file that a person named can serve as the certificates to trust. Asked before anything starts: a
// wrong one would otherwise come out as an untrusted server, or not at all where nothing is cloned.
#pragma once

#include <string>

namespace images {

// `flag` is how the file was named, for the message. Throws io::RequestError when it cannot be read, is
// larger than 8 MiB or holds no certificate as PEM.
void check_ca_file(const std::string& flag, const std::string& path);

}  // namespace images
