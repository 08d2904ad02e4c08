// The description of the HTTP API against the API: schemathesis makes requests from the one and compares the
// other's answers with it.
#include "tests/functional/attempts.h"
#include "tests/support/serving.h"

namespace {

using namespace testing_support;
using nlohmann::json;

constexpr const char* kNone = "/none$";

// Put there by the first who asks.
const std::string& schemathesis() {
  static const std::string program = [] {
    const std::string folder = std::string(TOOLS_FOLDER) + "/schemathesis";
    ProgramOptions options;
    options.deadline = std::chrono::minutes(10);
    const Finished run =
        run_command({source_path("tests/support/python_venv"), folder, "schemathesis==4.32.5"}, options);
    EXPECT_EQ(run.exit_code, 0) << told(run);
    return folder + "/bin/schemathesis";
  }();
  return program;
}

class OpenApi : public testing::Test {
 protected:
  OpenApi() {
    write_file(folder_ / "tokens", token_.line);
    // It works on nothing: what is made up here is never cloned.
    serve_.emplace(programs(), Serving::Strings{"--jobs", "0", "--token-file", folder_ / "tokens"});
    serve_->call_as(token_);
  }

  Finished compare(Serving::Strings more, const std::string& also_open, const std::string& config = "") {
    // Where a client may say how long an answer is held back, it is the shortest time.
    write_file(folder_ / "schemathesis.toml", "[parameters]\n\"query.wait\" = 1\n" + config);
    Serving::Strings words{schemathesis(), "--config-file", folder_ / "schemathesis.toml", "run",
                           "--no-color", "--seed", "1", "--max-examples", "3", "--generation-database",
                           "none", "--request-timeout", "20", "--header",
                           "Authorization: Bearer " + token_.secret, "--checks", "all",
                           // Numbers out of bounds are taken as the nearest that is in them, and a job has
                           // more rules than its schema.
                           "--exclude-checks", "negative_data_rejection,positive_data_acceptance",
                           // Held open for as long as nothing happens.
                           "--exclude-path-regex", "/events$|/job-take|" + also_open};
    words.insert(words.end(), more.begin(), more.end());
    ProgramOptions options;
    options.cwd = folder_.path();
    options.deadline = std::chrono::seconds(800);
    return run_command(words, options);
  }
  Finished compare_all(const std::string& also_open, const std::string& config = "") {
    return compare({document(), "--phases", "examples,coverage,fuzzing,stateful"}, also_open, config);
  }
  std::string document() const { return serve_->url() + "/api/v1/openapi.json"; }

  // A job that a worker has brought to its end.
  std::string completed_job() const {
    const std::string id =
        serve_->run({{"repo", "https://github.com/owner/project"}, {"test_command", "pytest"}});
    EXPECT_EQ(serve_->got("/v2/flaky/job-take/w1").at("id"), id);
    const json plan = {{"repo", "https://github.com/owner/project"}, {"test_command", "pytest"}};
    const json attempt = {
        {"attempt", 0}, {"exit_code", 0}, {"passed", true}, {"stdout", "1 passed"}, {"stderr", ""}};
    const json report = {{"total_runs", 1},
                         {"failures", 0},
                         {"repro_rate", 0.0},
                         {"severity", "NONE"},
                         {"results", {attempt}},
                         {"tests", json::array()},
                         {"verdict", "not_shown_flaky"},
                         {"job", {{"plan", plan}}}};
    serve_->posted("/v2/flaky/job-done/w1/" + id, {{"output", report}});
    EXPECT_EQ(serve_->status(id).at("status"), "COMPLETED");
    return id;
  }

  const Token token_ = new_token("all", "submit,read,worker,admin");
  TemporaryFolder folder_;
  std::optional<Serving> serve_;
};

TEST_F(OpenApi, SaysWhatIsAnswered) {
  const Finished run =
      compare_all("/\\{stream\\}$");  // a log may be followed until its job ends, and no job does
  EXPECT_EQ(run.exit_code, 0) << told(run);
}

TEST_F(OpenApi, SaysWhatIsAnsweredOfAJobThatIsThere) {
  const std::string id = completed_job();
  const std::string job = "\nparameters = { \"path.endpoint\" = \"flaky\", \"path.id\" = \"" + id + "\" }\n";
  const Finished run =
      compare_all(kNone, "[[operations]]\ninclude-path-regex = '^/api/v1/jobs/\\{id\\}'" + job +
                             "[[operations]]\ninclude-path-regex = '^/v2/.*\\{id\\}'" + job +
                             "[[operations]]\ninclude-path-regex = '/history/runs/\\{id\\}'\n"
                             "parameters = { \"path.id\" = 1 }\n");
  EXPECT_EQ(run.exit_code, 0) << told(run);
  EXPECT_EQ(serve_->status(id).at("status"), "COMPLETED");
}

// That the comparison sees something.
TEST_F(OpenApi, IsFoundOutWhenItDoesNotHold) {
  json lie = serve_->got("/api/v1/openapi.json");
  lie["paths"]["/api/v1/version"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
     ["required"]
         .push_back("not_there");
  write_file(folder_ / "openapi.json", lie.dump());
  const Finished run = compare({folder_ / "openapi.json", "--url", serve_->url(), "--phases", "fuzzing",
                                "--include-path", "/api/v1/version"},
                               kNone);
  EXPECT_EQ(run.exit_code, 1) << told(run);
  EXPECT_NE(run.out.find("\"not_there\" is a required property"), std::string::npos) << told(run);
}

}  // namespace
