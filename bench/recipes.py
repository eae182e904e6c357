# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""How the bench's images are built."""

import pathlib
import re

from hosts import Recipe, edited, import_busybox, noise

SUITE = "bookworm"

# The story the project began with: a web application's image whose first layer gains one package.
# Package lists and .deb files stay in the layers, as Dockerfiles in the wild leave them.
DJANGO = """\
FROM debian:bookworm
ENV DEBIAN_FRONTEND=noninteractive
RUN apt-get update && apt-get install -y --no-install-recommends {packages}
RUN apt-get install -y python3-django python3-mysqldb python3-psycopg2
"""
PACKAGES = "gcc default-libmysqlclient-dev postgresql-client libpq-dev sqlite3 python3-minimal"


def build(engine, version):
    """Build one version at an engine with a way to the package mirrors; its image ID."""
    if version.startswith("small-"):
        return build_small(engine, version)
    if not engine.image_id("debian:bookworm"):
        import_debian(engine)
    packages = PACKAGES if version == "django-1" else f"gettext {PACKAGES}"
    return engine.docker("build", "--quiet", "--no-cache", "--network", "host", "--tag", version, "-",
                         stdin=DJANGO.format(packages=packages), timeout_s=1800)


def build_small(engine, version):
    if not engine.image_id("busybox:base"):
        import_busybox(engine)
    program = noise(8_000_000, seed=1)
    if version == "small-2":
        program = edited(program)
    return Recipe([{"opt/app": program, "opt/readme": b"small\n" * 1000}]).build(engine, version)


def import_debian(engine):
    host = engine.host
    host.run(["debootstrap", "--variant=minbase", SUITE, "/var/tmp/base", *mirror(host.path("/etc/apt"))],
             timeout_s=1200)
    host.run(["sh", "-c", "rm -f /var/tmp/base/var/cache/apt/archives/*.deb"])
    host.run(["sh", "-c", "tar -C /var/tmp/base --numeric-owner -c . | docker import - debian:bookworm"],
             timeout_s=600)
    host.run(["rm", "-rf", "--one-file-system", "/var/tmp/base"])


def mirror(apt):
    """The mirror this machine's apt takes the suite from, as an argument list for debootstrap; empty when
    none is named."""
    sources = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]
    for source in map(pathlib.Path, sources):
        if not source.is_file():
            continue
        for stanza in re.split(r"\n\s*\n", source.read_text(errors="replace")):
            one_line = re.search(rf"^deb\s+(?:\[[^]]*\]\s+)?(https?://\S+)\s+{SUITE}\s.*\bmain\b",
                                 stanza, re.M)
            uri = re.search(r"^URIs:\s*(https?://\S+)", stanza, re.M | re.I)
            suites = re.search(r"^Suites:\s*(.*)", stanza, re.M | re.I)
            if one_line:
                return [one_line.group(1)]
            if uri and suites and SUITE in suites.group(1).split():
                return [uri.group(1)]
    return []
