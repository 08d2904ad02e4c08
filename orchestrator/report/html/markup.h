// HTML that cannot be broken by what it shows: every text and value goes through `escaped`, and an element is
// closed when its value goes out of scope. Made and used by the writer of one page; one thread.
#pragma once

#include <initializer_list>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace orchestrator::html {

// Any bytes as text between tags or inside a quoted value: UTF-8, with everything that cannot be seen
// (controls, escape sequences, direction overrides) as a number, as in the terminal's summary.
std::string escaped(std::string_view bytes);

// Output as a person wants to read it: colours of a terminal taken out, everything else that cannot be seen
// as a number. Not escaped.
std::string readable(std::string_view bytes);

class Markup {
 public:
  using Attributes = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  class [[nodiscard]] Element {
   public:
    ~Element() { out_ << "</" << tag_ << ">"; }
    Element(const Element&) = delete;
    Element& operator=(const Element&) = delete;

   private:
    friend class Markup;
    Element(std::ostream& out, std::string_view tag) : out_(out), tag_(tag) {}
    std::ostream& out_;
    std::string_view tag_;
  };

  // `out` must outlive this and its elements, and throw nothing (no exceptions() are set): elements are
  // closed by destructors. A page is made in a string before it goes to whoever may fail to take it.
  explicit Markup(std::ostream& out) : out_(out) {}

  // `tag` and names of attributes are literals. An attribute without a value is written by its name alone.
  Element in(std::string_view tag, Attributes attributes = {});
  void element(std::string_view tag, std::string_view text) { element(tag, {}, text); }
  void element(std::string_view tag, Attributes attributes, std::string_view text);
  void single(std::string_view tag, Attributes attributes);  // without an end tag: <meta>
  void text(std::string_view bytes) { out_ << escaped(bytes); }
  // A text that may be long: it breaks behind the signs that divide an id.
  void breakable(std::string_view bytes);
  void line() { out_ << "\n"; }  // for those who read the source

 private:
  void start(std::string_view tag, Attributes attributes);

  std::ostream& out_;
};

}  // namespace orchestrator::html
