// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/serve.h"

#include <doctest/doctest.h>

#include "base/compression.h"
#include "base/queue.h"
#include "delta/delta_parts.h"
#include "delta/signature.h"
#include "endpoint/records.h"
#include "fake_host.h"
#include "image/skeleton.h"
#include "tar_fixture.h"
#include "wire/connection.h"

using namespace docker_sync;

namespace {

/// The controller and the other endpoint in one, so that a test can say what an honest one would not.
class Opponent {
 public:
  explicit Opponent(FakeHost& host) : connection_(host.serve_narrowly(), "the host") {
    connection_.start({[this](Frame frame) { frames_.push(std::move(frame)); },
                       [this](const std::optional<Error>&) { frames_.end(); },
                       {}});
    connection_.send(Hello{limits::kProtocolVersion, "/tmp", false});
    (void)await<Hello>();
  }

  template <class Message>
  void send(const Message& message) {
    connection_.send(message);
  }
  template <class Message>
  Message await() {
    while (auto frame = frames_.pop()) {
      REQUIRE(name_of(frame->type) == name_of(Message::kType));
      return decode<Message>(*frame);
    }
    throw Error(ExitCode::connection, "the host ended the connection");
  }
  ExitCode failure() { return await<Failed>().failure.code; }
  void hang_up() { connection_.close(); }

  /// Writes records to a stream, whole and ended.
  template <class Write>
  void stream(uint32_t number, Write&& write) {
    auto writer = connection_.open_writer(number);
    ZstdSink sink(writer, 3);
    write(sink);
    sink.finish();
    writer.end();
  }
  Bytes read_stream(uint32_t number) {
    const auto reader = connection_.open_reader(number);
    ZstdSource plain(*reader);
    MemorySink sink;
    copy(plain, sink);
    return std::move(sink.bytes());
  }

 private:
  Queue<Frame> frames_;
  Connection connection_;
};

const Bytes kLayer = tar_file("hello", "hello world") + tar_end();
const SyncStreams kStreams(1);

void put_byte(Sink& sink, auto value) {
  const auto byte = static_cast<uint8_t>(value);
  sink.write({&byte, 1});
}

/// An image of one layer, as FakeEngine would have it.
struct Wanted {
  explicit Wanted(const Bytes& layer = kLayer) {
    FakeEngine elsewhere;
    const auto image = *elsewhere.inspect(elsewhere.add({}, {layer}));
    config = {image.identity.fingerprint.begin(), image.identity.fingerprint.end()};
    id = image.id;
    request = {1, image.identity.config, image.identity.fingerprint, {{Digest::of(layer), LayerOrigin::travels}}, {},
               {}};
  }
  Bytes config;
  std::string id;
  Receive request;
};

/// What an honest source offers for kLayer, with room for lies.
struct Offer {
  Digest diff_id = Digest::of(kLayer);
  std::string content = "hello world";
  ContentHash hash = content_hash(as_bytes("hello world"));
  Claim claim = Claim::ask;
  Method method = Method::data;
  Bytes gap{kLayer.begin(), kLayer.begin() + 512};
  Bytes trailer{kLayer.begin() + 523, kLayer.end()};

