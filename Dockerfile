# The program's own image: one stage builds, the last one holds the binary and the libraries that it needs.
#
#   docker build -t orchestrator .
#   docker run --rm -v /var/run/docker.sock:/var/run/docker.sock orchestrator doctor
#
# BASE is any Debian bookworm; both stages stand on it, so that the libraries are the same. Where no registry answers:
#   debootstrap --variant=minbase bookworm root
#   sed 's|debian bookworm|debian-security bookworm-security|' root/etc/apt/sources.list > root/etc/apt/sources.list.d/security.list
#   rm -rf root/var/cache/apt/archives root/var/lib/apt/lists
#   tar -C root -c . | docker import - local/bookworm
#   docker build --build-arg BASE=local/bookworm -t orchestrator .
# (The second line gives it Debian's security updates; without it everything is built of the unpatched packages.)
# JOBS limits how many files are compiled at once; empty: as many as there are CPUs.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      g++ cmake ninja-build pkg-config \
      libcurl4-openssl-dev libgit2-dev libssl-dev libarchive-dev libyaml-cpp-dev libpugixml-dev \
      nlohmann-json3-dev libfmt-dev libspdlog-dev libcli11-dev libboost1.81-dev \
      libsqlitecpp-dev libsqlite3-dev prometheus-cpp-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY CMakeLists.txt CMakePresets.json ./
COPY sandbox sandbox
COPY images images
COPY orchestrator orchestrator
COPY scripts/package scripts/package
ARG JOBS=
RUN cmake --preset release \
 && cmake --build --preset release --target orchestrator ${JOBS:+-j ${JOBS}} \
 && strip build/release/orchestrator/orchestrator

FROM ${BASE}
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      ca-certificates libcurl4 libgit2-1.5 libssl3 libarchive13 libyaml-cpp0.7 libpugixml1v5 libfmt9 libspdlog1.10 \
      libsqlite3-0 libprometheus-cpp-core1.0 openssh-client \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb /var/log/*.log /var/log/apt/*
COPY --from=build /src/build/release/orchestrator/orchestrator /usr/local/bin/orchestrator
# Any user may keep its state here: --user UID:GID works, with GID that of the engine's socket.
RUN mkdir -m 1777 /var/lib/orchestrator
ENV ORCHESTRATOR_STATE=/var/lib/orchestrator
WORKDIR /repo
ENTRYPOINT ["orchestrator"]
CMD ["worker"]
