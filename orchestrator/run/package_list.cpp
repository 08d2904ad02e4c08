#include "orchestrator/run/package_list.h"

#include <filesystem>
#include <fstream>
#include <sstream>

namespace orchestrator {
namespace {

constexpr std::size_t kMaxList = 4u << 20;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    if (!line.empty()) lines.push_back(line);
  return lines;
}

class Listing : public PackageListing, sandbox::AttemptObserver {
 public:
  Listing(sandbox::Sandbox& sandbox, io::Loop& loop, PackageQuestion question,
          std::function<void(std::vector<std::string>)> done)
      : loop_(loop), file_(question.memory_folder + "/" + file_name(question.image)), done_(std::move(done)) {
    if (question.argv.empty() || remembered())
      answer_later();
    else
      ask(sandbox, std::move(question));
  }

 private:
  void ask(sandbox::Sandbox& sandbox, PackageQuestion question) {
    sandbox::AttemptSpec spec;
    spec.image = question.image;
    spec.name = "the list of packages";
    spec.execution.argv = question.argv;
    spec.execution.env = question.env;
    spec.execution.workdir = "/";
    spec.execution.limits.timeout = std::chrono::seconds(60);
    handle_ = sandbox.start(sandbox.prepare(std::move(spec)), *this);
  }

  static std::string file_name(std::string image) {
    for (char& c : image)
      if (!std::isalnum(static_cast<unsigned char>(c))) c = '-';
    return image;
  }

  bool remembered() {
    std::ifstream file(file_);
    if (!file) return false;
    text_.assign(std::istreambuf_iterator<char>(file), {});
    return true;
  }

  void output(sandbox::Stream stream, std::string_view bytes) override {
    if (stream == sandbox::Stream::out && text_.size() < kMaxList) text_.append(bytes);
  }

  void finished(const sandbox::ExecutionResult& result) override {
    if (classify(result) == sandbox::Outcome::passed)
      remember();
    else
      text_.clear();
    answer_later();
  }

  void remember() {
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(file_).parent_path(), ignored);
    const std::string part = file_ + ".part";
    std::ofstream(part, std::ios::binary) << text_;
    std::filesystem::rename(part, file_, ignored);
  }

  void answer_later() {
    answer_ = loop_.call_at(loop_.now(), [this] {
      const auto done = std::move(done_);
      done(lines_of(text_));
    });
  }

  io::Loop& loop_;
  std::string file_;
  std::function<void(std::vector<std::string>)> done_;
  std::string text_;
  std::unique_ptr<sandbox::AttemptHandle> handle_;
  std::unique_ptr<io::Timer> answer_;
};

}  // namespace

std::unique_ptr<PackageListing> list_packages(sandbox::Sandbox& sandbox, io::Loop& loop,
                                              PackageQuestion question,
                                              std::function<void(std::vector<std::string>)> done) {
  return std::make_unique<Listing>(sandbox, loop, std::move(question), std::move(done));
}

}  // namespace orchestrator
