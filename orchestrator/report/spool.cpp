#include "orchestrator/report/spool.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "sandbox/io/error.h"
#include "sandbox/io/fd.h"

namespace orchestrator {
namespace {

constexpr std::size_t kLogBuffer = 8 * 1024;

void write_all(int fd, std::string_view bytes, std::uint64_t offset, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw io::system_failure("while writing " + path);
    bytes.remove_prefix(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
}

std::string read_exactly(int fd, std::uint64_t size, std::uint64_t offset, const std::string& path) {
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count =
        ::pread(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw io::system_failure("while reading " + path);
    if (count == 0) throw io::system_failure("while reading " + path + ", which ends early", EIO);
    done += static_cast<std::size_t>(count);
  }
  return bytes;
}

// The first and the last bytes of a stream. Head first: as long as nothing is cut, head and tail are the
// whole.
class HeadAndTail {
 public:
  explicit HeadAndTail(std::uint64_t keep) : head_max_(keep / 2), tail_max_(keep - keep / 2) {}

  void append(std::string_view bytes) {
    total_ += bytes.size();
    const std::size_t to_head = std::min<std::size_t>(bytes.size(), head_max_ - head_.size());
    grow(head_, bytes.substr(0, to_head), head_max_);
    bytes.remove_prefix(to_head);
    if (bytes.size() > tail_max_) bytes.remove_prefix(bytes.size() - tail_max_);
    const std::size_t to_end = std::min<std::size_t>(bytes.size(), tail_max_ - tail_.size());
    grow(tail_, bytes.substr(0, to_end), tail_max_);
    overwrite(bytes.substr(to_end));
  }

  std::uint64_t total() const { return total_; }
  const std::string& head() const { return head_; }
  std::string take_tail() {
    std::rotate(tail_.begin(), tail_.begin() + static_cast<std::ptrdiff_t>(oldest_), tail_.end());
    oldest_ = 0;
    return std::move(tail_);
  }

 private:
  // Most attempts print little; those that do not get the whole room at once, so that doubling never
  // overshoots.
  static void grow(std::string& text, std::string_view bytes, std::size_t max) {
    constexpr std::size_t kSmall = 2048;
    if (text.size() + bytes.size() > kSmall && text.capacity() < max) text.reserve(max);
    text.append(bytes);
  }
  void overwrite(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::size_t count = std::min(bytes.size(), tail_.size() - oldest_);
      std::copy_n(bytes.begin(), count, tail_.begin() + static_cast<std::ptrdiff_t>(oldest_));
      oldest_ = (oldest_ + count) % tail_.size();
      bytes.remove_prefix(count);
    }
  }

  std::size_t head_max_, tail_max_;
  std::string head_, tail_;
  std::size_t oldest_ = 0;  // where the ring starts once the tail is full
  std::uint64_t total_ = 0;
};

// One file of the log folder. Made when there is something to write, at the latest by close().
class LogFile {
 public:
  LogFile(int folder, const std::string& folder_path, std::string name)
      : folder_(folder), name_(std::move(name)), path_(folder_path + "/" + name_) {}

  void append(std::string_view bytes) {
    if (buffer_.size() + bytes.size() > kLogBuffer) flush();
    if (bytes.size() >= kLogBuffer) {
      write(bytes);
    } else {
      buffer_.append(bytes);
    }
  }
  void close() {
    flush();
    if (!file_) open();
    file_.reset();
  }
  void flush() {
    if (!buffer_.empty()) write(buffer_);
    buffer_.clear();
  }

