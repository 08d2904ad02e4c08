# Shared by the scripts of this folder: what is installed and started, and how. Sourced, not run.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
# A clean clone elsewhere finds what an earlier one compiled.
export CCACHE_BASEDIR=$ROOT CCACHE_NOHASHDIR=1
ASSUME_YES=${ASSUME_YES:-0}

BUILD_PACKAGES="g++ cmake ninja-build ccache pkg-config git ca-certificates
  libcurl4-openssl-dev nlohmann-json3-dev libgit2-dev libspdlog-dev libfmt-dev
  libcli11-dev libarchive-dev libyaml-cpp-dev libpugixml-dev libboost1.81-dev libssl-dev libsqlitecpp-dev libsqlite3-dev prometheus-cpp-dev"
TEST_PACKAGES="clang-14 libclang-rt-14-dev clang-tidy-14 libgtest-dev libgmock-dev libvalijson-dev python3 python3-pytest python3-venv python3-yaml curl openssl chromium maven docker-registry apache2-utils openssh-server podman runc procps"
# Any Node will do for the browser's driver: one that is there already may conflict with Debian's.
command -v node >/dev/null && command -v npm >/dev/null || TEST_PACKAGES="$TEST_PACKAGES nodejs npm"
ENGINE_PACKAGES="docker.io iptables"
BASE_PACKAGES="debootstrap"

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else die "run as root, or install sudo"; fi
}

missing_packages() {
  local package
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || printf '%s ' "$package"
  done
}

# docker, and what needs the engine, run as root where this user may not use the socket.
ENGINE_AS_ROOT=0
docker() { if [ "$ENGINE_AS_ROOT" = 1 ]; then as_root docker "$@"; else command docker "$@"; fi; }
with_engine() { if [ "$ENGINE_AS_ROOT" = 1 ]; then as_root "$@"; else "$@"; fi; }
answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }
engine_answers() {
  answers && return
  [ "$(id -u)" != 0 ] && command -v sudo >/dev/null && [ -S /var/run/docker.sock ] || return 1
  ENGINE_AS_ROOT=1
  answers && say "this user may not use the engine's socket: what needs it runs by sudo" && return
  ENGINE_AS_ROOT=0
  return 1
}

# Says what it will change on this host and asks once on a terminal.
agree() {
  [ "$ASSUME_YES" = 1 ] && return
  [ -t 0 ] && [ -t 2 ] || return 0
  printf '%s\nGo on? [Y/n] ' "$1" >&2
  local answer
  read -r answer
  case "$answer" in n*|N*) die "nothing was changed" ;; esac
}

# ensure_packages packages…: installs what is missing.
ensure_packages() {
  local missing
  missing=$(missing_packages "$@")
  [ -z "$missing" ] && return
  agree "This installs Debian packages: $missing"
  say "installing $missing"
  as_root apt-get update -qq
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

# An engine that answers is used as it is; else Debian's is installed and started.
ensure_engine() {
  engine_answers && return
  # shellcheck disable=SC2086
  ensure_packages $ENGINE_PACKAGES
  engine_answers && return
  agree "No container engine answers. This starts Docker Engine (dockerd) on this host."
  say "starting dockerd"
  local log=${TMPDIR:-/tmp}/dockerd.log
  if [ -d /run/systemd/system ]; then
    as_root systemctl start docker
  else
    as_root sh -c "setsid nohup dockerd >'$log' 2>&1 </dev/null &"
  fi
  local i
  for i in $(seq 1 60); do
    engine_answers && return
    sleep 1
  done
  tail -n 20 "$log" >&2 || true
  die "dockerd did not start; its log is $log"
}

# build PRESET [targets…]
build() {
  local preset=$1
  shift
  cmake --preset "$preset" -S "$ROOT" >"$ROOT/build-$preset.log" 2>&1 || { tail -n 30 "$ROOT/build-$preset.log" >&2; die "cmake failed"; }
  rm -f "$ROOT/build-$preset.log"
  cmake --build "$ROOT/build/$preset" ${1:+--target "$@"}
}

# The base image that attempts run on where no registry answers.
ensure_base() {
  local program=$1 name=$2 reference=$3
  docker image inspect "$reference" >/dev/null 2>&1 && return
  # shellcheck disable=SC2086
  ensure_packages $BASE_PACKAGES
  say "making the base image $reference from Debian's packages"
  as_root "$program" images bootstrap "$name"
}

# Images of whole trees (and what came with them) that a test run has made; those of dependencies stay, they make the
# next run quick.
tree_images() {
  docker image ls -q --filter label=orchestrator.kind=seal 2>/dev/null
  docker image ls -q --filter label=orchestrator.kind=sources 2>/dev/null
  docker image ls -q --filter label=orchestrator.kind=contract 2>/dev/null
}
remember_tree_images() { TREE_IMAGES=$(tree_images | sort -u); }
remove_new_tree_images() {
  local new
  new=$(comm -13 <(printf '%s\n' "$TREE_IMAGES") <(tree_images | sort -u))
  # shellcheck disable=SC2086
  [ -z "$new" ] || docker image rm -f $new >/dev/null 2>&1 || true
}
