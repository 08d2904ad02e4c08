#include "orchestrator/cli/job_inputs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "images/checkout/ssh_url.h"
#include "orchestrator/job/check.h"
#include "orchestrator/job/field_table.h"
#include "sandbox/io/error.h"

namespace orchestrator {
namespace {

namespace fs = std::filesystem;

// Above what the readers of a job and of a config take: they say so themselves.
constexpr std::size_t kLargestInput = 9u << 20;
constexpr std::size_t kLargestToken = 64 * 1024;

// What is beyond kLargestInput stays unread: a name may lead to a device without an end.
std::string read_stream(std::istream& stream) {
  std::string text;
  char piece[65536];
  while (text.size() < kLargestInput && (stream.read(piece, sizeof piece) || stream.gcount() > 0))
    text.append(piece, static_cast<std::size_t>(stream.gcount()));
  return text;
}

std::string host_of(const std::string& url) {
  if (images::checkout::is_ssh_form(url)) return images::checkout::parse_ssh(url).host_and_port();
  const auto start = url.find("://");
  if (start == std::string::npos) return "";
  const auto begin = start + 3;
  return url.substr(begin, url.find('/', begin) - begin);
}

// ssh expands "${NAME}" in a file's name, and nothing keeps it from that.
std::string callers_ssh_file(const std::string& flag, const std::string& path) {
  if (path.empty()) return path;
  const auto refuse = [&](const std::string& why) {
    throw io::RequestError(fmt::format("{}: the file '{}' {}", flag, path, why));
  };
  std::error_code ignored;
  const bool is_folder = fs::is_directory(path, ignored);
  if (is_folder || ::access(path.c_str(), R_OK) != 0)
    refuse(fmt::format("cannot be read: {}", std::strerror(is_folder ? EISDIR : errno)));
  if (path.find('"') != std::string::npos || path.find("${") != std::string::npos)
    refuse("has a name that ssh would read otherwise; give it one without \" and ${");
  return fs::absolute(path).string();
}

images::GitAccess said_access(const CommandLine& options) {
  images::GitAccess access;
  access.ssh_key = callers_ssh_file("--ssh-key", options.ssh_key);
  access.ssh_known_hosts = callers_ssh_file("--ssh-known-hosts", options.ssh_known_hosts);
  access.ssh_config = callers_ssh_file("--ssh-config", options.ssh_config);
  return access;
}

// A token that is said to be there but is not would come out as one that the server does not accept.
std::string checked_token(std::string token, const std::string& where) {
  if (token.size() > kLargestToken) throw io::RequestError(where + " is larger than 64 KiB: it is no token");
  token.erase(token.find_last_not_of(" \t\r\n") + 1);
  token.erase(0, token.find_first_not_of(" \t\r\n"));
  if (token.empty()) throw io::RequestError(where + " is empty: it must hold the token");
  if (token.find_first_of("\r\n") != std::string::npos)
    throw io::RequestError(where + " has more than one line: it must hold the token alone");
  return token;
}

// From a file or a variable that FLAG-file and FLAG-env name; nothing where neither does.
std::optional<std::string> said_token(const std::string& flag, const std::string& file,
                                      const std::string& variable, const GetEnv& getenv) {
  if (!file.empty())
    return checked_token(read_callers_file(file, flag + "-file: the token file"),
                         fmt::format("{}-file: the token file '{}'", flag, file));
  if (variable.empty()) return std::nullopt;
  const auto value = getenv(variable.c_str());
  if (!value)
    throw io::RequestError(fmt::format("{}-env: the environment has no variable {}", flag, variable));
  return checked_token(*value, flag + "-env: the variable " + variable);
}

std::string gather_token(const CommandLine& options, const GetEnv& getenv) {
  if (auto said = said_token("--git-token", options.git_token_file, options.git_token_env, getenv))
    return *said;
  return getenv("ORCHESTRATOR_GIT_TOKEN").value_or("");
}

// What stands at each place, and what is wrong there.
struct Sources {
  std::vector<JobReading> said;  // strongest first
  JobReading user;
};

void append(std::vector<FieldError>& to, const std::vector<FieldError>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

// A file that cannot be read is a mistake like those that stand in it.
JobReading read_or_complain(const std::function<JobReading()>& read) {
  try {
    return read();
  } catch (const io::RequestError& error) {
    return {{}, {{"", error.what(), ""}}};
  }
}

JobReading read_user(const CommandLine& options, const GetEnv& getenv) {
  if (!options.config_file.empty())
    return read_user_config(read_callers_file(options.config_file, "--config: the config file"),
                            options.config_file);
  const auto xdg = getenv("XDG_CONFIG_HOME");
  const auto home = getenv("HOME");
  const std::string path = (xdg ? *xdg : home.value_or("") + "/.config") + "/orchestrator/config.yml";
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return {};
  return read_user_config(read_callers_file(path, "the config file"), path);
}

Sources read_sources(const CommandLine& options, const JobReading& flags, const GetEnv& getenv) {
  Sources sources{{flags}, {}};
  if (!options.input_file.empty())
    sources.said.push_back(read_or_complain([&] {
      return read_job(read_callers_file(options.input_file, "--input: the input file"), UnknownFields::error,
                      options.input_file);
    }));
  sources.said.push_back(read_environment(getenv));
  sources.user = read_or_complain([&] { return read_user(options, getenv); });
  return sources;
}

std::vector<FieldError> mistakes(const CommandLine& options, const Sources& sources) {
  std::vector<FieldError> errors;
  try {
    combine(sources.said);
  } catch (const InvalidJob& error) {
    errors = error.errors();
  }
  errors = named_for(options, std::move(errors));
  append(errors, sources.user.errors);
  return errors;
}

}  // namespace

std::string read_callers_file(const std::string& path, const std::string& what) {
  if (path == "-") return read_stream(std::cin);
  std::ifstream file(path, std::ios::binary);
  const int error_number = errno;
  std::error_code ignored;
  const bool is_folder = fs::is_directory(path, ignored);
  if (!file || is_folder)
    throw io::RequestError(fmt::format("{} '{}' cannot be read: {}", what, path,
                                       std::strerror(is_folder ? EISDIR : error_number)));
  return read_stream(file);
}

GatheredJob gather_job(const CommandLine& options, const GetEnv& getenv) {
  const Sources sources = read_sources(options, {options.request, {}}, getenv);
  if (auto errors = mistakes(options, sources); !errors.empty()) throw InvalidJob(std::move(errors));
  GatheredJob job{combine(sources.said), sources.user.request};
  if (job.said.repo && !images::is_remote(*job.said.repo))
    job.said.repo = fs::absolute(*job.said.repo).lexically_normal().string();
  return job;
}

std::vector<FieldError> all_mistakes(const CommandLine& options, const JobReading& flags, bool all_flags_read,
                                     const GetEnv& getenv) {
  const Sources sources = read_sources(options, flags, getenv);
  if (all_flags_read) return mistakes(options, sources);
  std::vector<FieldError> errors;
  for (const auto& reading : sources.said) append(errors, reading.errors);
  append(errors, sources.user.errors);
  return errors;
}

std::vector<FieldError> named_for(const CommandLine& options, std::vector<FieldError> errors) {
  if (!options.input_file.empty()) return errors;
  for (auto& error : errors) {
    for (const auto& field : job_fields())
      if (*field.flag && error.where.empty() && error.pointer == field_pointer(field))
        error.pointer = field.flag;
  }
  return errors;
}

std::optional<images::GitCredential> gather_credential(const CommandLine& options, const std::string& repo,
                                                       const GetEnv& getenv) {
  std::string token = gather_token(options, getenv);
  if (token.empty() || !images::is_remote(repo)) return std::nullopt;
  return images::GitCredential{.host = options.git_host.empty() ? host_of(repo) : options.git_host,
                               .token = std::move(token)};
}

images::GitAccess gather_access(const CommandLine& options, const std::string& repo) {
  images::GitAccess access = said_access(options);
  // A folder that is not there any more is no matter of access: its image may be all that is needed.
  const bool names_host = images::checkout::is_ssh_form(repo) || repo.find("://") != std::string::npos;
  if (!names_host || !images::is_remote(repo)) return {};
  access.host = options.git_host.empty() ? host_of(repo) : options.git_host;
  // A stranger's repository that is fetched without a key must not have its submodules fetched by one.
  access.ssh = images::checkout::is_ssh_form(repo) || !options.git_host.empty();
  access.own_settings = true;
  access.git_program = options.git_program;
  return access;
}

images::GitAccess gather_service_access(const CommandLine& options) {
  images::GitAccess access = said_access(options);
  if (access.ssh_key.empty()) {
    if (!access.ssh_known_hosts.empty() || !access.ssh_config.empty())
      throw io::RequestError("--ssh-key is needed for ssh: a service uses no other key of this account");
    return {};
  }
  if (options.git_host.empty())
    throw io::RequestError("--git-host is needed beside --ssh-key: it says whom this service may show it to");
  access.host = options.git_host;
  access.ssh = true;
  return access;
}

JobRequest service_defaults(const GetEnv& getenv) {
  JobRequest defaults = job_from_environment(getenv);
  for (const auto field : {&JobRequest::repo, &JobRequest::ref, &JobRequest::subdir, &JobRequest::suite,
                           &JobRequest::only_changed})
    (defaults.*field).reset();
  defaults.test_command.reset();
  defaults.changed_runs.reset();
  defaults.include.clear();
  defaults.results.clear();
  return defaults;
}

std::optional<images::GitCredential> gather_service_credential(const CommandLine& options,
                                                               const GetEnv& getenv) {
  std::string token = gather_token(options, getenv);
  if (token.empty()) return std::nullopt;
  if (options.git_host.empty())
    throw io::RequestError("--git-host is needed beside a token: it says whom this service may show it to");
  return images::GitCredential{.host = options.git_host, .token = std::move(token)};
}

std::string gather_remote_token(const CommandLine& options, const GetEnv& getenv) {
  return said_token("--on-token", options.on.token_file, options.on.token_env, getenv).value_or("");
}

sandbox::EnvList gather_secrets(const std::vector<std::string>& names, const GetEnv& getenv) {
  sandbox::EnvList secrets;
  for (const auto& name : names) {
    const auto value = getenv(name.c_str());
    if (!value) throw io::RequestError(fmt::format("--secret-env: the environment has no variable {}", name));
    secrets.emplace_back(name, *value);
  }
  return secrets;
}

}  // namespace orchestrator
