// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "cli/options.h"

// An operand is one name, whatever it contains.
#define CXXOPTS_VECTOR_DELIMITER '\0'
#include <cxxopts.hpp>

#include <charconv>
#include <cstring>

#include "base/error.h"

namespace docker_sync {

namespace {

constexpr int kMinLevel = 1, kMaxLevel = 19;
constexpr size_t kMaxArgument = 8192;  // The library matches regular expressions, whose stack grows with the text.

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ExitCode::usage, what, "docker-sync --help lists the options");
}

cxxopts::Options declare_options() {
  cxxopts::Options options("docker-sync", "Bring container images from HOST, or with --push to it, sending only what the "
                                          "other host cannot\nmake for itself. Without images and without -a, -u or "
                                          "-n: a report.\n\n"
                                          "  docker-sync [OPTION...] -s SOURCE -d DESTINATION [IMAGE...]\n");
  options.custom_help("[OPTION...]").positional_help("[USER@]HOST [IMAGE...]").set_width(100);
  options.add_options("Ends")
      ("p,push", "push to HOST instead of pulling from it; to several: HOST,HOST")
      ("s,source", "where images come from, instead of HOST; left out: local", cxxopts::value<std::string>(), "ADDRESS")
      ("d,destination", "where they go; may be given several times; left out: local",
       cxxopts::value<std::vector<std::string>>(), "ADDRESS")
      ("sudo", "run the helper on SSH hosts as root, by sudo -n")
      ("e,rsh", "use this command, such as 'ssh -J jump', instead of the built-in SSH", cxxopts::value<std::string>(),
       "CMD")
      ("tlsverify", "use TLS with tcp:// addresses, as docker does")
      ("tlscacert", "whose certificates are trusted", cxxopts::value<std::string>(), "FILE")
      ("tlscert", "our certificate", cxxopts::value<std::string>(), "FILE")
      ("tlskey", "its key", cxxopts::value<std::string>(), "FILE");
  options.add_options("Selection")
      ("a,all", "sync all tagged images, besides the named ones")
      ("u,update", "sync the images that need an update")
      ("n,new", "sync the images that the destination does not have")
      ("r,report", "only report, on the selected images or on all")
      ("dry-run", "say what would be sent, and change nothing")
      ("force", "with -a and -u: overwrite images that are newer at the destination, too");
  options.add_options("Transfer")
      ("engine", "the engine of this host: docker, podman or auto", cxxopts::value<std::string>(), "ENGINE")
      ("remote-engine", "those of SSH hosts", cxxopts::value<std::string>(), "ENGINE")
      ("f,tmpfolder", "where scratch files go, on all hosts", cxxopts::value<std::string>(), "DIR")
      ("remote-tmpfolder", "where they go on other hosts", cxxopts::value<std::string>(), "DIR")
      ("compress-level", "1 is fast, 19 small; auto: what the link leaves time for",
       cxxopts::value<std::string>()->default_value("auto"), "N")
      ("W,whole-layers", "send needed layers whole, without a basis")
      ("layer-reader", "how layers are read: in the engine's store, by its save archive, or auto",
       cxxopts::value<std::string>()->default_value("auto"), "HOW")
      ("no-helper-container", "do not run the helper in a container, to read a store or for a daemon on TCP")
      ("store-compression", "how oci: directories keep new layers: none or zstd",
       cxxopts::value<std::string>()->default_value("none"), "HOW");
  options.add_options("Output")
      ("json", "write one JSON document instead of text")
      ("timings", "after a sync, say where its time went")
      ("progress", "show progress (the default on a terminal)")
      ("no-progress", "do not")
      ("v,verbose", "say more")
      ("q,quiet", "say nothing but errors")
      ("h,help", "show this help")
      ("version", "show the version");
  options.add_options("Operands")("operands", "", cxxopts::value<std::vector<std::string>>());
  options.parse_positional("operands");
  return options;
}

int parse_level(const std::string& text) {
  if (text == "auto") return 0;
  int level = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), level);
  if (failure != std::errc() || end != text.data() + text.size() || level < kMinLevel || level > kMaxLevel) {
    refuse("--compress-level takes auto or a number from 1 to 19, not \"" + text + "\"");
  }
  return level;
}

LayerReader parse_layer_reader(const std::string& text) {
  if (text == "auto") return LayerReader::automatic;
  if (text == "save") return LayerReader::save;
  if (text == "store") return LayerReader::store;
  refuse("--layer-reader takes auto, save or store, not \"" + text + "\"");
}

StoreCompression parse_store_compression(const std::string& text) {
  if (text == "none") return StoreCompression::none;
  if (text == "zstd") return StoreCompression::zstd;
  refuse("--store-compression takes none or zstd, not \"" + text + "\"");
}

/// The value of an option that must have one that is not empty, or an empty string.
std::string text_of(const cxxopts::ParseResult& parsed, const std::string& name) {
  if (parsed.count(name) == 0) return {};
  std::string value = parsed[name].as<std::string>();
  if (value.empty()) refuse("--" + name + " needs a value that is not empty");
  return value;
}

/// As open_engine() takes it.
std::string engine_of(const cxxopts::ParseResult& parsed, const std::string& name) {
  const std::string engine = text_of(parsed, name);
  if (engine == "auto") return {};
  if (engine.empty() || engine == "docker" || engine == "podman") return engine;
  refuse("--" + name + " takes docker, podman or auto, not \"" + engine + "\"");
}

