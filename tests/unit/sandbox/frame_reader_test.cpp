#include "sandbox/frames/frame_reader.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace sandbox {
namespace {

std::string header(unsigned type, std::uint32_t length) {
  std::string bytes(1, static_cast<char>(type));
  for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(length >> shift & 0xff));
  return bytes;
}

std::string encoded(FrameType type, const std::string& payload) {
  return header(static_cast<unsigned>(type), static_cast<std::uint32_t>(payload.size())) + payload;
}

std::string magic() { return {kFrameMagic, sizeof kFrameMagic}; }

// Pieces of one output next to each other become one.
class Collected : public FrameSink {
 public:
  void frame(FrameType type, std::string_view payload) override {
    const bool piece = type == FrameType::out || type == FrameType::err || type == FrameType::result_data;
    if (piece && payload.empty()) return;
    if (piece && !frames.empty() && frames.back().first == type)
      frames.back().second.append(payload);
    else
      frames.emplace_back(type, payload);
  }

  std::vector<std::pair<FrameType, std::string>> frames;
};

std::string an_attempt() {
  return magic() + encoded(FrameType::started, "") + encoded(FrameType::out, "hello\n") +
         encoded(FrameType::record, "{\"test\":1}") + encoded(FrameType::err, std::string(300, 'e')) +
         encoded(FrameType::record, "") + encoded(FrameType::note, "a sentence") +
         encoded(FrameType::usage, "cpu_us=5\n") + encoded(FrameType::result_file, "empty.xml") +
         encoded(FrameType::result_file, "a/b.xml") + encoded(FrameType::result_data, "<test") +
         encoded(FrameType::result_data, "suite/>") + encoded(FrameType::end, "code=0\nsignal=0\nstop=\n");
}

std::vector<std::pair<FrameType, std::string>> frames_of_an_attempt() {
  return {{FrameType::started, ""},
          {FrameType::out, "hello\n"},
          {FrameType::record, "{\"test\":1}"},
          {FrameType::err, std::string(300, 'e')},
          {FrameType::record, ""},
          {FrameType::note, "a sentence"},
          {FrameType::usage, "cpu_us=5\n"},
          {FrameType::result_file, "empty.xml"},
          {FrameType::result_file, "a/b.xml"},
          {FrameType::result_data, "<testsuite/>"},
          {FrameType::end, "code=0\nsignal=0\nstop=\n"}};
}

TEST(FrameReader, ReadsAnAttemptGivenWhole) {
  Collected sink;
  FrameReader reader(sink);
  EXPECT_TRUE(reader.feed(an_attempt()));
  EXPECT_TRUE(reader.ended());
  EXPECT_EQ(sink.frames, frames_of_an_attempt());
}

TEST(FrameReader, ReadsTheSameWhereverTheStreamIsSplit) {
  const std::string stream = an_attempt();
  for (std::size_t split = 0; split <= stream.size(); ++split) {
    Collected sink;
    FrameReader reader(sink);
    EXPECT_TRUE(reader.feed(std::string_view(stream).substr(0, split)));
    EXPECT_EQ(reader.ended(), split == stream.size());
    EXPECT_TRUE(reader.feed(std::string_view(stream).substr(split)));
    EXPECT_TRUE(reader.ended()) << "split at " << split;
    EXPECT_EQ(sink.frames, frames_of_an_attempt()) << "split at " << split;
  }
}

TEST(FrameReader, ReadsSingleBytes) {
  Collected sink;
  FrameReader reader(sink);
  for (const char byte : an_attempt()) EXPECT_TRUE(reader.feed({&byte, 1}));
  EXPECT_TRUE(reader.ended());
  EXPECT_EQ(sink.frames, frames_of_an_attempt());
}

TEST(FrameReader, HandsOutputOnBeforeItsFrameIsWhole) {
  Collected sink;
  FrameReader reader(sink);
  reader.feed(magic() + header(1, 10) + "half");
  ASSERT_EQ(sink.frames.size(), 1u);
  EXPECT_EQ(sink.frames[0].second, "half");
}

TEST(FrameReader, HandsARecordOnOnlyWhole) {
  Collected sink;
  FrameReader reader(sink);
  reader.feed(magic() + header(3, 10) + "half");
  EXPECT_TRUE(sink.frames.empty());
  reader.feed(" whole and");
  ASSERT_EQ(sink.frames.size(), 1u);
  EXPECT_EQ(sink.frames[0].second, "half whole");
}

TEST(FrameReader, TakesTheLongestFrame) {
  Collected sink;
  FrameReader reader(sink);
  EXPECT_TRUE(reader.feed(magic() + encoded(FrameType::record, std::string(kMaxFramePayload, 'r'))));
  ASSERT_EQ(sink.frames.size(), 1u);
  EXPECT_EQ(sink.frames[0].second.size(), kMaxFramePayload);
}

class MalformedFrames : public testing::TestWithParam<std::pair<const char*, std::string>> {};

TEST_P(MalformedFrames, BreakTheStreamForGood) {
  Collected sink;
  FrameReader reader(sink);
  EXPECT_FALSE(reader.feed(GetParam().second));
  EXPECT_TRUE(reader.broken());
  const auto seen = sink.frames;
  EXPECT_FALSE(reader.feed(encoded(FrameType::out, "more")));
  EXPECT_EQ(sink.frames, seen);
}

