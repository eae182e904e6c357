// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "store/file_server.h"

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "store/file_questions.h"
#include "store/store_file.h"

namespace docker_sync {

namespace {

/// What of a file is asked for.
void read(Fd fd, const FileQuestion& question, FileAnswer& answer) {
  try {
    const StoreFile file(std::move(fd));
    answer.size = file.size();
    if (question.offset >= answer.size) return;
    answer.bytes.resize(static_cast<size_t>(std::min<uint64_t>(question.count, answer.size - question.offset)));
    file.read_at(question.offset, answer.bytes);
  } catch (const Error&) {
    answer = {};
    answer.error = EIO;
  }
}

FileAnswer answer_to(const FileQuestion& question, bool takes_files) {
  FileAnswer answer;
  Fd folder = open_store_folder(question.folder);
  if (!folder) {
    answer.error = errno;
  } else if (question.word == FileWord::folder) {
    if (takes_files) answer.file = std::move(folder);
  } else if (Fd file = open_in_store(folder, question.file); !file) {
    answer.error = errno;
  } else if (question.word == FileWord::bytes) {
    read(std::move(file), question, answer);
  } else {
    answer.file = std::move(file);
  }
  return answer;
}

}  // namespace

void serve_files(FileLink& link) {
  while (const auto question = receive_question(link)) {
    const bool is_known = question->word == FileWord::folder || question->word == FileWord::bytes ||
                          (question->word == FileWord::file && link.takes_files());
    if (!is_known) throw_protocol("an unknown question of files");
    if (question->count > file_limits::kBytes) throw_protocol("too many bytes of a file are asked for");
    send(link, answer_to(*question, link.takes_files()));
  }
}

}  // namespace docker_sync
