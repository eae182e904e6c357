// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/bootstrap.h"

#include <doctest/doctest.h>
#include <sys/utsname.h>

#include <map>

#include "base/compression.h"
#include "base/error.h"
#include "local_shell.h"
#include "ssh_server.h"
#include "wire/frame.h"

using namespace docker_sync;
using namespace docker_sync::test;
using namespace std::chrono_literals;

namespace {

const std::string kMagicText(as_text(kMagic));

std::string this_machine() {
  utsname names{};
  ::uname(&names);
  return names.machine;
}

/// Stands in for the helper: a script as large as we like that speaks the magic, then its arguments, then echoes.
std::string fake_helper(size_t padding = 300'000, const std::string& on_check = "exit 0") {
  return "#!/bin/sh\ncase $1 in --check) " + on_check +
         " ;; esac\nprintf \"\\000dsync1\\n\"\nfor a; do printf \"<%s>\" \"$a\"; done\nexec cat\n#" +
         std::string(padding, 'x');
}

/// The places that the bootstrap writes to outside of the home, remembered and cleaned.
struct Host {
  ScratchFolder home;
  std::string helper_bytes = fake_helper();
  std::string hash = "0123abcd";
  std::string machine = this_machine();
  std::vector<std::string> shell = {"sh", "-c"};
  std::map<std::string, std::string> environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"HOME", home.path()}};
  std::vector<std::string> arguments;
  bool sudo = false;

  /// A sudo of the test's own, first in the PATH.
  void put_sudo(const std::string& script) {
    std::filesystem::create_directories(home / "bin");
    put_file(home / "bin/sudo", "#!/bin/sh\n" + script + "\n");
    std::filesystem::permissions(home / "bin/sudo", std::filesystem::perms::owner_all);
    environment["PATH"] = (home / "bin") + ":/usr/bin:/bin";
    sudo = true;
  }

  [[nodiscard]] std::string cache() const { return home / ".cache/docker-sync"; }
  [[nodiscard]] std::string cached() const { return cache() + "/helper-" + hash; }

  StartedHelper start() {
    std::vector<std::string> variables;
    for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
    LocalShell local(shell, variables);
    const Bytes packed = zstd_compress(as_bytes(helper_bytes), 1);
    const HelperImage images[] = {{"other_machine", {}, 7, "ffff"}, {machine, packed, helper_bytes.size(), hash}};
    return start_helper(local, images, {arguments, sudo}, 20s);
  }
};

/// Reads just what the helper says first, then makes it echo, then ends it.
std::string converse(StartedHelper& started, const std::string& text) {
  started.channel->write(as_bytes(text));
  started.channel->finish_writing();
  return read_all(*started.channel);
}

struct Shell {
  std::string name;
  std::vector<std::string> words;
};
const std::vector<Shell>& shells() {
  static const std::vector<Shell> all = {{"sh", {"sh", "-c"}},
                                         {"bash", {"bash", "-c"}},
                                         {"csh", {"csh", "-c"}},
                                         {"fish", {"fish", "-c"}},
                                         {"busybox", {"busybox", "sh", "-c"}}};
  return all;
}

bool can_mount() { return ::geteuid() == 0 && run({"unshare", "-m", "true"}) == 0; }

/// Where the host's file systems are other than ours: `mounts` is done first, in a mount namespace that ends with the
/// command. /var/tmp is the folder `var` of the home, so that it outlasts that.
struct MountedHost : Host {
  explicit MountedHost(const std::string& mounts) {
    std::filesystem::create_directories(home / ".cache");
    std::filesystem::create_directories(home / "var");
    shell = {"unshare", "-m", "sh", "-c",
             "set -e; mount --bind \"$HOME/var\" /var/tmp; mount -t tmpfs none /dev/shm; " + mounts +
                 "; set +e; eval \"$0\""};
    environment["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin";
  }
  [[nodiscard]] std::string other_place() const { return home / ("var/docker-sync-" + std::to_string(::getuid())); }
};

}  // namespace

