// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "endpoint/receiver.h"

#include "base/compression.h"
#include "base/error.h"
#include "base/timed_source.h"
#include "endpoint/answerer.h"
#include "endpoint/collector.h"
#include "wire/pace.h"

namespace docker_sync {

namespace {

constexpr int kAnswerLevel = 3;

/// Tells a budget of what comes.
class BudgetedSource : public Source {
 public:
  BudgetedSource(Source& below, SignatureBudget& budget) : below_(&below), budget_(&budget) {}
  [[nodiscard]] size_t read(MutableBytes out) override {
    const size_t count = below_->read(out);
    budget_->received(count);
    return count;
  }

 private:
  Source* below_;
  SignatureBudget* budget_;
};

}  // namespace

Receiver::Receiver(Connection& connection, const SyncStreams& streams, const SpoolSpace& space, Basis& basis,
                   OtherImages& others, const LayerCache& cache, StageTimes& times, const Receive& request,
                   ArrivedContents::Reading reading, ProgressReporter& progress,
                   std::function<void(const LayerRebuild&)> on_layer)
    : connection_(connection),
      streams_(streams),
      space_(space),
      basis_(basis),
      others_(others),
      cache_(cache),
      times_(times),
      link_(request.link.bytes_per_second),
      progress_(progress),
      arrived_(space, times, reading),
      offers_(
          space, basis, others, arrived_, request.layers_from(LayerOrigin::travels), request.layers.size(),
          {[this](std::vector<bool> shared) { shared_.push(std::move(shared)); },
           [this](AskedBlock block) { asked_.push(std::move(block)); }, std::move(on_layer),
           [this](uint64_t bytes) { bytes_offered_ += bytes; }, [this](uint64_t bytes) { bytes_arrived_ += bytes; }}) {}

std::unique_ptr<Source> Receiver::open(const LayerRebuild& layer) {
  return std::make_unique<LayerSource>(layer, offers_.skeletons(), basis_, arrived_, cache_);
}

void Receiver::close(const Error& error) {
  shared_.close(error);
  asked_.close(error);
  wanted_.close(error);
  unfinished_.close(error);
  budget_.close(error);
  lead_.close(error);
  arrived_.close(error);
}

void Receiver::wait_for_basis() {
  const InStage stage(times_, "wait for the basis");
  basis_.wait();
}

void Receiver::read_offers() {
  const auto reader = connection_.open_reader(streams_.offers);
  TimedSource timed(*reader, times_, "wait for offers");
  ZstdSource plain(timed);
  RecordReader offers(plain);
  wait_for_basis();
  offers_.run(offers);
  asked_.end();
  end_if_complete();
}

void Receiver::answer() {
  auto writer = connection_.open_writer(streams_.answers);
  ZstdSink answers(writer, kAnswerLevel);
  wait_for_basis();
  Answerer answerer(answers, space_, basis_, link_, budget_, lead_, unfinished_, wanted_);
  const auto next = [this](auto& queue, const char* stage_name) {
    const InStage stage(times_, stage_name);
    return queue.pop();
  };
  const auto is_near = [this] {
    const InStage stage(times_, "wait for contents");
    return lead_.wait();
  };
  answerer.put_groups(next(shared_, "wait for offers").value());
  answers.flush();
  while (auto block = next(asked_, "wait for offers")) {
    if (block->asked.empty()) {
      answerer.answer(std::move(*block));
      continue;
    }
    while (!is_near()) {
      answerer.ask_further_all();
      answers.flush();
    }
    answerer.answer(std::move(*block));
    answers.flush();
  }
  if (!offers_.elsewhere().empty()) {
    auto elsewhere = others_.read([this] { unfinished_.throw_if_closed(); });
    answerer.take_elsewhere(std::move(offers_.elsewhere()), std::move(elsewhere));
  }
  while (auto unfinished = next(unfinished_, "wait for contents")) {
    answerer.ask_further(std::move(*unfinished));
    answers.flush();
  }
  answerer.end();
  answers.finish();
  writer.end();
  wanted_.end();
}

void Receiver::collect() {
  wait_for_basis();
  const auto reader = connection_.open_reader(streams_.contents);
  TimedSource timed(*reader, times_, "wait for contents");
  BudgetedSource counted(timed, budget_);
  ZstdSource plain(counted);
  RecordReader contents(plain);
  Collector collector(
      contents, space_, basis_, arrived_,
      {[this](const Wanted& wanted) {
         bytes_arrived_ += wanted.size;
         lead_.came(wanted.size, false);
         end_if_complete();
       },
       [this](Unfinished unfinished) {
         const uint64_t size = unfinished.wanted.size;
         unfinished_.push(std::move(unfinished));
         lead_.came(size, true);
       },
       [this](const Wanted& wanted, uint64_t bytes) { budget_.settle(wanted.size, bytes); },
       [this](uint64_t written) { progress_.report(Stage::sending, bytes_arrived_ + written, bytes_offered_); }});
  const auto next = [this] {
    const InStage stage(times_, "wait for offers");
    return wanted_.pop();
  };
  while (const auto block = next()) collector.collect(*block);
}

void Receiver::end_if_complete() {
  if (arrived_.has_all()) unfinished_.end();
}

}  // namespace docker_sync
