// A tree of sources as one tar, and the hash of what went into it. Child process.
#pragma once

#include <string>

#include "images/checkout/checkout.h"
#include "images/checkout/sources.h"

namespace images::checkout {

// Writes `scratch`/source.tar with everything below `prefix`, owned by `owner`.
SourceArchive write_archive(Sources& sources, const std::string& scratch, const std::string& prefix,
                            int owner);

}  // namespace images::checkout