/// Of two options that undo each other the last one counts.
bool shows_progress(const cxxopts::ParseResult& parsed, bool default_value) {
  bool shown = default_value;
  for (const cxxopts::KeyValue& argument : parsed.arguments()) {
    if (argument.key() == "progress") shown = argument.as<bool>();
    if (argument.key() == "no-progress") shown = !argument.as<bool>();
  }
  return shown;
}

/// Takes HOST off the operands where it is one of them.
Ends read_ends(const cxxopts::ParseResult& parsed, std::vector<std::string>& operands) {
  const std::string source = text_of(parsed, "source");
  const bool push = parsed["push"].as<bool>(), has_destination = parsed.count("destination") > 0;
  if (source.empty() && !has_destination) {
    if (operands.empty()) refuse("no HOST was given");
    const std::string host = operands.front();
    operands.erase(operands.begin());
    return ends_of_host(host, push);
  }
  if (push) refuse("--push is for HOST alone: -s and -d say already which way images go");
  return ends_of_addresses(source, has_destination ? parsed["destination"].as<std::vector<std::string>>()
                                                   : std::vector<std::string>());
}

Selection selection_of(const cxxopts::ParseResult& parsed, const std::vector<std::string>& names) {
  Selection selection;
  for (const std::string& name : names) {
    selection.names.push_back(Reference::parse(name));
    if (!names_registry(name)) selection.short_names.insert(selection.names.back());
  }
  selection.all = parsed["all"].as<bool>();
  selection.update = parsed["update"].as<bool>();
  selection.new_images = parsed["new"].as<bool>();
  selection.force = parsed["force"].as<bool>();
  selection.dry_run = parsed["dry-run"].as<bool>();
  selection.whole_layers = parsed["whole-layers"].as<bool>();
  selection.reader = parse_layer_reader(parsed["layer-reader"].as<std::string>());
  selection.level = parse_level(parsed["compress-level"].as<std::string>());
  return selection;
}

LogLevel log_level_of(const cxxopts::ParseResult& parsed) {
  const bool quiet = parsed["quiet"].as<bool>(), verbose = parsed["verbose"].as<bool>();
  if (quiet && verbose) refuse("--quiet and --verbose contradict each other");
  return quiet ? LogLevel::quiet : verbose ? LogLevel::verbose : LogLevel::warnings;
}

Options read_options(const cxxopts::ParseResult& parsed, bool is_terminal) {
  Options options;
  if (parsed["help"].as<bool>() || parsed["version"].as<bool>()) {
    options.task = parsed["help"].as<bool>() ? Options::Task::help : Options::Task::version;
    return options;
  }
  auto operands = parsed.count("operands") == 0 ? std::vector<std::string>()
                                                      : parsed["operands"].as<std::vector<std::string>>();
  options.ends = read_ends(parsed, operands);
  options.selection = selection_of(parsed, operands);
  const bool report = parsed["report"].as<bool>() || options.selection.report_only();
  options.task = report ? Options::Task::report : Options::Task::sync;
  options.tmpfolder = text_of(parsed, "tmpfolder");
  options.remote_tmpfolder = text_of(parsed, "remote-tmpfolder");
  if (options.remote_tmpfolder.empty()) options.remote_tmpfolder = options.tmpfolder;
  options.engine = engine_of(parsed, "engine");
  options.remote_engine = engine_of(parsed, "remote-engine");
  options.rsh = text_of(parsed, "rsh");
  options.sudo = parsed["sudo"].as<bool>();
  options.helper_containers = !parsed["no-helper-container"].as<bool>();
  options.store_compression = parse_store_compression(parsed["store-compression"].as<std::string>());
  options.tls = {parsed["tlsverify"].as<bool>(), text_of(parsed, "tlscacert"), text_of(parsed, "tlscert"),
                 text_of(parsed, "tlskey")};
  options.json = parsed["json"].as<bool>();
  options.timings = parsed["timings"].as<bool>();
  options.log_level = log_level_of(parsed);
  options.progress = shows_progress(parsed, is_terminal && !options.json && !options.is_quiet());
  // One line cannot show what several do at the same time.
  if (options.ends.destinations.size() > 1) options.progress = false;
  return options;
}

}  // namespace

Options parse_options(int argc, const char* const* argv, bool is_terminal) {
  for (int i = 1; i < argc; ++i) {
    if (std::strlen(argv[i]) > kMaxArgument) refuse("an argument is too long");
  }
  cxxopts::ParseResult parsed;
  try {
    parsed = declare_options().parse(argc, argv);
  } catch (const cxxopts::exceptions::exception& error) {
    refuse(error.what());
  }
  try {
    return read_options(parsed, is_terminal);
  } catch (const cxxopts::exceptions::exception& error) {
    refuse(error.what());
  }
}

std::string help_text() {
  return declare_options().help({"Ends", "Selection", "Transfer", "Output"}) +
         "\nADDRESS is local, podman, [ssh://]USER@HOST[:PORT], ssh://USER@HOST/SOCKET, unix:///SOCKET,\n"
         "sshunix://USER@HOST:/SOCKET, tcp://HOST[:PORT], context:NAME, oci:DIR or oci:USER@HOST:DIR.\n"
         "IMAGE is [REGISTRY[:PORT]/]NAME[:TAG]. The manual is docker-sync(1).\n";
}

std::string version_text() { return std::string("docker-sync ") + DOCKER_SYNC_VERSION + "\n"; }

}  // namespace docker_sync
