#include "orchestrator/job/parse_yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>

#include "orchestrator/job/field_table.h"
#include "orchestrator/job/parse_json.h"
#include "orchestrator/job/quoted.h"
#include "orchestrator/job/yaml_scalar.h"

namespace orchestrator {
namespace {

using nlohmann::json;

struct RefusedYaml : std::runtime_error {
  RefusedYaml(const YAML::Mark& mark, const std::string& message)
      : std::runtime_error("line " + std::to_string(mark.line + 1) + ": " + message) {}
};

bool holds_text(const std::string& key) {
  if (key == "name") return true;  // of a suite
  const Field* field = find_field(key);
  if (!field) return false;
  switch (field->kind) {
    case FieldKind::text:
    case FieldKind::command:
    case FieldKind::texts:
    case FieldKind::globs:
    case FieldKind::names:
    case FieldKind::variables:
      return true;
    default:
      return false;
  }
}

// What repeating a value by an alias costs: its nodes, long texts counted as several.
std::size_t weight_of(const json& value) {
  constexpr std::size_t kBytesPerNode = 32;
  std::size_t count = 1;
  if (value.is_string()) count += value.get_ref<const std::string&>().size() / kBytesPerNode;
  if (value.is_structured()) {
    for (const auto& part : value) count += weight_of(part);
  }
  return count;
}

// Builds the document from the parser's events.
class Builder : public YAML::EventHandler {
 public:
  json take() { return std::move(document_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { value(mark, anchor, nullptr); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw RefusedYaml(mark, "an alias stands inside what it names");
    count(mark, weight_of(found->second));
    value(mark, 0, found->second);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    if (expects_key()) return key(mark, text);
    const bool plain = tag == "?" && !takes_text();
    value(mark, anchor, plain ? yaml_scalar(text) : json(text));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, anchor, json::array());
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, anchor, json::object());
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    json value;
    std::optional<std::string> key;  // read, its value not yet
    bool text;                       // plain scalars stay as they are written
    YAML::anchor_t anchor;
  };

  void count(const YAML::Mark& mark, std::size_t nodes) {
    nodes_ += nodes;
    if (nodes_ > kMostYamlNodes)
      throw RefusedYaml(mark, "more than " + std::to_string(kMostYamlNodes) + " values");
  }

  bool expects_key() const { return !open_.empty() && open_.back().value.is_object() && !open_.back().key; }

  // Whether the value that comes next is below a key whose field takes text.
  bool takes_text() const {
    if (open_.empty()) return false;
    return open_.back().text || (open_.back().value.is_object() && key_holds_text_);
  }

  void refuse_as_key(const YAML::Mark& mark) const {
    if (expects_key()) throw RefusedYaml(mark, "a key must be a word");
  }

  void key(const YAML::Mark& mark, const std::string& text) {
    count(mark, 1);
    if (open_.back().value.contains(text))
      throw RefusedYaml(mark, "key " + in_quotes(text) + " stands there twice");
    // At once, so that the next key of the same name is seen.
    open_.back().value[text] = nullptr;
    open_.back().key = text;
    key_holds_text_ = holds_text(text);
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor, json empty) {
    refuse_as_key(mark);
    count(mark, 1);
    if (open_.size() >= static_cast<std::size_t>(kDeepest)) {
      throw RefusedYaml(mark, "nested deeper than " + std::to_string(kDeepest) + " levels");
    }
    const bool text = takes_text();
    open_.push_back({std::move(empty), std::nullopt, text, anchor});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    if (done.anchor) anchors_[done.anchor] = done.value;
    put(std::move(done.value));
  }

  void value(const YAML::Mark& mark, YAML::anchor_t anchor, json scalar) {
    refuse_as_key(mark);
    count(mark, 1);
    if (anchor) anchors_[anchor] = scalar;
    put(std::move(scalar));
  }

  void put(json value) {
    if (open_.empty()) {
      document_ = std::move(value);
    } else if (open_.back().value.is_array()) {
      open_.back().value.push_back(std::move(value));
    } else {
      open_.back().value[*open_.back().key] = std::move(value);
      open_.back().key.reset();
    }
  }

  json document_ = nullptr;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, json> anchors_;
  std::size_t nodes_ = 0;
  bool key_holds_text_ = false;  // the key read last
};

std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text.substr(0, 160);
}

// A text without a document is comments and blank lines only; anything else in it is a directive.
bool holds_directive(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
    if (text[0] == '%') return true;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return false;
}

json document_of(std::string_view text) {
  std::istringstream stream{std::string(text)};
  YAML::Parser parser(stream);
  Builder first, second;
  if (!parser.HandleNextDocument(first) && holds_directive(text))
    throw std::runtime_error("a line that starts with % must be followed by a line --- and a document");
  if (parser.HandleNextDocument(second)) throw std::runtime_error("it holds more than one document");
  return first.take();
}

}  // namespace

std::optional<json> parse_yaml(std::string_view text, std::vector<FieldError>& errors) {
  const auto fail = [&](std::string message) {
    add_error(errors, {"", std::move(message), ""});
    return std::optional<json>();
  };
  if (text.size() > kLargestYaml) return fail("the file is larger than 256 KiB");
  if (text.find('\0') != std::string_view::npos) return fail("not valid YAML: it holds a NUL byte");
  try {
    json document = document_of(text);
    if (document.is_null()) return json::object();
    if (!document.is_object()) return fail("must be a mapping of keys and values at its top");
    return document;
  } catch (const YAML::Exception& error) {
    return fail("not valid YAML: line " + std::to_string(error.mark.line + 1) + ": " + printable(error.msg));
  } catch (const std::exception& error) {
    return fail("not valid YAML: " + std::string(error.what()));
  }
}

}  // namespace orchestrator