INSTANTIATE_TEST_SUITE_P(
    Frames, MalformedFrames,
    testing::Values(
        std::pair{"BadMagic", std::string("ORC2")}, std::pair{"Text", std::string("exec failed\n")},
        std::pair{"TypeZero", magic() + header(0, 1)}, std::pair{"TypeEleven", magic() + header(11, 1)},
        std::pair{"DataOfNoFile", magic() + encoded(FrameType::started, "") + header(10, 1)},
        std::pair{"DataFirst", magic() + header(10, 0)},
        std::pair{"DataAfterSomethingElse", magic() + encoded(FrameType::result_file, "a") +
                                                encoded(FrameType::note, "n") + header(10, 1)},
        std::pair{"PathTooLong", magic() + header(9, kMaxFramePayload + 1)},
        std::pair{"Type255", magic() + header(255, 0)},
        std::pair{"OneByteTooLong", magic() + header(3, kMaxFramePayload + 1)},
        std::pair{"OutputTooLong", magic() + header(1, kMaxFramePayload + 1)},
        std::pair{"FourGigabytes", magic() + header(2, 0xffffffff)},
        std::pair{"MoreAfterEnd", an_attempt() + "x"}, std::pair{"SecondEnd", an_attempt() + header(7, 0)}),
    [](const auto& malformed) { return std::string(malformed.param.first); });

TEST(FrameReader, IsStillEndedAfterNothingMore) {
  Collected sink;
  FrameReader reader(sink);
  reader.feed(an_attempt());
  EXPECT_TRUE(reader.feed(""));
  EXPECT_TRUE(reader.ended());
  EXPECT_FALSE(reader.feed("x"));
  EXPECT_FALSE(reader.ended());
  EXPECT_TRUE(reader.broken());
}

TEST(FrameReader, HasNotEndedWhenTheStreamStopsInTheMiddle) {
  Collected sink;
  FrameReader reader(sink);
  EXPECT_TRUE(reader.feed(std::string_view(an_attempt()).substr(0, an_attempt().size() - 1)));
  EXPECT_FALSE(reader.ended());
  EXPECT_FALSE(reader.broken());
}

TEST(Fields, AreReadLineByLine) {
  const auto fields = parse_fields("errno=2\nmessage=a=b: No such file\nempty=\nlast=1");
  EXPECT_EQ(fields.at("errno"), "2");
  EXPECT_EQ(fields.at("message"), "a=b: No such file");
  EXPECT_EQ(fields.at("empty"), "");
  EXPECT_EQ(fields.at("last"), "1");
}

TEST(Fields, AreEmptyForWhatIsNone) {
  EXPECT_TRUE(parse_fields("").empty());
  EXPECT_TRUE(parse_fields("\n\nno equals sign\n=no key\n").empty());
}

TEST(Fields, KeepTheFirstOfTwo) { EXPECT_EQ(parse_fields("code=1\ncode=0\n").at("code"), "1"); }

TEST(Fields, AreBounded) {
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "k" + std::to_string(i) + "=v\n";
  EXPECT_EQ(parse_fields(many).size(), 64u);
  EXPECT_EQ(parse_fields("key=" + std::string(60000, 'v')).at("key").size(), 4096u);
  EXPECT_TRUE(parse_fields(std::string(60000, 'k') + "=v").empty());
}

class AttachCollected : public AttachSink {
 public:
  void attach_bytes(int stream, std::string_view bytes) override { text[stream].append(bytes); }
  std::map<int, std::string> text;
};

std::string attached(char stream, const std::string& payload) {
  std::string bytes{stream, 0, 0, 0};
  for (int shift = 24; shift >= 0; shift -= 8)
    bytes.push_back(static_cast<char>(payload.size() >> shift & 0xff));
  return bytes + payload;
}

TEST(AttachReader, TellsTheStreamsApartWhereverTheyAreSplit) {
  const std::string stream = attached(1, "out") + attached(2, std::string(1000, 'e')) + attached(1, "") +
                             attached(3, "engine") + attached(1, "put");
  for (std::size_t split = 0; split <= stream.size(); ++split) {
    AttachCollected sink;
    AttachReader reader(sink);
    EXPECT_TRUE(reader.feed(std::string_view(stream).substr(0, split)));
    EXPECT_TRUE(reader.feed(std::string_view(stream).substr(split)));
    EXPECT_EQ(sink.text[1], "output");
    EXPECT_EQ(sink.text[2], std::string(1000, 'e'));
    EXPECT_EQ(sink.text[3], "engine");
  }
}

TEST(AttachReader, BreaksOnWhatIsNoHeader) {
  for (const std::string& bad : {std::string("\0\0\0\0\0\0\0\1x", 9), std::string("\4\0\0\0\0\0\0\1x", 9),
                                 std::string("\1\1\0\0\0\0\0\1x", 9), std::string("HTTP/1.1 200 OK")}) {
    AttachCollected sink;
    AttachReader reader(sink);
    EXPECT_FALSE(reader.feed(bad));
    EXPECT_TRUE(reader.broken());
    EXPECT_FALSE(reader.feed(attached(1, "out")));
    EXPECT_TRUE(sink.text.empty());
  }
}

}  // namespace
}  // namespace sandbox