 private:
  void write(std::string_view bytes) {
    if (!file_) open();
    write_all(file_.get(), bytes, written_, path_);
    written_ += bytes.size();
  }
  // A file of that name is replaced, never written into: it may be a link to something else.
  void open() {
    if (::unlinkat(folder_, name_.c_str(), 0) != 0 && errno != ENOENT)
      throw io::system_failure("while replacing " + path_);
    file_ =
        io::Fd(::openat(folder_, name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (!file_) throw io::system_failure("while creating " + path_);
  }

  int folder_;
  std::string name_, path_;
  std::string buffer_;
  io::Fd file_;
  std::uint64_t written_ = 0;
};

// What cannot be written now is tried again, and complained of, when there is more or the attempt ends.
void flush_if_possible(LogFile& file) {
  try {
    file.flush();
  } catch (const std::system_error&) {
    return;
  }
}

}  // namespace

struct Spool::State {
  std::string path;
  io::Fd file;
  std::uint64_t size = 0;
  std::string logs_path;
  io::Fd logs;
  std::uint64_t keep_bytes = 0;
  std::set<LogFile*> open_logs;
};

namespace {

template <class State>
class SpooledLog : public AttemptLog {
 public:
  SpooledLog(std::shared_ptr<State> state, int index)
      : state_(std::move(state)), kept_{HeadAndTail(state_->keep_bytes), HeadAndTail(state_->keep_bytes)} {
    if (!state_->logs) return;
    for (const char* stream : {"stdout", "stderr"})
      files_.push_back(std::make_unique<LogFile>(state_->logs.get(), state_->logs_path,
                                                 fmt::format("attempt-{:04}.{}", index, stream)));
    for (const auto& file : files_) state_->open_logs.insert(file.get());
  }
  // An attempt that is let go before its end still leaves what it printed.
  ~SpooledLog() override {
    for (const auto& file : files_) {
      flush_if_possible(*file);
      state_->open_logs.erase(file.get());
    }
  }

  void append(sandbox::Stream stream, std::string_view bytes) override {
    const std::size_t at = stream == sandbox::Stream::out ? 0 : 1;
    kept_[at].append(bytes);
    if (!files_.empty()) files_[at]->append(bytes);
  }

  Kept finish() override {
    for (auto& file : files_) {
      file->close();
      state_->open_logs.erase(file.get());
    }
    files_.clear();
    Kept kept;
    kept.out = store(kept_[0]);
    kept.err = store(kept_[1]);
    return kept;
  }

 private:
  StreamRecord store(HeadAndTail& text) {
    const std::string tail = text.take_tail();
    StreamRecord record{text.total(), text.head().size(), tail.size(), state_->size};
    write_all(state_->file.get(), text.head(), state_->size, state_->path);
    write_all(state_->file.get(), tail, state_->size + text.head().size(), state_->path);
    state_->size += record.head_bytes + record.tail_bytes;
    return record;
  }

  std::shared_ptr<State> state_;
  std::array<HeadAndTail, 2> kept_;
  std::vector<std::unique_ptr<LogFile>> files_;  // empty without a log folder
};

}  // namespace

Spool::Spool(std::string folder, std::string logs_folder, std::uint64_t keep_bytes)
    : state_(std::make_shared<State>()) {
  state_->keep_bytes = keep_bytes;
  state_->path = folder + "/outputs.spool";
  state_->file =
      io::Fd(::open(state_->path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!state_->file) throw io::system_failure("while creating " + state_->path);
  if (logs_folder.empty()) return;
  std::error_code error;
  std::filesystem::create_directories(logs_folder, error);
  state_->logs_path = logs_folder;
  state_->logs = io::Fd(::open(logs_folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!state_->logs) throw io::system_failure("while opening the log folder " + logs_folder);
}

Spool::~Spool() = default;

std::unique_ptr<AttemptLog> Spool::open_attempt(int index) {
  return std::make_unique<SpooledLog<State>>(state_, index);
}

void Spool::flush_logs() {
  for (LogFile* const file : state_->open_logs) flush_if_possible(*file);
}

Spool::Piece Spool::keep(std::string_view text) {
  const Piece piece{state_->size, text.size()};
  write_all(state_->file.get(), text, state_->size, state_->path);
  state_->size += text.size();
  return piece;
}

std::string Spool::read(const Piece& piece) const {
  return read_exactly(state_->file.get(), piece.bytes, piece.offset, state_->path);
}

Spool::Text Spool::read(const StreamRecord& record) const {
  Text text;
  text.head = read_exactly(state_->file.get(), record.head_bytes, record.spool_offset, state_->path);
  text.tail = read_exactly(state_->file.get(), record.tail_bytes, record.spool_offset + record.head_bytes,
                           state_->path);
  return text;
}

}  // namespace orchestrator
