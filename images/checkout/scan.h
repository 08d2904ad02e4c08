// Reads every entry of a tree once: the hash, the sum, the manifests. Child process.
#pragma once

#include "images/checkout/checkout.h"
#include "images/checkout/sources.h"

namespace images::checkout {

// Throws io::RequestError when files of a local folder are Git LFS pointers.
Source scan(Sources& sources);

}  // namespace images::checkout
