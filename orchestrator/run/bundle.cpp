#include "orchestrator/run/bundle.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>

#include "images/image_tar.h"
#include "images/packed_file.h"
#include "orchestrator/report/json_sections.h"
#include "orchestrator/report/saved_report.h"
#include "orchestrator/report/times.h"
#include "orchestrator/report/words.h"
#include "orchestrator/run/free_space.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kBundleIndex = "bundle.json";
constexpr const char* kBundledReport = "report.json";
constexpr const char* kBundledImage = "image.tar";

// What a bundle holds beside its index, and how large that may be.
struct MemberRule {
  const char* name;
  std::int64_t most;
};
constexpr std::array<MemberRule, 4> kMembers = {
    {{kBundledReport, static_cast<std::int64_t>(kLargestSavedReport)},
     {"packages.txt", 16ll << 20},
     {"tree.tar", 16ll << 30},
     {kBundledImage, 256ll << 30}}};
constexpr std::int64_t kLargestIndex = 4 << 20;

// ---- writing

void write_small_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) throw io::HostError(fmt::format("cannot write {}: {}", path, std::strerror(errno)));
}

std::string package_lines(const Report& report) {
  std::string text;
  for (const auto& package : report.packages) text += package + "\n";
  return text;
}

OrderedJson index_json(const Report& report, OrderedJson members) {
  const images::BuiltImage& image = report.image;
  return {
      {"bundle_version", kBundleVersion},
      {"program_version", report.program_version},
      {"created", iso_time(std::chrono::system_clock::now())},
      {"architecture", report.engine.architecture},
      {"image",
       {{"id", image.id}, {"base_reference", image.base_reference}, {"base_digest", image.base_digest}}},
      {"tree_hash", report.source.tree_hash},
      {"job_seed", report.plan.job_seed},
      {"job",
       {{"request", OrderedJson(report.request.to_json())}, {"plan", OrderedJson(report.plan.to_json())}}},
      {"members", std::move(members)}};
}

// ---- reading

struct Declared {
  std::int64_t bytes = 0;
  std::string sha256;
};

class BundleReader {
 public:
  BundleReader(const std::string& file, std::string folder)
      : file_(file), image_tar_(std::move(folder) + "/" + kBundledImage) {}

  Bundle read() {
    Bundle bundle;
    bundle.origin.sha256 = images::read_packed_file(
        file_, [this](const std::string& name, std::int64_t size) { return open(name, size); });
    close_member();
    if (index_text_.empty()) refuse("holds nothing");
    for (const auto& rule : kMembers)
      if (!seen_.contains(rule.name)) refuse(fmt::format("has no {}", rule.name));
    image_.close();
    if (!image_) throw io::HostError(fmt::format("cannot write {}: {}", image_tar_, std::strerror(errno)));
    images::check_image_tar(image_tar_, fmt::format("{}: {}", file_, kBundledImage));
    bundle.saved = read_report();
    bundle.origin.file = file_;
    bundle.origin.program_version = SavedPlace(index_, where_).at("program_version").text();
    bundle.architecture = SavedPlace(index_, where_).at("architecture").text();
    bundle.image_tar = image_tar_;
    return bundle;
  }

 private:
  images::MemberSink open(const std::string& name, std::int64_t size) {
    close_member();
    if (index_text_.empty()) return open_index(name, size);
    const auto declared = declared_.find(name);
    if (declared == declared_.end()) refuse(fmt::format("holds {}, which no bundle does", one_line(name)));
    if (!seen_.insert(name).second) refuse(fmt::format("holds {} twice", name));
    if (size != declared->second.bytes)
      refuse(fmt::format("{} has {} bytes where {} are declared", name, size, declared->second.bytes));
    member_ = name;
    sum_ = std::make_unique<images::Sha256Sum>();
    if (name == kBundledImage) open_image(size);
    return
        [this, is_report = name == kBundledReport, is_image = name == kBundledImage](std::string_view bytes) {
          sum_->add(bytes);
          if (is_report) report_text_.append(bytes);
          if (is_image && !image_.write(bytes.data(), static_cast<std::streamsize>(bytes.size())))
            throw io::HostError(fmt::format("cannot write {}: {}", image_tar_, std::strerror(errno)));
        };
  }

  images::MemberSink open_index(const std::string& name, std::int64_t size) {
    if (name != kBundleIndex) refuse("is no bundle: it does not begin with bundle.json");
    if (size <= 0 || size > kLargestIndex) refuse("has a bundle.json that is too large");
    member_ = kBundleIndex;
    return [this](std::string_view bytes) { index_text_.append(bytes); };
  }

  void open_image(std::int64_t size) {
    const auto room = writable_bytes({fs::path(image_tar_).parent_path().string()});
    if (size > room)
      throw io::HostError(fmt::format("{}: its image needs {} of disk, and {} may be written", file_,
                                      size_text(static_cast<std::uint64_t>(size)),
                                      size_text(static_cast<std::uint64_t>(room))));
    image_.open(image_tar_, std::ios::binary);
  }

