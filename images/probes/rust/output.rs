//! What a program of tests prints, line by line, as libtest and those who print like it do.

use std::collections::{HashMap, HashSet};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use crate::lines::{
    outcome_at_end, outcome_said, panic_said, panicking_thread, plain_name, test_line, tests_announced,
};
use crate::listing::Program;
use crate::places::Places;
use crate::records::{Channel, Failure, Outcome, Session};

const LONGEST_LINE: usize = 64 * 1024;
const LONGEST_BLOCK: usize = 64 * 1024;
const STANDARD_ERROR: u8 = 2;

/// rustc's version, by prepare.sh.
const VERSION: &str = match option_env!("ORCHESTRATOR_RUST_VERSION") {
    Some(version) => version,
    None => "",
};

#[derive(PartialEq)]
enum Part {
    Outside,
    Tests,     // "test a ... ok"
    Outputs,   // "---- a stdout ----" and what it printed
    NamesOnly, // of those
}

struct Running {
    name: String,
    number: u32,
    since: Instant,
}

/// One suite: from "running 3 tests" to "test result: ok".
#[derive(Default)]
struct Suite {
    expected: usize,
    ended: HashSet<String>,
    failing: Vec<(String, Option<(u32, Duration)>)>, // told when what they printed is known
    blocks: HashMap<String, String>,
    block: Option<String>, // the one that is being read
    of_passing: bool,      // the blocks are those of tests that passed
}

pub struct Listener {
    program: Program,
    places: Places,
    session: Session,
    begun: bool,
    part: Part,
    line: Vec<u8>,  // the last one, without its end so far
    started: bool,  // it has said already which test begins
    before: String, // the line before it, among tests
    running: Option<Running>,
    unsettled: HashMap<String, u32>, // began, and no word of how they ended was understood
    suite: Suite,
    errors: Vec<u8>,
    panics: HashMap<String, String>, // by thread, where output is not captured
    panic: Option<String>,           // the thread whose message is being read
}

impl Listener {
    pub fn new(program: Program, channel: Channel) -> Listener {
        Listener {
            places: Places::of(&program),
            program,
            session: Session::new(channel),
            begun: false,
            part: Part::Outside,
            line: Vec::new(),
            started: false,
            before: String::new(),
            running: None,
            unsettled: HashMap::new(),
            suite: Suite::default(),
            errors: Vec::new(),
            panics: HashMap::new(),
            panic: None,
        }
    }

    pub fn hear(&mut self, from: u8, bytes: &[u8]) {
        if from == STANDARD_ERROR {
            return self.hear_errors(bytes);
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LONGEST_LINE.saturating_sub(self.line.len());
            self.line.extend_from_slice(&piece[..piece.len().min(room)]);
            let ends = piece.ends_with(b"\n");
            let text = String::from_utf8_lossy(&self.line).into_owned();
            match ends {
                true => {
                    self.whole_line(text.trim_end_matches(['\n', '\r'].as_ref()));
                    self.line.clear();
                    self.started = false;
                }
                false => self.beginning_of_line(&text),
            }
        }
    }

    /// "test a ... ", where one test runs at a time.
    fn beginning_of_line(&mut self, text: &str) {
        if self.part != Part::Tests || self.started {
            return;
        }
        if let Some((name, "")) = test_line(text) {
            self.started = true;
            self.starts(name);
        }
    }

    fn whole_line(&mut self, line: &str) {
        if let Some(expected) = tests_announced(line) {
            return self.suite_begins(expected);
        }
        if self.part == Part::Outside {
            return;
        }
        if line.starts_with("test result: ") {
            return self.suite_ends(line);
        }
        match self.part {
            Part::Tests => {
                self.line_of_tests(line);
                self.before = line.to_string();
            }
            Part::Outputs => self.line_of_outputs(line),
            _ => self.line_of_names(line),
        }
    }

    fn suite_begins(&mut self, expected: usize) {
        if !self.begun {
            self.begun = true;
            let framework = if self.program.is_rustdoc() { "rustdoc" } else { "cargo test" };
            self.session.begins(framework, VERSION);
        }
        self.running = None;
        self.unsettled.clear();
        self.suite = Suite { expected, ..Suite::default() };
        self.part = Part::Tests;
        if let (1, Some(name)) = (expected, self.program.only_test()) {
            self.starts(&name);
        }
    }

