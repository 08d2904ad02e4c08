#include "orchestrator/report/html_writer.h"

#include <fmt/format.h>

#include <cerrno>
#include <ostream>
#include <sstream>

#include "orchestrator/report/html/assets.h"
#include "orchestrator/report/html/data.h"
#include "orchestrator/report/html/script_json.h"
#include "orchestrator/report/html/sections.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

using html::Markup;

// The tab's icon: three cells of a grid. The only picture, and a part of the page.
constexpr std::string_view kIcon =
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' "
    "height='16' rx='3' fill='%23264653'/%3E%3Cpath d='M3 8h3' stroke='%2398c379' "
    "stroke-width='3'/%3E%3Cpath "
    "d='M7 8h2' stroke='%23e07a5f' stroke-width='3'/%3E%3Cpath d='M10 8h3' stroke='%2398c379' "
    "stroke-width='3'/%3E%3C/svg%3E";

std::string policy() {
  return fmt::format(
      "default-src 'none'; script-src '{}'; style-src '{}'; img-src data:; base-uri 'none'; form-action "
      "'none'",
      html::policy_hash(html::script()), html::policy_hash(html::style()));
}

std::string title(const Report& report) {
  return fmt::format("{} · {}", report.plan.test_command.shown(), report.plan.repo);
}

void write_head(const Report& report, std::ostream& out) {
  Markup page(out);
  const auto head = page.in("head");
  page.single("meta", {{"charset", "utf-8"}});
  page.single("meta", {{"http-equiv", "Content-Security-Policy"}, {"content", policy()}});
  page.single("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
  page.single("meta", {{"name", "color-scheme"}, {"content", "light dark"}});
  page.single("meta", {{"name", "referrer"}, {"content", "no-referrer"}});
  page.single("link", {{"rel", "icon"}, {"href", kIcon}});
  page.element("title", title(report));
  out << "\n<style>" << html::style() << "</style>\n";
}

void write_top(Markup& page) {
  const auto top = page.in("header", {{"class", "top"}});
  page.element("a", {{"class", "skip"}, {"href", "#verdict"}}, "Skip to the verdict");
  page.element("span", {{"class", "brand"}}, "orchestrator");
  { const auto menu = page.in("nav", {{"aria-label", "Sections"}, {"id", "menu"}}); }
  page.element("button", {{"type", "button"}, {"id", "theme"}, {"hidden", ""}}, "Theme");
}

void write_main(const Report& report, const Spool& spool, Markup& page) {
  const auto main = page.in("main");
  html::write_verdict(report, page);
  html::write_tests(report, page);
  html::write_links(report, page);
  html::write_groups(report, spool, page);
  html::write_places(report, page);
  {
    const auto without_script = page.in("noscript");
    page.element(
        "p", {{"class", "notice"}},
        "The grid, the attempts and their outputs need this page’s own script; all else is above and "
        "below.");
  }
  html::write_not_counted(report, page);
  html::write_environment(report, page);
}

std::string before_data(const Report& report, const Spool& spool) {
  std::ostringstream out;
  out << "<!DOCTYPE html>\n<html lang=\"en\">\n";
  write_head(report, out);
  out << "<body>\n";
  Markup page(out);
  write_top(page);
  write_main(report, spool, page);
  {
    const auto footer = page.in("footer");
    page.element("p", fmt::format("Made by orchestrator {}. This page asks nobody for anything.",
                                  report.program_version));
  }
  page.element("div", {{"id", "said"}, {"role", "status"}, {"aria-live", "polite"}}, "");
  return std::move(out).str();
}

std::string data_block(std::string_view id, std::string_view json) {
  return fmt::format("\n<script type=\"application/json\" id=\"{}\">{}</script>", id, json);
}

}  // namespace

void write_html_within(const Report& report, const Spool& spool, std::ostream& out,
                       const HtmlLimits& limits) {
  const std::string start = before_data(report, spool);
  const std::string end =
      fmt::format("\n<script type=\"module\">{}</script>\n</body>\n</html>\n", html::script());
  const auto left = [&limits](std::uint64_t used) {
    return limits.max_bytes - std::min(limits.max_bytes, used);
  };
  const std::string data =
      data_block("data", html::script_json(html::page_data(report, left(start.size() + end.size()) / 2)));
  const html::AttemptBlocks blocks(report, spool, left(start.size() + data.size() + end.size()));

  errno = 0;
  out << start << data;
  for (const auto& attempt : report.attempts)
    out << data_block(fmt::format("attempt-{}", attempt.index), blocks.block(attempt));
  out << end;
  out.flush();
  if (!out) throw io::system_failure("while writing the report", errno != 0 ? errno : EIO);
}

void write_html(const Report& report, const Spool& spool, std::ostream& out) {
  write_html_within(report, spool, out, {});
}

}  // namespace orchestrator
