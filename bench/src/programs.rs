//! Whole programs: one call from start to exit, how large they are, what building them costs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::report::{Limit, Row, Section};
use crate::rounds::Spread;
use crate::server::Server;

const BARE: &str = "program-bare";
const OURS: &str = "program-tinypass";
const NAMES: [&str; 2] = [BARE, OURS];

/// What the kernel says of a process that has ended, those it waited for included.
#[derive(Debug, Clone, Copy)]
pub struct Used {
    pub wall: f64,
    cpu: f64,
    /// Peak resident memory, KiB.
    memory: usize,
}

/// Runs a program and prints what it used: `WALL CPU MEMORY`. This process is small, so that its
/// own memory, which a child begins with, does not show.
pub fn launch(program: &str, arguments: &[&str]) {
    let begin = Instant::now();
    let child = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut status = 0;
    // SAFETY: both pointers are to values that outlive the call.
    let usage = unsafe {
        let mut usage = std::mem::zeroed::<libc::rusage>();
        let waited =
            libc::wait4(child.id().try_into().unwrap(), &raw mut status, 0, &raw mut usage);
        assert!(waited > 0);
        usage
    };
    let wall = begin.elapsed().as_nanos();
    assert_eq!(status, 0, "{program} failed");
    let nanoseconds = |time: libc::timeval| time.tv_sec * 1_000_000_000 + time.tv_usec * 1000;
    let cpu = nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime);
    println!("{wall} {cpu} {}", usage.ru_maxrss);
}

/// Runs a program through a small one; see [`launch`].
pub fn used(program: &Path, arguments: &[&str]) -> Used {
    let output = Command::new(std::env::current_exe().unwrap())
        .arg("launch")
        .arg(program)
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let mut numbers = text.split_whitespace().map(|number| number.parse::<f64>().unwrap());
    let mut next = || numbers.next().unwrap();
    Used { wall: next(), cpu: next(), memory: next() as usize }
}

/// The folder of this package.
fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    command.args(arguments).current_dir(folder());
    command
}

/// Builds the programs as they would be shipped, each alone.
fn built() -> [PathBuf; 2] {
    NAMES.map(|name| {
        let build = ["build", "--quiet", "--profile", "program", "--package", name];
        assert!(cargo(&build).status().unwrap().success());
        folder().join("target/program").join(name)
    })
}

pub fn one_shot() -> Section {
    const ROUNDS: usize = 101;
    let [bare, ours] = built();
    let server = Server::start();
    let ca = std::env::temp_dir().join(format!("bench-ca-{}.pem", std::process::id()));
    std::fs::write(&ca, &server.ca_pem).unwrap();
    let url = server.url(true);
    let arguments = [url.as_str(), ca.to_str().unwrap()];
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        let run = |program: &Path| used(program, &arguments);
        rounds.push(match round % 2 {
            0 => (run(&bare), run(&ours)),
            _ => {
                let ours = run(&ours);
                (run(&bare), ours)
            }
        });
    }
    let row = |figure: &str, unit: fn(&Used) -> f64| {
        let floor = Spread::of(rounds.iter().map(|(bare, _)| unit(bare)).collect());
        let ratio = Spread::of(rounds.iter().map(|(bare, ours)| unit(ours) / unit(bare)).collect());
        Row::multiple(figure, ratio, (BARE, floor), Limit::above(1.08, 1.25))
    };
    let mut rows = vec![
        row("one call over HTTPS, start to exit: wall", |used| used.wall),
        row("one call over HTTPS, start to exit: processor", |used| used.cpu),
    ];
    let memory = |pick: fn(&(Used, Used)) -> usize| {
        Spread::of(rounds.iter().map(|round| pick(round) as f64).collect()).median as usize
    };
    let (floor, mine) = (memory(|round| round.0.memory), memory(|round| round.1.memory));
    rows.push(Row::count(
        "peak resident memory, KiB",
        mine,
        Limit::at((floor + 205) as f64),
        format!("{BARE}: {floor}"),
    ));
    rows.push(certificate_files(&ours, &arguments));
    let _ = std::fs::remove_file(ca);
    let size = |program: &Path| std::fs::metadata(program).unwrap().len() as usize / 1000;
    let (floor, mine) = (size(&bare), size(&ours));
    let figure = "stripped release size, kB";
    rows.push(Row::count(
        figure,
        mine,
        Limit::above((floor + 120) as f64, (floor + 450) as f64),
        format!("{BARE}: {floor}"),
    ));
    Section { title: "One-shot programs", name: "programs", rows, table: None }
}

/// Files of the system's certificate store that a run opens.
fn certificate_files(program: &Path, arguments: &[&str]) -> Row {
    let figure = "files of the system's certificate store opened";
    let output = Command::new("strace")
        .args(["-f", "-e", "trace=file"])
        .arg(program)
        .args(arguments)
        .output();
    match output {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stderr);
            let stores = ["/etc/ssl", "/usr/share/ca-certificates", "/etc/pki", "/usr/lib/ssl"];
            let opened =
                text.lines().filter(|line| stores.iter().any(|store| line.contains(store)));
            Row::count(figure, opened.count(), Limit::at(0.0), "0")
        }
        _ => Row::told(figure, "not measured: strace does not run here", "-"),
    }
}

/// What a program with one provider costs to build from nothing.
pub fn build() -> Section {
    let target = std::env::temp_dir().join(format!("bench-build-{}", std::process::id()));
    let cold = |name: &str| {
        let _ = std::fs::remove_dir_all(&target);
        let program = option_env!("CARGO").unwrap_or("cargo");
        let manifest = folder().join("Cargo.toml");
        let flags = ["build", "--quiet", "--offline", "--package", name, "--manifest-path"];
        let target = ["--target-dir", target.to_str().unwrap()];
        let arguments = [&flags[..], &[manifest.to_str().unwrap()], &target].concat();
        used(Path::new(program), &arguments)
    };
    let (bare, ours) = (cold(BARE), cold(OURS));
    let _ = std::fs::remove_dir_all(&target);
    let once = |value: f64| Spread { p10: value, median: value, p90: value };
    let (floor, ratio) = (once(bare.cpu), once(ours.cpu / bare.cpu));
    let figure = "cold debug build, processor, run once";
    let row = Row::multiple(figure, ratio, (BARE, floor), Limit::at(1.12));
    let crates = |name: &str| {
        let tree =
            ["tree", "--edges", "normal", "--prefix", "none", "--no-dedupe", "--package", name];
        let output = cargo(&tree).output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        // Without the program itself.
        text.lines().collect::<std::collections::BTreeSet<_>>().len() - 1
    };
    let (floor, mine) = (crates(BARE), crates(OURS));
    let rows = vec![row, Row::count("crates", mine, Limit::at(47.0), format!("{BARE}: {floor}"))];
    Section { title: "Building", name: "build", rows, table: None }
}
