// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "store/remote_files.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <thread>

#include "base/error.h"
#include "base/fd_channel.h"
#include "store/file_questions.h"
#include "store/file_server.h"
#include "store_fixture.h"

using namespace docker_sync;

namespace {

enum class By { socket, channel };

struct Links {
  std::unique_ptr<FileLink> first, second;
};

Links make_links(By by) {
  if (by == By::channel) {
    ChannelPair pair = make_channel_pair();
    return {link_by_channel(std::move(pair.first)), link_by_channel(std::move(pair.second))};
  }
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  return {link_by_socket(Fd(ends[0])), link_by_socket(Fd(ends[1]))};
}

/// Files from afar, and who opens them.
struct Served {
  explicit Served(By by) : links(make_links(by)) {}
  Links links;
  std::thread serving{[this] {
    try {
      serve_files(*links.second);
    } catch (const Error&) {
      links.second->close();
    }
  }};
  std::unique_ptr<RemoteFiles> files = std::make_unique<RemoteFiles>(std::move(links.first));

  ~Served() {
    files->close();
    serving.join();
  }
};

Bytes noise(size_t size) {
  Bytes bytes(size);
  uint64_t state = 1;
  for (uint8_t& byte : bytes) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    byte = static_cast<uint8_t>(state >> 56);
  }
  return bytes;
}

ExitCode failure_of(const std::function<void()>& what) {
  try {
    what();
  } catch (const Error& error) {
    return error.code();
  }
  return ExitCode::ok;
}

