// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "cli/terminal.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <thread>

#include "base/bytes.h"

namespace docker_sync {

namespace {

/// A terminal, its keyboard and its screen.
class Pty {
 public:
  explicit Pty(unsigned short columns = 0) {
    int master = -1, slave = -1;
    winsize size{24, columns, 0, 0};
    REQUIRE(::openpty(&master, &slave, path_.data(), nullptr, &size) == 0);
    master_ = Fd(master);
    slave_ = Fd(slave);
  }
  const char* path() const { return path_.data(); }
  int descriptor() const { return slave_.get(); }
  void type(const std::string& text) { write_all(master_, as_bytes(text)); }
  bool echoes() const {
    termios settings{};
    ::tcgetattr(slave_.get(), &settings);
    return (settings.c_lflag & ECHO) != 0;
  }
  /// What has been shown so far. REQUIRES: there is something.
  std::string screen() {
    std::array<uint8_t, 4096> bytes{};
    return std::string(as_text(ByteView(bytes.data(), read_some(master_, bytes).value_or(0))));
  }

 private:
  std::array<char, 256> path_{};
  Fd master_, slave_;
};

/// A variable of the environment, back to what it was at the end.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    ::setenv(name, value, 1);
  }
  ~Variable() {
    if (before_) ::setenv(name_, before_->c_str(), 1);
    else ::unsetenv(name_);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

}  // namespace

TEST_CASE("a pipe is no terminal, and one that is dumb obeys nothing") {
  const Pipe pipe = make_pipe();
  const Pty pty;
  CHECK_FALSE(is_terminal(pipe.write_end.get()));
  const Variable smart("TERM", "xterm");
  CHECK(is_terminal(pty.descriptor()));
  const Variable dumb("TERM", "dumb");
  CHECK_FALSE(is_terminal(pty.descriptor()));
}

TEST_CASE("NO_COLOR takes the colours away unless it is empty") {
  const Pty pty;
  const Variable term("TERM", "xterm");
  const Variable empty("NO_COLOR", "");
  CHECK(wants_colours(pty.descriptor()));
  const Variable set("NO_COLOR", "1");
  CHECK_FALSE(wants_colours(pty.descriptor()));
}

TEST_CASE("columns are those of the terminal, or 80") {
  CHECK(terminal_columns(Pty(132).descriptor()) == 132);
  CHECK(terminal_columns(Pty(0).descriptor()) == 80);
  CHECK(terminal_columns(make_pipe().read_end.get()) == 80);
}

TEST_CASE("where there is no terminal nobody is asked") {
  CHECK_FALSE(TerminalPrompter("/dev/null").interactive());
  CHECK_FALSE(TerminalPrompter("/no/such/terminal").interactive());
}

namespace {

/// Types `answer` once the prompt is on the screen; what came of it, and what the screen showed.
template <class Ask>
auto ask(Pty& pty, const std::string& answer, std::string& screen, bool& echoed, Ask question) {
  TerminalPrompter prompter(pty.path());
  REQUIRE(prompter.interactive());
  std::thread person([&] {
    screen = pty.screen();
    echoed = pty.echoes();
    pty.type(answer);
  });
  auto result = question(prompter);
  person.join();
  return result;
}

}  // namespace

TEST_CASE("a secret is not shown while it is typed, and what is typed next is") {
  Pty pty;
  std::string screen;
  bool echoed = true;
  const auto answer = ask(pty, "open sesame\n", screen, echoed,
                          [](TerminalPrompter& prompter) { return prompter.secret("Passphrase: "); });
  CHECK(answer == "open sesame");
  CHECK(screen == "Passphrase: ");
  CHECK_FALSE(echoed);
  CHECK(pty.echoes());
  CHECK(pty.screen() == "\r\n");
}

TEST_CASE("who gives up has no secret") {
  Pty pty;
  std::string screen;
  bool echoed = true;
  const auto answer = ask(pty, "\x04", screen, echoed,
                          [](TerminalPrompter& prompter) { return prompter.secret("Password: "); });
  CHECK_FALSE(answer);
  CHECK(pty.echoes());
}

TEST_CASE("yes and no are answers, others are asked again") {
  for (const auto& [typed, expected] : {std::pair{"yes\n", true}, {"YES\n", true}, {"no\n", false}, {"\x04", false},
                                        {"y\nwhat\nyes\n", true}, {"y\nno\n", false}}) {
    Pty pty;
    std::string screen;
    bool echoed = false;
    CHECK(ask(pty, typed, screen, echoed,
              [](TerminalPrompter& prompter) { return prompter.confirm("Sure?"); }) == expected);
    CHECK(screen == "Sure? (yes/no) ");
    CHECK(echoed);
  }
}

TEST_CASE("whoever ends the program while a secret is typed gives the terminal back") {
  Pty pty;
  TerminalPrompter prompter(pty.path());
  std::thread person([&] {
    (void)pty.screen();
    CHECK_FALSE(pty.echoes());
    prompter.restore();
    CHECK(pty.echoes());
    pty.type("\n");
  });
  (void)prompter.secret("Password: ");
  person.join();
}

}  // namespace docker_sync
