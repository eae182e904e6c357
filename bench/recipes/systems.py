# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Images of Debian packages: what changes is which packages there are, and their versions."""

import generated

# The story the project began with: a web application's image whose first layer gains one package.
# Package lists and .deb files stay in the layers, as Dockerfiles in the wild leave them.
DJANGO = """\
FROM debian:bookworm
ENV DEBIAN_FRONTEND=noninteractive
RUN apt-get update && apt-get install -y --no-install-recommends {packages}
RUN apt-get install -y python3-django python3-mysqldb python3-psycopg2
"""
DJANGO_PACKAGES = "gcc default-libmysqlclient-dev postgresql-client libpq-dev sqlite3 python3-minimal"


def build_django(builder):
    builder.debian("bookworm")
    for version, packages in [("django-1", DJANGO_PACKAGES), ("django-2", "gettext " + DJANGO_PACKAGES),
                              ("django-2-again", "gettext " + DJANGO_PACKAGES)]:
        builder.image(version, DJANGO.format(packages=packages))
        builder.save(version, version, "django:latest")


# The release as it was published against the release with its security updates: the base and all else.
UPGRADE = """\
FROM {base}
ENV DEBIAN_FRONTEND=noninteractive
RUN mkdir -p /etc/postgresql-common && echo create_main_cluster=false > /etc/postgresql-common/createcluster.conf
RUN apt-get update && apt-get install -y --no-install-recommends {packages} && \
    rm -rf /var/lib/apt/lists/* /var/cache/apt/*
"""
UPGRADE_BASE = """\
FROM debian:bookworm
RUN echo deb {mirror} bookworm-security main > /etc/apt/sources.list.d/security.list
RUN apt-get update && apt-get upgrade -y && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
"""
UPGRADE_PACKAGES = """
    apache2-bin bind9-dnsutils git haproxy nodejs openjdk-17-jre-headless
    openssl perl php8.2-cli postgresql-15 python3.11 redis-server rsync"""


def build_upgraded(builder):
    builder.debian("bookworm")
    builder.image("security", UPGRADE_BASE.format(mirror=builder.mirror("bookworm-security")))
    builder.flatten("security", "security:base")
    packages = " ".join(UPGRADE_PACKAGES.split())
    for version, base in [("upgraded-1", "debian:bookworm"), ("upgraded-2", "security:base")]:
        builder.image(version, UPGRADE.format(base=base, packages=packages))
        builder.save(version, version, "upgraded:latest")


PKGCACHE_TOOLS = """\
FROM debian:bookworm
RUN apt-get update && apt-cache stats
"""
PKGCACHE = """\
FROM pkgcache-tools AS cache
COPY edit.pl .
RUN {edit}
FROM debian:bookworm
COPY --from=cache /var/cache/apt/pkgcache.bin /var/cache/apt/pkgcache.bin
"""


def build_pkgcache(builder):
    builder.debian("bookworm")
    builder.image("pkgcache-tools", PKGCACHE_TOOLS)
    for version, edit in [("pkgcache-1", "true"), ("pkgcache-2", "perl edit.pl /var/cache/apt/pkgcache.bin")]:
        builder.image(version, PKGCACHE.format(edit=edit), {"edit.pl": generated.EDIT_PKGCACHE})
        builder.save(version, version, "pkgcache:latest")


PARENT = """\
FROM debian:bookworm
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-requests curl git
"""
CHILD = """\
FROM parent
RUN apt-get update && apt-get install -y --no-install-recommends {packages} && rm -rf /var/lib/apt/lists/*
"""


def build_parent(builder):
    builder.debian("bookworm")
    builder.image("parent", PARENT)
    for name, packages in [("blog", "nginx php8.2-fpm php8.2-sqlite3 imagemagick"),
                           ("shop", "nginx python3-django python3-pil postgresql-client redis-server nodejs")]:
        builder.image(name, CHILD.format(packages=packages))
        builder.save(f"parent-{name}", name, f"{name}:latest")


def build_other(builder):
    builder.debian("trixie")
    builder.image("other", "FROM debian:trixie\n"
                  "RUN apt-get update && apt-get install -y --no-install-recommends python3 vim-tiny nginx && "
                  "rm -rf /var/lib/apt/lists/*\n")
    builder.save("other-1", "other", "other:latest")
