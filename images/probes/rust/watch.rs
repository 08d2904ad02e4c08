//! Runs a program of tests, or rustdoc, and tells its tests apart: by the copy of its output that preload.c sends, and by
//! how it ended. Its output is its own, and this process ends as it did. What is told are the records that
//! ../pytest/orchestrator_probe_session.py documents.
//!
//! ORCHESTRATOR_PROGRAM is the program; ORCHESTRATOR_PROBE says how its tests are to be run ("order=shuffled seed=7";
//! lists of tests, files and patterns are files of their own, separated by NUL).

mod lines;
mod listing;
mod output;
mod places;
mod records;
mod selection;

use std::env;
use std::ffi::OsString;
use std::io;
use std::os::raw::c_int;
use std::os::unix::io::AsRawFd;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::panic;
use std::process::{self, Child, ExitStatus};
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;

use listing::Program;
use output::Listener;
use records::Channel;
use selection::Selection;

extern "C" {
    fn dup2(from: c_int, to: c_int) -> c_int;
    fn kill(process: c_int, signal: c_int) -> c_int;
    fn signal(number: c_int, handler: usize) -> usize;
}

const DEFAULT: usize = 0; // SIG_DFL
const IGNORED: usize = 1; // SIG_IGN
const PASSED_ON: [c_int; 4] = [1, 2, 3, 15]; // HUP, INT, QUIT, TERM

const COPY_FD: c_int = 198; // out of the way of those that the tests open
const LARGEST_MESSAGE: usize = 40_000; // preload.c's, and one byte
const THE_END: u8 = 0;

const PRELOAD: &str = "/.orchestrator/rust/preload.so";

fn main() {
    // A mistake of ours must not look like one of the tests'.
    panic::set_hook(Box::new(|_| ()));
    let program = match Program::of_this_process() {
        Some(program) => program,
        None => process::exit(2),
    };
    let configuration = env::var("ORCHESTRATOR_PROBE").unwrap_or_default();
    let result_path = env::var_os("ORCHESTRATOR_RESULT_PATH").unwrap_or_default();
    for name in ["PROGRAM", "PROBE", "RESULT_FD", "RESULT_PATH"] {
        env::remove_var(format!("ORCHESTRATOR_{}", name));
    }
    let preloaded = env::var("LD_PRELOAD").ok();
    forget_preload(preloaded.as_deref());
    let watched = Channel::open(&result_path).and_then(|channel| {
        let selection = Selection::read(&configuration);
        watch(&program, &selection, preloaded, channel)
    });
    let error = match watched {
        Ok(status) => end_as(status),
        Err(_) => program.command().exec(),
    };
    eprintln!("{}: {}", program.path.display(), error);
    process::exit(127);
}

/// For what is started from here; the program itself gets it back.
fn forget_preload(all: Option<&str>) {
    let kept = all.and_then(|all| all.strip_suffix(PRELOAD)).unwrap_or("");
    match kept.strip_suffix(':') {
        Some(others) if !others.is_empty() => env::set_var("LD_PRELOAD", others),
        _ => env::remove_var("LD_PRELOAD"),
    }
}

/// An error: nothing was started.
fn watch(
    program: &Program,
    selection: &Selection,
    preloaded: Option<String>,
    channel: Channel,
) -> io::Result<ExitStatus> {
    let chosen = panic::catch_unwind(|| selection.arguments(program))
        .unwrap_or_else(|_| Chosen { arguments: program.arguments.clone(), shuffled: false });
    let (ours, theirs) = UnixDatagram::pair()?;
    let how = format!(
        "{}{}{}{}",
        COPY_FD,
        if program.shows_output() { " errors" } else { "" },
        if chosen.shuffled { " shuffled" } else { "" },
        if program.is_rustdoc() { " rustdoc" } else { "" }
    );
    let program = program.with(chosen.arguments);
    let heard = program.clone();
    let reader = thread::Builder::new().spawn(move || listen(&ours, Listener::new(heard, channel)))?;
    let started = start(&program, &theirs, how, preloaded);
    let status = started.map(|mut child| wait(&mut child));
    // Behind everything that the program has sent.
    let _ = theirs.send(&[THE_END]);
    if let (Ok(listener), Ok(status)) = (reader.join(), &status) {
        let _ = panic::catch_unwind(panic::AssertUnwindSafe(|| listener.ended(*status)));
    }
    status
}

fn start(program: &Program, socket: &UnixDatagram, how: String, preloaded: Option<String>) -> io::Result<Child> {
    let mut command = program.command();
    command.env("ORCHESTRATOR_COPY", how);
    command.env("LD_PRELOAD", preloaded.unwrap_or_else(|| PRELOAD.to_string()));
    let fd = socket.as_raw_fd();
    // SAFETY: dup2 alone, which is fine between fork and exec.
    unsafe {
        command.pre_exec(move || match dup2(fd, COPY_FD) {
            COPY_FD => Ok(()),
            _ => Err(io::Error::last_os_error()),
        });
    }
    let child = command.spawn()?;
    CHILD.store(child.id() as c_int, Ordering::SeqCst);
    for number in PASSED_ON {
        // SAFETY: the handler only calls what may be called in one.
        unsafe {
            if signal(number, pass_on as extern "C" fn(c_int) as usize) == IGNORED {
                signal(number, IGNORED);
            }
        }
    }
    Ok(child)
}

static CHILD: AtomicI32 = AtomicI32::new(0);

extern "C" fn pass_on(number: c_int) {
    let child = CHILD.load(Ordering::SeqCst);
    if child > 0 {
        // SAFETY: kill may be called in a handler.
        unsafe { kill(child, number) };
    }
}

fn wait(child: &mut Child) -> ExitStatus {
    let status = child.wait();
    CHILD.store(0, Ordering::SeqCst);
    status.unwrap_or_else(|_| process::exit(1))
}

fn listen(socket: &UnixDatagram, mut listener: Listener) -> Listener {
    let mut message = vec![0; LARGEST_MESSAGE];
    while let Ok(length) = socket.recv(&mut message) {
        match message[..length].first() {
            None | Some(&THE_END) => break,
            Some(&from) => listener.hear(from, &message[1..length]),
        }
    }
    listener
}

fn end_as(status: ExitStatus) -> ! {
    if let Some(number) = status.signal() {
        // SAFETY: this process ends here.
        unsafe {
            signal(number, DEFAULT);
            kill(process::id() as c_int, number);
        }
        process::exit(128 + number);
    }
    process::exit(status.code().unwrap_or(1))
}

/// What the arguments become.
pub struct Chosen {
    pub arguments: Vec<OsString>,
    pub shuffled: bool,
}
