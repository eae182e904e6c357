// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "sync/session.h"

#include "wire/limits.h"

namespace docker_sync {

namespace {

void add(const std::vector<StageTime>& stages, StageTimes& times) {
  for (const StageTime& stage : stages) {
    times.add(one_line(stage.stage), std::chrono::microseconds(stage.microseconds), stage.bytes);
  }
}

}  // namespace

Session::Session(Side from, Side to, bool progress) {
  ends_[source] = std::make_unique<Connection>(std::move(from.channel), from.host);
  ends_[destination] = std::make_unique<Connection>(std::move(to.channel), to.host);
  attach(source, *ends_[destination]);
  attach(destination, *ends_[source]);
  ends_[source]->send(Hello{limits::kProtocolVersion, from.tmpfolder, progress});
  ends_[destination]->send(Hello{limits::kProtocolVersion, to.tmpfolder, progress});
}

Session::~Session() {
  // Neither may relay into the other once that is gone.
  for (const auto& end : ends_) end->close();
  for (const auto& end : ends_) end->wait();
}

void Session::attach(Which which, Connection& other) {
  ends_[which]->start({[this, which](Frame frame) {
                         if (events_.size() >= limits::kControlQueue) throw_protocol("too many answers at once");
                         events_.push({which, std::move(frame), std::nullopt});
                       },
                       [this, which](const std::optional<Error>& error) {
                         events_.push({which, std::nullopt, error});
                       },
                       [&other](const Frame& frame) {
                         try {
                           other.send(frame);
                         } catch (const Error&) {
                           // Its own reader tells why it is over.
                         }
                       }});
}

Error Session::named(Error error, Which which) const { return error.on_host(ends_[which]->label()); }

Session::Event Session::next_event() {
  while (true) {
    Event event = *events_.pop();
    if (interrupted_) throw Error(ExitCode::interrupted, "interrupted");
    if (!event.frame) {
      throw event.error ? named(*event.error, event.from)
                        : named(Error(ExitCode::connection, "the other side ended the connection"), event.from);
    }
    if (event.frame->type == FrameType::progress) {
      const auto progress = decode<Progress>(*event.frame);
      if (on_progress) on_progress(progress);
    } else if (event.frame->type == FrameType::hello) {
      (void)decode<Hello>(*event.frame);
    } else {
      return event;
    }
  }
}

Frame Session::await(Which which, FrameType type) {
  Event event = next_event();
  if (event.frame->type == FrameType::failed) {
    throw named(decode<Failed>(*event.frame).failure.to_error(), event.from);
  }
  if (event.from != which || event.frame->type != type) {
    throw_protocol("an unexpected " + std::string(name_of(event.frame->type)));
  }
  return std::move(*event.frame);
}

template <class Answer>
Answer Session::await(Which which) {
  return decode<Answer>(await(which, Answer::kType));
}

EndpointImages Session::to_images(const Inventory& inventory) {
  EndpointImages result{inventory.engine, {}, inventory.untagged, inventory.traits};
  for (const ImageRecord& record : inventory.images) result.images.push_back(record.to_image());
  return result;
}

Session::Both Session::inventories() {
  const InStage stage(times_.controller, "ask what both hold");
  Query everything;
  everything.everything = true;
  ends_[source]->send(everything);
  ends_[destination]->send(everything);
  std::array<std::optional<EndpointImages>, 2> images;
  std::optional<Error> failure;
  for (int answers = 0; answers < 2; ++answers) {
    // Both are heard out, so that the session is in step again whatever they say.
    const Event event = next_event();
    if (event.frame->type == FrameType::failed) {
      failure = named(decode<Failed>(*event.frame).failure.to_error(), event.from);
    } else if (event.frame->type == FrameType::inventory) {
      images[event.from] = to_images(decode<Inventory>(*event.frame));
    } else {
      throw_protocol("an unexpected " + std::string(name_of(event.frame->type)));
    }
  }
  if (failure) throw Error(*failure);
  if (!images[source] || !images[destination]) throw_protocol("two answers to one question");
  return {std::move(*images[source]), std::move(*images[destination])};
}

EndpointImages Session::source_images(const Query& query) {
  const InStage stage(times_.controller, "ask the source");
  ends_[source]->send(query);
  return to_images(await<Inventory>(source));
}

EndpointImages Session::destination_images(const Query& query) {
  const InStage stage(times_.controller, "ask the destination");
  ends_[destination]->send(query);
  return to_images(await<Inventory>(destination));
}

Transferred Session::transfer(const ImagePlan& plan, const TransferOptions& options) {
  const InStage stage(times_.controller, "transfer");
  const uint32_t sync = ++syncs_;
  const Identity& identity = plan.source.identity;
  Receive receive{sync,
                  identity.config,
                  identity.fingerprint,
                  plan.layers,
                  plan.basis_layers,
                  plan.basis_images,
                  options.reader,
                  options.link,
                  options.last};
  Send send{sync,
            plan.source.id,
            identity.config,
            identity.diff_ids,
            {},
            plan.basis_layers,
            static_cast<uint8_t>(options.level),
            options.reader,
            options.sizes,
            options.link,
            options.needs_fast,
            options.last};
  for (const PlannedLayer& layer : plan.layers) {
    if (layer.origin == LayerOrigin::travels) send.layers.push_back(layer.diff_id);
  }
  ends_[destination]->send(receive);
  ends_[source]->send(send);

  std::optional<Ready> ready;
  bool sent = false;
  while (!ready || !sent) {
    const Event event = next_event();
    switch (event.frame->type) {
      case FrameType::ready:
        ready = decode<Ready>(*event.frame);
        add(ready->stages, times_.destination);
        break;
      case FrameType::sent: {
        sent = true;
        const auto answer = decode<Sent>(*event.frame);
        add(answer.stages, times_.source);
        if (answer.link.bytes_per_second > 0) link_ = answer.link;
        if (!answer.gave_up) break;
        cancel(sync);
        throw SlowLink();
      }
      case FrameType::failed: {
        const Error failure = named(decode<Failed>(*event.frame).failure.to_error(), event.from);
        cancel(sync);
        throw Error(failure);
      }
      default:
        throw_protocol("an unexpected " + std::string(name_of(event.frame->type)));
    }
  }
  return {ready->image_id, ready->layer_bytes};
}

void Session::cancel(uint32_t sync) {
  for (const auto& end : ends_) end->send(Cancel{sync});
  // What was under way answers before its CANCELLED; after both nothing of this sync can come any more.
  for (int cancelled = 0; cancelled < 2;) {
    if (next_event().frame->type == FrameType::cancelled) ++cancelled;
  }
}

void Session::commit(const std::string& image_id, const std::vector<Reference>& names, bool transferred) {
  const InStage stage(times_.controller, "name it");
  Commit request{transferred ? syncs_ : 0, image_id, {}};
  for (const Reference& name : names) request.names.push_back(name.full());
  ends_[destination]->send(request);
  (void)await<Committed>(destination);
}

void Session::interrupt() noexcept {
  interrupted_ = true;
  for (const auto& end : ends_) end->close();
}

}  // namespace docker_sync
