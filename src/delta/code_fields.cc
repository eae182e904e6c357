// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
#include "delta/code_fields.h"

namespace docker_sync {

namespace {

constexpr std::array<OpcodeClass, 256> make_table() {
  std::array<OpcodeClass, 256> table{};
  for (const int opcode : {0xe8, 0xe9}) table[opcode] = OpcodeClass::call;
  // What often has an operand in memory: arithmetic, comparisons, moves, LEA, stores of constants. Those that are also
  // frequent as constants cost more than they bring.
  for (const int opcode :
       {0x2b, 0x38, 0x39, 0x3a, 0x3b, 0x63, 0x80, 0x81, 0x83, 0x84, 0x88, 0x8a, 0x8d, 0xc6, 0xc7, 0xf6, 0xf7, 0xff}) {
    table[opcode] = OpcodeClass::memory;
  }
  for (const int opcode : {0x85, 0x89, 0x8b}) table[opcode] = OpcodeClass::move;
  table[0x0f] = OpcodeClass::escape;
  return table;
}

}  // namespace

const std::array<OpcodeClass, 256> kOpcodes = make_table();

}  // namespace docker_sync
