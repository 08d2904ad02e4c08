// Which files of a local folder a branch adds or changes: from the last commit that it has in common with a
// base up to what was checked out, uncommitted and untracked files included where the folder is taken as it
// is. Child process.
#pragma once

#include "images/checkout/checkout.h"

namespace images::checkout {

// `source` is what `request` has brought. Throws io::RequestError with what to do: not a folder with history,
// an unknown base, no common commit.
ChangedFiles changed_files(const CheckoutRequest& request, const Source& source);

}  // namespace images::checkout
