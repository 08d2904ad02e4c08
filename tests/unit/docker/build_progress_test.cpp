#include "sandbox/docker/build_progress.h"

#include <gtest/gtest.h>

namespace sandbox::docker {
namespace {

// As Docker 20.10 writes it: one step of the cache, one of this build.
constexpr std::string_view kBuilt = R"({"stream":"Step 1/3 : FROM base AS a"})"
                                    "\n"
                                    R"({"stream":"\n"})"
                                    "\n"
                                    R"({"stream":" ---\u003e b154d5b5a56d\n"})"
                                    "\n"
                                    R"({"stream":"Step 2/3 : RUN echo 1 \u003e /one"})"
                                    "\n"
                                    R"({"stream":"\n"})"
                                    "\n"
                                    R"({"stream":" ---\u003e Using cache\n"})"
                                    "\n"
                                    R"({"stream":" ---\u003e c96aa20c6198\n"})"
                                    "\n"
                                    R"({"stream":"Step 3/3 : RUN make"})"
                                    "\n"
                                    R"({"stream":"\n"})"
                                    "\n"
                                    R"({"stream":" ---\u003e Running in 6b5c03490631\n"})"
                                    "\n"
                                    R"({"stream":"out\n"})"
                                    "\n"
                                    R"({"stream":"\u001b[91merr\n\u001b[0m"})"
                                    "\n"
                                    R"({"stream":"Removing intermediate container 6b5c03490631\n"})"
                                    "\n"
                                    R"({"stream":" ---\u003e fdbff12b7521\n"})"
                                    "\n"
                                    R"({"aux":{"ID":"sha256:fdbff12b7521"}})"
                                    "\n"
                                    R"({"stream":"Successfully built fdbff12b7521\n"})"
                                    "\n";

std::string told(const std::vector<BuildNews>& news, BuildNews::Kind kind) {
  std::string text;
  for (const auto& each : news)
    if (each.kind == kind) text += each.text + (kind == BuildNews::Kind::step ? "|" : "");
  return text;
}

TEST(BuildProgress, TellsStepsAndBothStreams) {
  BuildProgress progress;
  const auto news = progress.add(kBuilt);
  EXPECT_EQ(told(news, BuildNews::Kind::step),
            "step 1: FROM base AS a|step 2: RUN echo 1 > /one|step 3: RUN make|");
  EXPECT_EQ(told(news, BuildNews::Kind::err), "err\n");
  EXPECT_EQ(told(news, BuildNews::Kind::out), "out\n") << "nothing of the builder's own bookkeeping";
  EXPECT_EQ(progress.image(), "sha256:fdbff12b7521");
  EXPECT_FALSE(progress.error());
}

TEST(BuildProgress, IsTheSameHoweverItIsCut) {
  BuildProgress whole;
  const auto news = whole.add(kBuilt);
  for (std::size_t cut = 1; cut < kBuilt.size(); ++cut) {
    BuildProgress progress;
    auto pieces = progress.add(kBuilt.substr(0, cut));
    for (auto& each : progress.add(kBuilt.substr(cut))) pieces.push_back(each);
    ASSERT_EQ(pieces.size(), news.size()) << cut;
    ASSERT_EQ(progress.made(), whole.made()) << cut;
    ASSERT_EQ(progress.image(), whole.image()) << cut;
  }
}

TEST(BuildProgress, KnowsWhichImagesItHasMade) {
  BuildProgress progress;
  progress.add(kBuilt);
  EXPECT_EQ(progress.made(), std::vector<std::string>{"fdbff12b7521"})
      << "neither the base nor what was cached";
}

TEST(BuildProgress, TellsWhyItEnded) {
  const auto error_of = [](const std::string& line) {
    BuildProgress progress;
    progress.add(line + "\n");
    const auto error = progress.error().value_or(BuildError{"none", std::nullopt});
    return error.message + (error.exit_code ? " " + std::to_string(*error.exit_code) : "");
  };
  EXPECT_EQ(error_of(R"({"errorDetail":{"code":3,"message":"returned 3"},"error":"returned 3"})"),
            "returned 3 3");
  EXPECT_EQ(error_of(R"({"errorDetail":{"message":"COPY failed"},"error":"x"})"), "COPY failed");
  EXPECT_EQ(error_of(R"({"error":"old"})"), "old");
  const std::string podman =
      R"({"errorDetail":{"message":"building at STEP \"RUN x\": while running runtime: )";
  EXPECT_TRUE(error_of(podman + R"(exit status 3\n"}})").ends_with("exit status 3\n 3"));
  EXPECT_TRUE(error_of(podman + R"(exit status 3 of 4"}})").ends_with("3 of 4"));
  EXPECT_TRUE(error_of(podman + R"(exit status 300"}})").ends_with("status 300"));
  EXPECT_EQ(error_of(R"({"errorDetail":{}})"), "unknown error");
  EXPECT_EQ(error_of(R"({"stream":"{\"error\":\"printed\"}\n"})"), "none");
}

TEST(BuildProgress, KnowsPodmansStepsAndTheOnesThatFetch) {
  BuildProgress progress;
  progress.add("{\"stream\":\"STEP 1/2: FROM base\\n\"}\n");
  EXPECT_EQ(progress.step(), "step 1: FROM base");
  EXPECT_TRUE(progress.fetches());
  progress.add("{\"stream\":\"STEP 2/2: RUN x\\n\"}\n");
  EXPECT_FALSE(progress.fetches());
}

TEST(BuildProgress, PassesOverWhatIsNoJsonAndLinesWithoutEnd) {
  BuildProgress progress;
  EXPECT_TRUE(progress.add("nonsense\n[1]\n{\"stream\":5}\n").empty());
  progress.add("{\"stream\":\"" + std::string(2 << 20, 'x') + "\"}\n");
  EXPECT_EQ(progress.add("{\"stream\":\"after\"}\n").size(), 1u);
}

}  // namespace
}  // namespace sandbox::docker
