// Writes a deterministic, uncompressed pax/ustar archive: entries in the order given, fixed mtime and owner.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace images {

class TarWriter {
 public:
  // Creates or truncates `path`. Throws std::system_error.
  explicit TarWriter(const std::string& path, int owner = 0, std::int64_t mtime = 1'700'000'000);
  ~TarWriter();
  TarWriter(const TarWriter&) = delete;
  TarWriter& operator=(const TarWriter&) = delete;

  void folder(const std::string& path, int mode = 0755);
  void file(const std::string& path, std::string_view content, int mode = 0644);
  void symlink(const std::string& path, const std::string& target);
  // A large file in pieces: begin_file(path, size, mode), then append() until `size` bytes were given.
  void begin_file(const std::string& path, std::int64_t size, int mode);
  void append(std::string_view bytes);
  void finish();  // throws when the archive could not be completed

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace images
