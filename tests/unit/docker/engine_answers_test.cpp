// What different engines answer, and what is made of it. The answers lie in answers/, with their origin.
#include <gtest/gtest.h>

#include <fstream>

#include "sandbox/docker/docker_images.h"
#include "sandbox/docker/ended_container.h"
#include "sandbox/docker/image_changes.h"
#include "sandbox/docker/probe.h"
#include "tests/unit/docker/container_fixture.h"

namespace sandbox::docker {
namespace {

Json answers(const std::string& engine) {
  std::ifstream file(SOURCE_FOLDER "/tests/unit/docker/answers/" + engine + ".json");
  return Json::parse(file);
}

Capabilities capabilities(const Json& engine, const Endpoint& endpoint = {"/run/x.sock"}) {
  return capabilities_of(engine.at("version"), engine.at("info"), "1.41", endpoint);
}
EngineTraits traits(const Json& engine) { return traits_of(engine.at("version"), engine.at("info")); }

bool warns(const Capabilities& engine, const std::string& words) {
  return std::any_of(engine.warnings.begin(), engine.warnings.end(),
                     [&](const std::string& each) { return says(each, words); });
}

// ---- who it is and what it enforces

TEST(EngineAnswers, OfPodmanNameItAndItsRuntime) {
  const Capabilities podman = capabilities(answers("podman-4.3"));
  EXPECT_EQ(podman.engine, "podman");
  EXPECT_EQ(podman.engine_version, "4.3.1");
  EXPECT_EQ(podman.runtime, "runc");
  EXPECT_EQ(podman.runtime_version, "1.1.5+ds1");
  EXPECT_EQ(podman.limits.at("memory"), Enforcement::enforced);
  EXPECT_EQ(podman.carrier, "Unix socket");
  EXPECT_TRUE(podman.warnings.empty());
}

TEST(EngineAnswers, OfDockersNameThemAndTheirRuntimes) {
  const Capabilities newer = capabilities(answers("docker-26.1"));
  EXPECT_EQ(newer.engine, "docker");
  EXPECT_EQ(newer.runtime_version, "1.1.15+ds1");
  const Capabilities newest = capabilities(answers("docker-29"));
  EXPECT_EQ(newest.engine_version, "29.0.0");
  EXPECT_EQ(newest.cgroup_version, "2");
  EXPECT_EQ(newest.security, (std::vector<std::string>{"apparmor", "seccomp", "cgroupns"}));
  const Capabilities recorded = capabilities(answers("moby-29"));
  EXPECT_EQ(recorded.engine_version, "29+v2.0.0-beta.24");
  EXPECT_EQ(recorded.runtime_version, "1.3.4");
  EXPECT_TRUE(recorded.warnings.empty());
}

TEST(EngineAnswers, PromiseOfABuildByADockerfileOnlyWhatItIsGiven) {
  const Capabilities docker = capabilities(answers("docker-29"));
  EXPECT_EQ(docker.builder, "classic builder");
  EXPECT_EQ(docker.build_limits.at("memory"), Enforcement::enforced);
  EXPECT_EQ(docker.build_limits.at("timeout"), Enforcement::enforced);
  for (const char* limit : {"cpus", "pids", "disk", "tmp", "capabilities"})
    EXPECT_EQ(docker.build_limits.at(limit), Enforcement::not_enforced) << limit;
  Json poor = answers("docker-29");
  poor["info"]["MemoryLimit"] = false;
  EXPECT_EQ(capabilities(poor).build_limits.at("memory"), Enforcement::not_enforced);
  const Capabilities podman = capabilities(answers("podman-4.3"));
  EXPECT_EQ(podman.builder, "buildah");
  EXPECT_EQ(podman.build_limits.at("memory"), Enforcement::not_enforced) << "nobody has measured it";
}

TEST(EngineAnswers, OfAPodmanWithoutRootOnCgroupV1PromiseNoLimit) {
  Json podman = answers("podman-4.3");
  podman["info"]["SecurityOptions"].push_back("name=rootless");
  const Capabilities found = capabilities(podman);
  for (const char* limit : {"memory", "cpus", "pids"})
    EXPECT_EQ(found.limits.at(limit), Enforcement::not_enforced) << limit;
  EXPECT_TRUE(warns(found, "does not enforce the limit of memory"));
  EXPECT_EQ(traits(podman).nproc, 0) << "more than its person's own limit would be refused";
  podman["info"]["CgroupVersion"] = "2";
  EXPECT_EQ(capabilities(podman).limits.at("memory"), Enforcement::enforced);
}

TEST(EngineAnswers, OfAnotherHostSayNothingOfThisOnesDisk) {
  Json engine = answers("docker-29");
  engine["info"]["DockerRootDir"] = "/tmp";  // which this host has, too
  EXPECT_EQ(capabilities(engine).data_root, "/tmp");
  Endpoint far;
  far.authority = "far:2376";
  far.tls = TlsFiles{};
  const Capabilities found = capabilities(engine, far);
  EXPECT_EQ(found.data_root, "");
  EXPECT_EQ(found.carrier, "TLS");
  EXPECT_TRUE(warns(found, "on another host"));
  EXPECT_FALSE(warns(found, "plain TCP"));
  far.tls.reset();
  EXPECT_TRUE(warns(capabilities(engine, far), "plain TCP"));
}

TEST(EngineAnswers, TellHowFarItsClockIsAhead) {
  const Json info = answers("docker-29").at("info");
  const auto theirs = engine_time("2026-11-27T02:55:45.5Z");
  EXPECT_EQ(clock_ahead(info, theirs - 12s, theirs - 8s), 10s);
  EXPECT_EQ(clock_ahead(info, theirs, theirs + 2s), -1s);
  EXPECT_EQ(clock_ahead(Json::object(), theirs, theirs), 0s);
}

// ---- what an engine is asked for

ContainerRequest attempt() {
  ContainerRequest request;
  request.image = "sha256:1";
  request.execution.argv = {"true"};
  return request;
}

std::string limits_of_users(const Json& config) { return config.at("HostConfig").at("Ulimits").dump(); }

TEST(EngineAnswers, OfPodmanLeadToAHostsFileAndABoundForProcesses) {
  EngineTraits podman = traits(answers("podman-4.3"));
  EXPECT_TRUE(podman.needs_hosts_file);
  EXPECT_TRUE(podman.fills_volumes_late);
  EXPECT_TRUE(podman.commits_by_changes);
  EXPECT_TRUE(podman.build_ulimits_as_words);
  podman.hosts_file = "/volume/hosts";
  const Json config = container_config(attempt(), podman);
  EXPECT_FALSE(config.contains("NetworkDisabled"));
  EXPECT_EQ(config.at("HostConfig").at("Binds"), Json::array({"/volume/hosts:/etc/hosts:ro"}));
  EXPECT_TRUE(says(limits_of_users(config), R"({"Hard":32768,"Name":"nproc","Soft":32768})"));
}

TEST(EngineAnswers, OfPodmanLeadToItsOwnOptionsOfMounts) {
  ContainerRequest request = attempt();
  request.execution.secret_env = {{"TOKEN", "x"}};
  const auto options = [&](const char* engine) {
    return container_config(request, traits(answers(engine))).at("HostConfig").at("Tmpfs");
  };
  EXPECT_TRUE(says(options("docker-26.1").at(kSecretDir), ",uid=10001,gid=10001"));
  EXPECT_TRUE(options("podman-4.3").at(kSecretDir).get<std::string>().ends_with(",notmpcopyup,U"));
  EXPECT_TRUE(options("podman-4.3").at("/tmp").get<std::string>().ends_with(",notmpcopyup"));
}

TEST(EngineAnswers, OfDockersLeaveThatToThem) {
  for (const char* engine : {"docker-26.1", "docker-29", "moby-29"}) {
    EngineTraits docker = traits(answers(engine));
    EXPECT_TRUE(docker.skips_network_sandbox);
    EXPECT_FALSE(docker.commits_by_changes);
    EXPECT_FALSE(docker.build_ulimits_as_words);
    const Json config = container_config(attempt(), docker);
    EXPECT_EQ(config.at("NetworkDisabled"), true);
    EXPECT_FALSE(config.at("HostConfig").contains("Binds")) << "no file was made yet";
    EXPECT_FALSE(says(limits_of_users(config), "nproc"));
  }
}

// ---- images

TEST(EngineAnswers, OfTheNewestLeaveOutWhatIsEmpty) {
  const Image image = image_of(answers("docker-29").at("image"));
  EXPECT_TRUE(image.id.starts_with("sha256:1"));
  EXPECT_EQ(image.size_bytes, 1234);
  EXPECT_TRUE(image.env.empty());
  EXPECT_TRUE(image.labels.empty());
  EXPECT_EQ(image.digest, "");
  const Image recorded = image_of(answers("moby-29").at("image"));
  EXPECT_TRUE(recorded.id.starts_with("sha256:4488"));
  EXPECT_TRUE(recorded.env.empty());
  EXPECT_TRUE(recorded.labels.empty());
}

TEST(ImageChanges, AreOneInstructionForEachValueWithoutEscapes) {
  const Json config = {{"Env", {"PATH=/a:/b", "WORDS=f \"g\"=h"}},
                       {"Labels", {{"empty", ""}, {"quoted", "{\"a\": 1}"}}},
                       {"Cmd", {"/bin/sh"}},
                       {"WorkingDir", "/work"}};
  const auto change = [](const std::string& line) { return "&changes=" + url_encode(line); };
  EXPECT_EQ(changes_query(config), change("ENTRYPOINT []") + change("ENV PATH=\"/a:/b\"") +
                                       change("ENV WORDS=\"f \"g\"=h\"") + change("LABEL empty=\"\"") +
                                       change("LABEL quoted=\"{\"a\": 1}\"") + change(R"(CMD ["/bin/sh"])") +
                                       change("WORKDIR /work"));
}

TEST(ImageChanges, KeepLabelsOfSeveralLines) {
  for (const std::string meant : {"six==1.16\npytest==8.3\n", "json:[1]", "\r\n", "é\n\"", "one line", ""}) {
    const std::string query = changes_query({{"Labels", {{"x", meant}}}});
    EXPECT_FALSE(says(query, "%0A")) << query;
    EXPECT_FALSE(says(query, "%0D")) << query;
  }
  EXPECT_EQ(label_value("json:\"six==1.16\\npytest==8.3\\n\""), "six==1.16\npytest==8.3\n");
  EXPECT_EQ(label_value("json:nonsense"), "json:nonsense");
  EXPECT_EQ(label_value("plain"), "plain");
}

TEST(EngineAnswers, ToAnImportNameTheImage) {
  // Docker's, and Podman's with its empty fields beside it.
  EXPECT_EQ(imported_image("{\"status\":\"sha256:afd6\"}\r\n"), "sha256:afd6");
  EXPECT_EQ(
      imported_image(R"({"status":"sha256:ddbf","progress":"","progressDetail":{},"id":"sha256:ddbf"})"),
      "sha256:ddbf");
  EXPECT_THROW(imported_image(R"({"status":"Importing"})"), EngineError);
}

// ---- a container's life, with what these engines say in it

class OnARecordedEngine : public TheContainer, public ::testing::WithParamInterface<const char*> {};

TEST_P(OnARecordedEngine, AnAttemptEndsAsItDid) {
  const Json recorded = answers(GetParam());
  Json created = recorded.at("created"), inspected = recorded.at("inspected");
  created["Id"] = "c1";
  for (const char* time :
       {"StartedAt", "FinishedAt"})  // before this test's stop, whatever the host's clock says
    inspected["State"][time] = inspected["State"][time].get<std::string>().replace(0, 4, "2020");
  const std::string head = recorded.at("attach_head");
  const Json killed = recorded.at("killed_again");
  engine_.on(kCreate, answer(201, created.dump()));
  engine_.on(kWait, answer(200, recorded.at("waited").dump()).held("end"));
  engine_.on(kInspect, answer(200, inspected.dump()));
  engine_.on(kKill, answer(killed.at("status"), killed.at("body").dump()));
  Answer attach = raw_stream();
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\n")) << head;
  engine_.on(kAttach,
             std::move(attach).then(attached(beginning())).wait("end").then(attached(ending(3))).close());
  traits_ = traits(recorded);
  run_until_it_is_waited_for();
  container_->stop(StopReason::cancelled);  // too late: it has ended
  until_asked(kKill);
  let_it_end();
  until_drained();
  EXPECT_EQ(result_->exit->code, 3);
  EXPECT_EQ(classify(*result_), Outcome::failed) << "the end was stamped before the stop";
}

INSTANTIATE_TEST_SUITE_P(Engines, OnARecordedEngine, ::testing::Values("podman-4.3", "docker-26.1", "moby-29"),
                         [](const auto& engine) {
                           std::string name = engine.param;
                           std::erase_if(name,
                                         [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); });
                           return name;
                         });

}  // namespace
}  // namespace sandbox::docker
