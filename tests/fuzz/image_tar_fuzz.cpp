// Any bytes as the tar of an image: taken or refused in a sentence; what is taken is for an engine no
// compressed file.
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cctype>
#include <cstdint>
#include <cstdlib>

#include "images/image_tar.h"
#include "sandbox/io/error.h"
#include "sandbox/io/fd.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const io::Fd file(::memfd_create("image.tar", MFD_CLOEXEC));
  require(::write(file.get(), data, size) == static_cast<ssize_t>(size));
  try {
    images::check_image_tar(fmt::format("/proc/self/fd/{}", file.get()), "it");
    require(std::isalnum(data[0]) != 0);
  } catch (const io::RequestError&) {
  }
  return 0;
}
