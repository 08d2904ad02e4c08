#include "sandbox/frames/frame_reader.h"

#include <algorithm>

namespace sandbox {
namespace {

constexpr std::size_t kMaxFields = 64;
constexpr std::size_t kMaxValue = 4 * 1024;
constexpr std::size_t kAttachHeader = 8;

// Moves bytes from `bytes` to `partial` until it holds `wanted`; true once it does.
bool collect(std::string& partial, std::size_t wanted, std::string_view& bytes) {
  const std::size_t taken = std::min(wanted - partial.size(), bytes.size());
  partial.append(bytes.substr(0, taken));
  bytes.remove_prefix(taken);
  return partial.size() == wanted;
}

std::uint32_t byte_at(std::string_view text, std::size_t index) {
  return static_cast<unsigned char>(text[index]);
}

std::uint32_t little_endian(std::string_view text) {
  return byte_at(text, 0) | byte_at(text, 1) << 8 | byte_at(text, 2) << 16 | byte_at(text, 3) << 24;
}

std::uint32_t big_endian(std::string_view text) {
  return byte_at(text, 3) | byte_at(text, 2) << 8 | byte_at(text, 1) << 16 | byte_at(text, 0) << 24;
}

bool is_known(std::uint32_t type) {
  return type >= static_cast<std::uint32_t>(FrameType::out) &&
         type <= static_cast<std::uint32_t>(FrameType::result_data);
}

bool may_come_in_pieces(FrameType type) {
  return type == FrameType::out || type == FrameType::err || type == FrameType::result_data;
}

bool may_follow(FrameType type, FrameType before) {
  return type != FrameType::result_data || before == FrameType::result_file ||
         before == FrameType::result_data;
}

}  // namespace

bool FrameReader::feed(std::string_view bytes) {
  while (!bytes.empty() && state_ != State::broken) {
    switch (state_) {
      case State::magic:
        if (!collect(partial_, sizeof kFrameMagic, bytes)) return true;
        state_ =
            partial_ == std::string_view(kFrameMagic, sizeof kFrameMagic) ? State::header : State::broken;
        partial_.clear();
        break;
      case State::header:
        if (!collect(partial_, kFrameHeader, bytes)) return true;
        begin_frame();
        break;
      case State::payload:
        take_payload(bytes);
        break;
      case State::ended:
        state_ = State::broken;
        break;
      case State::broken:
        break;
    }
  }
  return state_ != State::broken;
}

void FrameReader::begin_frame() {
  const std::uint32_t type = byte_at(partial_, 0);
  remaining_ = little_endian(std::string_view(partial_).substr(1));
  partial_.clear();
  if (!is_known(type) || remaining_ > kMaxFramePayload || !may_follow(static_cast<FrameType>(type), type_)) {
    state_ = State::broken;
    return;
  }
  type_ = static_cast<FrameType>(type);
  state_ = State::payload;
  if (remaining_ == 0) finish_frame({});
}

void FrameReader::take_payload(std::string_view& bytes) {
  if (may_come_in_pieces(type_)) {
    const std::string_view piece = bytes.substr(0, remaining_);
    bytes.remove_prefix(piece.size());
    remaining_ -= static_cast<std::uint32_t>(piece.size());
    if (remaining_ == 0) state_ = State::header;
    sink_.frame(type_, piece);
    return;
  }
  if (partial_.empty() && bytes.size() >= remaining_) {
    const std::string_view whole = bytes.substr(0, remaining_);
    bytes.remove_prefix(whole.size());
    return finish_frame(whole);
  }
  if (!collect(partial_, remaining_, bytes)) return;
  const std::string whole = std::move(partial_);
  partial_.clear();
  finish_frame(whole);
}

void FrameReader::finish_frame(std::string_view payload) {
  // First the state: the sink may look at ended().
  state_ = type_ == FrameType::end ? State::ended : State::header;
  sink_.frame(type_, payload);
}

std::map<std::string, std::string> parse_fields(std::string_view payload) {
  std::map<std::string, std::string> fields;
  while (!payload.empty() && fields.size() < kMaxFields) {
    const std::string_view line = payload.substr(0, payload.find('\n'));
    payload.remove_prefix(std::min(payload.size(), line.size() + 1));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || equals == 0 || equals > kMaxValue) continue;
    fields.emplace(line.substr(0, equals), line.substr(equals + 1, kMaxValue));
  }
  return fields;
}

bool AttachReader::feed(std::string_view bytes) {
  while (!bytes.empty() && !broken_) {
    if (remaining_ == 0) {
      if (!collect(header_, kAttachHeader, bytes)) return true;
      begin_chunk();
      continue;
    }
    const std::string_view piece = bytes.substr(0, remaining_);
    bytes.remove_prefix(piece.size());
    remaining_ -= static_cast<std::uint32_t>(piece.size());
    sink_.attach_bytes(stream_, piece);
  }
  return !broken_;
}

void AttachReader::begin_chunk() {
  const bool padded = header_[1] == 0 && header_[2] == 0 && header_[3] == 0;
  stream_ = static_cast<int>(byte_at(header_, 0));
  remaining_ = big_endian(std::string_view(header_).substr(4));
  broken_ = !padded || stream_ < 1 || stream_ > 3;
  header_.clear();
}

}  // namespace sandbox
