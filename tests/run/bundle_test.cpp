// Bundles: written, read back, and such as somebody else has made.
#include "orchestrator/run/bundle.h"

#include <gtest/gtest.h>

#include <fstream>

#include "images/packed_file.h"
#include "sandbox/io/aside.h"
#include "sandbox/io/error.h"
#include "tests/support/made_tar.h"
#include "tests/unit/report/made_report.h"

namespace orchestrator {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using sandbox::Outcome;
using testing_support::MadeTar;

constexpr const char* kBundleImage = "sha256:0123";

struct MadeMember {
  std::string name, content;
};

class BundleTest : public ::testing::Test {
 protected:
  BundleTest() {
    Report& report = made_.report;
    report.image.id = kBundleImage;
    report.engine.architecture = "amd64";
    report.program_version = "9.9";
    report.plan.runs = 4;
    for (int i = 0; i < 4; ++i)
      made_.add(i % 2 ? Outcome::failed : Outcome::passed).seed =
          attempt_seed(report.plan.job_seed, static_cast<std::uint64_t>(i), report.plan.seed_range);
    fs::create_directory(scratch_);
    fs::create_directory(unpacked_);
  }

  std::string path(const std::string& name) const { return made_.folder.path() + "/" + name; }
  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(path(name), std::ios::binary) << content;
    return path(name);
  }
  std::string write_usual() const {
    const std::string file = path("run.bundle");
    write_bundle(
        file, made_.report,
        {scratch_, write("r.json", made_.json_text()), write("t.tar", kTree), write("i.tar", kImageTar)}, {});
    return file;
  }

  // The members of the usual bundle, its index first.
  std::vector<MadeMember> members() const {
    std::vector<MadeMember> list;
    images::read_packed_file(write_usual(), [&](const std::string& name, std::int64_t) -> images::MemberSink {
      list.push_back({name, ""});
      return [&list](std::string_view bytes) { list.back().content.append(bytes); };
    });
    return list;
  }
  std::string pack(const std::vector<MadeMember>& list) const {
    std::vector<images::PackedMember> packed;
    for (std::size_t i = 0; i < list.size(); ++i)
      packed.push_back({list[i].name, write("member-" + std::to_string(i), list[i].content)});
    images::write_packed_file(path("edited.bundle"), packed, {});
    return path("edited.bundle");
  }
  std::string complaint(const std::string& file) const {
    try {
      read_bundle(file, unpacked_);
    } catch (const io::RequestError& error) {
      return error.what();
    } catch (const InvalidJob& error) {
      return error.what();
    }
    return "";
  }
  std::string complaint_about(const std::function<void(std::vector<MadeMember>&)>& edit) const {
    auto list = members();
    edit(list);
    return complaint(pack(list));
  }
  std::string complaint_about_index(const std::function<void(json&)>& edit) const {
    return complaint_about([&](std::vector<MadeMember>& list) {
      json index = json::parse(list[0].content);
      edit(index);
      list[0].content = index.dump();
    });
  }
  // A member with another content, for which the index stands up.
  std::string complaint_about_content(const std::string& name,
                                      const std::function<void(std::string&)>& edit) const {
    return complaint_about([&](std::vector<MadeMember>& list) {
      json index = json::parse(list[0].content);
      for (auto& member : list) {
        if (member.name != name) continue;
        edit(member.content);
        images::Sha256Sum sum;
        sum.add(member.content);
        for (auto& entry : index["members"])
          if (entry["name"] == name) entry["bytes"] = member.content.size(), entry["sha256"] = sum.hex();
      }
      list[0].content = index.dump();
    });
  }

  static bool says(const std::string& text, const std::string& words) {
    return text.find(words) != std::string::npos;
  }

  const std::string kTree = MadeTar().file("work/check", "#!/bin/sh\n").bytes();
  const std::string kImageTar = MadeTar().file("manifest.json", R"([{"RepoTags":null}])").bytes();
  MadeReport made_;
  const std::string scratch_ = made_.folder.path() + "/scratch",
                    unpacked_ = made_.folder.path() + "/unpacked";
};

