//! The program that is watched, and what it says when it is asked for its tests.

use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

#[derive(Clone)]
pub struct Program {
    pub path: PathBuf,
    name: OsString, // what it is called by
    pub arguments: Vec<OsString>,
    asked: Vec<OsString>, // its arguments without those that only nightly compilers' programs take
}

/// Options of libtest whose value may be the next word.
const WITH_VALUE: [&str; 7] = ["--logfile", "--test-threads", "--skip", "--color", "--format", "--shuffle-seed", "-Z"];

impl Program {
    pub fn of_this_process() -> Option<Program> {
        let mut words = env::args_os();
        let name = words.next().unwrap_or_default();
        let arguments: Vec<OsString> = words.collect();
        let path = env::var_os("ORCHESTRATOR_PROGRAM")?.into();
        Some(Program { path, name, asked: arguments.clone(), arguments })
    }

    pub fn with(&self, arguments: Vec<OsString>) -> Program {
        let asked = if arguments.iter().any(|word| word == "-Zunstable-options") {
            self.asked.clone()
        } else {
            arguments.clone()
        };
        Program { path: self.path.clone(), name: self.name.clone(), asked, arguments }
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.arg0(&self.name).args(&self.arguments);
        command
    }

    pub fn is_rustdoc(&self) -> bool {
        self.path.file_name() == Some(OsStr::new("rustdoc"))
    }

    pub fn has(&self, flags: &[&str]) -> bool {
        self.arguments.iter().any(|word| flags.iter().any(|flag| word == *flag))
    }

    /// The tests' output is not captured.
    pub fn shows_output(&self) -> bool {
        self.has(&["--nocapture", "--no-capture"]) || env::var("RUST_TEST_NOCAPTURE").map_or(false, |said| said != "0")
    }

    /// The words that choose tests by their names, and all others.
    pub fn filters(&self) -> (Vec<OsString>, Vec<OsString>) {
        let (mut filters, mut options) = (Vec::new(), Vec::new());
        let mut value_follows = false;
        for word in &self.arguments {
            let text = word.to_string_lossy();
            if value_follows || text.starts_with('-') {
                value_follows = !value_follows && WITH_VALUE.contains(&&*text);
                options.push(word.clone());
            } else {
                filters.push(word.clone());
            }
        }
        (filters, options)
    }

    /// The one test that there is, where the arguments say so: runners that start a process for each test do.
    pub fn only_test(&self) -> Option<String> {
        let (filters, _) = self.filters();
        match (&filters[..], self.has(&["--exact"])) {
            ([one], true) => one.to_str().map(String::from),
            _ => None,
        }
    }

    /// The names of the tests that these arguments choose, in the order in which they run. `more`: options.
    pub fn names(&self, more: &[&str]) -> Option<Vec<String>> {
        let mut command = Command::new(&self.path);
        command.arg0(&self.name).args(&self.asked);
        for word in more.iter().chain(&["--list"]) {
            if self.is_rustdoc() {
                command.arg("--test-args");
            }
            command.arg(word);
        }
        let listed = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
        let text = String::from_utf8_lossy(&listed.stdout).into_owned();
        let names = text.lines().filter_map(|line| line.strip_suffix(": test")).map(String::from);
        listed.status.success().then(|| names.collect())
    }

    /// Names and source files, as a nightly compiler's program would tell them: since Rust 1.70.
    pub fn names_and_files(&self) -> Option<Vec<(String, String)>> {
        let (filters, options) = self.filters();
        let mut command = Command::new(&self.path);
        command.arg0(&self.name).args(filters);
        let mut value_follows = false;
        for word in options {
            let text = word.to_string_lossy().into_owned();
            let chooses = ["--exact", "--ignored", "--include-ignored"].contains(&&*text) || text.starts_with("--skip");
            if chooses || value_follows {
                command.arg(&word);
            }
            value_follows = text == "--skip";
        }
        command.args(["-Zunstable-options", "--list", "--format", "json"]).env("RUSTC_BOOTSTRAP", "1");
        let listed = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
        let text = String::from_utf8_lossy(&listed.stdout).into_owned();
        let found: Vec<(String, String)> =
            text.lines().filter_map(|line| Some((json_text(line, "name")?, json_text(line, "source_path")?))).collect();
        (listed.status.success() && !found.is_empty()).then(|| found)
    }
}

/// The text of a member of an object on one line, as libtest writes them.
fn json_text(line: &str, key: &str) -> Option<String> {
    let start = format!("\"{}\": \"", key);
    let rest = &line[line.find(&start)? + start.len()..];
    let mut text = String::new();
    let mut letters = rest.chars();
    loop {
        match letters.next()? {
            '"' => return Some(text),
            '\\' => text.push(letters.next()?),
            letter => text.push(letter),
        }
    }
}
