# Shared by the scripts of this folder. Sourced, not run.
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
PACKAGE_PACKAGES="dpkg-dev file help2man lintian"
COMPOSE_PACKAGES="docker-compose"

# A bare Debian 12 as an image, for the package's test and as BASE of the Dockerfile; made of Debian's packages, so that
# no registry of images is asked. Kept.
BOOKWORM=orchestrator/debian:bookworm
ensure_bookworm() {
  docker image inspect "$BOOKWORM" >/dev/null 2>&1 && return
  # shellcheck disable=SC2086
  ensure_packages $BASE_PACKAGES
  say "making the image $BOOKWORM from Debian's packages"
  local root
  root=$(mktemp -d)
  as_root debootstrap --variant=minbase bookworm "$root/tree" >"$root/log" 2>&1 || { tail -n 20 "$root/log" >&2; die "debootstrap failed"; }
  sed 's|debian bookworm|debian-security bookworm-security|' "$root/tree/etc/apt/sources.list" |
    as_root tee "$root/tree/etc/apt/sources.list.d/security.list" >/dev/null
  as_root rm -rf "$root/tree/var/cache/apt/archives" "$root/tree/var/lib/apt/lists"
  as_root tar -C "$root/tree" -c . | docker import - "$BOOKWORM" >/dev/null
  as_root rm -rf "$root"
}
