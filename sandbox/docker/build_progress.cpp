#include "sandbox/docker/build_progress.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "sandbox/io/json_text.h"
#include "sandbox/io/text.h"

namespace sandbox::docker {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLongestLine = 1 << 20;
constexpr std::size_t kLongestTitle = 200;
constexpr std::size_t kMostSteps = 1000;
constexpr std::string_view kArrow = " ---> ";
constexpr std::string_view kRed = "\x1b[91m", kPlain = "\x1b[0m";  // around what was written to stderr

std::string_view trimmed(std::string_view text) { return io::trimmed(text, " \t\r\n"); }

bool is_count(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789/") == std::string_view::npos;
}

// "Step 2/4 : RUN make" of Docker, "STEP 2/4: RUN make" of Podman; empty: no step begins here. How many there
// are is left out: each label of ours counts as one.
std::string step_in(std::string_view text) {
  if (!text.starts_with("Step ") && !text.starts_with("STEP ")) return "";
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return "";
  const auto count = trimmed(text.substr(5, colon - 5));
  if (!is_count(count)) return "";
  std::string title = "step " + std::string(count.substr(0, count.find('/'))) + ": " +
                      std::string(trimmed(text.substr(colon + 1)));
  if (title.size() > kLongestTitle) title = title.substr(0, kLongestTitle) + "…";
  return title;
}

bool is_hex(std::string_view text) {
  return text.size() >= 12 && text.size() <= 64 &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Podman says it in words alone: "building at STEP "RUN make": while running runtime: exit status 3".
std::optional<int> exit_code_in_words(std::string_view message) {
  constexpr std::string_view kWords = ": exit status ";
  const auto at = message.rfind(kWords);
  if (at == std::string_view::npos) return std::nullopt;
  const auto digits = trimmed(message.substr(at + kWords.size()));
  int code = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code);
  if (error != std::errc() || end != digits.data() + digits.size() || code < 1 || code > 255)
    return std::nullopt;
  return code;
}

std::optional<BuildError> error_in(const Json& entry) {
  BuildError error{io::text_at(entry, "error"), std::nullopt};
  const auto detail = entry.find("errorDetail");
  if (detail != entry.end() && detail->is_object()) {
    if (const std::string said = io::text_at(*detail, "message"); !said.empty()) error.message = said;
    if (const auto code = detail->find("code"); code != detail->end() && code->is_number_integer())
      error.exit_code = code->get<int>();
    else
      error.exit_code = exit_code_in_words(error.message);
  } else if (error.message.empty()) {
    return std::nullopt;
  }
  if (error.message.empty()) error.message = "unknown error";
  return error;
}

}  // namespace

std::vector<BuildNews> BuildProgress::add(std::string_view bytes) {
  std::vector<BuildNews> news;
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const auto piece = bytes.substr(0, end);
    if (line_.size() + piece.size() > kLongestLine) too_long_ = true;
    if (!too_long_) line_ += piece;
    if (end == std::string_view::npos) break;
    if (!too_long_) take(line_, news);
    line_.clear();
    too_long_ = false;
    bytes.remove_prefix(end + 1);
  }
  return news;
}

bool BuildProgress::fetches() const { return step_.find(": FROM ") != std::string::npos; }

void BuildProgress::take(std::string_view line, std::vector<BuildNews>& news) {
  const Json entry = Json::parse(line, nullptr, false);
  if (!entry.is_object()) return;
  if (auto error = error_in(entry)) {
    if (!error_) error_ = std::move(error);
    return;
  }
  if (const auto aux = entry.find("aux"); aux != entry.end() && aux->is_object())
    if (std::string id = io::text_at(*aux, "ID"); id.starts_with("sha256:")) image_ = std::move(id);
  take_text(io::text_at(entry, "stream"), news);
}

void BuildProgress::take_text(std::string text, std::vector<BuildNews>& news) {
  if (trimmed(text).empty()) return;
  if (std::string step = step_in(text); !step.empty()) {
    step_ = std::move(step);
    cached_ = false;
    return news.push_back({BuildNews::Kind::step, step_});
  }
  if (text.starts_with(kArrow)) return take_image(trimmed(text.substr(kArrow.size())));
  if (text.starts_with("Removing intermediate container ") || text.starts_with("Successfully ")) return;
  if (text.starts_with(kRed) && text.ends_with(kPlain)) {
    text = text.substr(kRed.size(), text.size() - kRed.size() - kPlain.size());
    return news.push_back({BuildNews::Kind::err, std::move(text)});
  }
  news.push_back({BuildNews::Kind::out, std::move(text)});
}

void BuildProgress::take_image(std::string_view id) {
  if (id == "Using cache") cached_ = true;
  if (is_hex(id) && !cached_ && !fetches() && made_.size() < kMostSteps) made_.emplace_back(id);
}

}  // namespace sandbox::docker
