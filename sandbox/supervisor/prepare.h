// Makes a base image ready for attempts: the user that tests run as, and the folders that they find. Runs as
// root inside the image; needs no shell and no name service there.
#pragma once

namespace supervisor {

// The exit code; complaints go to stderr.
int prepare();

}  // namespace supervisor