  void put(Sink& offers, ByteView config) const {
    put_byte(offers, OfferTag::layer);
    offers.write(diff_id.bytes);
    put_integer(offers, kLayer.size());
    put_byte(offers, OfferTag::block);
    put_byte(offers, 1);
    const std::vector<SkeletonEntry> entries{{gap, 11}, {trailer, 0}};
    put_run(offers, encode_skeleton(entries));
    put_byte(offers, claim);
    if (claim == Claim::ask) put_fixed64(offers, short_hash(hash));
    if (claim == Claim::repeat) put_integer(offers, 1);
    if (claim == Claim::copy) PlaceWriter().put(offers, {0, 0, 11});
    put_byte(offers, OfferTag::end_of_layer);
    put_byte(offers, OfferTag::config);
    put_run(offers, config);
    put_integer(offers, kLayer.size());
    put_byte(offers, OfferTag::end);
  }
};

/// Plays a source that offers and sends this, whatever is answered.
void play_source(Opponent& opponent, const Wanted& wanted, const Offer& offer) {
  opponent.send(wanted.request);
  opponent.stream(kStreams.offers, [&](Sink& sink) { offer.put(sink, wanted.config); });
  opponent.stream(kStreams.contents, [&](Sink& sink) {
    put_byte(sink, offer.method);
    if (offer.method == Method::patch || offer.method == Method::bundled) PlaceWriter().put(sink, {0, 0, 1});
    sink.write(as_bytes(offer.content));
  });
}

/// Asks for all of an image whose basis the source does not have, so that it asks about each content.
Send send_all(const std::string& id, const ImageInfo& image) {
  return {1, id, image.identity.config, image.identity.diff_ids, image.identity.diff_ids, {Digest{}}, 3};
}

}  // namespace

TEST_CASE("an honest source's image is loaded, and named when told to") {
  FakeHost host;
  Opponent opponent(host);
  const Wanted wanted;
  play_source(opponent, wanted, {});
  CHECK(opponent.await<Ready>().image_id == wanted.id);
  CHECK(host.engine.id_of("app:1").empty());
  opponent.send(Commit{1, wanted.id, {"docker.io/library/app:1"}});
  (void)opponent.await<Committed>();
  opponent.hang_up();
  host.wait();
  CHECK(host.engine.id_of("app:1") == wanted.id);
}

TEST_CASE("an image that cannot be named is gone when that is told") {
  FakeHost host;
  Opponent opponent(host);
  const Wanted wanted;
  play_source(opponent, wanted, {});
  REQUIRE(opponent.await<Ready>().image_id == wanted.id);
  REQUIRE(host.engine.ids().size() == 1);
  host.engine.refuses_names = true;
  opponent.send(Commit{1, wanted.id, {"docker.io/library/app:1"}});
  CHECK(opponent.failure() == ExitCode::engine);
  CHECK(host.engine.ids().empty());
}

TEST_CASE("a config of unknown digest is taken if it has the layers that were planned") {
  FakeHost host;
  Opponent opponent(host);
  Wanted wanted;
  wanted.request.config.reset();
  play_source(opponent, wanted, Offer());
  CHECK(opponent.await<Ready>().image_id == wanted.id);
}

TEST_CASE("a connection that ends before the commit undoes the load") {
  FakeHost host;
  Opponent opponent(host);
  const Wanted wanted;
  play_source(opponent, wanted, {});
  (void)opponent.await<Ready>();
  CHECK(host.engine.ids().size() == 1);
  opponent.hang_up();
  host.wait();
  CHECK(host.engine.ids().empty());
}

TEST_CASE("undoing a load leaves an image that was there without a name before") {
  FakeHost host;
  const std::string id = host.engine.add({}, {kLayer});
  Opponent opponent(host);
  const Wanted wanted;
  REQUIRE(id == wanted.id);
  play_source(opponent, wanted, {});
  CHECK(opponent.await<Ready>().image_id == id);
  opponent.hang_up();
  host.wait();
  CHECK(host.engine.ids() == std::vector<std::string>{id});
}

TEST_CASE("a cancelled sync is undone and the next one works") {
  FakeHost host;
  Opponent opponent(host);
  Wanted wanted;
  play_source(opponent, wanted, {});
  (void)opponent.await<Ready>();
  opponent.send(Cancel{1});
  (void)opponent.await<Cancelled>();
  CHECK(host.engine.ids().empty());
  wanted.request.sync = 2;
  opponent.send(wanted.request);
  opponent.send(Cancel{2});
  CHECK(opponent.failure() == ExitCode::interrupted);
  (void)opponent.await<Cancelled>();
}

