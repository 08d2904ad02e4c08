// Receives the gifts (sandbox/frames/gift.h) and hands them over: variables into our own environment, which
// the command inherits, and files into a tmpfs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace supervisor {

class GiftReader {
 public:
  explicit GiftReader(const char* folder) : folder_(folder) {}

  enum class State { reading, finished, refused };
  State feed(std::string_view bytes);
  State state() const { return state_; }
  // What came behind them.
  std::string_view rest() const { return buffer_; }

  // Why they were refused; holds no value of a gift.
  const char* problem() const { return problem_; }
  // Nothing more comes, for that reason.
  void refuse(const char* why);

 private:
  bool take_magic();
  bool take_gift();
  void accept(char type, std::string_view payload);
  void accept_variable(std::string_view payload);
  void accept_file(std::string_view payload);

  const char* folder_;
  State state_ = State::reading;
  const char* problem_ = "";
  bool magic_seen_ = false;
  std::size_t received_ = 0;
  std::size_t taken_ = 0;  // bytes of buffer_ that were dealt with
  std::string buffer_;
};

}  // namespace supervisor
