// pip's configuration of this host, reduced to what makes sense inside a container: addresses and switches,
// no paths. Several files are merged as pip does, later ones win.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace images {

class PipConfig {
 public:
  // False when nothing of `text` (an INI file) is to be passed on.
  bool add(std::string_view text);
  bool empty() const { return sections_.empty(); }
  std::string value(const std::string& key) const;  // of [global] or [install]; empty when absent
  std::string text() const;                         // as an INI file

 private:
  std::map<std::string, std::map<std::string, std::string>> sections_;
};

}  // namespace images
