//! Records to the supervisor, one line each. Programs may run side by side: each record names its program, and none is
//! longer than what a pipe takes as a whole.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::process;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const LINES: usize = 4000; // bytes of a write; a pipe takes 4,096 at once
const MESSAGE: usize = 400;
const TEXT: usize = 3000;

pub struct Channel {
    file: Option<File>,
}

impl Channel {
    pub fn open(path: &OsStr) -> io::Result<Channel> {
        Ok(Channel { file: Some(OpenOptions::new().write(true).open(path)?) })
    }

    /// Whole lines. A write that fails ends it: the tests go on.
    fn write(&mut self, lines: &str) {
        if let Some(file) = &mut self.file {
            if file.write_all(lines.as_bytes()).is_err() {
                self.file = None;
            }
        }
    }
}

/// Of a test that did not pass.
#[derive(Default)]
pub struct Failure {
    pub kind: String, // "panic"
    pub message: String,
    pub place: String, // "src/lib.rs:9"
    pub text: String,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Outcome {
    Passed,
    Failed,
    Skipped,
}

pub struct Session {
    channel: Channel,
    key: u32,
    numbers: u32,
    times: HashMap<String, u32>,
}

impl Session {
    pub fn new(channel: Channel) -> Session {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let key = process::id() << 16 ^ now.as_micros() as u32;
        Session { channel, key, numbers: 0, times: HashMap::new() }
    }

    pub fn begins(&mut self, framework: &str, version: &str) {
        let line = format!(
            r#"{{"t":"session","k":{},"framework":{},"version":{},"root":"/work"}}"#,
            self.key,
            quoted(framework),
            quoted(version)
        );
        self.channel.write(&(line + "\n"));
    }

    /// The number of the test, for what is said of it later.
    pub fn starts(&mut self, id: &str) -> u32 {
        let times = self.times.entry(id.to_string()).or_insert(0);
        *times += 1;
        let (key, number) = (self.key, self.numbers);
        self.numbers += 1;
        let lines = format!(
            concat!(
                r#"{{"t":"test","k":{0},"i":{1},"id":{2},"r":{3}}}"#,
                "\n",
                r#"{{"t":"start","k":{0},"i":{1}}}"#,
                "\n",
                r#"{{"t":"phase","k":{0},"i":{1},"p":"setup","o":"passed","s":0}}"#,
                "\n"
            ),
            key,
            number,
            quoted(id),
            times
        );
        self.channel.write(&lines);
        number
    }

    pub fn ends(&mut self, number: u32, outcome: Outcome, took: Duration, failure: &Failure) {
        let (said, more) = match outcome {
            Outcome::Passed => ("passed", String::new()),
            Outcome::Skipped => ("skipped", String::new()),
            Outcome::Failed => ("failed", failure_members(failure)),
        };
        let lines = format!(
            concat!(
                r#"{{"t":"phase","k":{0},"i":{1},"p":"call","o":"{2}","s":{3:.6}{4}}}"#,
                "\n",
                r#"{{"t":"phase","k":{0},"i":{1},"p":"teardown","o":"passed","s":0}}"#,
                "\n"
            ),
            self.key,
            number,
            said,
            took.as_secs_f64(),
            more
        );
        self.channel.write(&lines);
    }

    /// Of the program as a whole.
    pub fn breaks(&mut self, id: &str, kind: &str, message: &str) {
        let line = format!(
            r#"{{"t":"collect_error","k":{},"id":{},"e":{},"m":{}}}"#,
            self.key,
            quoted(id),
            quoted(kind),
            quoted(message)
        );
        self.channel.write(&(line + "\n"));
    }

    pub fn finishes(&mut self, code: i32) {
        self.channel.write(&format!("{{\"t\":\"finish\",\"k\":{},\"exit\":{}}}\n", self.key, code));
    }
}

fn failure_members(failure: &Failure) -> String {
    let mut members = String::new();
    for longest in [TEXT, 1000, 300, 0] {
        members = format!(
            r#","e":{},"m":{},"at":{},"x":{}"#,
            quoted(&failure.kind),
            quoted(&cut(&failure.message, MESSAGE.min(longest + 100))),
            quoted(&cut(&failure.place, 300)),
            quoted(&cut(&failure.text, longest))
        );
        if members.len() < LINES - 300 {
            break;
        }
    }
    members
}

fn head(text: &str, longest: usize) -> &str {
    let mut end = longest.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn cut(text: &str, longest: usize) -> String {
    if text.len() <= longest {
        return text.to_string();
    }
    if longest < 40 {
        return String::new();
    }
    let mut tail = text.len() - longest / 2;
    while !text.is_char_boundary(tail) {
        tail += 1;
    }
    format!("{}\n[…]\n{}", head(text, longest / 2), &text[tail..])
}

fn quoted(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => {
                json.push('\\');
                json.push(letter);
            }
            letter if (letter as u32) < 0x20 || letter as u32 == 0x7f => {
                let _ = write!(json, "\\u{:04x}", letter as u32);
            }
            letter => json.push(letter),
        }
    }
    json.push('"');
    json
}
