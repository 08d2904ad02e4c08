// A tree of sources as one tar, and the hash of what went into it. Child process.
#pragma once

#include <functional>
#include <string>

#include "images/checkout/checkout.h"
#include "images/checkout/sources.h"
#include "images/checkout/tree_hash.h"
#include "images/tar_writer.h"

namespace images::checkout {

// Writes `scratch`/source.tar with everything below `prefix`, owned by `owner`.
SourceArchive write_archive(Sources& sources, const std::string& scratch, const std::string& prefix,
                            int owner);

// The entries that `wanted` wants, below `base` (empty: at the archive's root), each after its folders.
void write_entries(SourceTree& tree, const std::string& base,
                   const std::function<bool(const TreeEntry&)>& wanted, TarWriter& tar, TreeHash& hash);

}  // namespace images::checkout
