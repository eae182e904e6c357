// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "engine/oci_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/error.h"
#include "base/log.h"

namespace docker_sync {

namespace {

constexpr std::string_view kNewPrefix = "new-";
/// Others may read what this user makes, as far as its umask lets them.
constexpr mode_t kMode = 0666;

bool exists(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0;
}

bool is_new_or_empty(const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(folder.c_str()), ::closedir);
  if (!listing) return errno == ENOENT;
  while (const dirent* entry = ::readdir(listing.get())) {
    if (std::string_view(entry->d_name) != "." && std::string_view(entry->d_name) != "..") return false;
  }
  return true;
}

std::string last_part(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path.substr(path.rfind('/') + 1);
}

void make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) throw_errno(ExitCode::disk, "cannot make " + path, errno);
}

Fd locked(const std::string& path, int operation) {
  Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
  while (file && ::flock(file.get(), operation) != 0) {
    if (errno != EINTR) file.reset();
  }
  return file;
}

void write_file(const std::string& folder, const std::string& path, ByteView bytes) {
  NewFile file(folder, kNewPrefix, kMode);
  write_all(file.fd(), bytes);
  if (::fsync(file.fd().get()) != 0) throw_errno(ExitCode::disk, "cannot write " + path, errno);
  file.rename_to(path);
}

}  // namespace

OciStore::OciStore(std::string folder) : folder_(std::move(folder)), own_folder_(folder_ + "/.docker-sync") {
  // Another one may make the layout just now. Our own folder comes first then: what is not empty any more has it.
  if (is_new_or_empty(folder_) || exists(own_folder_) || exists(folder_ + "/oci-layout")) return;
  throw Error(ExitCode::engine, folder_ + " is not an OCI image layout", "name one, or a folder that is new or empty");
}

OciIndex OciStore::index() const {
  const auto text = read_file(folder_ + "/index.json", kMaxMetadata);
  if (!text) return {};
  try {
    return {as_bytes(*text), last_part(folder_)};
  } catch (const Error& error) {
    throw Error(error.code(), folder_ + ": " + error.failure(), "mend it, or name another folder");
  }
}

std::optional<Bytes> OciStore::metadata(const Digest& blob) const {
  const auto text = read_file(path_of(blob), kMaxMetadata);
  if (!text) return std::nullopt;
  const ByteView bytes = as_bytes(*text);
  if (Digest::of(bytes) != blob) {
    throw Error(ExitCode::image, "blob " + blob.brief() + " in " + folder_ + " is damaged",
                "remove it, and sync again");
  }
  return Bytes(bytes.begin(), bytes.end());
}

bool OciStore::has(const Descriptor& blob) const {
  struct stat info {};
  return ::stat(path_of(blob.digest).c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         static_cast<uint64_t>(info.st_size) == blob.size;
}

Fd OciStore::open(const Digest& blob) const {
  Fd file(::open(path_of(blob).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) throw_errno(ExitCode::image, "cannot open blob " + blob.brief() + " in " + folder_, errno);
  return file;
}

Fd OciStore::hold_blobs() const { return locked(own_folder_ + "/blobs.lock", LOCK_SH); }

NewFile OciStore::new_blob() {
  make_layout();
  return {own_folder_, kNewPrefix, kMode};
}

void OciStore::put_blob(NewFile file, const Digest& digest) const { file.rename_to(path_of(digest)); }

void OciStore::make_layout() const {
  for (const char* part : {"", "/.docker-sync", "/blobs", "/blobs/sha256"}) make_folder(folder_ + part);
  const std::string layout = folder_ + "/oci-layout";
  if (!exists(layout)) write_file(own_folder_, layout, oci_layout());
}

void OciStore::update(const std::function<void(OciIndex&)>& change) {
  make_layout();
  const Fd alone = locked(own_folder_ + "/index.lock", LOCK_EX);
  if (!alone) throw_errno(ExitCode::disk, "cannot lock " + folder_, errno);
  OciIndex index = this->index();
  const auto manifests_of = [](const OciIndex& of) {
    std::set<Digest> manifests;
    for (const OciIndex::Entry& entry : of.entries()) manifests.insert(entry.blob.digest);
    return manifests;
  };
  std::set<Digest> dropped = manifests_of(index);
  change(index);
  for (const Digest& kept : manifests_of(index)) dropped.erase(kept);

  if (::syncfs(alone.get()) != 0) throw_errno(ExitCode::disk, "cannot write in " + folder_, errno);
  write_file(own_folder_, folder_ + "/index.json", index.json());
  drop(dropped);
  collect_garbage();
}

void OciStore::drop(const std::set<Digest>& manifests) const {
  if (manifests.empty()) return;
  const Fd list(::open((own_folder_ + "/dropped").c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666));
  if (!list) throw_errno(ExitCode::disk, "cannot write in " + own_folder_, errno);
  for (const Digest& manifest : manifests) write_all(list, as_bytes(manifest.text() + "\n"));
}

void OciStore::collect_garbage() const {
  const std::string dropped = own_folder_ + "/dropped";
  const auto list = read_file(dropped);
  if (!list) return;
  const Fd nobody_reads = locked(own_folder_ + "/blobs.lock", LOCK_EX | LOCK_NB);
  if (!nobody_reads) return verbose("blobs of " + folder_ + " are in use: old ones are removed another time");

  std::set<Digest> garbage, kept;
  try {
    for (std::string_view rest = *list; !rest.empty();) {
      const size_t end = std::min(rest.find('\n'), rest.size() - 1);
      add_blobs_of(Digest::parse(rest.substr(0, end)), garbage);
      rest.remove_prefix(end + 1);
    }
    for (const OciIndex::Entry& entry : index().entries()) add_blobs_of(entry.blob.digest, kept);
  } catch (const Error& error) {
    // Better too much than too little.
    return verbose("old blobs of " + folder_ + " stay: " + error.what());
  }
  for (const Digest& blob : garbage) {
    if (!kept.contains(blob)) ::unlink(path_of(blob).c_str());
  }
  ::unlink(dropped.c_str());
}

void OciStore::add_blobs_of(const Digest& manifest, std::set<Digest>& blobs) const {
  if (!blobs.insert(manifest).second) return;
  const auto content = metadata(manifest);
  if (!content) return;
  if (const auto image = find_manifest(*content)) {
    blobs.insert(image->config);
    for (const Descriptor& layer : image->layers) blobs.insert(layer.digest);
    return;
  }
  for (const OciIndex::Entry& entry : OciIndex(*content, {}).entries()) add_blobs_of(entry.blob.digest, blobs);
}

std::string OciStore::path_of(const Digest& blob) const { return folder_ + "/" + blob_path(blob); }

}  // namespace docker_sync
