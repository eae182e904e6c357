// SPDX-FileCopyrightText: docker-sync authors
// SPDX-License-Identifier: MIT
//
// Which bytes of x86-64 code are the distance to another place: the operand of CALL and JMP, and of whatever addresses
// memory relative to the instruction pointer. The high byte of a distance stays with the code and comes first there: it
// tells that the other three were taken out. Conditional jumps stay within a function, and moving it does not change
// them. A guess may be wrong anywhere (an operand that looks like an opcode, data in between): then a few bytes that
// are no distance travel as one, and nothing else happens.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace docker_sync {

enum class FieldKind : uint8_t { call = 0, operand = 1, none = 2 };
inline constexpr size_t kFieldKinds = 2;
inline constexpr size_t kFieldBytes = 3;

/// Opcode of two bytes, ModRM byte, field, high byte.
inline constexpr size_t kLongestInstruction = 7;

/// What seems to be an instruction with a distance in it.
struct Instruction {
  FieldKind kind = FieldKind::none;
  uint8_t opcode_bytes = 1;  ///< and ModRM, without prefixes; behind them the distance
  [[nodiscard]] bool has_distance() const { return kind != FieldKind::none; }
  [[nodiscard]] size_t size() const { return opcode_bytes + kFieldBytes + 1; }  ///< distances count from its end
};

/// What a byte may be the start of. escape: 0F, and behind it the opcode.
enum class OpcodeClass : uint8_t { other, call, memory, move, escape };
extern const std::array<OpcodeClass, 256> kOpcodes;

/// What begins at `code`, of whose next bytes `room` are code, with or without fields.
[[nodiscard]] inline Instruction instruction_at(ByteView code, uint64_t room) {
  const OpcodeClass opcode = kOpcodes[code[0]];
  if (opcode == OpcodeClass::other || room < kLongestInstruction || code.size() < 3) return {};
  if (opcode == OpcodeClass::call) return {FieldKind::call, 1};
  // Only the first byte of an instruction is in the form what it is in the code; so the second decides whether the
  // third may be looked at.
  if (opcode == OpcodeClass::escape && kOpcodes[code[1]] != OpcodeClass::other) return {};
  // ModRM says whether it is relative to the instruction pointer.
  const size_t modrm = opcode == OpcodeClass::escape ? 2 : 1;
  if ((code[modrm] & 0xc7) == 0x05) return {FieldKind::operand, static_cast<uint8_t>(modrm + 1)};
  // Between registers ModRM may look like a call, just where calls are: behind a move of an argument.
  if (opcode == OpcodeClass::move && (code[1] & 0xfe) == 0xe8) return {FieldKind::none, 2};
  return {};
}

/// Whether a high byte is that of a distance within a program of at most 128 MiB.
[[nodiscard]] constexpr bool is_near(uint8_t high) { return high < 8 || high >= 0xf8; }

/// Stands in the high byte's place where the high byte is not near, and what follows might be taken for one that is.
inline constexpr uint8_t kNoField = 0x80;

/// A distance's low three bytes.
[[nodiscard]] inline uint32_t get_distance(ByteView low) {
  return uint32_t{low[0]} | uint32_t{low[1]} << 8 | uint32_t{low[2]} << 16;
}
inline void put_distance(Bytes& code, uint32_t distance) {
  for (const int shift : {0, 8, 16}) code.push_back(static_cast<uint8_t>(distance >> shift));
}

/// A place that is referred to, the highest byte first: those of neighbours begin alike.
[[nodiscard]] inline uint32_t get_target(ByteView bytes) {
  return uint32_t{bytes[0]} << 16 | uint32_t{bytes[1]} << 8 | uint32_t{bytes[2]};
}
inline void put_target(Bytes& targets, uint32_t target) {
  for (const int shift : {16, 8, 0}) targets.push_back(static_cast<uint8_t>(target >> shift));
}

}  // namespace docker_sync
