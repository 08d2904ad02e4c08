#include "orchestrator/run/free_space.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

class FreeSpace : public testing::Test {
 protected:
  ~FreeSpace() override { unsetenv("ORCHESTRATOR_MIN_FREE"); }
  static std::string complaint(const char* said) {
    setenv("ORCHESTRATOR_MIN_FREE", said, 1);
    try {
      disk_obstacle({"/"});
    } catch (const io::RequestError& error) {
      return error.what();
    }
    return "";
  }
};

TEST_F(FreeSpace, ThatIsSaidWronglyIsAMistake) {
  const std::string start =
      "ORCHESTRATOR_MIN_FREE: must be a number of bytes or a size as in 500m or 2g, not ";
  EXPECT_EQ(complaint("xx"), start + "'xx'");
  EXPECT_EQ(complaint("-1"), start + "'-1'");
  EXPECT_EQ(complaint("500m"), "");
}

TEST_F(FreeSpace, MustBe2GiBUnlessSomethingElseIsSaid) {
  EXPECT_EQ(min_free_bytes(), 2.0 * (1 << 30));
  EXPECT_EQ(complaint(""), "");
  EXPECT_EQ(min_free_bytes(), 2.0 * (1 << 30)) << "an empty variable is one that is not set";
  EXPECT_EQ(complaint("1k"), "");
  EXPECT_EQ(min_free_bytes(), 1024);
}

TEST_F(FreeSpace, ThatIsTooLittleIsAnObstacle) {
  EXPECT_EQ(complaint("1000000000g"), "");
  const auto obstacle = disk_obstacle({"", "/no/such/folder", "/"});
  ASSERT_TRUE(obstacle);
  EXPECT_EQ(obstacle->find("the disk of / is too full: "), 0u) << *obstacle;
  EXPECT_FALSE(disk_obstacle({"", "/no/such/folder"}));
}

}  // namespace
}  // namespace orchestrator