  void close_member() {
    if (member_.empty()) return;
    if (member_ == kBundleIndex)
      read_index();
    else if (sum_->hex() != declared_.at(member_).sha256)
      refuse(fmt::format("{} is damaged: it has another SHA-256 than bundle.json says", member_));
    member_.clear();
  }

  void read_index() {
    index_ = json::parse(index_text_, nullptr, false);
    if (index_.is_discarded() || !index_.is_object()) refuse("has a bundle.json that is no JSON object");
    const SavedPlace index(index_, where_);
    if (const auto version = index.at("bundle_version").whole(0, INT32_MAX); version != kBundleVersion)
      refuse(fmt::format("is a bundle of version {}; this program reads {}", version, kBundleVersion));
    index.at("members").each(kMembers.size(), [this](const SavedPlace& place) {
      const std::string name = place.at("name").text();
      const auto rule = std::find_if(kMembers.begin(), kMembers.end(),
                                     [&](const MemberRule& each) { return each.name == name; });
      if (rule == kMembers.end()) place.at("name").refuse("is none of a bundle's");
      declared_[name] = {place.at("bytes").whole(0, rule->most), place.at("sha256").text()};
    });
  }

  // What is run stands in the report; the index must say the same.
  SavedRun read_report() {
    const std::string where = fmt::format("{}: {}", file_, kBundledReport);
    const json report = parse_saved_report(report_text_, where);
    SavedRun saved = read_saved_run(report, where);
    const SavedPlace index(index_, where_);
    const bool fits = index.at("job").value() == report.at("job") &&
                      index.at("image").at("id").text() == saved.environment.image.id &&
                      index.at("tree_hash").text() == saved.environment.tree_hash &&
                      index.at("architecture").text() == saved.environment.engine.architecture;
    if (!fits) refuse("does not fit together: bundle.json and report.json tell of different runs");
    if (saved.environment.image.id.empty()) refuse("is of a run that had no image");
    return saved;
  }

  [[noreturn]] void refuse(const std::string& why) const {
    throw io::RequestError(fmt::format("{} {}", file_, why));
  }

  const std::string& file_;
  const std::string where_ = fmt::format("{}: {}", file_, kBundleIndex);
  const std::string image_tar_;
  json index_;
  std::string index_text_, report_text_;
  std::map<std::string, Declared> declared_;
  std::set<std::string> seen_;
  std::string member_;  // that is being read
  std::unique_ptr<images::Sha256Sum> sum_;
  std::ofstream image_;
};

}  // namespace

std::int64_t write_bundle(const std::string& file, const Report& report, const BundleParts& parts,
                          const std::stop_token& stop) {
  const std::string index = parts.folder + "/" + kBundleIndex, packages = parts.folder + "/packages.txt";
  write_small_file(packages, package_lines(report));
  std::vector<images::PackedMember> members = {{kBundledReport, parts.report_json},
                                               {"packages.txt", packages},
                                               {"tree.tar", parts.tree_tar},
                                               {kBundledImage, parts.image_tar}};
  OrderedJson listed = OrderedJson::array();
  for (const auto& member : members) {
    const auto sum = images::sum_of_file(member.file, stop);
    listed.push_back({{"name", member.name}, {"bytes", sum.bytes}, {"sha256", sum.sha256}});
  }
  write_small_file(index, dump(index_json(report, std::move(listed)), 2) + "\n");
  members.insert(members.begin(), {kBundleIndex, index});
  images::write_packed_file(file, members, stop);
  return static_cast<std::int64_t>(fs::file_size(file));
}

Bundle read_bundle(const std::string& file, const std::string& folder) {
  return BundleReader(file, folder).read();
}

JobPlan bundled_plan(const SavedRun& saved, const BundleWishes& wishes, int engine_cpus) {
  JobPlan plan = saved.plan;
  plan.deadline.reset();
  plan.save_full_output = plan.keep = false;
  const double fitting = std::clamp(std::floor(engine_cpus / plan.limits.cpus), 1.0, 1000.0);
  plan.parallelism = wishes.parallelism.value_or(std::min(plan.parallelism, static_cast<int>(fitting)));
  if (wishes.runs) {
    if (plan.changed_runs > 0)
      throw io::RequestError(
          "--runs: the bundle's run has attempts of changed tests behind the others, whose numbers cannot "
          "move");
    plan.runs = *wishes.runs;
  }
  if (wishes.only_attempt) plan.only_attempt = wishes.only_attempt;
  if (plan.only_attempt && *plan.only_attempt >= plan.attempts())
    throw io::RequestError(fmt::format("--only-attempt: the bundle's run has attempts 0 to {}, not {}",
                                       plan.attempts() - 1, *plan.only_attempt));
  return plan;
}

}  // namespace orchestrator