TEST_CASE("what a source sends is believed only as far as it checks") {
  FakeHost host;
  Opponent opponent(host);
  Wanted wanted;
  Offer offer;
  ExitCode expected = ExitCode::verification;
  SUBCASE("a content with another hash") { offer.content = "HELLO world"; }
  SUBCASE("a layer with another diff_id") {
    offer.content = "HELLO world";
    offer.hash = content_hash(as_bytes(offer.content));
  }
  SUBCASE("a skeleton that is shorter than its layer") { offer.trailer.resize(512); }
  SUBCASE("another config") { wanted.config.push_back(' '); }
  SUBCASE("a config of unknown digest, with other layers") {
    wanted.request.config.reset();
    const std::string text = R"({"rootfs":{"diff_ids":[")" + Digest::of(as_bytes("x")).text() + R"("]}})";
    wanted.config = {text.begin(), text.end()};
  }
  SUBCASE("a config that is none") {
    wanted.request.config.reset();
    wanted.config = {'{', '}'};
  }
  SUBCASE("a content that was not asked for, other than it was") {
    offer.content = "HELLO world";
    offer.claim = Claim::travel;
  }
  SUBCASE("what breaks the ladder") {
    expected = ExitCode::protocol;
    SUBCASE("a layer that was not asked for") { offer.diff_id = Digest{}; }
    SUBCASE("a skeleton that is longer than its layer") { offer.trailer.resize(offer.trailer.size() + 512); }
    SUBCASE("a block of nothing") {
      offer.gap.clear();
      offer.trailer.clear();
      offer.content.clear();
    }
    SUBCASE("an unknown claim") { offer.claim = static_cast<Claim>(77); }
    SUBCASE("a repeat of nothing") { offer.claim = Claim::repeat; }
    SUBCASE("a copy of nothing") { offer.claim = Claim::copy; }
    SUBCASE("an unknown method") { offer.method = static_cast<Method>(77); }
    SUBCASE("a delta without a signature") { offer.method = Method::delta; }
    SUBCASE("a patch of nothing") { offer.method = Method::patch; }
    SUBCASE("a bundle of nothing") { offer.method = Method::bundled; }
  }
  play_source(opponent, wanted, offer);
  CHECK(opponent.failure() == expected);
  CHECK(host.engine.ids().empty());
  CHECK(host.engine.loads == 0);
}

TEST_CASE("a plain layer is believed only as far as it checks") {
  Bytes layer = tar_file("hello", std::string(3'000'000, 'x')) + tar_end();
  const Wanted wanted(layer);
  uint64_t told = layer.size();
  ExitCode expected = ExitCode::verification;
  SUBCASE("all of it is right") { expected = ExitCode::ok; }
  SUBCASE("another byte") { layer[1'000'000] ^= 1; }
  SUBCASE("fewer bytes") { told = layer.size() - 512; }
  SUBCASE("no bytes") {
    expected = ExitCode::protocol;
    told = 0;
  }
  FakeHost host;
  Opponent opponent(host);
  opponent.send(wanted.request);
  opponent.stream(kStreams.offers, [&](Sink& offers) {
    put_byte(offers, OfferTag::plain_layer);
    offers.write(wanted.request.layers[0].diff_id.bytes);
    put_integer(offers, told);
    put_byte(offers, OfferTag::config);
    put_run(offers, wanted.config);
    put_integer(offers, told);
    put_byte(offers, OfferTag::end);
  });
  opponent.stream(kStreams.contents, [&](Sink& contents) {
    put_byte(contents, Method::data);
    contents.write(ByteView(layer).first(static_cast<size_t>(told)));
  });
  if (expected == ExitCode::ok) {
    (void)opponent.await<Ready>();
    CHECK(host.engine.layers_of(wanted.id) == std::vector<Bytes>{layer});
  } else {
    CHECK(opponent.failure() == expected);
    CHECK(host.engine.ids().empty());
  }
}