TEST_F(BundleTest, HoldsTheRunAndItsImage) {
  const std::string file = write_usual();
  const Bundle bundle = read_bundle(file, unpacked_);
  EXPECT_EQ(bundle.saved.plan.to_json(), made_.report.plan.to_json());
  EXPECT_EQ(bundle.saved.environment.image.id, kBundleImage);
  EXPECT_EQ(bundle.saved.attempts.size(), 4u);
  EXPECT_EQ(bundle.architecture, "amd64");
  EXPECT_EQ(bundle.origin.file, file);
  EXPECT_EQ(bundle.origin.program_version, "9.9");
  EXPECT_EQ(bundle.origin.sha256, images::sum_of_file(file, {}).sha256);
  EXPECT_EQ(read_file(bundle.image_tar), kImageTar);
}

TEST_F(BundleTest, SaysWhatIsInIt) {
  const auto list = members();
  ASSERT_EQ(list.size(), 5u);
  const json index = json::parse(list[0].content);
  EXPECT_EQ(list[0].name, "bundle.json");
  EXPECT_EQ(index.at("bundle_version"), 1);
  EXPECT_EQ(index.at("image").at("id"), kBundleImage);
  EXPECT_EQ(index.at("tree_hash"), made_.report.source.tree_hash);
  EXPECT_EQ(index.at("job").at("plan"), made_.report.plan.to_json());
  EXPECT_EQ(index.at("job_seed"), made_.report.plan.job_seed);
  for (std::size_t i = 1; i < list.size(); ++i) {
    images::Sha256Sum sum;
    sum.add(list[i].content);
    const json& entry = index.at("members").at(i - 1);
    EXPECT_EQ(entry.at("name"), list[i].name);
    EXPECT_EQ(entry.at("bytes"), list[i].content.size());
    EXPECT_EQ(entry.at("sha256"), sum.hex());
  }
  EXPECT_EQ(list[2].name, "packages.txt");
  EXPECT_EQ(list[2].content, "pytest==8.3.4\n");
}

TEST_F(BundleTest, ThatIsCutOffIsRefused) {
  const std::string whole = read_file(write_usual());
  for (const std::size_t size : {std::size_t{0}, std::size_t{10}, whole.size() / 2})
    EXPECT_NE(complaint(write("cut.bundle", whole.substr(0, size))), "") << size;
}

TEST_F(BundleTest, ThatIsNoneIsRefused) {
  EXPECT_TRUE(says(complaint(pack({{"report.json", "{}"}})), "does not begin with bundle.json"));
  EXPECT_TRUE(says(complaint(pack({})), "holds nothing"));
  EXPECT_TRUE(says(complaint(pack({{"bundle.json", "[]"}})), "no JSON object"));
  EXPECT_TRUE(says(complaint(pack({{"bundle.json", std::string(5 << 20, ' ')}})), "too large"));
  EXPECT_TRUE(says(complaint(path("missing.bundle")), "cannot be read"));
}

TEST_F(BundleTest, OfAnotherVersionIsRefused) {
  EXPECT_TRUE(says(complaint_about_index([](json& index) { index["bundle_version"] = 2; }),
                   "is a bundle of version 2; this program reads 1"));
  EXPECT_TRUE(says(complaint_about_index([](json& index) { index.erase("bundle_version"); }), "is missing"));
}

TEST_F(BundleTest, WhoseMembersAreOthersIsRefused) {
  EXPECT_TRUE(says(complaint_about([](auto& list) { list[3].content += "x"; }), "bytes where"));
  EXPECT_TRUE(says(complaint_about([](auto& list) { list[3].content[600] ^= 1; }), "tree.tar is damaged"));
  EXPECT_TRUE(says(complaint_about([](auto& list) { list.pop_back(); }), "has no image.tar"));
  EXPECT_TRUE(says(complaint_about([](auto& list) { list.push_back(list[1]); }), "report.json twice"));
  EXPECT_TRUE(says(complaint_about([](auto& list) { list.push_back({"../../etc/x", "x"}); }), "../../etc/x"));
  EXPECT_TRUE(says(complaint_about([](auto& list) {
                     list.insert(list.begin() + 1, {"/tmp/x", "x"});
                   }),
                   "/tmp/x"));
  EXPECT_TRUE(says(complaint_about_index([](json& index) {
                     index["members"].push_back({{"name", "../x"}, {"bytes", 1}, {"sha256", ""}});
                   }),
                   "members has more than 4 entries"));
  EXPECT_TRUE(says(complaint_about_index([](json& index) { index["members"][0]["name"] = "../x"; }),
                   "is none of a bundle's"));
  EXPECT_TRUE(says(complaint_about_index([](json& index) { index["members"][0]["bytes"] = 1ll << 40; }),
                   "must be a whole number between"));
  for (const auto& entry : fs::recursive_directory_iterator(unpacked_))
    EXPECT_EQ(entry.path().filename(), "image.tar");
}

