//! Lines of libtest's, of those who print like it, and of a panic.

use std::time::Duration;

use crate::records::Outcome;

/// "running 3 tests", and libtest's own seed where a nightly compiler was asked for one.
pub fn tests_announced(line: &str) -> Option<usize> {
    let (number, rest) = line.strip_prefix("running ")?.split_once(" test")?;
    let rest = rest.strip_prefix('s').unwrap_or(rest);
    if !rest.is_empty() && !rest.starts_with(" (shuffle seed: ") {
        return None;
    }
    number.parse().ok()
}

/// "test a ... ok": its name and the rest.
pub fn test_line(line: &str) -> Option<(&str, &str)> {
    let (name, said) = line.strip_prefix("test ")?.split_once(" ... ")?;
    Some((plain_name(name), said))
}

/// Without what libtest and rustdoc say behind a name.
pub fn plain_name(name: &str) -> &str {
    let name = name.trim_end();
    [" - should panic", " - compile fail", " - compile"].iter().find_map(|said| name.strip_suffix(said)).unwrap_or(name)
}

/// "ok", "FAILED", "ignored, too slow", "ok <0.003s>", "bench: 12 ns/iter".
pub fn outcome_said(said: &str) -> Option<(Outcome, Option<Duration>)> {
    let (word, time) = match said.split_once(" <") {
        Some((word, time)) => (word, time.strip_suffix("s>").and_then(|seconds| seconds.parse().ok())),
        None => (said, None),
    };
    let took = time.filter(|seconds: &f64| (0.0..1e6).contains(seconds)).map(Duration::from_secs_f64);
    match word {
        "ok" => Some((Outcome::Passed, took)),
        "FAILED" | "FAILED (time limit exceeded)" => Some((Outcome::Failed, took)),
        _ if word == "ignored" || word.starts_with("ignored, ") => Some((Outcome::Skipped, took)),
        _ if word.starts_with("bench: ") => Some((Outcome::Passed, took)),
        _ => None,
    }
}

pub fn outcome_at_end(line: &str) -> Option<Outcome> {
    let words = [("ok", Outcome::Passed), ("FAILED", Outcome::Failed), ("ignored", Outcome::Skipped)];
    words.iter().find(|(word, _)| line.ends_with(word)).map(|(_, outcome)| *outcome)
}

/// "thread 'tests::a' (12) panicked at src/lib.rs:9:5:", before Rust 1.73 "thread 'a' panicked at 'why', src/lib.rs:9:5".
pub fn panicking_thread(line: &str) -> Option<&str> {
    let (_, said) = line.split_once("thread '")?; // maybe behind what the test has printed
    let (thread, rest) = said.split_once('\'')?;
    rest.contains(" panicked at ").then(|| thread)
}

/// Message and place of lines that begin with that.
pub fn panic_said(lines: &[&str]) -> (String, Option<String>) {
    let said = lines[0].split_once(" panicked at ").map_or("", |(_, said)| said);
    let rest: Vec<&str> = lines.iter().skip(1).take_while(|line| !is_behind_message(line)).copied().collect();
    match said.strip_prefix('\'') {
        None => (rest.join("\n"), said.strip_suffix(':').map(String::from)),
        Some(first) => {
            let whole = [vec![first], rest].concat().join("\n");
            match whole.rsplit_once("', ") {
                Some((message, place)) => (message.to_string(), Some(place.to_string())),
                None => (whole, None),
            }
        }
    }
}

fn is_behind_message(line: &str) -> bool {
    line.is_empty() || line == "stack backtrace:" || line.starts_with("note: ")
}