TEST_CASE("a large content of which a delta is mistaken is found out with its layer, before the engine has all") {
  const std::string old_model(kLargeDelta + 5, 'a');
  std::string new_model = old_model;
  new_model.back() = 'b';
  bool mistaken = false;
  SUBCASE("and loaded if none is") {}
  SUBCASE("by a byte") { mistaken = true; }
  FakeHost host;
  const Bytes old_layer = tar_file("model", old_model) + tar_end();
  const Bytes new_layer = tar_file("model", new_model) + tar_file("new", "1") + tar_end();
  const auto old_image = *host.engine.inspect(host.engine.add({"model:1"}, {old_layer}));
  Wanted wanted(new_layer);
  wanted.request.basis = {Digest::of(old_layer)};
  wanted.request.basis_images = {old_image.id};
  Opponent opponent(host);
  opponent.send(wanted.request);
  opponent.stream(kStreams.offers, [&](Sink& offers) {
    put_byte(offers, 0);  // the basis is not the source's
    put_byte(offers, OfferTag::layer);
    offers.write(Digest::of(new_layer).bytes);
    put_integer(offers, new_layer.size());
    put_byte(offers, OfferTag::block);
    put_byte(offers, 1);
    const size_t begin = 512, second = new_layer.size() - tar_end().size() - 512;
    const auto piece = [&](size_t from, size_t to) {
      return Bytes(new_layer.begin() + static_cast<ptrdiff_t>(from), new_layer.begin() + static_cast<ptrdiff_t>(to));
    };
    const std::vector<SkeletonEntry> entries{{piece(0, begin), new_model.size()},
                                             {piece(begin + new_model.size(), second), 1},
                                             {piece(second + 1, new_layer.size()), 0}};
    put_run(offers, encode_skeleton(entries));
    put_byte(offers, Claim::ask);
    put_byte(offers, Claim::travel);
    put_fixed64(offers, short_hash(content_hash(as_bytes(new_model))));
    put_byte(offers, OfferTag::end_of_layer);
    put_byte(offers, OfferTag::config);
    put_run(offers, wanted.config);
    put_integer(offers, new_layer.size());
    put_byte(offers, OfferTag::end);
  });
  opponent.stream(kStreams.contents, [&](Sink& contents) {
    put_byte(contents, Method::delta);
    MemorySink delta;
    const std::vector<DeltaPart> right{{old_model.size() - 1, 0}, {1, std::nullopt}}, wrong{{old_model.size(), 0}};
    put_delta(mistaken ? wrong : right, {}, MemoryFile(as_bytes(new_model)), delta);
    put_run(contents, delta.bytes());
    put_integer(contents, 0);
    put_byte(contents, Method::data);
    contents.write(as_bytes("1"));
  });
  if (mistaken) {
    CHECK(opponent.failure() == ExitCode::verification);
    CHECK(host.engine.ids() == std::vector{old_image.id});
  } else {
    (void)opponent.await<Ready>();
    CHECK(host.engine.ids().size() == 2);
  }
}

TEST_CASE("offers that break the ladder are protocol errors") {
  FakeHost host;
  Opponent opponent(host);
  const Wanted wanted;
  opponent.send(wanted.request);
  opponent.stream(kStreams.offers, [&](Sink& offers) {
    SUBCASE("an unknown tag") { put_byte(offers, 77); }
    SUBCASE("a known group of no layer") {
      put_byte(offers, OfferTag::known);
      for (int i = 0; i < 3; ++i) put_integer(offers, 0);
      put_run(offers, {});
    }
    SUBCASE("a block outside of a layer") {
      put_byte(offers, OfferTag::block);
      put_byte(offers, 1);
      put_run(offers, encode_skeleton({}));
    }
    SUBCASE("the end of no layer") { put_byte(offers, OfferTag::end_of_layer); }
    SUBCASE("an end before all layers") { put_byte(offers, OfferTag::end); }
    SUBCASE("nothing at all") {}
    SUBCASE("a block of garbage") {
      put_byte(offers, OfferTag::layer);
      offers.write(Digest::of(kLayer).bytes);
      put_integer(offers, 1);
      put_byte(offers, OfferTag::block);
      put_byte(offers, 1);
      put_run(offers, Bytes(100, 0xff));
    }
    SUBCASE("a block beyond its limit") {
      put_byte(offers, OfferTag::layer);
      offers.write(Digest::of(kLayer).bytes);
      put_integer(offers, 1);
      put_byte(offers, OfferTag::block);
      put_byte(offers, 1);
      put_integer(offers, 1ULL << 40);
    }
  });
  CHECK(opponent.failure() == ExitCode::protocol);
}

