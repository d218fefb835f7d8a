#!/usr/bin/env bash
# Builds every guest program of the repository: conformance guests, examples,
# bench programs; for both instruction sets, the conformance guests for both
# ABI generations too, those named *2015.c for that one only. The results are
# committed, so this is needed only after a change to a C file or a header.
#
#   conformance/build.sh [DIR]    write below DIR instead of the repository
#
# Needs Debian's clang-14 and lld-14; the same versions give the same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-.}
lib=conformance/lib
common=(-std=c11 -O2 -Wall -Wextra -Werror -ffreestanding -fno-builtin -fno-sanitize=safe-stack -fvisibility=hidden
  -ffunction-sections -fdata-sections -ffp-contract=off -fno-math-errno -fno-ident -fno-unwind-tables -fno-asynchronous-unwind-tables
  -fno-stack-protector -fdebug-compilation-dir=. -Iconformance/include -Iconformance/lib -Ibench/src)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# library ARCH GENERATION: the support library's objects, into $work/ARCH-GENERATION
library() {
  local dir=$work/$1-$2
  mkdir -p "$dir"
  for c in "$lib"/*.c; do
    clang-14 --target="$1-unknown-cloudabi" $(flags "$2") "${common[@]}" -c "$c" -o "$dir/$(basename "$c" .c).o"
  done
}

# flags GENERATION: what differs between the generations
flags() {
  if [ "$1" = 2015 ]; then echo -DGUEST_2015 -fno-pic; else echo -fPIE; fi
}

# program ARCH GENERATION OUTPUT SOURCE...
program() {
  local arch=$1 generation=$2 output=$3 dir=$work/$1-$2 objects=()
  shift 3
  mkdir -p "$(dirname "$output")"
  for c in "$@"; do
    objects+=("$dir/$(basename "$c" .c).obj")
    clang-14 --target="$arch-unknown-cloudabi" $(flags "$generation") "${common[@]}" -c "$c" -o "${objects[-1]}"
  done
  local o link=(--no-dynamic-linker -static -pie -z relro)
  if [ "$generation" = 2015 ]; then link=(-static -no-pie); fi
  # Guests of an age with another start bring their own.
  for o in "$dir"/*.o; do
    case $output in */early*) [ "${o##*/}" != start.o ] || continue ;; esac
    objects+=("$o")
  done
  ld.lld-14 "${link[@]}" --eh-frame-hdr --gc-sections --build-id=none -o "$output" "${objects[@]}"
}

for arch in x86_64 aarch64; do
  for generation in final 2015; do
    library $arch $generation
    for c in conformance/guests/*.c; do
      case $c in *2015.c) [ $generation = 2015 ] || continue ;; esac
      program $arch $generation "$out/conformance/bin/$arch-$generation/$(basename "$c" .c)" "$c"
    done
  done
  for c in examples/*/*.c; do
    program $arch final "$out/$(dirname "$c")/$(basename "$c" .c).$arch" "$c"
  done
  for c in bench/src/*.c; do
    program $arch final "$out/bench/bin/$arch/$(basename "$c" .c)" "$c" bench/support/guest.c
  done
done
