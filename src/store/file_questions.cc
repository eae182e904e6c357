// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "store/file_questions.h"

#include "base/error.h"

namespace docker_sync {

namespace {

constexpr size_t kU32 = sizeof(uint32_t), kU64 = sizeof(uint64_t);
constexpr size_t kQuestionHead = 1 + kU64 + 3 * kU32, kAnswerHead = kU32 + kU64 + kU32;

void put(Bytes& out, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

uint64_t take(ByteView& bytes, size_t count) {
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i) value |= uint64_t{bytes[i]} << (8 * i);
  bytes = bytes.subspan(count);
  return value;
}

/// What a head has announced.
Bytes receive_rest(FileLink& link, uint64_t count, uint64_t limit) {
  if (count > limit) throw_protocol("a question of files, or an answer, is too long");
  Bytes rest(static_cast<size_t>(count));
  Fd none;
  if (!link.receive(rest, none)) throw_protocol("a question of files, or an answer, breaks off");
  return rest;
}

}  // namespace

void send(FileLink& link, const FileQuestion& question) {
  Bytes bytes;
  put(bytes, static_cast<uint8_t>(question.word), 1);
  put(bytes, question.offset, kU64);
  put(bytes, question.count, kU32);
  for (const std::string* path : {&question.folder, &question.file}) put(bytes, path->size(), kU32);
  for (const std::string* path : {&question.folder, &question.file}) {
    bytes.insert(bytes.end(), path->begin(), path->end());
  }
  link.send(bytes, {});
}

void send(FileLink& link, const FileAnswer& answer) {
  Bytes bytes;
  bytes.reserve(kAnswerHead + answer.bytes.size());
  put(bytes, static_cast<uint64_t>(answer.error), kU32);
  put(bytes, answer.size, kU64);
  put(bytes, answer.bytes.size(), kU32);
  bytes.insert(bytes.end(), answer.bytes.begin(), answer.bytes.end());
  link.send(bytes, answer.file);
}

std::optional<FileQuestion> receive_question(FileLink& link) {
  Bytes head(kQuestionHead);
  Fd none;
  if (!link.receive(head, none)) return std::nullopt;
  ByteView fields = head;
  FileQuestion question;
  question.word = static_cast<FileWord>(take(fields, 1));
  question.offset = take(fields, kU64);
  question.count = static_cast<uint32_t>(take(fields, kU32));
  const uint64_t folder = take(fields, kU32), file = take(fields, kU32);
  const Bytes paths = receive_rest(link, folder + file, file_limits::kPaths);
  question.folder = as_text(ByteView(paths).first(static_cast<size_t>(folder)));
  question.file = as_text(ByteView(paths).subspan(static_cast<size_t>(folder)));
  return question;
}

std::optional<FileAnswer> receive_answer(FileLink& link) {
  Bytes head(kAnswerHead);
  FileAnswer answer;
  if (!link.receive(head, answer.file)) return std::nullopt;
  ByteView fields = head;
  answer.error = static_cast<int>(take(fields, kU32));
  answer.size = take(fields, kU64);
  answer.bytes = receive_rest(link, take(fields, kU32), file_limits::kBytes);
  return answer;
}

}  // namespace docker_sync
