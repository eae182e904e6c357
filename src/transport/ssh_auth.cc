// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "transport/ssh_auth.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/log.h"
#include "base/printable.h"

namespace docker_sync {

namespace {

constexpr int kPassphraseTries = 3;
constexpr int kMaxRounds = 32;  // of a dialogue or of partial successes: a hostile server ends somewhere
constexpr size_t kMaxPromptBytes = 2000;
constexpr std::chrono::minutes kPatience(3);  // a host may wait for a person with a second device

enum class Outcome { denied, partial, success };

/// Overwrites a secret when it goes out of scope.
struct Secret {
  std::string text;
  explicit Secret(std::string value) : text(std::move(value)) {}
  Secret(const Secret&) = delete;
  ~Secret() { ::explicit_bzero(text.data(), text.size()); }
};

/// What libssh's callback needs to ask for the passphrase of one key.
struct PassphraseQuestion {
  Prompter* prompter;  // null: do not ask, only find out
  const std::string* path;
  bool asked = false, given = false;
};

int answer_passphrase(const char*, char* buffer, size_t size, int, int, void* data) {
  auto& question = *static_cast<PassphraseQuestion*>(data);
  question.asked = true;
  question.given = false;
  if (question.prompter == nullptr) return -1;
  auto answer = question.prompter->secret("Enter passphrase for key '" + *question.path + "': ");
  if (!answer || answer->empty() || answer->size() >= size) return -1;
  const Secret passphrase(std::move(*answer));
  std::copy_n(passphrase.text.c_str(), passphrase.text.size() + 1, buffer);
  question.given = true;
  return 0;
}

class Authentication {
 public:
  Authentication(SshLink& link, const SshSettings& settings, Prompter& prompter)
      : link_(link), settings_(settings), prompter_(prompter), may_ask_(settings.may_ask && prompter.interactive()) {}

  void run();

 private:
  Outcome try_methods(int offered);
  Outcome try_public_keys();
  Outcome try_key_file(const std::string& path, bool ask);
  SshKeyHandle open_private_key(const std::string& path, bool ask);
  Outcome try_keyboard_interactive();
  int answer_questions();
  Outcome try_passwords();
  template <typename Call>
  int complete(Call call) {
    return link_.complete(call, SSH_AUTH_AGAIN, kPatience);
  }
  Outcome outcome(int result);
  [[noreturn]] void refuse(int offered);

