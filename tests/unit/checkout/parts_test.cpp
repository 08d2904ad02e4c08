// The small pure parts: choosing references, the depth request, pointers, .gitmodules, names, messages.
#include <gtest/gtest.h>

#include "images/checkout/git_handles.h"
#include "images/checkout/lfs.h"
#include "images/checkout/manifests.h"
#include "images/checkout/messages.h"
#include "images/checkout/pack_writer.h"
#include "images/checkout/path_rules.h"
#include "images/checkout/refs.h"
#include "images/checkout/smart_depth.h"
#include "images/checkout/submodules.h"
#include "images/checkout/tree_hash.h"
#include "sandbox/io/error.h"
#include "tests/unit/checkout/scratch.h"

namespace images::checkout {
namespace {

std::string oid(char c) { return std::string(40, c); }

const std::vector<AdvertisedRef> kAdvertised = {
    {"HEAD", oid('a'), "refs/heads/main"}, {"refs/heads/main", oid('a'), ""},
    {"refs/heads/other", oid('b'), ""},    {"refs/tags/v1", oid('1'), ""},
    {"refs/tags/v1^{}", oid('a'), ""},     {"refs/tags/light", oid('b'), ""}};

using Specs = std::vector<std::string>;

struct ChooseRef : testing::Test {
  GitLibrary library{false};
};

TEST_F(ChooseRef, TakesTheBranchThatHeadNamesWithTheTagsOfItsCommit) {
  const RefChoice choice = choose_ref(kAdvertised, "", "u");
  EXPECT_EQ(choice.branch, "refs/heads/main");
  EXPECT_EQ(choice.shown, "main");
  EXPECT_EQ(choice.refspecs,
            (Specs{"+refs/heads/main:refs/orchestrator/wanted", "+refs/tags/v1:refs/tags/v1"}));
}

TEST_F(ChooseRef, FindsTheDefaultBranchOfAServerThatDoesNotNameIt) {
  auto advertised = kAdvertised;
  advertised[0].symref.clear();
  EXPECT_EQ(choose_ref(advertised, "", "u").shown, "main");
  advertised[0].oid = oid('c');
  EXPECT_EQ(choose_ref(advertised, "", "u").branch, "");
}

TEST_F(ChooseRef, PrefersABranchToATagOfTheSameName) {
  auto advertised = kAdvertised;
  advertised.push_back({"refs/tags/other", oid('c'), ""});
  EXPECT_EQ(choose_ref(advertised, "other", "u").oid, oid('b'));
}

TEST_F(ChooseRef, KnowsACommitByTheBeginningOfItsId) {
  EXPECT_EQ(choose_ref(kAdvertised, "bbbb", "u").oid, oid('b'));
  EXPECT_EQ(choose_ref(kAdvertised, "BBBB", "u").oid, oid('b'));
  EXPECT_EQ(choose_ref(kAdvertised, "bbbb", "u").branch, "");
  EXPECT_TRUE(choose_ref(kAdvertised, "cccc", "u").refspecs.empty());
  EXPECT_TRUE(choose_ref(kAdvertised, oid('c'), "u").exact_commit);
  EXPECT_THROW(choose_ref(kAdvertised, "bbb", "u"), io::RequestError);
  EXPECT_STREQ(unknown_ref("7f0", "u", {"7f1"}).what(),
               "ref '7f0' does not exist in u; of a commit's id at least 4 digits are needed");
}

TEST_F(ChooseRef, LeavesOutNamesThatNoRepositoryCanHold) {
  auto advertised = kAdvertised;
  advertised.push_back({"refs/tags/../../x", oid('a'), ""});
  advertised.push_back({"refs/tags/a:b", oid('a'), ""});
  advertised.push_back({"refs/tags/*", oid('a'), ""});
  EXPECT_EQ(choose_ref(advertised, "main", "u").refspecs.size(), 2u);
}

TEST(SmartDepth, IsAskedForAfterTheWants) {
  const std::string want = "0032want " + oid('a') + "\n";
  EXPECT_EQ(with_depth_one(want + want + "0000" + "0009done\n"),
            want + want + "000cdeepen 1" + "0000" + "0009done\n");
  for (const std::string& other : {std::string(), std::string("0000"), std::string("0009done\n"), want,
                                   want + "zzzz", std::string("0001"), std::string("ffff")})
    EXPECT_EQ(with_depth_one(other), other);
}

TEST(SmartDepth, IsOfferedOnlyByAServerThatSaysSo) {
  const std::string head = "001e# service=git-upload-pack\n0000" + oid('a') + " HEAD";
  EXPECT_TRUE(offers_depth(head + '\0' + "multi_ack shallow side-band\n"));
  EXPECT_FALSE(
      offers_depth(head + '\0' + "multi_ack no-shallow side-band\n" + oid('a') + " refs/heads/ shallow \n"));
  EXPECT_FALSE(offers_depth(head));
}

TEST(SmartDepth, TheSectionOfTheAnswerIsTakenOutHoweverItIsCut) {
  const std::string section = "0034shallow " + oid('a') + "0034shallow " + oid('b') + "0000";
  const std::string rest = "0008NAK\n0023\x02progress0000PACKdata0034shallow stays here";
  for (const std::string& answer : {section + rest, "0000" + rest, rest}) {
    for (std::size_t step = 1; step <= answer.size(); ++step) {
      ShallowSectionFilter filter;
      std::string out;
      for (std::size_t at = 0; at < answer.size(); at += step)
        out += filter.feed(std::string_view(answer).substr(at, step));
      EXPECT_EQ(out, rest) << step;
    }
  }
}

TEST(Lfs, APointerIsOneOnlyWhenAllOfItIs) {
  const std::string version = "version https://git-lfs.github.com/spec/v1\n",
                    id = "oid sha256:" + std::string(64, 'a') + "\n";
  const auto pointer = parse_pointer(version + id + "size 42\n");
  ASSERT_TRUE(pointer);
  EXPECT_EQ(pointer->size, 42);
  EXPECT_EQ(pointer->oid, std::string(64, 'a'));
  EXPECT_TRUE(parse_pointer(version + "ext-0-foo sha256:x\n" + id + "size 0\n"));
  for (const std::string& other :
       {std::string(), version, version + id, version + "size 1\n", id + version + "size 1\n",
        version + id + "size 1", version + id + "size -1\n", version + id + "size 1x\n",
        version + id + "size 99999999999999999999\n", version + id + id + "size 1\n",
        version + id + "size 1\nmore\n", version + "oid sha256:" + std::string(64, '/') + "\nsize 1\n",
        version + id + "size 1\n" + std::string(1024, '\n')})
    EXPECT_FALSE(parse_pointer(other)) << other;
}

TEST(Lfs, AttributesDecideByTheLastRuleThatMatches) {
  LfsAttributes attributes;
  attributes.add("", "# comment\n*.bin filter=lfs -text\n/data/** filter=lfs\n*.txt -filter\n");
  attributes.add("sub/", "*.bin !filter\nmodels/*.pt filter=lfs\n");
  EXPECT_TRUE(attributes.is_lfs("a.bin"));
  EXPECT_TRUE(attributes.is_lfs("deep/er/a.bin"));
  EXPECT_TRUE(attributes.is_lfs("data/x/y"));
  EXPECT_FALSE(attributes.is_lfs("data/x/y.txt"));
  EXPECT_FALSE(attributes.is_lfs("sub/a.bin"));
  EXPECT_TRUE(attributes.is_lfs("sub/models/a.pt"));
  EXPECT_FALSE(attributes.is_lfs("models/a.pt"));
}

TEST(Gitmodules, AreReadAsGitWritesThem) {
  const auto modules = parse_gitmodules(
      "[submodule \"one\"]\n\tpath = libs/one/\n\turl = \"https://h/a b\" # comment\n; "
      "comment\n[other]\n\tpath = no\n"
      "[submodule \"t\\\"wo\"]\nurl=../two.git;x\npath=two\n[submodule \"half\n\tpath = x\nno equals\n");
  ASSERT_EQ(modules.size(), 2u);
  EXPECT_EQ(modules.at("libs/one").name, "one");
  EXPECT_EQ(modules.at("libs/one").url, "https://h/a b");
  EXPECT_EQ(modules.at("two").name, "t\"wo");
  EXPECT_EQ(modules.at("two").url, "../two.git");
}

TEST(PathRules, RefuseWhatCouldLeaveTheWorkingCopy) {
  for (const char* path : {"a", "a/b", ".github/x", "..a", "a..", ".gitignore", "git", "a\nb"})
    EXPECT_NO_THROW(check_path(path));
  for (const char* path : {"", "/a", "a/", "a//b", ".", "..", "a/../b", "a/.git/config", ".Git"})
    EXPECT_THROW(check_path(path), io::RequestError) << path;
  EXPECT_THROW(check_path(std::string("a\0b", 3)), io::RequestError);
  EXPECT_THROW(check_path(std::string(5000, 'a')), io::RequestError);
}

TEST(Manifests, AreWhatAToolchainLooksAtAndWhatTheRepositorySays) {
  constexpr std::int64_t kMiB = 1 << 20;
  for (const char* path :
       {"go.mod", "a/b/go.work.sum", "dev-requirements.txt", "requirements/a/b.in", "x/requirements/b.txt",
        ".cargo/config", "a/.cargo/config.toml", "parent-pom.xml", ".mvn/jvm.config", "CMakeLists.txt",
        "package.json", "known-flaky.json", "sub/.flaky-detector.yml"})
    EXPECT_EQ(checkout::manifest_limit(path), kMiB) << path;
  for (const char* path : {"go.sum", "Cargo.lock", "a/yarn.lock", "package-lock.json", "npm-shrinkwrap.json",
                           "pnpm-lock.yaml", "uv.lock", "poetry.lock", "Pipfile.lock"})
    EXPECT_EQ(checkout::manifest_limit(path), 16 * kMiB) << path;
  for (const char* path : {"a.txt", "requirements", "b/myrequirements/c.txt", "config.toml", "x.cargo/config",
                           "flake.lock", "node_modules/a/package.json", "a/node_modules/yarn.lock"})
    EXPECT_EQ(checkout::manifest_limit(path), 0) << path;
}

TEST(Messages, ARequestComesBackAsItWas) {
  ChildRequest child;
  child.archive = true;
  child.prefix = "work";
  child.owner = 7;
  child.request.repo = "https://h/x";
  child.request.ref = "main";
  child.request.include = {"a", "b"};
  child.request.credential = GitCredential{"h", "u", "t"};
  child.request.access = {"h:22", true, "/key", "/known", "/config", true, "git"};
  child.request.max_bytes = 5;
  const ChildRequest back = decode_request(encode(child));
  EXPECT_EQ(encode(back), encode(child));
  EXPECT_EQ(back.request.credential->token, "t");
  EXPECT_TRUE(back.request.access.ssh);
  EXPECT_EQ(back.request.access.ssh_config, "/config");
  child.request.ref = "\xff";
  EXPECT_THROW(encode(child), io::RequestError);
}

TEST(Messages, AnAnswerThatIsNoneIsAHostError) {
  for (const char* line : {"", "{}", "[]", "{\"kind\":\"done\"}", "{\"kind\":5}",
                           "{\"kind\":\"other\",\"message\":\"\"}", "\xff"})
    EXPECT_THROW(decode_answer(line), io::HostError) << line;
  ChildAnswer answer;
  answer.message = "not \xff text";
  using Kind = ChildAnswer::Kind;
  for (const Kind kind : {Kind::request_error, Kind::host_error, Kind::transport_error, Kind::lasting_error}) {
    answer.kind = kind;
    EXPECT_EQ(decode_answer(encode(answer)).kind, kind);
  }
}

TEST(Messages, ASourceFileThatIsCutAnywhereIsAHostError) {
  Scratch scratch;
  Source source;
  source.url = "u";
  source.commit = "c";
  source.dirty = true;
  source.total_bytes = 1LL << 40;
  source.entries = {{"a\nb", 'f'}, {"caf\xe9", 'l'}};
  source.manifests["setup.py"] = std::string("\0\xff", 2);
  source.warnings = {"w"};
  write_source(scratch.path("source"), source);
  const Source back = read_source(scratch.path("source"));
  EXPECT_EQ(back.entries[1].path, "caf\xe9");
  EXPECT_EQ(back.entries[1].type, 'l');
  EXPECT_EQ(back.manifests, source.manifests);
  EXPECT_EQ(back.total_bytes, 1LL << 40);
  EXPECT_TRUE(back.dirty);
  const std::string whole = scratch.read("source");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    scratch.write("cut", whole.substr(0, length));
    EXPECT_THROW(read_source(scratch.path("cut")), io::HostError) << length;
  }
}

TEST(PackWriter, HasTheKnownChecksums) {
  EXPECT_EQ(crc32(0, "123456789"), 0xcbf43926u);
  EXPECT_EQ(crc32(crc32(0, "12345"), "6789"), 0xcbf43926u);
  EXPECT_EQ(adler32(1, "Wikipedia"), 0x11e60398u);
  EXPECT_EQ(adler32(1, std::string(1'000'000, '\xff')),
            adler32(adler32(1, std::string(999'999, '\xff')), "\xff"));
}

TEST(PackWriter, WritesWhatGitAccepts) {
  Scratch scratch;
  init_repository(scratch.path("repo"));
  std::vector<std::string> contents{"", "small", std::string(65535, 'a'), std::string(65536, 'b'),
                                    std::string(300'000, 'c')};
  PackWriter pack(scratch.path(), static_cast<std::uint32_t>(contents.size()));
  std::string ids;
  for (const std::string& content : contents) {
    scratch.write("content", content);
    const std::string id = git(scratch.path("repo"), "hash-object " + scratch.path("content"));
    git_oid oid{};
    ASSERT_EQ(git_oid_fromstr(&oid, id.c_str()), 0);
    pack.add(oid, GIT_OBJECT_BLOB, content);
    ids += id + "\n";
  }
  pack.finish();
  EXPECT_EQ(shell("git verify-pack " + pack.index_file()).exit_code, 0);
  const std::string place = scratch.path("repo/.git/objects/pack/pack-" + pack.name());
  shell("cp " + pack.pack_file() + " " + place + ".pack; cp " + pack.index_file() + " " + place + ".idx");
  scratch.write("ids", ids);
  EXPECT_EQ(git(scratch.path("repo"), "cat-file --batch-check='%(objectsize)' < " + scratch.path("ids")),
            "0\n5\n65535\n65536\n300000");
  EXPECT_EQ(git(scratch.path("repo"), "fsck --full --no-dangling"),
            "notice: HEAD points to an unborn branch (main)\nnotice: No default references");
}

TEST(Sha256, IsTheKnownOne) {
  Sha256 hash;
  hash.add("abc");
  EXPECT_EQ(hash.finish_hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace images::checkout
