// Tells the tests of a package apart: added to Go's own package testing when an image is built (prepare.sh), so that the
// command and what it prints stay as they are. Each line that it writes is one record, as
// images/probes/pytest/orchestrator_probe_session.py documents them; several packages are tested at the same time, so
// each record names its process, and none is longer than what a pipe takes as a whole.
package testing

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"sort"
	"strings"
	"sync"
	"time"
)

const (
	orchestratorLine = 4000 // bytes of a record; a pipe takes 4,096 at once
	orchestratorText = 2000
)

type orchestratorTest struct {
	number  int
	text    strings.Builder // what was logged, up to orchestratorText
	failed  bool            // by itself, not by a test below it
	message string          // what was logged last before that
	at, in  string
	last    string
	lastAt  string
	lastIn  string
}

// The tests of one package, in its process.
type orchestratorSession struct {
	sync.Mutex
	out     *os.File
	key     uint32 // of its records
	pkg     string
	numbers int
	times   map[string]int // how often a test of this name began
	running map[*common]*orchestratorTest
	below   map[*common]int // failures of tests below it that are being handed up
}

var orchestrator *orchestratorSession

func orchestratorQuoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, "\\u%04x", r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func orchestratorCut(text string, longest int) string {
	if len(text) <= longest {
		return text
	}
	if longest < 40 {
		return ""
	}
	return strings.ToValidUTF8(text[:longest/2], "") + "\n[…]\n" + strings.ToValidUTF8(text[len(text)-longest/2:], "")
}

// One write a record: what is longer than a pipe takes at once would mix with that of other packages.
func (s *orchestratorSession) send(format string, words ...any) {
	if s.out == nil {
		return
	}
	line := fmt.Sprintf(format, words...)
	if len(line) > orchestratorLine {
		return
	}
	if _, err := s.out.WriteString(line + "\n"); err != nil {
		s.out = nil
	}
}

// Called by M.Run before anything else.
func orchestratorBegins(m *M) {
	configuration := os.Getenv("ORCHESTRATOR_PROBE")
	path := os.Getenv("ORCHESTRATOR_RESULT_PATH")
	// What the tests start is their own business.
	for _, name := range []string{"PROBE", "RESULT_FD", "RESULT_PATH"} {
		os.Unsetenv("ORCHESTRATOR_" + name)
	}
	if !flag.Parsed() { // as M.Run does next
		flag.Parse()
	}
	if configuration == "" || orchestrator != nil || *matchList != "" {
		return
	}
	// The supervisor's pipe: what has the number of its descriptor here may be a pipe of the runtime's own.
	out, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return
	}
	s := &orchestratorSession{out: out, pkg: strings.TrimSuffix(m.deps.ImportPath(), "_test"),
		key:   uint32(os.Getpid())<<16 ^ uint32(time.Now().UnixMicro()),
		times: map[string]int{}, running: map[*common]*orchestratorTest{}, below: map[*common]int{}}
	orchestratorArrange(m, configuration, s)
	orchestrator = s
	s.send(`{"t":"session","k":%d,"framework":"go test","version":%s,"root":"/work"}`, s.key,
		orchestratorQuoted(runtime.Version()))
}

// M.Run returns: all tests of the package have run. Not called when the process dies.
func orchestratorFinishes() {
	if s := orchestrator; s != nil {
		s.Lock()
		defer s.Unlock()
		s.send(`{"t":"finish","k":%d}`, s.key)
	}
}

// "order=shuffled seed=7"; lists of tests, files and patterns are files of their own, separated by NUL.
func orchestratorArrange(m *M, configuration string, s *orchestratorSession) {
	order, seed := "written", ""
	lists := map[string][]string{}
	for _, word := range strings.Fields(configuration) {
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "order":
			order = value
		case "seed":
			seed = value
		case "repeat": // also of a command that says -count=1
			var times uint
			if _, err := fmt.Sscan(value, &times); err == nil && times > 1 {
				*count *= times
			}
		case "tests", "files", "ignore":
			if text, err := os.ReadFile(value); err == nil {
				lists[name] = strings.Split(string(text), "\x00")
			}
		}
	}
	var kept []InternalTest
	for _, test := range m.tests {
		if orchestratorWants(s.pkg+"."+test.Name, test, lists) {
			kept = append(kept, test)
		}
	}
	m.tests = kept
	if len(lists["tests"]) > 0 || len(lists["files"]) > 0 {
		m.examples, m.fuzzTargets = nil, nil
	}
	switch order {
	case "reversed":
		for i, j := 0, len(m.tests)-1; i < j; i, j = i+1, j-1 {
			m.tests[i], m.tests[j] = m.tests[j], m.tests[i]
		}
	case "shuffled":
		rank := func(test InternalTest) uint64 { return orchestratorHash(seed + "\x00" + s.pkg + "." + test.Name) }
		sort.SliceStable(m.tests, func(i, j int) bool { return rank(m.tests[i]) < rank(m.tests[j]) })
	}
}

func orchestratorWants(id string, test InternalTest, lists map[string][]string) bool {
	for _, pattern := range lists["ignore"] {
		if orchestratorMatches(pattern, id) || orchestratorMatches(pattern, test.Name) {
			return false
		}
	}
	if tests, ok := lists["tests"]; ok && !orchestratorHas(tests, func(each string) bool {
		return each == id || strings.HasPrefix(each, id+"/")
	}) {
		return false
	}
	if files, ok := lists["files"]; ok {
		file, _ := runtime.FuncForPC(reflect.ValueOf(test.F).Pointer()).FileLine(reflect.ValueOf(test.F).Pointer())
		return orchestratorHas(files, func(each string) bool { return each == file })
	}
	return true
}

