#include "images/checkout/scan.h"

#include "images/checkout/build_context.h"
#include "images/checkout/lfs.h"
#include "images/checkout/manifests.h"
#include "images/checkout/tree_hash.h"

namespace images::checkout {
namespace {

// One pass over the entries, and what it gathers.
class Scan {
 public:
  Scan(Sources& sources, const std::string& dockerfile) : sources_(sources) {
    if (!dockerfile.empty()) rules_.emplace(*sources.tree, dockerfile);
  }

  Source run() {
    const auto& entries = sources_.tree->entries();
    for (std::size_t i = 0; i < entries.size(); ++i) read(i);
    if (!pointers_.empty())
      throw io::RequestError(name_pointers(pointers_, "run git lfs pull in that folder"));
    if (sources_.git) hash_.add(*sources_.git);
    source_.tree_hash = hash_.finish();
    if (rules_) source_.context = BuildContext{rules_->text(), context_hash_.finish()};
    source_.local = sources_.local;
    source_.dirty = sources_.dirty;
    source_.url = sources_.url;
    source_.ref = sources_.ref;
    source_.commit = sources_.commit;
    source_.warnings = sources_.warnings;
    for (std::string& warning : manifests_.warnings()) source_.warnings.push_back(std::move(warning));
    source_.manifests = manifests_.take();
    return std::move(source_);
  }

 private:
  void read(std::size_t index) {
    const TreeEntry& entry = sources_.tree->entries()[index];
    const auto content = sources_.tree->open(index);
    if (!content) return;
    const bool is_file = entry.type != 'l';
    const bool wanted = is_file && manifests_.wants(entry.path, content->size());
    const bool may_be_pointer = is_file && sources_.folder && content->size() <= kLongestPointer;
    Sha256 digest;
    std::string kept;
    while (true) {
      const std::string_view piece = content->next();
      if (piece.empty()) break;
      digest.add(piece);
      if (wanted || may_be_pointer) kept.append(piece);
    }
    if (may_be_pointer && parse_pointer(kept) && sources_.folder->is_lfs(index))
      pointers_.push_back(entry.path);
    const auto content_hash = digest.finish();
    hash_.add(entry, content->size(), content_hash);
    if (rules_ && rules_->keeps(entry.path)) context_hash_.add(entry, content->size(), content_hash);
    source_.total_bytes += content->size();
    source_.entries.push_back(entry);
    if (wanted) manifests_.add(entry.path, std::move(kept));
  }

  Sources& sources_;
  Source source_;
  TreeHash hash_;
  std::optional<BuildRules> rules_;  // where a Dockerfile is to be built
  TreeHash context_hash_;
  Manifests manifests_;
  std::vector<std::string> pointers_;
};

}  // namespace

Source scan(Sources& sources, const std::string& dockerfile) { return Scan(sources, dockerfile).run(); }

}  // namespace images::checkout
