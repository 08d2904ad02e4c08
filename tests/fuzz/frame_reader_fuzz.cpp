// Whatever the bytes and wherever they are split, the reader says the same and hands on only what is allowed.
#include <cstdlib>
#include <string>

#include "sandbox/frames/frame_reader.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

// All frames as one text, in which it does not matter how an output was cut into pieces.
class Transcript : public sandbox::FrameSink {
 public:
  void frame(sandbox::FrameType type, std::string_view payload) override {
    require(payload.size() <= sandbox::kMaxFramePayload);
    const bool piece = type == sandbox::FrameType::out || type == sandbox::FrameType::err ||
                       type == sandbox::FrameType::result_data;
    // Data belongs to a file.
    if (type == sandbox::FrameType::result_data) require(in_file_);
    in_file_ = type == sandbox::FrameType::result_file || type == sandbox::FrameType::result_data;
    if (piece && payload.empty()) return;
    if (!piece || last_ != static_cast<int>(type))
      text += "\n" + std::to_string(static_cast<int>(type)) + " ";
    last_ = piece ? static_cast<int>(type) : 0;
    text.append(payload);
    if (!piece) require(sandbox::parse_fields(payload).size() <= 64);
  }
  std::string text;

 private:
  int last_ = 0;
  bool in_file_ = false;
};

class AttachTranscript : public sandbox::AttachSink {
 public:
  void attach_bytes(int stream, std::string_view bytes) override {
    require(stream >= 1 && stream <= 3);
    text[stream].append(bytes);
  }
  std::string text[4];
};

template <class Reader>
void feed_split(Reader& reader, std::string_view bytes, std::size_t step) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size())))
    reader.feed(bytes.substr(0, step));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = data[0] % 64 + 1;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);

  Transcript whole, split;
  sandbox::FrameReader one(whole), other(split);
  one.feed(bytes);
  feed_split(other, bytes, step);
  require(whole.text == split.text && one.ended() == other.ended() && one.broken() == other.broken());

  AttachTranscript attach_whole, attach_split;
  sandbox::AttachReader attach_one(attach_whole), attach_other(attach_split);
  attach_one.feed(bytes);
  feed_split(attach_other, bytes, step);
  for (int stream = 1; stream <= 3; ++stream) require(attach_whole.text[stream] == attach_split.text[stream]);
  require(attach_one.broken() == attach_other.broken());
  return 0;
}
