"""Debian's Linux for x86_64: the package, the bzImage in it, and the ELF file in that."""

import lzma
import re
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

METAPACKAGE = "linux-image-amd64"
XZ_MAGIC = b"\xfd7zXZ\x00"


class Unavailable(Exception):
    """The kernel cannot be had here."""


@dataclass(frozen=True)
class Image:
    release: str
    compressed: Path
    elf: Path


def fetch(cache):
    """The kernel that Debian installs at present. It is downloaded once and not installed."""
    cache.mkdir(parents=True, exist_ok=True)
    packages = sorted(cache.glob("linux-image-*-amd64_*.deb"))
    if not packages:
        package = current_package()
        print(f"test-linux: downloading {package} to {cache}, about 70 MB; it is not installed", flush=True)
        run(["apt-get", "download", package], cwd=cache, timeout=600)
        packages = sorted(cache.glob("linux-image-*-amd64_*.deb"))
        if not packages:
            raise Unavailable(f"apt-get download {package} left no package in {cache}")
    return unpack(packages[-1], cache)


def current_package():
    """The package that the metapackage stands for; what apt knows is brought up to date where it does not know it."""
    for update in (False, True):
        if update:
            run(["apt-get", "update"], timeout=300)
        try:
            listing = run(["apt-cache", "depends", METAPACKAGE], timeout=60)
        except Unavailable:
            continue
        found = re.search(r"Depends: (linux-image-\S+-amd64)", listing)
        if found:
            return found[1]
    raise Unavailable(f"apt knows no {METAPACKAGE}: this needs Debian's archive")


def unpack(package, cache):
    release = re.match(r"linux-image-(.*?)_", package.name)[1]
    compressed, elf = cache / f"vmlinuz-{release}", cache / f"vmlinux-{release}"
    if not elf.exists():
        root = cache / "root"
        shutil.rmtree(root, ignore_errors=True)
        run(["dpkg", "-x", package.name, root.name], cwd=cache, timeout=300)
        shutil.copyfile(next((root / "boot").glob("vmlinuz-*")), compressed)
        shutil.rmtree(root)
        # Under its name only when it is complete.
        partial = elf.with_suffix(".partial")
        partial.write_bytes(decompress(compressed.read_bytes()))
        partial.rename(elf)
    return Image(release, compressed, elf)


def decompress(image):
    """The ELF file in a bzImage that is compressed with xz, as Debian's is."""
    for found in re.finditer(re.escape(XZ_MAGIC), image):
        try:
            content = lzma.LZMADecompressor(format=lzma.FORMAT_XZ).decompress(image[found.start():])
        except lzma.LZMAError:
            continue
        if content.startswith(b"\x7fELF"):
            return content
    raise Unavailable("there is no ELF file compressed with xz in the bzImage")


def text_range(elf):
    """Where `.text` is linked, in whole pages."""
    data = elf.read_bytes()
    (table,) = struct.unpack_from("<Q", data, 0x28)
    size, count, names = struct.unpack_from("<HHH", data, 0x3A)
    sections = [struct.unpack_from("<IIQQQQ", data, table + size * number) for number in range(count)]
    name_offset = sections[names][4]
    for name, _, _, address, _, length in sections:
        if data[name_offset + name : name_offset + name + 6] == b".text\0":
            return address, (address + length + 0xFFF) & ~0xFFF
    raise Unavailable(f"{elf} has no section .text")


def run(command, timeout, cwd=None):
    try:
        return subprocess.run(
            command, cwd=cwd, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout
        ).stdout
    except FileNotFoundError as error:
        raise Unavailable(f"{command[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{' '.join(command)} took more than {timeout} s") from error
    except subprocess.CalledProcessError as error:
        raise Unavailable(f"{' '.join(command)}: {error.stderr.strip()}") from error
