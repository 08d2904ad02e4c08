#include "images/base_volumes.h"

#include <gtest/gtest.h>

#include "sandbox/io/error.h"

namespace images {
namespace {

std::string volume_refusal(const std::string& volume) {
  try {
    return check_volumes({volume}, "base:1").value_or("") + " (taken)";
  } catch (const io::SetupError& error) {
    return error.what();
  }
}

TEST(Volumes, OfNoImageAreNoMatter) { EXPECT_EQ(check_volumes({}, "base:1"), std::nullopt); }

TEST(Volumes, ThatWouldSwallowWhatLayersHoldAreRefused) {
  for (const char* volume : {"/work", "/work/", "/work/data", "/", "/home", "/home/attempt",
                             "/home/attempt/.m2", "/opt", "/opt/venv", "/opt/./venv", "/.orchestrator"})
    EXPECT_NE(
        volume_refusal(volume).find(std::string("base:1 keeps ") + volume + " in a volume (VOLUME), where"),
        std::string::npos)
        << volume_refusal(volume);
}

TEST(Volumes, ElsewhereAreToldOf) {
  for (const char* volume : {"/workshop", "/var/lib/postgresql/data", "/opt/mssql", "/home/gradle/.gradle"})
    EXPECT_NE(volume_refusal(volume).find("not counted by the disk limit (taken)"), std::string::npos)
        << volume_refusal(volume);
}

}  // namespace
}  // namespace images
