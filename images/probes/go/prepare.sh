# Makes the overlay by which `go test` compiles a package testing that tells its tests apart: a copy with a call in each of
# a few places, on lines that are there already, so that traces keep their numbers. $1: the folder for it, $2: the content
# of orchestrator.go. Where this Go is not as expected, an overlay that replaces nothing: the command is the one test then.
folder=$1
mkdir -p "$folder"
printf '%s' "$2" >"$folder/orchestrator.go"
printf '{"Replace": {}}' >"$folder/overlay.json"
command -v go >/dev/null || exit 0
root=$(go env GOROOT)/src/testing
# call FILE FUNCTION CALL: FUNCTION, a pattern, is a line of FILE that begins a body.
call() {
  grep -qE "^$2 \{\$" "$folder/$1" || { echo "this Go's $1 has no: $2" >&2; return 1; }
  sed -E -i "s|^$2 \{\$|& $3;|" "$folder/$1"
}
cp "$root/testing.go" "$root/fuzz.go" "$root/example.go" "$folder"
call testing.go 'func \(m \*M\) Run\(\) \(code int\)' 'orchestratorBegins(m); defer orchestratorFinishes()' &&
  call testing.go 'func tRunner\(t \*T, fn func\(t \*T\)\)' 'orchestratorStarts(\&t.common)' &&
  call testing.go 'func \(t \*T\) report\(\)' 'orchestratorEnds(\&t.common, t.Skipped())' &&
  call testing.go 'func \(c \*common\) Fail\(\)' 'orchestratorFails(c)' &&
  call testing.go 'func \(c \*common\) log\(s string[^)]*\)' 'orchestratorLogs(c, s)' &&
  call fuzz.go 'func fRunner\(f \*F, fn func\(\*F\)\)' 'orchestratorStarts(\&f.common)' &&
  call fuzz.go 'func \(f \*F\) report\(\)' 'orchestratorEnds(\&f.common, f.Skipped())' &&
  call example.go 'func \(eg \*InternalExample\) processRunResult\(.*\) \(passed bool\)' \
    'defer func() { orchestratorExample(eg.Name, timeSpent, passed) }()' &&
  {
    separator='{"Replace": {'
    for file in testing.go fuzz.go example.go orchestrator.go; do
      printf '%s"%s/%s": "%s/%s"' "$separator" "$root" "$file" "$folder" "$file"
      separator=', '
    done
    printf '}}'
  } >"$folder/overlay.json" &&
  GOFLAGS=-overlay=$folder/overlay.json go build testing || {
  echo "tests of this Go are not told apart" >&2
  printf '{"Replace": {}}' >"$folder/overlay.json"
}
[ ! -d /opt/go ] || chown -R 10001:10001 /opt/go
