// Any bytes as a bundle: a run or one error of a request, and nothing but image.tar is written.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "orchestrator/run/bundle.h"
#include "sandbox/io/error.h"

namespace {

namespace fs = std::filesystem;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Folder {
  Folder() { require(mkdtemp(path) != nullptr); }
  ~Folder() { fs::remove_all(path); }
  char path[32] = "/tmp/bundle-fuzz-XXXXXX";
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Folder folder;
  const std::string file = std::string(folder.path) + "/run.bundle",
                    unpacked = std::string(folder.path) + "/in";
  fs::create_directory(unpacked);
  std::ofstream(file, std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  try {
    const auto bundle = orchestrator::read_bundle(file, unpacked);
    require(fs::exists(bundle.image_tar));
  } catch (const io::RequestError&) {
  } catch (const io::HostError&) {  // an image that is larger than the disk
  } catch (const orchestrator::InvalidJob&) {
  }
  for (const auto& entry : fs::recursive_directory_iterator(unpacked))
    require(entry.path() == unpacked + "/image.tar");
  return 0;
}