func orchestratorHas(list []string, fits func(string) bool) bool {
	for _, each := range list {
		if fits(each) {
			return true
		}
	}
	return false
}

// As Python's fnmatchcase, without sets of characters.
func orchestratorMatches(pattern, text string) bool {
	if pattern == "" {
		return text == ""
	}
	if pattern[0] == '*' {
		for i := 0; i <= len(text); i++ {
			if orchestratorMatches(pattern[1:], text[i:]) {
				return true
			}
		}
		return false
	}
	return text != "" && (pattern[0] == '?' || pattern[0] == text[0]) && orchestratorMatches(pattern[1:], text[1:])
}

// FNV-1a and a finish that spreads what differs in the last letters: the same on every platform.
func orchestratorHash(text string) uint64 {
	hash := uint64(14695981039346656037)
	for i := 0; i < len(text); i++ {
		hash = (hash ^ uint64(text[i])) * 1099511628211
	}
	hash ^= hash >> 33
	hash *= 0xff51afd7ed558ccd
	hash ^= hash >> 33
	hash *= 0xc4ceb9fe1a85ec53
	return hash ^ hash>>33
}

func (s *orchestratorSession) starts(name string) *orchestratorTest {
	s.times[name]++
	test := &orchestratorTest{number: s.numbers}
	s.numbers++
	s.send(`{"t":"test","k":%d,"i":%d,"id":%s,"r":%d}`, s.key, test.number, orchestratorQuoted(s.pkg+"."+name),
		s.times[name])
	s.send(`{"t":"start","k":%d,"i":%d}`, s.key, test.number)
	s.phase(test, "setup", "passed", 0, "")
	return test
}

func (s *orchestratorSession) phase(test *orchestratorTest, phase, outcome string, took time.Duration, more string) {
	s.send(`{"t":"phase","k":%d,"i":%d,"p":"%s","o":"%s","s":%.6f%s}`, s.key, test.number, phase, outcome,
		took.Seconds(), more)
}

func (s *orchestratorSession) ends(test *orchestratorTest, outcome string, took time.Duration) {
	more := ""
	if outcome == "failed" {
		text := strings.ToValidUTF8(test.text.String(), "\uFFFD")
		message := strings.ToValidUTF8(test.message, "\uFFFD")
		for _, longest := range []int{1500, 400, 100, 0} { // what is quoted is longer
			more = fmt.Sprintf(`,"e":"failure","m":%s,"at":%s,"in":%s,"x":%s`,
				orchestratorQuoted(orchestratorCut(message, longest/5)), orchestratorQuoted(orchestratorCut(test.at, 500)),
				orchestratorQuoted(orchestratorCut(test.in, 200)), orchestratorQuoted(orchestratorCut(text, longest)))
			if len(more) < orchestratorLine-200 {
				break
			}
		}
	}
	s.phase(test, "call", outcome, took, more)
	s.phase(test, "teardown", "passed", 0, "")
}

// tRunner and fRunner begin.
func orchestratorStarts(c *common) {
	s := orchestrator
	if s == nil || c.parent == nil { // without a parent: the one that all tests are below
		return
	}
	s.Lock()
	defer s.Unlock()
	s.running[c] = s.starts(c.name)
}

// Something is logged, maybe the reason of a failure.
func orchestratorLogs(c *common, text string) {
	s := orchestrator
	if s == nil {
		return
	}
	at, in := orchestratorCaller()
	s.Lock()
	defer s.Unlock()
	test := s.running[c]
	if test == nil {
		return
	}
	test.last, test.lastAt, test.lastIn = strings.TrimSpace(text), at, in
	if test.text.Len() < orchestratorText {
		fmt.Fprintf(&test.text, "%s: %s\n", at, orchestratorCut(test.last, orchestratorText))
	}
}

// Where the project itself called: the innermost frame below /work that is no copy of somebody else's.
func orchestratorCaller() (at, in string) {
	var counters [40]uintptr
	frames := runtime.CallersFrames(counters[:runtime.Callers(3, counters[:])])
	for {
		frame, more := frames.Next()
		if strings.HasPrefix(frame.File, "/work/") && !strings.Contains(frame.File, "/vendor/") {
			return fmt.Sprintf("%s:%d", strings.TrimPrefix(frame.File, "/work/"), frame.Line),
				frame.Function[strings.LastIndexByte(frame.Function, '/')+1:]
		}
		if !more {
			return "", ""
		}
	}
}

// A failure is handed up to the parents, each by its own Fail: theirs are not their own.
func orchestratorFails(c *common) {
	s := orchestrator
	if s == nil {
		return
	}
	at, in := orchestratorCaller()
	s.Lock()
	defer s.Unlock()
	if c.parent != nil {
		s.below[c.parent]++
	}
	if s.below[c] > 0 {
		s.below[c]--
		return
	}
	if test := s.running[c]; test != nil && !test.failed {
		test.failed, test.message, test.at, test.in = true, test.last, test.lastAt, test.lastIn
		if test.at == "" {
			test.at, test.in = at, in
		}
	}
}

// A test reports to its parent: it has ended, and all below it.
func orchestratorEnds(c *common, skipped bool) {
	s := orchestrator
	if s == nil {
		return
	}
	s.Lock()
	defer s.Unlock()
	test := s.running[c]
	if test == nil {
		return
	}
	delete(s.running, c)
	outcome := "passed"
	if test.failed {
		outcome = "failed"
	} else if skipped {
		outcome = "skipped"
	}
	s.ends(test, outcome, c.duration)
}

func orchestratorExample(name string, took time.Duration, passed bool) {
	s := orchestrator
	if s == nil {
		return
	}
	s.Lock()
	defer s.Unlock()
	outcome := "passed"
	if !passed {
		outcome = "failed"
	}
	s.ends(s.starts(name), outcome, took)
}