TEST_CASE("every login shell gets the helper uploaded once, and started from the cache afterwards") {
  for (const Shell& shell : shells()) {
    if (run({"sh", "-c", "command -v " + shell.words.front() + " > /dev/null"}) != 0) continue;
    CAPTURE(shell.name);
    Host host;
    host.shell = shell.words;
    host.arguments = {"--tmpfolder", "/it's $HOME \\ !x", "plain"};
    StartedHelper first = host.start();
    CHECK(first.uploaded_bytes == host.helper_bytes.size());
    CHECK(first.upload_rate > 0);
    CHECK(converse(first, "ping") == kMagicText + "<--tmpfolder></it's $HOME \\ !x><plain>ping");
    CHECK(get_file(host.cached()) == host.helper_bytes);

    StartedHelper second = host.start();
    CHECK(second.uploaded_bytes == 0);
    CHECK(second.upload_rate == 0);
    CHECK(converse(second, "again").ends_with("<plain>again"));
  }
}

TEST_CASE("with sudo every login shell starts the helper through it, never to be asked for a password") {
  for (const Shell& shell : shells()) {
    if (run({"sh", "-c", "command -v " + shell.words.front() + " > /dev/null"}) != 0) continue;
    CAPTURE(shell.name);
    Host host;
    host.shell = shell.words;
    host.arguments = {"a b"};
    host.put_sudo("[ \"$1$2\" = -n-H ] || exit 1; shift 2; exec \"$@\" by-sudo");
    for (const bool uploads : {true, false}) {
      StartedHelper started = host.start();
      CHECK((started.uploaded_bytes > 0) == uploads);
      CHECK(converse(started, "ping") == kMagicText + "<a b><by-sudo>ping");
    }
  }
}

TEST_CASE("a sudo that wants a password, or is not there, is an error of its own") {
  const auto refusal = [](Host& host) {
    try {
      (void)host.start();
      FAIL("started");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::sudo);
      return std::string(error.what());
    }
    return std::string();
  };
  Host host;
  host.put_sudo("echo 'sudo: a password is required' >&2; exit 1");
  CHECK(refusal(host).find("a password is required") != std::string::npos);
  CHECK(refusal(host).find("NOPASSWD") != std::string::npos);

  Host bare;
  bare.put_sudo("");
  std::filesystem::remove(bare.home / "bin/sudo");
  REQUIRE(run({"busybox", "--install", "-s", bare.home / "bin"}) == 0);
  bare.environment["PATH"] = bare.home / "bin";
  CHECK(refusal(bare).find("there is no sudo") != std::string::npos);
}

