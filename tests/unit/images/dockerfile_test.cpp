#include "images/dockerfile.h"

#include <gtest/gtest.h>

namespace images {
namespace {

using Names = std::vector<std::string>;

TEST(Dockerfile, NamesTheImagesOfItsStagesOnce) {
  EXPECT_EQ(images_named_by("FROM a:1\nRUN x\nFROM  --platform=linux/amd64  b@sha256:1 AS c\nfrom a:1\n", {}),
            (Names{"a:1", "b@sha256:1"}));
  EXPECT_EQ(images_named_by("", {}), Names{});
}

TEST(Dockerfile, DoesNotTakeItsOwnStagesForImages) {
  EXPECT_EQ(images_named_by("FROM scratch\nFROM a AS Build\nFROM build AS last\nCOPY --from=BUILD /x /y\n"
                            "COPY --from=0 /x /y\nCOPY --chown=1 --from=tools:2 /x /y\nCOPY a --from=z\n",
                            {}),
            (Names{"a", "tools:2"}));
}

TEST(Dockerfile, NamesTheArgumentsThatItDoesNotDeclare) {
  const char* const text = "ARG TAG=1\nFROM a:$TAG\nARG LATE OTHER=2\n# ARG GONE\n";
  EXPECT_EQ(
      undeclared_arguments(
          text,
          {{"TAG", "2"}, {"NO_SUCH", "1"}, {"LATE", ""}, {"OTHER", ""}, {"HTTPS_PROXY", "x"}, {"GONE", ""}}),
      (Names{"NO_SUCH", "GONE"}));
  EXPECT_EQ(images_named_by(text, {{"TAG", "2"}}), (Names{"a:2"}));
}

TEST(Dockerfile, PutsArgumentsInTheirPlaces) {
  const char* const text =
      "ARG REGISTRY=hub\nARG TAG=1 NAME=\"app\"\nARG BARE\nFROM ${REGISTRY}/$NAME:$TAG\n"
      "FROM $BARE\nFROM ${BARE:-other}${NAME:+/x}\nARG LATE=z\nFROM a$LATE\n";
  EXPECT_EQ(images_named_by(text, {}), (Names{"hub/app:1", "other/x", "a"}));
  EXPECT_EQ(images_named_by(text, {{"TAG", "2"}, {"BARE", "mine"}, {"LATE", "y"}}),
            (Names{"hub/app:2", "mine", "mine/x", "a"}));
}

TEST(Dockerfile, GoesOnOverLinesAndPassesOverComments) {
  EXPECT_EQ(images_named_by("# FROM no\nFROM \\\n  # in between\n\n  a\r\nRUN echo \\\nFROM b\n", {}),
            Names{"a"});
  EXPECT_EQ(images_named_by("# escape=`\nFROM `\n  a\nRUN c:\\\nFROM b\n", {}), (Names{"a", "b"}));
  EXPECT_EQ(images_named_by("\xef\xbb\xbf"
                            "FROM a",
                            {}),
            Names{"a"});
}

TEST(Dockerfile, LeavesOutWhatItCannotMakeOut) {
  EXPECT_EQ(images_named_by("ARG A=x-y\nFROM ${A%-y}\nFROM ${A\nFROM $\nFROM a\\b\nFROM\nFROM z", {}),
            Names{"z"});
}

}  // namespace
}  // namespace images
