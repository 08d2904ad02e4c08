#include "images/checkout/refs.h"

#include <git2.h>

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "images/checkout/checkout.h"
#include "images/checkout/path_rules.h"
#include "sandbox/io/error.h"

namespace images::checkout {
namespace {

constexpr std::string_view kHeads = "refs/heads/", kTags = "refs/tags/", kPeeled = "^{}";
constexpr std::size_t kMostTags = 200;

using RefsByName = std::unordered_map<std::string, const AdvertisedRef*>;

bool is_valid_name(const std::string& name) {
  int valid = 0;
  return ::git_reference_name_is_valid(&valid, name.c_str()) == 0 && valid != 0;
}

bool is_hex(const std::string& text) {
  return text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
}

std::string lower_hex(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

// The commit that a tag leads to, when the server said so.
std::string commit_of(const RefsByName& by_name, const AdvertisedRef& ref) {
  const auto peeled = by_name.find(ref.name + std::string(kPeeled));
  return peeled == by_name.end() ? ref.oid : peeled->second->oid;
}

void add_refspec(RefChoice& choice, const std::string& from, const std::string& to) {
  choice.refspecs.push_back("+" + from + ":" + to);
}

void add_tags_of(RefChoice& choice, const std::vector<AdvertisedRef>& advertised, const RefsByName& by_name,
                 const std::string& commit) {
  std::size_t tags = 0;
  for (const AdvertisedRef& ref : advertised) {
    if (!ref.name.starts_with(kTags) || ref.name.ends_with(kPeeled) || !is_valid_name(ref.name)) continue;
    if (commit_of(by_name, ref) != commit) continue;
    if (++tags > kMostTags) break;
    add_refspec(choice, ref.name, ref.name);
  }
}

RefChoice choose_named(const std::vector<AdvertisedRef>& advertised, const RefsByName& by_name,
                       const AdvertisedRef& ref) {
  RefChoice choice;
  choice.oid = ref.oid;
  if (ref.name.starts_with(kHeads)) choice.branch = ref.name;
  add_refspec(choice, ref.name, kWantedRef);
  add_tags_of(choice, advertised, by_name, commit_of(by_name, ref));
  return choice;
}

RefChoice choose_default(const std::vector<AdvertisedRef>& advertised, const RefsByName& by_name,
                         const std::string& url) {
  const auto head = by_name.find("HEAD");
  if (head == by_name.end())
    throw io::RequestError(url + " has no default branch (is it empty?); name one with ref");
  std::vector<std::string> candidates{head->second->symref, "refs/heads/main", "refs/heads/master"};
  for (const AdvertisedRef& ref : advertised)
    if (ref.name.starts_with(kHeads)) candidates.push_back(ref.name);
  for (const std::string& name : candidates) {
    const auto found = by_name.find(name);
    if (found == by_name.end() || found->second->oid != head->second->oid || !is_valid_name(name)) continue;
    RefChoice choice = choose_named(advertised, by_name, *found->second);
    choice.shown = name.substr(kHeads.size());
    return choice;
  }
  RefChoice choice = choose_named(advertised, by_name, *head->second);
  choice.shown = "HEAD";
  return choice;
}

RefChoice choose_commit(const std::vector<AdvertisedRef>& advertised, const RefsByName& by_name,
                        const std::string& prefix) {
  const AdvertisedRef* found = nullptr;
  bool ambiguous = false;
  for (const AdvertisedRef& ref : advertised) {
    if (!ref.oid.starts_with(prefix) || !is_valid_name(ref.name)) continue;
    ambiguous = ambiguous || (found && found->oid != ref.oid);
    found = &ref;
  }
  RefChoice choice;
  if (found && !ambiguous) {
    choice = choose_named(advertised, by_name, *found);
    choice.branch.clear();
  } else if (prefix.size() == GIT_OID_HEXSZ) {
    choice.oid = prefix;
    choice.exact_commit = true;
    add_refspec(choice, prefix, kWantedRef);
    add_tags_of(choice, advertised, by_name, prefix);
  }
  return choice;
}

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t above = row[j + 1];
      row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

bool is_hex_prefix(const std::string& text) {
  return text.size() >= GIT_OID_MINPREFIXLEN && text.size() <= GIT_OID_HEXSZ && is_hex(text);
}

io::RequestError unknown_ref(const std::string& ref, const std::string& where,
                             const std::vector<std::string>& names) {
  const bool too_short = ref.size() < GIT_OID_MINPREFIXLEN && is_hex(ref);
  return io::RequestError(
      "ref '" + printable(ref) + "' does not exist in " + where +
      (too_short ? "; of a commit's id at least 4 digits are needed" : near_names(names, ref)));
}

std::string near_names(const std::vector<std::string>& names, const std::string& wanted) {
  constexpr std::size_t kMostCompared = 5000, kLongest = 200, kMostShown = 3;
  if (wanted.size() > kLongest) return {};
  std::vector<std::pair<std::size_t, std::string>> near;
  for (const std::string& name : std::vector<std::string>(
           names.begin(),
           names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kMostCompared)))) {
    if (name.size() > kLongest) continue;
    const std::size_t distance = edit_distance(name, wanted);
    if (distance <= std::max<std::size_t>(2, wanted.size() / 3)) near.emplace_back(distance, name);
  }
  std::sort(near.begin(), near.end());
  std::string text;
  for (std::size_t i = 0; i < std::min(near.size(), kMostShown); ++i)
    text += (i == 0 ? "; did you mean '" : " or '") + printable(near[i].second) + "'";
  return text.empty() ? text : text + "?";
}

RefChoice choose_ref(const std::vector<AdvertisedRef>& advertised, const std::string& ref,
                     const std::string& url) {
  RefsByName by_name;
  for (const AdvertisedRef& one : advertised) by_name.emplace(one.name, &one);
  if (ref.empty()) return choose_default(advertised, by_name, url);

  RefChoice choice;
  choice.shown = ref;
  for (const std::string& name : {std::string(kHeads) + ref, std::string(kTags) + ref, ref}) {
    const auto found = by_name.find(name);
    if (found == by_name.end() || !is_valid_name(name)) continue;
    choice = choose_named(advertised, by_name, *found->second);
    choice.shown = ref;
    return choice;
  }
  if (is_hex_prefix(ref)) {
    choice = choose_commit(advertised, by_name, lower_hex(ref));
    choice.shown = ref;
    return choice;
  }
  std::vector<std::string> names;
  for (const AdvertisedRef& one : advertised)
    for (std::string_view folder : {kHeads, kTags})
      if (one.name.starts_with(folder) && !one.name.ends_with(kPeeled))
        names.push_back(one.name.substr(folder.size()));
  throw unknown_ref(ref, url, names);
}

}  // namespace images::checkout
