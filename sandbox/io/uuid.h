// Names that nobody else has. Any thread.
#pragma once

#include <string>

namespace io {

// "f81d4fae-7dec-4d1a-a765-00a0c91e6bf6": of version 4 (RFC 9562), all but six of its bits random.
std::string random_uuid();

}  // namespace io