TEST_CASE("a host whose tools are all busybox's will do") {
  Host host;
  const std::string tools = host.home / "bin";
  std::filesystem::create_directories(tools);
  REQUIRE(run({"busybox", "--install", "-s", tools}) == 0);
  host.environment["PATH"] = tools;
  host.helper_bytes = fake_helper(2'500'000);
  StartedHelper first = host.start();
  CHECK(first.uploaded_bytes == host.helper_bytes.size());
  CHECK(converse(first, std::string(100'000, 'y')) == kMagicText + std::string(100'000, 'y'));
  CHECK(host.start().uploaded_bytes == 0);
}

TEST_CASE("the channel begins with the magic even where a banner comes first") {
  Host host;
  host.shell = {"sh", "-c", "echo Welcome; echo; eval \"$0\""};
  StartedHelper first = host.start();
  CHECK(first.uploaded_bytes > 0);
  CHECK(converse(first, "x") == kMagicText + "x");
  StartedHelper second = host.start();
  CHECK(second.uploaded_bytes == 0);
  CHECK(converse(second, "x") == kMagicText + "x");
}

TEST_CASE("a banner of 8 KiB is skipped, a longer one is refused and quoted") {
  const auto with_banner = [](int bytes) {
    Host host;
    host.shell = {"sh", "-c", "head -c " + std::to_string(bytes) + " /dev/zero | tr '\\000' 'b'; eval \"$0\""};
    StartedHelper started = host.start();
    return converse(started, "x");
  };
  CHECK(with_banner(kMaxBannerBytes - 1) == kMagicText + "x");
  std::string text;
  CHECK(thrown_by([&] { with_banner(kMaxBannerBytes + 1); }, &text) == ExitCode::protocol);
  CHECK(text.find("bbbbbb") != std::string::npos);
}

TEST_CASE("a banner without end is not read to its end") {
  Host host;
  host.shell = {"sh", "-c", "yes yes"};
  CHECK(thrown_by([&] { static_cast<void>(host.start()); }) == ExitCode::protocol);
}

TEST_CASE("a host that runs something else is quoted, without what a terminal would obey") {
  Host host;
  host.shell = {"sh", "-c", "printf 'This account is \\033[1mcurrently not available.\\n'; echo 'and why' >&2"};
  std::string text;
  CHECK(thrown_by([&] { static_cast<void>(host.start()); }, &text) == ExitCode::helper);
  CHECK(text.find("currently not available. / and why") != std::string::npos);
  CHECK(text.find('\033') == std::string::npos);
}

TEST_CASE("a host without sh is quoted") {
  Host host;
  host.environment["PATH"] = "/nonexistent";
  host.shell = {"/bin/bash", "-c"};
  std::string text;
  CHECK(thrown_by([&] { static_cast<void>(host.start()); }, &text) == ExitCode::helper);
  CHECK(text.find("sh") != std::string::npos);
  CHECK(text.find("not found") != std::string::npos);
}

TEST_CASE("a machine without a helper is named") {
  Host host;
  host.machine = "pdp11";
  std::string text;
  CHECK(thrown_by([&] { static_cast<void>(host.start()); }, &text) == ExitCode::helper);
  CHECK(text.find(this_machine()) != std::string::npos);
  CHECK(text.find("type " + this_machine() + ": this program has those for other_machine, pdp11") != std::string::npos);
}

TEST_CASE("XDG_CACHE_HOME goes before the home, unless it is relative") {
  Host host;
  host.environment["XDG_CACHE_HOME"] = host.home / "xdg cache";
  static_cast<void>(host.start());
  CHECK(std::filesystem::exists(host.home / "xdg cache/docker-sync/helper-" + host.hash));
  CHECK_FALSE(std::filesystem::exists(host.cached()));
  host.environment["XDG_CACHE_HOME"] = "relative";
  static_cast<void>(host.start());
  CHECK(std::filesystem::exists(host.cached()));
}

TEST_CASE("the cache and its parents are private") {
  Host host;
  static_cast<void>(host.start());
  CHECK(std::filesystem::status(host.cache()).permissions() == std::filesystem::perms::owner_all);
  CHECK(std::filesystem::status(host.cached()).permissions() == std::filesystem::perms::owner_all);
}

TEST_CASE("a cached helper that was cut short or does not run is replaced") {
  Host host;
  put_file(host.cached(), host.helper_bytes.substr(1), 0700);
  CHECK(host.start().uploaded_bytes > 0);
  CHECK(get_file(host.cached()) == host.helper_bytes);
  put_file(host.cached(), std::string(host.helper_bytes.size(), 'x'), 0700);
  CHECK(host.start().uploaded_bytes > 0);
  CHECK(get_file(host.cached()) == host.helper_bytes);
}

TEST_CASE("stale helpers and broken uploads are swept by the next upload, others stay") {
  Host host;
  for (const char* name : {"helper-0ld", "helper-recent", ".new-1", ".new-2", "other"})
    put_file(host.cache() + "/" + name, "x");
  REQUIRE(run({"touch", "-d", "40 days ago", host.cache() + "/helper-0ld", host.cache() + "/.new-1",
               host.cache() + "/other"}) == 0);
  static_cast<void>(host.start());
  CHECK_FALSE(std::filesystem::exists(host.cache() + "/helper-0ld"));
  CHECK_FALSE(std::filesystem::exists(host.cache() + "/.new-1"));
  CHECK(std::filesystem::exists(host.cache() + "/helper-recent"));
  CHECK(std::filesystem::exists(host.cache() + "/.new-2"));
  CHECK(std::filesystem::exists(host.cache() + "/other"));
  CHECK(std::distance(std::filesystem::directory_iterator(host.cache()), {}) == 4);
}

TEST_CASE("starting a cached helper makes it look used") {
  Host host;
  put_file(host.cached(), host.helper_bytes, 0700);
  REQUIRE(run({"touch", "-d", "40 days ago", host.cached()}) == 0);
  CHECK(host.start().uploaded_bytes == 0);
  CHECK(std::filesystem::last_write_time(host.cached()) > std::filesystem::file_time_type::clock::now() - 24h);
}

TEST_CASE("an upload that is cut off leaves nothing behind") {
  Host host;
  const HelperImage image{host.machine, {}, host.helper_bytes.size(), host.hash};
  ProcessChannel channel({"env", "-i", "PATH=/usr/bin:/bin", "HOME=" + host.home.path(), "sh", "-c",
                          make_bootstrap_command({&image, 1}, {})});
  std::string said;
  uint8_t bytes[512];
  while (said.find("need ") == std::string::npos) {
    said.append(as_text(ByteView(bytes).first(channel.read(bytes, 20s))));
  }
  channel.write(as_bytes(host.helper_bytes.substr(0, 1000)));
  channel.finish_writing();
  CHECK(read_all(channel).find("short") != std::string::npos);
  CHECK(std::filesystem::is_empty(host.cache()));
}

TEST_CASE("where the home's file system runs no programs, the next place does, and keeps the helper" *
          doctest::skip(!can_mount())) {
  MountedHost host("mount -t tmpfs -o noexec none \"$HOME/.cache\"");
  StartedHelper first = host.start();
  CHECK(first.uploaded_bytes > 0);
  CHECK(converse(first, "x") == kMagicText + "x");
  CHECK(get_file(host.other_place() + "/helper-" + host.hash) == host.helper_bytes);
  CHECK(std::filesystem::status(host.other_place()).permissions() == std::filesystem::perms::owner_all);
  CHECK(host.start().uploaded_bytes == 0);
}

TEST_CASE("a home that cannot be written to, or does not exist, is passed over" * doctest::skip(!can_mount())) {
  for (const std::string mounts : {"mount --bind \"$HOME\" \"$HOME\"; mount -o remount,bind,ro \"$HOME\"",
                             "mount -t tmpfs none /tmp", "HOME=", "unset HOME", "HOME=relative"}) {
    CAPTURE(mounts);
    MountedHost host(mounts);
    StartedHelper first = host.start();
    CHECK(converse(first, "x") == kMagicText + "x");
    CHECK(std::filesystem::exists(host.other_place() + "/helper-" + host.hash));
    CHECK_FALSE(std::filesystem::exists(host.cache()));
    CHECK(host.start().uploaded_bytes == 0);
  }
}

TEST_CASE("where no place runs programs, all are named" * doctest::skip(!can_mount())) {
  MountedHost host(
      "for d in /tmp /var/tmp /dev/shm; do mount --bind $d $d; mount -o remount,bind,noexec $d; done");
  std::string text;
  CHECK(thrown_by([&] { static_cast<void>(host.start()); }, &text) == ExitCode::helper);
  for (const std::string& place : {host.cache(), std::string("/var/tmp/docker-sync-"), std::string("/tmp/docker-sync-"),
                                   std::string("/dev/shm/docker-sync-")}) {
    CHECK(text.find(place) != std::string::npos);
  }
  CHECK(std::filesystem::is_empty(host.cache()));
  CHECK(std::filesystem::is_empty(host.other_place()));
  std::filesystem::remove("/tmp/docker-sync-" + std::to_string(::getuid()));
}

TEST_CASE("a full file system is passed over; where all are full, that is said" * doctest::skip(!can_mount())) {
  MountedHost one_full("mount -t tmpfs -o size=64k none \"$HOME/.cache\"");
  CHECK(one_full.start().uploaded_bytes > 0);
  CHECK(std::filesystem::exists(one_full.other_place() + "/helper-" + one_full.hash));

  MountedHost all_full("for d in /var/tmp /dev/shm /tmp; do mount -t tmpfs -o size=64k none $d; done");
  std::string text;
  CHECK(thrown_by([&] { static_cast<void>(all_full.start()); }, &text) == ExitCode::disk);
  CHECK(text.find("/var/tmp/docker-sync-") != std::string::npos);
  CHECK(text.find("No space left on device") != std::string::npos);
}

TEST_CASE("a place that others may write to, or that is a link, is not trusted" * doctest::skip(!can_mount())) {
  for (const bool link : {false, true}) {
    CAPTURE(link);
    MountedHost host("mount -t tmpfs none /tmp");
    std::filesystem::create_directories(host.home / "var/open");
    std::filesystem::permissions(host.home / "var/open", std::filesystem::perms::all);
    const std::string planted = "#!/bin/sh\necho planted\n";
    put_file(host.home / ("var/open/helper-" + host.hash),
             planted + std::string(host.helper_bytes.size() - planted.size(), '#'), 0755);
    if (link) {
      std::filesystem::permissions(host.home / "var/open", std::filesystem::perms::owner_all);
      std::filesystem::create_symlink("open", host.other_place());
    } else {
      std::filesystem::rename(host.home / "var/open", host.other_place());
    }
    StartedHelper started = host.start();
    CHECK(started.uploaded_bytes > 0);
    CHECK(converse(started, "x") == kMagicText + "x");
  }
}
