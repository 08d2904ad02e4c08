// The document that the server gives of itself says what the server does.
#include "orchestrator/api/openapi.h"

#include <gtest/gtest.h>

#include <set>

#include "orchestrator/api/api_server.h"
#include "tests/support/program.h"

namespace orchestrator {
namespace {

using nlohmann::json;

class OpenApi : public testing::Test {
 protected:
  testing_support::TemporaryFolder folder_;
  Database database_{folder_ / "jobs.db"};
  JobQueue queue_{database_, {}, [] { return Milliseconds{1}; }};
  EventStore events_{database_};
  History history_{database_};
  Metrics metrics_;
  ApiServer server_{{},
                    ApiHost{queue_, events_, history_, metrics_, [] { return std::optional<std::string>(); },
                            [] { return std::string(); }}};
  json document_ = json::parse(openapi_document());
};

TEST_F(OpenApi, KnowsEveryRouteAndNoOther) {
  std::set<std::string> served, described;
  for (const Route& route : server_.routes())
    for (const char* method : {"GET", "HEAD", "POST", "PUT", "DELETE"})
      if (("|" + route.method + "|").find("|" + std::string(method) + "|") != std::string::npos)
        served.insert(std::string(method) + " " + route.pattern);
  for (const auto& [path, methods] : document_.at("paths").items())
    for (const auto& [method, operation] : methods.items()) {
      std::string upper = method;
      for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      described.insert(upper + " " + path);
    }
  EXPECT_EQ(served, described);
}

TEST_F(OpenApi, KnowsEveryFieldOfAJob) {
  const json job = json::parse(testing_support::read_file(SOURCE_FOLDER "/orchestrator/job/job_schema.json"));
  const json& described = document_.at("components").at("schemas").at("JobRequest");
  EXPECT_EQ(described.at("properties"), job.at("properties"));
  EXPECT_FALSE(described.contains("$schema")) << "a part of a document has none of its own";
}

TEST_F(OpenApi, SaysWhichRoutesNeedNoToken) {
  for (const Route& route : server_.routes()) {
    const json& methods = document_.at("paths").at(route.pattern);
    for (const auto& [method, operation] : methods.items())
      EXPECT_EQ(operation.contains("security"), route.scope == kForAll) << route.pattern;
  }
}

TEST_F(OpenApi, NamesEachPartOfAPath) {
  for (const auto& [path, methods] : document_.at("paths").items())
    for (const auto& [method, operation] : methods.items()) {
      std::set<std::string> said;
      for (const auto& parameter : operation.value("parameters", json::array()))
        if (parameter.at("in") == "path") said.insert(parameter.at("name"));
      std::set<std::string> there;
      for (std::size_t at = path.find('{'); at != std::string::npos; at = path.find('{', at + 1))
        there.insert(path.substr(at + 1, path.find('}', at) - at - 1));
      EXPECT_EQ(said, there) << method << " " << path;
    }
}

}  // namespace
}  // namespace orchestrator
