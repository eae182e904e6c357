# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""Images of an application that is built outside of its image and copied in."""

import json

import generated
from hosts import Recipe, edited, noise


def build_small(builder):
    builder.busybox()
    program = noise(8_000_000, seed=1)
    for version, content in [("small-1", program), ("small-2", edited(program))]:
        image = Recipe([{"opt/app": content, "opt/readme": b"small\n" * 1000}]).build(builder.engine, version)
        builder.save(version, image, "small:latest")


# Some 15,000 headers: small, text, and real. cp gives each a time of its own, as a checkout does.
TREE = """\
FROM debian:bookworm AS tree
WORKDIR /var/tmp
RUN apt-get update && apt-get download libboost1.74-dev && dpkg-deb -x libboost*.deb .
RUN cp -r usr/include/boost /srv/tree && {edit}
FROM debian:bookworm
COPY --from=tree /srv/tree /srv/tree
"""
EDIT_TREE = (r"find /srv/tree -name '*.hpp' | LC_ALL=C sort | awk 'NR % 1300 == 650' | head -10 | tee /edited"
             r" | xargs perl -pi -e '$. == 1 and $_ .= qq(// reviewed\n); eof and s/$/  \/\/ the end/; close ARGV if"
             r" eof' && test $(wc -l < /edited) = 10")


def build_tree(builder):
    builder.debian("bookworm")
    for version, edit in [("tree-1", "true"), ("tree-1-again", "true"), ("tree-2", EDIT_TREE)]:
        builder.image(version, TREE.format(edit=edit))
        builder.save(version, version, "tree:latest")


# A web project of a usual make. `npm install` runs anew for each version. next has a native part of 130 MB.
NPM_TOOLS = """\
FROM debian:bookworm
RUN apt-get update && apt-get install -y --no-install-recommends npm ca-certificates
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
"""
NPM = """\
FROM npm-tools AS modules
WORKDIR /srv/app
COPY package.json .
RUN npm install --no-audit --no-fund --ignore-scripts --cafile /etc/ssl/certs/ca-certificates.crt && \
    rm -rf node_modules/@next/swc-linux-x64-musl
FROM debian:bookworm
COPY --from=modules /srv/app /srv/app
"""
NPM_PACKAGES = {
    "axios": "1.7.7", "eslint": "8.57.1", "jest": "29.7.0",
    "lodash": "4.17.21", "next": "14.2.30", "react": "18.3.1", "react-dom": "18.3.1", "tailwindcss": "3.4.13",
    "typescript": "5.6.2", "webpack": "5.95.0", "webpack-cli": "5.1.4",
}


def build_npm(builder):
    builder.debian("bookworm")
    # This machine's authorities: a proxy on the way to the registry may have one of its own.
    authorities = builder.host.path("/etc/ssl/certs/ca-certificates.crt").read_bytes()
    builder.image("npm-tools", NPM_TOOLS, {"ca-certificates.crt": authorities})
    for version, bumped in [("npm-1", {}), ("npm-2", {"axios": "1.7.9", "webpack": "5.97.1"}),
                            ("npm-native", {"next": "14.2.35", "typescript": "5.6.3"})]:
        project = {"name": "shop", "private": True, "dependencies": NPM_PACKAGES | bumped}
        builder.image(version, NPM, {"package.json": json.dumps(project, indent=2).encode()})
        builder.save(version, version, "npm:latest")
    # The same on top of node and npm, as most have it.
    for version, modules in [("node-1", "npm-1"), ("node-2", "npm-2")]:
        builder.image(version, f"FROM npm-tools\nCOPY --from={modules} /srv/app /srv/app\n")
        builder.save(version, version, "node:latest")


# A compiler in one binary of LLVM's static libraries; some code that is linked before all others is new.
LINK_TOOLS = """\
FROM debian:bookworm
RUN apt-get update && apt-get install -y --no-install-recommends g++ llvm-14-dev libclang-14-dev \
    libpolly-14-dev zlib1g-dev
"""
LINK = """\
FROM link-tools AS link
COPY main.cc .
RUN g++ -O2 -fno-rtti {flags} -I/usr/lib/llvm-14/include -o compiler main.cc \
    -Wl,--start-group /usr/lib/llvm-14/lib/libclang[A-Z]*.a -Wl,--end-group -L/usr/lib/llvm-14/lib \
    $(llvm-config-14 --link-static --libs all) $(llvm-config-14 --link-static --system-libs) && strip compiler
FROM debian:bookworm
COPY --from=link compiler /usr/local/bin/compiler
"""


def build_relinked(builder):
    builder.debian("bookworm")
    builder.image("link-tools", LINK_TOOLS)
    for version, flags in [("relinked-1", ""), ("relinked-2", "-DFILTER")]:
        builder.image(version, LINK.format(flags=flags), {"main.cc": generated.COMPILER})
        builder.save(version, version, "relinked:latest")


# A servlet container and an application's libraries, from Debian's packages; without what links to them.
JARS = """\
FROM debian:bookworm AS jars
WORKDIR /var/tmp
RUN rm -f /etc/apt/sources.list && echo {sources} | tr ';' '\\n' > /etc/apt/sources.list.d/bench.list && \
    apt-get update
RUN apt-get download {packages} && for deb in *.deb; do dpkg-deb -x $deb .; done
FROM debian:bookworm
COPY --from=jars /var/tmp/usr/share /srv/app
"""
TOMCAT = ["libtomcat10-java", "libtomcat10-embed-java"]
LIBRARIES = [
    "libbcprov-java", "libcommons-io-java", "libcommons-lang3-java", "libfop-java", "libguava-java",
    "libhibernate-validator-java", "libjackson2-databind-java", "liblog4j2-java",
    "libnetty-java", "libxalan2-java", "libxerces2-java"]


def build_jars(builder):
    builder.debian("bookworm")
    main, security = builder.mirror("bookworm"), builder.mirror("bookworm-security")
    release = f"deb [trusted=yes] {main} bookworm main"
    updates = f"deb [trusted=yes] {security} bookworm-security main"
    later = f"deb [trusted=yes] {main} trixie main"
    old = [*TOMCAT, *LIBRARIES]
    new = [f"{name}/bookworm-security" for name in TOMCAT] + [f"{name}/trixie" for name in LIBRARIES]
    for version, sources, packages in [("jars-1", [release], old), ("jars-2", [release, updates, later], new)]:
        builder.image(version, JARS.format(sources="'" + ";".join(sources) + "'", packages=" ".join(packages)))
        builder.save(version, version, "jars:latest")


def build_data(builder):
    build_table(builder, "data", 600 * generated.MIB)


def build_large(builder):
    build_table(builder, "large", 4096 * generated.MIB)


def build_table(builder, name, size):
    builder.debian("bookworm")
    for version in [f"{name}-1", f"{name}-2"]:
        with builder.folder() as folder:
            generated.write_data(folder / "table", edited=version.endswith("-2"), size=size)
            builder.image(version, "FROM debian:bookworm\nCOPY table /srv/table\n", folder)
        builder.save(version, version, f"{name}:latest")
