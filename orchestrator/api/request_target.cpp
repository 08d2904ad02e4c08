#include "orchestrator/api/request_target.h"

namespace orchestrator {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

RequestTarget read_target(std::string_view target) {
  RequestTarget read;
  const auto question = target.find('?');
  read.path = target.substr(0, question);
  std::string_view rest = read.path;
  while (!rest.empty()) {
    const auto slash = rest.find('/');
    if (const auto segment = rest.substr(0, slash); !segment.empty())
      read.segments.push_back(url_decoded(segment, false));
    rest = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
  }
  if (question != std::string_view::npos) read.query = read_query(target.substr(question + 1));
  return read;
}

std::map<std::string, std::string> read_query(std::string_view query) {
  std::map<std::string, std::string> read;
  while (!query.empty()) {
    const auto next = query.find('&');
    const auto pair = query.substr(0, next);
    const auto equals = pair.find('=');
    if (!pair.empty())
      read[url_decoded(pair.substr(0, equals), true)] =
          equals == std::string_view::npos ? "" : url_decoded(pair.substr(equals + 1), true);
    query = next == std::string_view::npos ? "" : query.substr(next + 1);
  }
  return read;
}

std::string url_decoded(std::string_view text, bool in_query) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low >= 0) {
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      decoded += in_query && text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

}  // namespace orchestrator
