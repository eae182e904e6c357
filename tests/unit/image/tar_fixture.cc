// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "tar_fixture.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>

#include "base/fd.h"
#include "base/io.h"
#include "base/subprocess.h"

namespace docker_sync {

namespace fs = std::filesystem;

Bytes bytes_of(std::string_view text) {
  const ByteView bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

Bytes tar_entry(TarHeader header, std::string_view content) {
  header.size = content.size();
  Bytes bytes(kTarBlock);
  render_header(header, bytes);
  bytes = bytes + bytes_of(content);
  bytes.resize(bytes.size() + tar_padding(content.size()));
  return bytes;
}

Bytes tar_file(const std::string& name, std::string_view content) {
  TarHeader header;
  header.name = name;
  header.mode = 0644;
  header.mtime = 1700000000;
  header.user = header.group = "root";
  return tar_entry(header, content);
}

Bytes tar_folder(const std::string& name) {
  TarHeader header;
  header.name = name;
  header.mode = 0755;
  header.type = '5';
  return tar_entry(header);
}

Bytes tar_end() { return Bytes(2 * kTarBlock); }

Bytes go_long_file(const std::string& path, std::string_view content) {
  const std::string record = " path=" + path + "\n";
  TarHeader pax;
  pax.style.magic = HeaderStyle::Magic::posix;
  pax.type = 'x';
  const fs::path split = path;
  pax.name = (split.parent_path() / "PaxHeaders.0" / split.filename()).string().substr(0, kTarName);
  TarHeader file = pax;
  file.type = '0';
  file.mode = 0100644;
  file.mtime = 1700000000;
  file.name = path.substr(0, kTarName);
  return tar_entry(pax, std::to_string(record.size() + 3) + record) + tar_entry(file, content);
}

SampleTree::SampleTree() {
  std::string name = (fs::temp_directory_path() / "docker-sync-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
  const std::string deep(90, 'd');
  fs::create_directories(fs::path(path_) / "etc/empty");
  fs::create_directories(fs::path(path_) / deep / deep);
  add("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
  add("etc/one", "1");
  add("etc/block", std::string(512, 'b'));
  add("etc/block1", std::string(513, 'c'));
  add("etc/none", "");
  add("etc/\xc3\xbcml\xc3\xa4ut", "named in UTF-8");
  add("etc/two words", "a blank in the name");
  add("etc/like a tar", as_text(tar_file("inner", "a tar header in a content") + tar_end()).data());
  add("large", std::string(300000, 'x') + "end");
  add(deep + "/" + std::string(100, 'n'), "a name of its field's size");
  add(deep + "/" + deep + "/" + std::string(120, 'l'), "a path for no ustar header");
  fs::create_hard_link(fs::path(path_) / "etc/passwd", fs::path(path_) / "etc/passwd-");
  fs::create_symlink("passwd", fs::path(path_) / "etc/shadow");
  fs::create_symlink(std::string(150, 't'), fs::path(path_) / "etc/long-link");
  mkfifo((path_ + "/etc/fifo").c_str(), 0600);
  (void)mknod((path_ + "/etc/null").c_str(), S_IFCHR | 0666, makedev(1, 3));
  std::ofstream sparse(path_ + "/sparse");
  sparse << "front";
  sparse.seekp(5 << 20);
  sparse << "back";
}

SampleTree::~SampleTree() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void SampleTree::add(const std::string& name, std::string content) {
  std::ofstream(path_ + "/" + name, std::ios::binary) << content;
  if (!content.empty()) contents_.emplace(name, std::move(content));
}

Bytes SampleTree::gnu_tar(const std::vector<std::string>& arguments) const {
  std::vector<std::string> command = {"tar", "-C", path_, "--sort=name", "-cf", "-"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  command.push_back(".");
  Subprocess tar(command, {.input = false});
  FdSource source(tar.output);
  MemorySink sink;
  copy(source, sink);
  if (tar.wait() != 0) throw std::runtime_error("tar failed");
  return std::move(sink.bytes());
}

Bytes libarchive_tar(const std::string& format) {
  Bytes out(1 << 20);
  size_t used = 0;
  const std::unique_ptr<archive, int (*)(archive*)> writer(archive_write_new(), archive_write_free);
  if (archive_write_set_format_by_name(writer.get(), format.c_str()) != ARCHIVE_OK ||
      archive_write_open_memory(writer.get(), out.data(), out.size(), &used) != ARCHIVE_OK) {
    throw std::runtime_error("libarchive does not write " + format);
  }
  const auto add = [&](const std::string& name, unsigned type, const std::string& content, const char* link) {
    const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(), archive_entry_free);
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_filetype(entry.get(), type);
    archive_entry_set_perm(entry.get(), 0644);
    archive_entry_set_uid(entry.get(), 1000);
    archive_entry_set_mtime(entry.get(), 1700000000, format == "pax" ? 123456789 : 0);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
    if (link != nullptr) archive_entry_set_symlink(entry.get(), link);
    archive_write_header(writer.get(), entry.get());
    archive_write_data(writer.get(), content.data(), content.size());
  };
  add("folder/", AE_IFDIR, "", nullptr);
  add("folder/file", AE_IFREG, "content of a file", nullptr);
  add("folder/link", AE_IFLNK, "", "file");
  if (format != "v7") add(std::string(80, 'p') + "/" + std::string(80, 'q'), AE_IFREG, "long", nullptr);
  add("last", AE_IFREG, std::string(2000, 'z'), nullptr);
  archive_write_close(writer.get());
  out.resize(used);
  return out;
}

}  // namespace docker_sync
