// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/ssh_known_hosts.h"

#include <fcntl.h>
#include <nettle/hmac.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <iterator>

#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"

namespace docker_sync {

namespace {

/// The host as known_hosts names it.
std::string name_in_file(const SshSettings& settings) {
  return settings.port == 22 ? settings.host : "[" + settings.host + "]:" + std::to_string(settings.port);
}

struct HostKey {
  std::string type, fingerprint;
};

HostKey describe_key(const SshLink& link) {
  ssh_key raw = nullptr;
  if (ssh_get_server_publickey(link.session(), &raw) != SSH_OK) {
    throw Error(ExitCode::host_key, "the host has shown no key: " + link.failure());
  }
  const SshKeyHandle key(raw);
  unsigned char* hash = nullptr;
  size_t size = 0;
  if (ssh_get_publickey_hash(key.get(), SSH_PUBLICKEY_HASH_SHA256, &hash, &size) != 0) {
    throw Error(ExitCode::host_key, "the host's key cannot be read");
  }
  const SshTextHandle fingerprint(ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, size));
  ssh_clean_pubkey_hash(&hash);
  return {ssh_key_type_to_char(ssh_key_type(key.get())), fingerprint ? fingerprint.get() : ""};
}

/// The line for known_hosts, its name hashed if the user wants that.
std::string make_line(const SshLink& link, const SshSettings& settings) {
  char* raw = nullptr;
  if (ssh_session_export_known_hosts_entry(link.session(), &raw) != SSH_OK) {
    throw Error(ExitCode::host_key, "the host's key cannot be written: " + link.failure());
  }
  const SshTextHandle text(raw);
  std::string line = text.get();
  if (settings.hash_known_hosts) {
    std::array<uint8_t, 20> salt;
    if (::getrandom(salt.data(), salt.size(), 0) != std::ssize(salt)) {
      throw_errno(ExitCode::internal, "no random numbers", errno);
    }
    const size_t name_end = line.find(' ');
    line.replace(0, name_end, hash_host_name(line.substr(0, name_end), salt));
  }
  if (!line.ends_with('\n')) line += '\n';
  return line;
}

bool ends_within_line(const Fd& file) {
  struct stat status {};
  char last = '\n';
  if (::fstat(file.get(), &status) != 0 || status.st_size == 0) return false;
  return ::pread(file.get(), &last, 1, status.st_size - 1) == 1 && last != '\n';
}

/// Not being able to remember the key is no reason not to go on: the person has said yes to it.
void remember_key(const SshLink& link, const SshSettings& settings) {
  const std::string& path = settings.user_known_hosts;
  if (const size_t slash = path.rfind('/'); slash != std::string::npos) ::mkdir(path.substr(0, slash).c_str(), 0700);
  try {
    std::string line = make_line(link, settings);
    const Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!file) throw_errno(ExitCode::host_key, "cannot open " + path, errno);
    if (ends_within_line(file)) line.insert(0, 1, '\n');
    write_all(file, as_bytes(line));
    verbose("added the key of " + name_in_file(settings) + " to " + path);
  } catch (const Error& error) {
    warn(std::string("the host key is not remembered: ") + error.what());
  }
}

void ask_about_key(const SshLink& link, const SshSettings& settings, Prompter& prompter) {
  const std::string name = name_in_file(settings);
  const HostKey key = describe_key(link);
  if (!settings.may_ask_about_host_keys || !settings.may_ask || !prompter.interactive()) {
    throw Error(ExitCode::host_key,
                "the host key of " + name + " is not known (" + key.type + " " + key.fingerprint + ")",
                "connect to it once with ssh and accept the key, or add it to " + settings.user_known_hosts);
  }
  const bool accepted = prompter.confirm("The authenticity of host '" + name + "' can't be established.\n" + key.type +
                                         " key fingerprint is " + key.fingerprint +
                                         ".\nAre you sure you want to continue connecting?");
  if (!accepted) throw Error(ExitCode::host_key, "the host key of " + name + " was not accepted");
  remember_key(link, settings);
}

[[noreturn]] void refuse_changed_key(const SshLink& link, const SshSettings& settings, const std::string& how) {
  const std::string name = name_in_file(settings);
  const HostKey key = describe_key(link);
  throw Error(ExitCode::host_key,
              "the host key of " + name + " " + how + " (now " + key.type + " " + key.fingerprint +
                  "); someone may be listening in, or the host was installed anew",
              "if you know the reason, run: ssh-keygen -f '" + settings.user_known_hosts + "' -R '" + name + "'");
}

}  // namespace

std::string hash_host_name(std::string_view name, std::span<const uint8_t, 20> salt) {
  hmac_sha1_ctx context;
  hmac_sha1_set_key(&context, salt.size(), salt.data());
  hmac_sha1_update(&context, name.size(), reinterpret_cast<const uint8_t*>(name.data()));
  std::array<uint8_t, SHA1_DIGEST_SIZE> hash;
  hmac_sha1_digest(&context, hash.size(), hash.data());
  return "|1|" + to_base64(salt) + "|" + to_base64(hash);
}

void check_host_key(const SshLink& link, const SshSettings& settings, Prompter& prompter) {
  switch (ssh_session_is_known_server(link.session())) {
    case SSH_KNOWN_HOSTS_OK:
      return;
    case SSH_KNOWN_HOSTS_CHANGED:
      refuse_changed_key(link, settings, "has changed");
    case SSH_KNOWN_HOSTS_OTHER:
      refuse_changed_key(link, settings, "is of another type than the known one");
    case SSH_KNOWN_HOSTS_NOT_FOUND:
    case SSH_KNOWN_HOSTS_UNKNOWN:
      return ask_about_key(link, settings, prompter);
    case SSH_KNOWN_HOSTS_ERROR:
      break;
  }
  throw Error(ExitCode::host_key, "the known host keys cannot be read: " + link.failure(),
              "check " + settings.user_known_hosts + ", or use the system's ssh with -e ssh");
}

}  // namespace docker_sync