TEST_CASE("an engine that says it loaded and did not is found out") {
  FakeHost host;
  host.engine.lies_about_loading = true;
  Opponent opponent(host);
  const Wanted wanted;
  play_source(opponent, wanted, {});
  CHECK(opponent.failure() == ExitCode::verification);
}

TEST_CASE("answers that break the ladder are protocol errors at the source") {
  FakeHost host;
  const std::string id = host.engine.add({"app:1"}, {kLayer});
  Opponent opponent(host);
  const ImageInfo image = *host.engine.inspect(id);
  opponent.send(send_all(id, image));
  opponent.stream(kStreams.answers, [&](Sink& answers) {
    SUBCASE("nothing at all") { return; }
    SUBCASE("too many groups") { return put_integer(answers, limits::kGroups + 1); }
    put_integer(answers, 0);
    SUBCASE("an unknown tag") { put_byte(answers, 77); }
    SUBCASE("an end before all answers") { put_byte(answers, AnswerTag::end); }
    SUBCASE("an unknown answer") {
      put_byte(answers, AnswerTag::answers);
      put_byte(answers, 77);
    }
    SUBCASE("a signature that is none") {
      put_byte(answers, AnswerTag::answers);
      put_byte(answers, Answer::signature);
      put_run(answers, Bytes(64, 1));
    }
    SUBCASE("more answers than offers") {
      for (int i = 0; i < 2; ++i) {
        put_byte(answers, AnswerTag::answers);
        put_byte(answers, Answer::have);
      }
    }
    SUBCASE("a content again that there is not") {
      put_byte(answers, AnswerTag::again);
      put_integer(answers, 0);
      put_integer(answers, 1);
    }
  });
  CHECK(opponent.failure() == ExitCode::protocol);
}

TEST_CASE("a content is sent again as data when asked") {
  FakeHost host;
  const std::string id = host.engine.add({"app:1"}, {kLayer});
  Opponent opponent(host);
  const ImageInfo image = *host.engine.inspect(id);
  opponent.send(send_all(id, image));
  opponent.stream(kStreams.answers, [&](Sink& answers) {
    put_integer(answers, 0);
    put_byte(answers, AnswerTag::answers);
    put_byte(answers, Answer::have);
    put_byte(answers, AnswerTag::again);
    put_integer(answers, 0);
    put_integer(answers, 0);
    put_byte(answers, AnswerTag::end);
  });
  CHECK_FALSE(opponent.read_stream(kStreams.offers).empty());
  CHECK(as_text(opponent.read_stream(kStreams.contents)) == "hello world");
  (void)opponent.await<Sent>();
}

TEST_CASE("frames out of order end the connection") {
  FakeHost host;
  Opponent opponent(host);
  SUBCASE("an answer in place of a question") { opponent.send(Committed{}); }
  SUBCASE("another version") { opponent.send(Hello{limits::kProtocolVersion + 1, {}, false}); }
  SUBCASE("a sync that was before") { opponent.send(Receive{}); }
  CHECK_THROWS_AS((void)opponent.await<Failed>(), const Error&);
  CHECK_THROWS_AS(host.wait(), const Error&);
}

TEST_CASE("an engine that cannot be opened is told as an answer") {
  FakeHost host;
  host.engine.before_save = [] { throw Error(ExitCode::image, "it was removed"); };
  const std::string id = host.engine.add({"app:1"}, {kLayer});
  Opponent opponent(host);
  opponent.send(Send{1, id, std::nullopt, {}, {}, {}, 3});
  CHECK(opponent.failure() == ExitCode::image);
}
