#!/bin/sh
# Installs the Debian packages that are missing, and checks that Swift is new enough. Prints what it does. Exit
# status 2, with the exact command, when packages are missing and it may not install them.
set -eu

packages="gcc libc6-dev make binutils pkg-config cpio util-linux qemu-system-x86 gdb python3 libreadline-dev libdw-dev
libcapstone-dev lldb"
missing=""
for package in $packages; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing="$missing $package"
done

if [ -n "$missing" ]; then
  install="apt-get install -y --no-install-recommends$missing"
  if [ "$(id -u)" = 0 ]; then
    sudo=""
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo="sudo"
  else
    echo "setup: missing packages; run: sudo $install" >&2
    exit 2
  fi
  echo "setup: installing$missing"
  export DEBIAN_FRONTEND=noninteractive
  $sudo apt-get update -qq
  $sudo $install >/dev/null
fi

if ! command -v swift >/dev/null; then
  echo "setup: no swift in PATH; install Swift 6.3 from https://www.swift.org/install" >&2
  exit 2
fi
version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
case "$version" in
  6.[3-9] | 6.[1-9][0-9] | [7-9].*) ;;
  *)
    echo "setup: Swift $version found, 6.3 or later is needed" >&2
    exit 2
    ;;
esac
echo "setup: all packages are there, Swift $version"
