// The command's terminal, where it has one: a pseudo-terminal of the container. What a person types comes
// over our stdin (frames/typing.h) and goes into it, as far as it takes it; what the command writes there is
// read like any other output. Owned by the Attempt.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "sandbox/io/fd.h"

namespace supervisor {

class Terminal {
 public:
  // 0, or the errno that kept us from making one.
  int open(unsigned short rows, unsigned short columns);
  bool is_open() const { return static_cast<bool>(master_); }
  // Another descriptor of our side, to read from.
  io::Fd reading_end() const;
  // The command's side; ours to close once the command has it.
  io::Fd take_command_end() { return std::move(command_end_); }

  // Bytes that came over stdin.
  void feed(std::string_view bytes);
  // Typing is not taken while the command leaves so much unread.
  bool has_room() const { return keys_.size() < kMostKeys; }
  // To wait for until it can be written to; -1 when there is nothing to write.
  int wanted() const { return keys_.empty() ? -1 : master_.get(); }
  void write_some();

 private:
  static constexpr std::size_t kMostKeys = 64 * 1024;

  bool take_piece();
  void resize(unsigned short rows, unsigned short columns);

  io::Fd master_, command_end_;
  std::string pieces_;  // not understood yet
  std::string keys_;    // not taken yet
};

// In the new process: the terminal becomes the one that controls it, and its stdin, stdout and stderr.
bool sit_at(int command_end);

}  // namespace supervisor
