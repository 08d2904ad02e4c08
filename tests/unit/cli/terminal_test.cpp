#include "orchestrator/cli/terminal.h"

#include <gtest/gtest.h>

#include <sstream>

#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

// A disk that is full: it takes bytes and loses them.
class Full : public std::stringbuf {
 protected:
  int sync() override { return -1; }
};

TEST(FinishStdout, IsAnErrorWhenSomethingWasLost) {
  Full full;
  std::ostream lossy(&full);
  lossy << "help";
  EXPECT_THROW(finish_stdout(lossy), io::HostError);
  std::ostringstream whole;
  whole << "help";
  finish_stdout(whole);
  EXPECT_EQ(whole.str(), "help");
}

}  // namespace
}  // namespace orchestrator
