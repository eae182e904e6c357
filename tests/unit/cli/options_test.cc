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
  CHECK(options.ends.source == Address::parse("user@server"));
  CHECK(options.ends.destinations == std::vector{Address{}});
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
  CHECK(options.ends.source == Address{});
  CHECK(options.ends.destinations == std::vector{Address::parse("server")});
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
  CHECK(parse({"-a", "--", "server"}).ends.source == Address::parse("server"));
  CHECK(contains(refusal({"--", "-oProxyCommand=touch"}), "-oProxyCommand=touch"));
  CHECK(contains(refusal({"server", "--", "-a"}), "\"-a\" is not an image name"));
}

TEST_CASE("-s and -d name the ends, and every operand is an image") {
  const Options options = parse({"-s", "user@a", "-d", "unix:///b.sock", "redis", "app:1"});
  CHECK(options.ends.source == Address::parse("user@a"));
  CHECK(options.ends.destinations == std::vector{Address::parse("unix:///b.sock")});
  CHECK(names_in(options) == std::vector<std::string>{"redis:latest", "app:1"});
  CHECK(parse({"-s", "user@a"}).task == Options::Task::report);
}

TEST_CASE("an end that is left out is local") {
  CHECK(parse({"--source=user@a", "redis"}).ends.destinations == std::vector{Address{}});
  CHECK(parse({"--destination=user@b", "redis"}).ends.source == Address{});
}

TEST_CASE("several destinations, by -d again and again or by --push and commas") {
  const std::vector both{Address::parse("user@a"), Address::parse("b:2222")};
  CHECK(parse({"-d", "user@a", "-d", "b:2222", "redis"}).ends.destinations == both);
  CHECK(parse({"-p", "user@a,b:2222", "redis"}).ends.destinations == both);
  CHECK(parse({"-d", "unix:///a,b"}).ends.destinations == std::vector{Address::parse("unix:///a,b")});
  CHECK_FALSE(parse({"--progress", "-p", "a,b", "redis"}, true).progress);
}

TEST_CASE("ends that contradict each other are refused") {
  CHECK(contains(refusal({"-p", "-s", "a"}), "--push"));
  CHECK(contains(refusal({"-s", "user@a", "-d", "ssh://user@a"}), "user@a is both source and destination"));
  CHECK(contains(refusal({"-d", "local"}), "both source and destination"));
  CHECK(contains(refusal({"local"}), "both source and destination"));
  CHECK(contains(refusal({"-p", "a,b,a"}), "a is given twice"));
  for (const std::vector<const char*>& arguments :
       {std::vector<const char*>{"-s", ""}, {"-d", ""}, {"-p", "a,,b"}, {"-p", "a,"}, {"a,b"}, {"-s", "http://a"}}) {
    CHECK_FALSE(refusal(arguments).empty());
  }
}

TEST_CASE("TLS as docker has it") {
  CHECK_FALSE(parse({"tcp://server"}).tls.given());
  CHECK(parse({"--tlsverify", "tcp://server"}).tls.given());
  const TlsOptions tls = parse({"--tlscacert=/a", "--tlscert", "/c", "--tlskey=/k", "tcp://server"}).tls;
  CHECK(tls.ca == "/a");
  CHECK(tls.certificate == "/c");
  CHECK(tls.key == "/k");
  CHECK(tls.given());
  CHECK_FALSE(refusal({"--tlscacert=", "tcp://server"}).empty());
}

TEST_CASE("--sudo is for the helpers") {
  CHECK(parse({"--sudo", "server"}).sudo);
  CHECK_FALSE(parse({"server"}).sudo);
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

TEST_CASE("helpers run in containers unless that is switched off") {
  CHECK(parse({"server"}).helper_containers);
  CHECK_FALSE(parse({"--no-helper-container", "server"}).helper_containers);
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
