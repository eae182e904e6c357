// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "cli/options.h"

#include <doctest/doctest.h>

#include <vector>

#include "base/error.h"

namespace docker_sync {

namespace {

Options parse(std::vector<const char*> arguments, bool is_terminal = false) {
  arguments.insert(arguments.begin(), "docker-sync");
  return parse_options(static_cast<int>(arguments.size()), arguments.data(), is_terminal);
}

/// The message of the usage error, or nothing if there was none.
std::string refusal(const std::vector<const char*>& arguments) {
  try {
    (void)parse(arguments);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::usage);
    return error.what();
  }
  return {};
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::vector<std::string> names_in(const Options& options) {
  std::vector<std::string> names;
  for (const Reference& name : options.selection.names) names.push_back(name.familiar());
  return names;
}

}  // namespace

TEST_CASE("a host alone asks for a report") {
  const Options options = parse({"user@server"});
  CHECK(options.task == Options::Task::report);
  CHECK(options.host.display() == "user@server");
  CHECK_FALSE(options.push);
  CHECK(options.selection.report_only());
}

TEST_CASE("images, -a, -u and -n each ask for a sync") {
  for (const std::vector<const char*>& arguments :
       {std::vector{"server", "redis"}, {"-a", "server"}, {"server", "--update"}, {"server", "-n"}}) {
    CHECK(parse(arguments).task == Options::Task::sync);
  }
}

TEST_CASE("--report only reports, whatever is selected") {
  const Options options = parse({"-r", "-a", "server", "redis"});
  CHECK(options.task == Options::Task::report);
  CHECK(names_in(options) == std::vector<std::string>{"redis:latest"});
  CHECK(options.selection.all);
}

TEST_CASE("options may follow operands, and short ones combine") {
  const Options options = parse({"server", "-pau", "redis", "-f/tmp", "app:1", "--force"});
  CHECK(options.push);
  CHECK(options.selection.all);
  CHECK(options.selection.update);
  CHECK_FALSE(options.selection.new_images);
  CHECK(options.selection.force);
  CHECK(options.tmpfolder == "/tmp");
  CHECK(names_in(options) == std::vector<std::string>{"redis:latest", "app:1"});
}

TEST_CASE("the last of combined options may have a value, in the same word or the next") {
  CHECK(parse({"-af", "/scratch", "server"}).tmpfolder == "/scratch");
  CHECK(parse({"-af/scratch", "server"}).tmpfolder == "/scratch");
  CHECK(parse({"--tmpfolder=/scratch", "server"}).tmpfolder == "/scratch");
  CHECK(parse({"--tmpfolder", "/scratch", "server"}).tmpfolder == "/scratch");
}

TEST_CASE("-f is for both hosts unless the other one has its own") {
  CHECK(parse({"-f", "/a", "server"}).remote_tmpfolder == "/a");
  const Options options = parse({"-f", "/a", "--remote-tmpfolder", "/b", "server"});
  CHECK(options.tmpfolder == "/a");
  CHECK(options.remote_tmpfolder == "/b");
  CHECK(parse({"--remote-tmpfolder=/b", "server"}).tmpfolder.empty());
}

TEST_CASE("each side may have its engine") {
  const Options options = parse({"--remote-engine=podman", "--engine", "docker", "server"});
  CHECK(options.engine == "docker");
  CHECK(options.remote_engine == "podman");
  CHECK(parse({"--engine", "auto", "server"}).engine.empty());
  CHECK(contains(refusal({"--engine", "lxc", "server"}), "docker, podman or auto"));
}

TEST_CASE("names without a registry are remembered as such") {
  const Options options = parse({"server", "redis", "docker.io/library/app:1", "team/web", "localhost/own"});
  CHECK(options.selection.short_names == std::set{Reference::parse("redis"), Reference::parse("team/web")});
}

TEST_CASE("after -- nothing is an option") {
  CHECK(parse({"-a", "--", "server"}).host.host == "server");
  CHECK(contains(refusal({"--", "-oProxyCommand=touch"}), "-oProxyCommand=touch"));
  CHECK(contains(refusal({"server", "--", "-a"}), "\"-a\" is not an image name"));
}

TEST_CASE("an operand is one name, commas and all") { CHECK(contains(refusal({"server", "redis,app"}), "\"redis,app\"")); }

TEST_CASE("the values of options") {
  const Options options = parse({"-e", "ssh -J jump", "--compress-level=19", "-W", "--json", "--dry-run", "server", "a"});
  CHECK(options.rsh == "ssh -J jump");
  CHECK(options.selection.level == 19);
  CHECK(options.selection.whole_layers);
  CHECK(options.selection.dry_run);
  CHECK(options.json);
}

TEST_CASE("the compress level is a number from 1 to 19, or automatic") {
  CHECK(parse({"server"}).selection.level == 0);
  CHECK(parse({"--compress-level=auto", "server"}).selection.level == 0);
  CHECK(parse({"--compress-level", "1", "server"}).selection.level == 1);
  for (const char* level : {"0", "20", "-3", "fast", "", "9x", "99999999999"}) {
    const std::string argument = std::string("--compress-level=") + level;
    CHECK(contains(refusal({argument.c_str(), "server"}), "--compress-level"));
  }
}

TEST_CASE("progress is shown on a terminal, where results for people are") {
  CHECK(parse({"server"}, true).progress);
  CHECK_FALSE(parse({"server"}, false).progress);
  CHECK_FALSE(parse({"--json", "server"}, true).progress);
  CHECK_FALSE(parse({"-q", "server"}, true).progress);
}

TEST_CASE("of --progress and --no-progress the last one counts") {
  CHECK(parse({"--progress", "server"}).progress);
  CHECK_FALSE(parse({"--no-progress", "server"}, true).progress);
  CHECK(parse({"--no-progress", "--progress", "server"}).progress);
  CHECK_FALSE(parse({"--progress", "server", "--no-progress"}).progress);
}

TEST_CASE("how much is said") {
  CHECK(parse({"server"}).log_level == LogLevel::warnings);
  CHECK(parse({"-v", "server"}).log_level == LogLevel::verbose);
  CHECK(parse({"-q", "server"}).is_quiet());
  CHECK(contains(refusal({"-qv", "server"}), "--quiet and --verbose"));
}

TEST_CASE("what cannot be meant is refused with a hint") {
  for (const std::vector<const char*>& arguments :
       {std::vector<const char*>{}, {"-a"}, {"--no-such", "server"}, {"-Z", "server"}, {"server", "-f"},
        {"--tmpfolder=", "server"}, {"--all=perhaps", "server"}, {"---", "server"}}) {
    CHECK(contains(refusal(arguments), "--help"));
  }
  for (const std::vector<const char*>& arguments :
       {std::vector<const char*>{""}, {"user@"}, {"ssh://user@server:99999"}, {"server", ""}, {"server", "App"},
        {"server", "app@sha256:0000000000000000000000000000000000000000000000000000000000000000"}}) {
    CHECK_FALSE(refusal(arguments).empty());
  }
}

TEST_CASE("an argument that is too long is refused, not parsed") {
  const std::string argument = "--rsh=" + std::string(100'000, 'x');
  CHECK(contains(refusal({argument.c_str(), "server"}), "too long"));
}

TEST_CASE("help and version need no host") {
  CHECK(parse({"-h"}).task == Options::Task::help);
  CHECK(parse({"--version", "-a"}).task == Options::Task::version);
  CHECK(contains(help_text(), "[USER@]HOST [IMAGE...]"));
  CHECK(help_text().ends_with("\n"));
  CHECK(version_text().starts_with("docker-sync "));
}

TEST_CASE("a line of the help has at most 100 columns") {
  const std::string help = help_text();
  for (size_t start = 0; start < help.size();) {
    const size_t end = help.find('\n', start);
    CHECK(end - start <= 100);
    start = end + 1;
  }
}

}  // namespace docker_sync
