// Reads every entry of a tree once: the hash, the sum, the manifests. Child process.
#pragma once

#include "images/checkout/checkout.h"
#include "images/checkout/sources.h"

namespace images::checkout {

// `dockerfile`: a path in the tree, whose context is to be found out, too; empty: none. Throws
// io::RequestError when it is not there, or when files of a local folder are Git LFS pointers.
Source scan(Sources& sources, const std::string& dockerfile = "");

}  // namespace images::checkout
