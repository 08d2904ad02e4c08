//! Where what the compiler names lies in the tree.

use std::env;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::listing::Program;

const TREE: &str = "/work";

/// Paths that the compiler wrote are relative to where it ran: the root of the workspace.
pub struct Places {
    compiled_in: PathBuf,
    root_file: Option<String>, // of the program, relative to the tree: "tests/api.rs"
}

impl Places {
    pub fn of(program: &Program) -> Places {
        let here = env::current_dir().unwrap_or_else(|_| PathBuf::from(TREE));
        if program.is_rustdoc() {
            return Places { compiled_in: here, root_file: None };
        }
        let package = env::var_os("CARGO_MANIFEST_DIR").map_or(here, PathBuf::from);
        match root_source(&program.path) {
            Some(source) => {
                let found = package.ancestors().find(|folder| folder.join(&source).is_file());
                let compiled_in = found.unwrap_or(&package).to_path_buf();
                let root_file = Some(in_tree(&compiled_in.join(&source)));
                Places { compiled_in, root_file }
            }
            None => Places { compiled_in: package, root_file: None },
        }
    }

    /// "tests/api.rs::posts"; of rustdoc's "src/lib.rs - add (line 5)" "src/lib.rs::add (line 5)".
    pub fn id(&self, program: &Program, name: &str) -> String {
        if program.is_rustdoc() {
            return match name.split_once(" - ") {
                Some((file, rest)) => format!("{}::{}", self.of_file(file), rest),
                None => name.to_string(),
            };
        }
        format!("{}::{}", self.of_program(program), name)
    }

    /// Its root file, or else its name.
    pub fn of_program(&self, program: &Program) -> String {
        self.root_file.clone().unwrap_or_else(|| {
            let name = program.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match name.rsplit_once('-') {
                Some((crate_name, _)) => crate_name.to_string(),
                None => name,
            }
        })
    }

    /// A path as the compiler wrote it, relative to the tree where it is below that.
    pub fn of_file(&self, path: &str) -> String {
        in_tree(&self.compiled_in.join(path))
    }

    /// A place of the project's own: "src/lib.rs:9".
    pub fn own_place(&self, path: &str, line: &str) -> Option<String> {
        let found = self.of_file(path);
        let own = !found.starts_with('/') && !["vendor/", "target/"].iter().any(|folder| found.starts_with(folder));
        own.then(|| format!("{}:{}", found, line))
    }
}

/// The first file of what cargo knows the program to be made of.
fn root_source(program: &Path) -> Option<String> {
    let mut list = program.as_os_str().to_os_string();
    list.push(".d");
    let text = fs::read_to_string(list).ok()?;
    let files = text.lines().next()?.split_once(": ")?.1;
    let end = files.char_indices().find(|&(i, letter)| letter == ' ' && !files[..i].ends_with('\\'));
    Some(files[..end.map_or(files.len(), |(i, _)| i)].replace("\\ ", " "))
}

fn in_tree(path: &Path) -> String {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => (),
            other => plain.push(other),
        }
    }
    plain.strip_prefix(TREE).unwrap_or(&plain).to_string_lossy().into_owned()
}