size_t open_descriptors() {
  size_t count = 0;
  for (int fd = 0; fd < 256; ++fd) count += ::fcntl(fd, F_GETFD) != -1 ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("files from afar are what they are, read at any offset") {
  const Bytes small = noise(100), large = noise(1'500'001);
  for (const By by : {By::socket, By::channel}) {
    CAPTURE(static_cast<int>(by));
    ScratchFolder scratch;
    scratch.write("in/small", small);
    scratch.write("in/large", large);
    scratch.write("in/empty", {});
    const size_t before = open_descriptors();
    {
      Served served(by);
      const auto folder = served.files->folder(scratch.path());
      REQUIRE(folder);
      CHECK(contents_of(*folder->open("in/small")) == small);
      CHECK(folder->open("in/empty")->size() == 0);
      const auto file = folder->open("in/large");
      REQUIRE(file);
      CHECK(file->size() == large.size());
      CHECK(contents_of(*file) == large);
      using Run = std::pair<size_t, size_t>;
      for (const Run& run : {Run{1'400'000, 100'001}, Run{0, 10}, Run{65'530, 700'000}}) {
        CAPTURE(run.first);
        Bytes bytes(run.second);
        file->read_at(run.first, bytes);
        CHECK(std::equal(bytes.begin(), bytes.end(), large.begin() + static_cast<ptrdiff_t>(run.first)));
      }
      CHECK(find_text(*served.files, scratch.path() + "/in/small") == std::string(as_text(small)));
      CHECK_FALSE(find_text(*served.files, scratch.path() + "/in/large", 1000));
    }
    CHECK(open_descriptors() == before);
  }
}

TEST_CASE("what is not there, is no file or lies outside is not opened, and errno says why") {
  for (const By by : {By::socket, By::channel}) {
    CAPTURE(static_cast<int>(by));
    ScratchFolder scratch;
    scratch.write("in/file", noise(10));
    scratch.write("outside", noise(10));
    REQUIRE(::symlink("../outside", (scratch.path() + "/in/link").c_str()) == 0);
    REQUIRE(::symlink("/outside", (scratch.path() + "/in/folder").c_str()) == 0);
    REQUIRE(::mkfifo((scratch.path() + "/in/pipe").c_str(), 0600) == 0);
    Served served(by);
    const auto folder = served.files->folder(scratch.path() + "/in");
    REQUIRE(folder);
    const auto refusal = [&](const std::string& path) {
      errno = 0;
      return folder->open(path) ? 0 : errno;
    };
    CHECK(refusal("file") == 0);
    CHECK(refusal("none") == ENOENT);
    CHECK(refusal("link") == ELOOP);
    CHECK(refusal("folder/x") == ENOENT);
    CHECK(refusal("pipe") == EINVAL);
    CHECK(refusal(std::string(100'000, 'x')) == ENAMETOOLONG);
    errno = 0;
    CHECK(served.files->folder(scratch.path() + "/in/none") == nullptr);
    CHECK(errno == ENOENT);
    CHECK(refusal("file") == 0);
  }
}

TEST_CASE("what this process may not open, the other one opens for it, and nothing else") {
  Links links = make_links(By::socket);
  ScratchFolder scratch;
  scratch.write("of another", as_bytes("read"));
  std::vector<std::string> asked;
  // Of the kernel's switches there are some that nobody may read, not even root.
  std::thread serving([&] {
    while (const auto question = receive_question(*links.second)) {
      asked.push_back(question->file);
      FileAnswer answer;
      answer.file = question->word == FileWord::folder
                        ? open_store_folder("/proc/sys/vm")
                        : open_in_store(open_store_folder(scratch.path()), "of another");
      send(*links.second, answer);
    }
  });
  {
    RemoteFiles files(std::move(links.first));
    const auto folder = files.folder("/there");
    REQUIRE(folder);
    CHECK(folder->open("none") == nullptr);
    CHECK(errno == ENOENT);
    CHECK(folder->open("swappiness"));
    const auto file = folder->open("drop_caches");
    REQUIRE(file);
    CHECK(as_text(contents_of(*file)) == "read");
  }
  serving.join();
  CHECK(asked == std::vector<std::string>{"", "drop_caches"});
}

TEST_CASE("what the other side would have to open is lost when it has gone, and nothing else") {
  for (const By by : {By::socket, By::channel}) {
    CAPTURE(static_cast<int>(by));
    ScratchFolder scratch;
    const Bytes content = noise(200'000);
    scratch.write("file", content);
    Served served(by);
    const auto folder = served.files->folder(scratch.path());
    const auto file = folder->open("file");
    REQUIRE(file);
    served.files->close();
    CHECK(failure_of([&] { (void)served.files->folder(scratch.path()); }) == ExitCode::verification);
    // By a socket the folder is here as well, and so is all that it lets everybody open.
    const ExitCode expected = by == By::socket ? ExitCode::ok : ExitCode::verification;
    CHECK(failure_of([&] { (void)contents_of(*file); }) == expected);
    CHECK(failure_of([&] { (void)folder->open("file"); }) == expected);
    if (by == By::socket) CHECK(contents_of(*file) == content);
  }
}

TEST_CASE("a file that is cut off meanwhile is a damaged store") {
  for (const By by : {By::socket, By::channel}) {
    CAPTURE(static_cast<int>(by));
    ScratchFolder scratch;
    scratch.write("file", noise(300'000));
    Served served(by);
    const auto folder = served.files->folder(scratch.path());
    const auto file = folder->open("file");
    REQUIRE(::truncate((scratch.path() + "/file").c_str(), 1000) == 0);
    CHECK(failure_of([&] { (void)contents_of(*file); }) == ExitCode::verification);
  }
}

TEST_CASE("questions and answers that may not be are an end") {
  const auto question_of = [](size_t folder_bytes, uint8_t word, uint32_t count) {
    Bytes bytes{word};
    bytes.resize(9);
    for (const uint32_t value : {count, static_cast<uint32_t>(folder_bytes), uint32_t{0}}) {
      for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<uint8_t>(value >> shift));
    }
    return bytes;
  };
  const auto served_with = [](Bytes bytes, bool all) {
    Links links = make_links(By::channel);
    links.first->send(bytes, {});
    if (all) links.first->close();
    return failure_of([&] { serve_files(*links.second); });
  };
  CHECK(served_with(question_of(file_limits::kPaths + 1, 1, 0), false) == ExitCode::protocol);
  CHECK(served_with(question_of(10, 1, 0), true) == ExitCode::protocol);  // It breaks off.
  CHECK(served_with(question_of(0, 2, 0), false) == ExitCode::protocol);  // This link takes no files.
  CHECK(served_with(question_of(0, 9, 0), false) == ExitCode::protocol);
  CHECK(served_with(question_of(0, 3, file_limits::kBytes + 1), false) == ExitCode::protocol);
  CHECK(served_with({}, true) == ExitCode::ok);

  Links links = make_links(By::socket);
  FileAnswer answer;
  answer.bytes.resize(file_limits::kBytes + 1);
  std::thread sending([&] { CHECK_NOTHROW(send(*links.first, answer)); });
  CHECK(failure_of([&] { (void)receive_answer(*links.second); }) == ExitCode::protocol);
  Bytes rest(file_limits::kBytes + 1);
  Fd none;
  CHECK(links.second->receive(rest, none));
  sending.join();
}
