#include "orchestrator/run/attempt_source.h"

#include <gtest/gtest.h>

namespace orchestrator {
namespace {

std::vector<int> all_of(AttemptSource& source, const TestResults& tests) {
  std::vector<int> indices;
  while (const auto index = source.next({.tests = &tests})) indices.push_back(*index);
  return indices;
}

// An attempt in which tests with these ids ran, below that folder.
void add_attempt(TestResults& results, int attempt, const std::string& root,
                 const std::vector<std::string>& ids) {
  AttemptTests tests{.attempt = attempt, .session = true, .root = root};
  for (const auto& id : ids)
    tests.runs.push_back({.test = results.intern_test(id), .outcome = TestOutcome::passed});
  results.add(std::move(tests));
}

TEST(AttemptsOfChangedFiles, AreNotMadeUntilATestOfThemWasSeen) {
  TestResults none;
  const auto source = with_changed(4, 3, {"tests/test_b.py"});
  EXPECT_EQ(source->expected(), 4);
  EXPECT_EQ(source->next({.tests = &none}), 0);
  EXPECT_EQ(source->next({.tests = &none}), 1);
  TestResults some;
  add_attempt(some, 0, "/work", {"tests/test_a.py::t", "tests/test_b.py::TestC::t[x]"});
  EXPECT_EQ(source->next({.tests = &some}), 4) << "it is the changed ones' turn";
  EXPECT_EQ(source->expected(), 7);
  EXPECT_EQ(all_of(*source, some), (std::vector<int>{5, 2, 6, 3}));
}

TEST(AttemptsOfChangedFiles, AreNeverMadeWhenNoTestOfThemIsRun) {
  TestResults results;
  add_attempt(results, 0, "/work", {"tests/test_a.py::t", "tests/test_b.py.orig::t"});
  const auto source = with_changed(3, 100, {"tests/test_b.py", "setup.py"});
  EXPECT_EQ(all_of(*source, results), (std::vector<int>{0, 1, 2}));
}

TEST(AttemptsOfChangedFiles, KnowFilesFromTheFolderThatIdsBeginFrom) {
  for (const auto& [root, id, seen] : {std::tuple{"/work/web", "test_b.py::t", true},
                                       {"/work", "test_b.py::t", false},
                                       {"/work/web/deep", "../test_b.py::t", true},
                                       {"/elsewhere/web", "test_b.py::t", false}}) {
    TestResults results;
    add_attempt(results, 0, root, {id});
    const auto source = with_changed(1, 1, {"web/test_b.py"});
    EXPECT_EQ(all_of(*source, results).size(), seen ? 2u : 1u) << root;
  }
}

}  // namespace
}  // namespace orchestrator
