#!/bin/sh
# Writes the page's files as C: of each its bytes, and an etag that is a hash of them.
#
#   embed.sh FILE...
#
# A shell's page of code, as .incbin would not give a hash, nor let ninja know what it has read.
set -eu

for file in "$@"; do
  name=$(basename "$file" | tr .- __)
  hash=$(sha256sum "$file" | cut -c1-16)
  printf 'static const char %s_etag[] = "\\"%s\\"";\n' "$name" "$hash"
  printf 'static const unsigned char %s[] = {\n' "$name"
  od -An -v -tx1 "$file" | sed 's/ \(..\)/0x\1,/g'
  printf '};\n'
done