  SshLink& link_;
  const SshSettings& settings_;
  Prompter& prompter_;
  bool may_ask_;
  bool agent_tried_ = false;
  std::set<std::string> keys_done_, keys_locked_;
};

void Authentication::run() {
  ssh_session session = link_.session();
  Outcome result = outcome(complete([&] { return ssh_userauth_none(session, nullptr); }));
  int offered = ssh_userauth_list(session, nullptr);
  for (int round = 0; result != Outcome::success && round < kMaxRounds; ++round) {
    result = try_methods(offered);
    if (result == Outcome::denied) refuse(offered);
    offered = ssh_userauth_list(session, nullptr);
  }
  if (result != Outcome::success) refuse(offered);
}

Outcome Authentication::try_methods(int offered) {
  Outcome result = Outcome::denied;
  if ((offered & SSH_AUTH_METHOD_GSSAPI_MIC) != 0 && settings_.use_gssapi) {
    result = outcome(complete([&] { return ssh_userauth_gssapi(link_.session()); }));
  }
  if (result == Outcome::denied && (offered & SSH_AUTH_METHOD_PUBLICKEY) != 0 && settings_.use_public_keys) {
    result = try_public_keys();
  }
  if (result == Outcome::denied && (offered & SSH_AUTH_METHOD_INTERACTIVE) != 0 && may_ask_ &&
      settings_.use_keyboard_interactive) {
    result = try_keyboard_interactive();
  }
  if (result == Outcome::denied && (offered & SSH_AUTH_METHOD_PASSWORD) != 0 && may_ask_ && settings_.use_passwords) {
    result = try_passwords();
  }
  return result;
}

Outcome Authentication::try_public_keys() {
  Outcome result = Outcome::denied;
  const auto try_files = [&](bool ask) {
    for (const std::string& path : settings_.identity_files) {
      if (result == Outcome::denied && !keys_done_.contains(path)) result = try_key_file(path, ask);
    }
  };
  if (settings_.identities_are_named) try_files(false);
  if (result == Outcome::denied && !agent_tried_) {
    agent_tried_ = true;
    result = outcome(complete([&] { return ssh_userauth_agent(link_.session(), nullptr); }));
  }
  try_files(may_ask_);
  return result;
}

/// Whether others may read it; ssh does not use such a key either.
bool is_exposed(const struct stat& status) { return status.st_uid == ::getuid() && (status.st_mode & 077) != 0; }

Outcome Authentication::try_key_file(const std::string& path, bool ask) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return Outcome::denied;
  if (is_exposed(status)) {
    warn("the key " + path + " is not used, since others may read it: chmod 600 it");
    keys_done_.insert(path);
    return Outcome::denied;
  }
  // With the public half at hand the host is asked first, so that no passphrase is typed in vain.
  ssh_key raw = nullptr;
  if (ssh_pki_import_pubkey_file((path + ".pub").c_str(), &raw) == SSH_OK) {
    const SshKeyHandle public_key(raw);
    const auto offer = [&] { return ssh_userauth_try_publickey(link_.session(), nullptr, public_key.get()); };
    if (outcome(complete(offer)) == Outcome::denied) {
      keys_done_.insert(path);
      return Outcome::denied;
    }
  }
  const SshKeyHandle key = open_private_key(path, ask);
  if (!key) return Outcome::denied;
  keys_done_.insert(path);
  return outcome(complete([&] { return ssh_userauth_publickey(link_.session(), nullptr, key.get()); }));
}

SshKeyHandle Authentication::open_private_key(const std::string& path, bool ask) {
  PassphraseQuestion question{ask ? &prompter_ : nullptr, &path};
  for (int tries = 0; tries < kPassphraseTries; ++tries) {
    ssh_key raw = nullptr;
    question.asked = false;
    if (ssh_pki_import_privkey_file(path.c_str(), nullptr, answer_passphrase, &question, &raw) == SSH_OK) {
      keys_locked_.erase(path);
      return SshKeyHandle(raw);
    }
    if (!question.asked) {
      verbose("the built-in SSH cannot read the key " + path);
      keys_done_.insert(path);
      return nullptr;
    }
    keys_locked_.insert(path);
    if (!question.given) return nullptr;
  }
  keys_done_.insert(path);
  return nullptr;
}

Outcome Authentication::try_keyboard_interactive() {
  for (int tries = 0; tries < settings_.password_tries; ++tries) {
    int result = complete([&] { return ssh_userauth_kbdint(link_.session(), nullptr, nullptr); });
    for (int round = 0; result == SSH_AUTH_INFO && round < kMaxRounds; ++round) result = answer_questions();
    if (result == SSH_AUTH_INFO) return Outcome::denied;
    const Outcome done = outcome(result);
    if (done != Outcome::denied) return done;
  }
  return Outcome::denied;
}

/// One round of the host's questions. SSH_AUTH_INFO: it has more; and if the person gives up, empty answers end it.
int Authentication::answer_questions() {
  ssh_session session = link_.session();
  const auto text = [](const char* from_host) {
    return from_host == nullptr ? std::string() : printable(from_host, kMaxPromptBytes);
  };
  std::string heading = text(ssh_userauth_kbdint_getname(session));
  if (const std::string more = text(ssh_userauth_kbdint_getinstruction(session)); !more.empty()) {
    heading += (heading.empty() ? "" : ": ") + more;
  }
  const int count = ssh_userauth_kbdint_getnprompts(session);
  for (unsigned i = 0; static_cast<int>(i) < count; ++i) {
    char echo = 0;
    const std::string prompt = text(ssh_userauth_kbdint_getprompt(session, i, &echo));
    const std::string who = "(" + settings_.user + "@" + settings_.host + ") ";
    const std::string above = i == 0 && !heading.empty() ? heading + "\n" : "";
    const Secret answer(prompter_.secret(above + who + prompt + " ").value_or(""));
    ssh_userauth_kbdint_setanswer(session, i, answer.text.c_str());
  }
  return complete([&] { return ssh_userauth_kbdint(session, nullptr, nullptr); });
}

Outcome Authentication::try_passwords() {
  for (int tries = 0; tries < settings_.password_tries; ++tries) {
    auto answer = prompter_.secret(settings_.user + "@" + settings_.host + "'s password: ");
    if (!answer) return Outcome::denied;
    const Secret password(std::move(*answer));
    const auto offer = [&] { return ssh_userauth_password(link_.session(), nullptr, password.text.c_str()); };
    const Outcome done = outcome(complete(offer));
    if (done != Outcome::denied) return done;
  }
  return Outcome::denied;
}

Outcome Authentication::outcome(int result) {
  if (result == SSH_AUTH_SUCCESS) return Outcome::success;
  if (result == SSH_AUTH_PARTIAL) return Outcome::partial;
  if (!link_.is_connected()) {
    // Too many tries end so, too; the host says which in its farewell.
    throw Error(ExitCode::authentication,
                "the host hung up while " + settings_.user + " was logging in: " + link_.failure(),
                "name the right key with IdentityFile in ~/.ssh/config");
  }
  if (result == SSH_AUTH_AGAIN) {
    throw Error(ExitCode::connection, "the host does not answer while " + settings_.user + " is logging in");
  }
  return Outcome::denied;
}

void Authentication::refuse(int offered) {
  std::string methods;
  const auto add = [&](int method, const char* name) {
    if ((offered & method) != 0) methods += (methods.empty() ? "" : ", ") + std::string(name);
  };
  add(SSH_AUTH_METHOD_PUBLICKEY, "publickey");
  add(SSH_AUTH_METHOD_INTERACTIVE, "keyboard-interactive");
  add(SSH_AUTH_METHOD_PASSWORD, "password");
  add(SSH_AUTH_METHOD_GSSAPI_MIC, "gssapi-with-mic");
  add(SSH_AUTH_METHOD_HOSTBASED, "hostbased");
  std::string remedy = "load the right key with ssh-add, or name it with IdentityFile in ~/.ssh/config";
  if (!keys_locked_.empty()) {
    remedy = "the key " + *keys_locked_.begin() + " has a passphrase: load it with ssh-add, or run this on a terminal";
  }
  throw Error(ExitCode::authentication,
              "permission denied for user " + settings_.user + (methods.empty() ? "" : " (" + methods + ")"), remedy);
}

}  // namespace

void authenticate(SshLink& link, const SshSettings& settings, Prompter& prompter) {
  Authentication(link, settings, prompter).run();
}

}  // namespace docker_sync
