#include "tests/unit/checkout/checked_out.h"

#include <gtest/gtest.h>

#include "sandbox/io/curl_loop.h"
#include "sandbox/io/error.h"

namespace images {

CheckedOut check_out(CheckoutRequest request) {
  io::CurlLoop loop;
  CheckedOut result;
  std::unique_ptr<Checkout> running;
  result.source = io::await<io::Result<Source>>(loop, [&](auto done) {
    running = start_checkout(
        loop, std::move(request), [&](std::string_view line) { result.progress.emplace_back(line); }, done);
  });
  return result;
}

Source source_of(CheckoutRequest request) {
  CheckedOut result = check_out(std::move(request));
  EXPECT_TRUE(result.source.ok()) << error_of(result.source);
  return result.source.ok() ? result.source.value() : Source{};
}

io::Result<SourceArchive> archive_of(CheckoutRequest request, const std::string& prefix, int owner) {
  io::CurlLoop loop;
  std::unique_ptr<Checkout> running;
  return io::await<io::Result<SourceArchive>>(
      loop, [&](auto done) { running = start_archive(loop, std::move(request), prefix, owner, done); });
}

std::string describe_kind(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const io::RequestError& e) {
    return std::string("request: ") + e.what();
  } catch (const io::HostError& e) {
    return std::string("host: ") + e.what();
  } catch (const std::exception& e) {
    return std::string("other: ") + e.what();
  }
}

std::vector<std::string> paths_of(const Source& source) {
  std::vector<std::string> paths;
  for (const TreeEntry& entry : source.entries)
    paths.push_back(std::string(1, entry.type) + " " + entry.path);
  return paths;
}

}  // namespace images