TEST_F(BundleTest, ThatDoesNotFitTogetherIsRefused) {
  for (const auto& edit :
       std::vector<std::function<void(json&)>>{[](json& index) { index["job"]["plan"]["runs"] = 5; },
                                               [](json& index) { index["image"]["id"] = "sha256:9"; },
                                               [](json& index) { index["tree_hash"] = "0"; },
                                               [](json& index) { index["architecture"] = "arm64"; }})
    EXPECT_TRUE(says(complaint_about_index(edit), "does not fit together"));
}

TEST_F(BundleTest, WhoseReportIsWrongIsRefusedByItsPlace) {
  const auto with = [&](const std::function<void(json&)>& edit) {
    return complaint_about_content("report.json", [&](std::string& text) {
      json report = json::parse(text);
      edit(report);
      text = report.dump();
    });
  };
  EXPECT_TRUE(
      says(with([](json& report) { report["results"][0]["seed"] = 1; }), "report.json: /results/0/seed"));
  EXPECT_TRUE(says(with([](json& report) { report.erase("results"); }), "before its first attempt"));
}

TEST_F(BundleTest, WhoseImageWouldNameOthersIsRefused) {
  EXPECT_TRUE(
      says(complaint_about_content(
               "image.tar",
               [](std::string& content) {
                 content = MadeTar().file("manifest.json", R"([{"RepoTags":["python:3.12-slim"]}])").bytes();
               }),
           "python:3.12-slim"));
}

TEST_F(BundleTest, ThatIsNotWantedAnyMoreLeavesNothing) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(write_bundle(path("run.bundle"), made_.report,
                            {scratch_, write("r.json", made_.json_text()), write("t.tar", kTree),
                             write("i.tar", kImageTar)},
                            stop.get_token()),
               io::GivenUp);
  EXPECT_FALSE(fs::exists(path("run.bundle")));
}

// ---- what is run

SavedRun bundled_run() {
  SavedRun saved;
  saved.plan.runs = 10;
  saved.plan.parallelism = 4;
  saved.plan.limits.cpus = 1;
  saved.plan.deadline = std::chrono::seconds(1);
  saved.plan.keep = saved.plan.save_full_output = true;
  saved.plan.until_sure = 0.1;
  return saved;
}

TEST(BundledPlan, IsThatOfTheRunButForTheHostAndThePersonOfThen) {
  const SavedRun saved = bundled_run();
  const JobPlan plan = bundled_plan(saved, {}, 8);
  EXPECT_EQ(plan.runs, 10);
  EXPECT_EQ(plan.parallelism, 4);
  EXPECT_EQ(plan.until_sure, 0.1);
  EXPECT_FALSE(plan.deadline);
  EXPECT_FALSE(plan.keep || plan.save_full_output);
  EXPECT_EQ(bundled_plan(saved, {}, 2).parallelism, 2);
  EXPECT_EQ(bundled_plan(saved, {.parallelism = 6}, 2).parallelism, 6);
}

TEST(BundledPlan, IsOfOneAttemptOrOfMoreWhereTheirNumbersStay) {
  SavedRun saved = bundled_run();
  EXPECT_EQ(bundled_plan(saved, {.only_attempt = 9}, 2).only_attempt, 9);
  EXPECT_THROW(bundled_plan(saved, {.only_attempt = 10}, 2), io::RequestError);
  EXPECT_EQ(bundled_plan(saved, {.runs = 11, .only_attempt = 10}, 2).only_attempt, 10);
  saved.plan.changed_runs = 2;
  EXPECT_EQ(bundled_plan(saved, {.only_attempt = 11}, 2).only_attempt, 11);
  EXPECT_THROW(bundled_plan(saved, {.runs = 20}, 2), io::RequestError);
}

}  // namespace
}  // namespace orchestrator
