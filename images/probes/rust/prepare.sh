# Makes what tells the tests of Rust apart: `watch`, by the Rust that is there, and what sends programs there, by the C
# compiler that Rust links with. $1: the folder for it; then name and content of each file. Where that cannot be,
# something harmless takes its place, and the command is the one test. Not optimised: it has little to do, and compiles in a
# quarter of the time.
folder=$1
shift
mkdir -p "$folder/source"
while [ $# -gt 1 ]; do
  printf '%s' "$2" >"$folder/source/$1"
  shift 2
done
cd "$folder/source"
make_it() {
  ORCHESTRATOR_RUST_VERSION=$(rustc --version | cut -d ' ' -f 2)
  export ORCHESTRATOR_RUST_VERSION
  rustc --edition 2021 -C debug-assertions=off -C strip=symbols -o ../watch watch.rs &&
    cc -O2 -shared -fPIC -DFOLDER="\"$folder\"" -o ../preload.so preload.c -ldl &&
    [ -z "$(LD_PRELOAD=$folder/preload.so sh -c : 2>&1)" ]
}
make_it || {
  echo "tests of this Rust are not told apart" >&2
  rm -f "$folder/watch"
  ln -sf "$(find /lib /usr/lib -name 'libc.so.6' -o -name 'ld-musl-*' | head -n 1)" "$folder/preload.so"
}
