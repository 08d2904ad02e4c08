//! Which tests of a program are to run, and in which order: arguments of libtest. Some are of nightly compilers alone;
//! preload.c lets libtest take them, and keeps what it would print of them to itself.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read;

use crate::listing::Program;
use crate::places::Places;
use crate::Chosen;

#[derive(Default)]
pub struct Selection {
    shuffle: Option<String>, // the seed
    tests: Vec<String>,      // ids
    files: Vec<String>,      // whole paths
    ignore: Vec<String>,     // patterns
}

/// The name of no test.
const NONE: &str = "orchestrator::none";

/// What only a program that has libtest in it has.
const LIBTEST: &[u8] = b"RUST_TEST_SHUFFLE_SEED";

impl Selection {
    pub fn read(configuration: &str) -> Selection {
        let mut selection = Selection::default();
        let (mut order, mut seed) = ("", "");
        for word in configuration.split_whitespace() {
            match word.split_once('=') {
                Some(("order", said)) => order = said,
                Some(("seed", said)) => seed = said,
                Some(("tests", path)) => selection.tests = read_list(path),
                Some(("files", path)) => selection.files = read_list(path),
                Some(("ignore", path)) => selection.ignore = read_list(path),
                _ => (),
            }
        }
        if order == "shuffled" {
            selection.shuffle = Some(seed.to_string());
        }
        selection
    }

    fn chooses(&self) -> bool {
        !(self.tests.is_empty() && self.files.is_empty() && self.ignore.is_empty())
    }

    pub fn arguments(&self, program: &Program) -> Chosen {
        let as_they_are = Chosen { arguments: program.arguments.clone(), shuffled: false };
        if program.is_rustdoc() {
            return Chosen { arguments: self.of_rustdoc(program), shuffled: false };
        }
        if (self.shuffle.is_none() && !self.chooses()) || !has_libtest(program) {
            return as_they_are;
        }
        let mut chosen = match self.chooses() {
            true => Chosen { arguments: self.of_chosen(program), shuffled: false },
            false => as_they_are,
        };
        if let (Some(seed), None) = (&self.shuffle, program.only_test()) {
            if !program.has(&["-Zunstable-options", "-Z", "--shuffle"]) {
                chosen.arguments.push("-Zunstable-options".into());
                chosen.arguments.push(format!("--shuffle-seed={}", seed).into());
                chosen.shuffled = true;
            }
        }
        chosen
    }

    fn of_chosen(&self, program: &Program) -> Vec<OsString> {
        let places = Places::of(program);
        let all = match self.files.is_empty() {
            true => program.names(&[]).map(|names| names.into_iter().map(|name| (name, String::new())).collect()),
            false => program.names_and_files(),
        };
        let all: Vec<(String, String)> = match all {
            Some(all) => all,
            None => return program.arguments.clone(),
        };
        let wanted: Vec<&String> =
            all.iter().filter(|(name, file)| self.wants(program, &places, name, file)).map(|(name, _)| name).collect();
        if wanted.len() == all.len() {
            return program.arguments.clone();
        }
        let (_, mut arguments) = program.filters();
        if !program.has(&["--exact"]) {
            arguments.push("--exact".into());
        }
        match wanted.is_empty() {
            true => arguments.push(NONE.into()),
            false => arguments.extend(wanted.into_iter().map(OsString::from)),
        }
        arguments
    }

    fn wants(&self, program: &Program, places: &Places, name: &str, file: &str) -> bool {
        let id = places.id(program, name);
        let last = name.rsplit("::").next().unwrap_or(name);
        let ignored = self.ignore.iter().any(|pattern| [&*id, name, last].iter().any(|text| matches(pattern, text)));
        let of_tests = self.tests.is_empty() || self.tests.contains(&id);
        let of_files = self.files.is_empty() || self.files.contains(&format!("/work/{}", places.of_file(file)));
        !ignored && of_tests && of_files
    }

    /// Of tests in documentation those of the wanted tests' files: their names have blanks, which rustdoc cannot take.
    fn of_rustdoc(&self, program: &Program) -> Vec<OsString> {
        let mut arguments = program.arguments.clone();
        if (self.tests.is_empty() && self.files.is_empty()) || program.has(&["--test-args"]) {
            return arguments;
        }
        let here = std::env::current_dir().unwrap_or_default();
        let in_documentation = self.tests.iter().filter(|id| id.contains("(line "));
        let of_tests = in_documentation.filter_map(|id| id.split_once("::")).map(|(file, _)| format!("/work/{}", file));
        let mut filters: Vec<String> = self.files.iter().cloned().chain(of_tests).collect();
        filters.sort();
        filters.dedup();
        filters = filters
            .iter()
            .filter_map(|path| path.strip_prefix(&format!("{}/", here.display())))
            .filter(|path| !path.contains(char::is_whitespace))
            .map(String::from)
            .collect();
        if filters.is_empty() {
            filters.push(NONE.to_string());
        }
        for filter in filters {
            arguments.push("--test-args".into());
            arguments.push(filter.into());
        }
        arguments
    }
}

extern "C" {
    fn memmem(all: *const u8, length: usize, wanted: *const u8, of: usize) -> *const u8;
}

/// What a program says is near its beginning, and what debuggers need behind that.
fn has_libtest(program: &Program) -> bool {
    let mut bytes = vec![0; 256 * 1024];
    let mut kept = 0; // of the end of the last piece: it may be there that it begins
    if let Ok(mut file) = File::open(&program.path) {
        while let Ok(length @ 1..) = file.read(&mut bytes[kept..]) {
            let all = kept + length;
            // SAFETY: both are read within their lengths.
            if unsafe { !memmem(bytes.as_ptr(), all, LIBTEST.as_ptr(), LIBTEST.len()).is_null() } {
                return true;
            }
            kept = all.min(LIBTEST.len());
            bytes.copy_within(all - kept..all, 0);
        }
    }
    false
}

fn read_list(path: &str) -> Vec<String> {
    let bytes = fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&bytes).split('\0').filter(|entry| !entry.is_empty()).map(String::from).collect()
}

/// As Python's fnmatchcase, without sets of characters.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut star = None; // where the last one is, and from where on it matches less
    while t < text.len() {
        if p < pattern.len() && pattern[p] == '*' {
            star = Some((p, t));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == '?' || pattern[p] == text[t]) {
            p += 1;
            t += 1;
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            p = at + 1;
            t = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|letter| *letter == '*')
}