    fn line_of_tests(&mut self, line: &str) {
        if let Some((name, said)) = test_line(line) {
            if !self.started {
                self.starts(name);
            }
            if let Some((outcome, took)) = outcome_said(said) {
                self.ends(outcome, took);
            }
        } else if let Some(name) = line.strip_suffix(" --- FAILED") {
            self.starts(plain_name(name)); // by --quiet
            self.ends(Outcome::Failed, None);
        } else if let (true, Some((outcome, took))) = (self.running.is_some(), outcome_said(line)) {
            self.ends(outcome, took); // behind what the test itself has printed
        } else {
            self.heading(line);
        }
    }

    /// "successes:" or "failures:": first what was printed, then a list of names.
    fn heading(&mut self, line: &str) -> bool {
        let heading = line == "failures:" || line == "successes:";
        if heading {
            self.suite.block = None;
            let of_passing = line == "successes:";
            let again = self.part == Part::Outputs && self.suite.of_passing == of_passing;
            self.part = if again { Part::NamesOnly } else { Part::Outputs };
            self.suite.of_passing = of_passing;
        }
        heading
    }

    fn line_of_outputs(&mut self, line: &str) {
        if let Some(name) = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----")) {
            self.suite.blocks.insert(name.to_string(), String::new());
            self.suite.block = Some(name.to_string());
        } else if !self.heading(line) {
            let suite = &mut self.suite;
            if let Some(block) = suite.block.as_ref().and_then(|name| suite.blocks.get_mut(name)) {
                if block.len() < LONGEST_BLOCK {
                    block.push_str(line);
                    block.push('\n');
                }
            }
        }
    }

    fn line_of_names(&mut self, line: &str) {
        match line.strip_prefix("    ") {
            Some(name) if !self.suite.of_passing && !self.suite.ended.contains(name) => {
                self.take_shown(name);
                self.suite.ended.insert(name.to_string());
                self.suite.failing.push((name.to_string(), None));
            }
            Some(_) => (),
            None => drop(self.heading(line)),
        }
    }

    fn starts(&mut self, name: &str) {
        if self.running.as_ref().map_or(false, |running| running.name == name) {
            return;
        }
        // One at a time: the word on the test before was the last one, maybe behind what that had printed.
        if self.running.is_some() {
            match outcome_at_end(&self.before) {
                Some(outcome) => self.ends(outcome, None),
                None => self.leave_unsettled(),
            }
        }
        let number = self.number_of(name);
        self.running = Some(Running { name: name.to_string(), number, since: Instant::now() });
    }

    fn leave_unsettled(&mut self) {
        if let Some(running) = self.running.take() {
            self.unsettled.insert(running.name, running.number);
        }
    }

    fn number_of(&mut self, name: &str) -> u32 {
        match self.unsettled.remove(name) {
            Some(number) => number,
            None => self.session.starts(&self.places.id(&self.program, name)),
        }
    }

    fn ends(&mut self, outcome: Outcome, took: Option<Duration>) {
        let running = match self.running.take() {
            Some(running) => running,
            None => return,
        };
        // Of a line that came as a whole it is not known when it began.
        let took = took.unwrap_or_else(|| running.since.elapsed());
        self.suite.ended.insert(running.name.clone());
        match outcome {
            Outcome::Failed => {
                self.take_shown(&running.name);
                self.suite.failing.push((running.name, Some((running.number, took))));
            }
            _ => self.session.ends(running.number, outcome, took, &Failure::default()),
        }
    }

    fn suite_ends(&mut self, line: &str) {
        self.part = Part::Outside;
        self.leave_unsettled();
        self.tell_failing();
        let counted = |word: &str| -> usize {
            let before = line.split(word).next().unwrap_or("");
            before.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
        };
        if self.suite.ended.len() < counted(" passed;") + counted(" failed;") + counted(" ignored;") {
            self.tell_others(counted(" ignored;") > 0);
        }
    }

    fn tell_failing(&mut self) {
        for (name, told) in std::mem::take(&mut self.suite.failing) {
            let (number, took) = match told {
                Some(told) => told,
                None => (self.number_of(&name), Duration::ZERO),
            };
            let failure = self.failure(self.suite.blocks.get(&name).map_or("", |text| text.trim_end()));
            self.session.ends(number, Outcome::Failed, took, &failure);
        }
    }

    /// Those of which no line was understood: of --quiet, or in the midst of what tests printed. All have run.
    fn tell_others(&mut self, some_ignored: bool) {
        let ignored: HashSet<String> = match some_ignored {
            true => self.program.names(&["--ignored"]).unwrap_or_default().into_iter().collect(),
            false => HashSet::new(),
        };
        for name in self.program.names(&[]).unwrap_or_default() {
            if !self.suite.ended.insert(name.clone()) {
                continue;
            }
            let outcome = if ignored.contains(&name) { Outcome::Skipped } else { Outcome::Passed };
            let number = self.number_of(&name);
            self.session.ends(number, outcome, Duration::ZERO, &Failure::default());
        }
    }

    /// The program has ended.
    pub fn ended(mut self, status: ExitStatus) {
        if !self.begun {
            return;
        }
        let running = self.running.is_some();
        self.tell_failing();
        if self.part == Part::Outside {
            return self.session.finishes(status.code().unwrap_or(-1));
        }
        if running {
            return; // who reads the records knows what that means
        }
        match self.must_have_been_running() {
            Some(name) => drop(self.number_of(&name)),
            None => {
                let how = match (status.signal(), status.code()) {
                    (Some(number), _) => format!("signal {}", number),
                    (None, code) => format!("exit code {}", code.unwrap_or(-1)),
                };
                let message = format!("ended by {}; which of its tests was running is not known", how);
                self.session.breaks(&self.places.of_program(&self.program), &how, &message);
            }
        }
    }

    /// Where all others have ended.
    fn must_have_been_running(&self) -> Option<String> {
        if self.suite.expected != self.suite.ended.len() + 1 {
            return None;
        }
        self.program.names(&[])?.into_iter().find(|name| !self.suite.ended.contains(name))
    }

    // ---- what is printed where output is not captured

    fn hear_errors(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.errors.len() < LONGEST_LINE {
                self.errors.extend_from_slice(piece);
            }
            if piece.ends_with(b"\n") {
                let text = String::from_utf8_lossy(&self.errors).trim_end().to_string();
                self.errors.clear();
                self.line_of_errors(&text);
            }
        }
    }

    fn line_of_errors(&mut self, line: &str) {
        if let Some(thread) = panicking_thread(line) {
            self.panic = Some(thread.to_string());
            self.panics.insert(thread.to_string(), String::new());
        } else if line.is_empty() {
            self.panic = None;
        }
        if let Some(text) = self.panic.as_ref().and_then(|thread| self.panics.get_mut(thread)) {
            if text.len() < LONGEST_BLOCK {
                text.push_str(line);
                text.push('\n');
            }
        }
    }

    /// What the test's thread said when it panicked.
    fn take_shown(&mut self, name: &str) {
        if let Some(text) = self.panics.remove(name).or_else(|| self.panics.remove("main")) {
            self.suite.blocks.insert(name.to_string(), text);
        }
    }

    fn failure(&self, text: &str) -> Failure {
        // What rustdoc's program of many tests says of one is quoted.
        let text = &match text.starts_with("Error: \"\\nthread ") {
            true => text.replace("\\n", "\n").replace("\\\"", "\""),
            false => text.to_string(),
        };
        let mut failure = Failure { text: text.to_string(), ..Failure::default() };
        let lines: Vec<&str> = text.lines().collect();
        if text.is_empty() {
            failure.message = "what it printed is not known".to_string();
        }
        if let Some(at) = lines.iter().position(|line| panicking_thread(line).is_some()) {
            let (message, place) = panic_said(&lines[at..]);
            // Of an example in documentation it is a line of what rustdoc made of it.
            let place = place.filter(|_| !self.program.is_rustdoc());
            failure.kind = "panic".to_string();
            failure.message = message;
            if let Some((path, line)) = place.as_ref().and_then(|place| place.split_once(':')) {
                let line = line.split(':').next().unwrap_or("");
                failure.place = self.places.own_place(path, line).unwrap_or_default();
            }
        } else if let Some(said) = lines.iter().find_map(|line| line.strip_prefix("Error: ")) {
            failure.kind = "Error".to_string();
            failure.message = said.to_string();
        } else if !text.is_empty() {
            let last = lines.iter().rev().find(|line| !line.trim().is_empty());
            failure.message = last.map_or("", |line| line.trim_start_matches("note: ")).to_string();
        }
        failure
    }
}
