//! Programs: one call from start to exit, size, and build time.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Instant, SystemTime};

use crate::report::{Limit, Row, Section, duration};
use crate::rounds::{Ratio, Spread};
use crate::server::Server;

pub const BARE: &str = "program-bare";
pub const OURS: &str = "program-tinypass";
pub const TPAY: &str = "program-tpay";

/// The resource usage of a process and its children, from the kernel.
#[derive(Debug, Clone, Copy)]
pub struct Used {
    wall: f64,
    cpu: f64,
    /// Peak resident memory, KiB.
    memory: usize,
}

/// Runs a program and prints what it used: `WALL CPU MEMORY`. This process is small, so that its
/// own memory, which a child begins with, does not show.
#[expect(clippy::zombie_processes, reason = "`wait4` waits for it, and tells what it used")]
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

/// Builds a program in release mode, stripped.
pub fn built(name: &str) -> PathBuf {
    built_with(name, &[])
}

/// Builds a program that trusts the CA of the test server in addition to Mozilla's roots. The last
/// build of a program replaces the one before.
fn built_with_own_ca(name: &str) -> PathBuf {
    built_with(name, &["--features", "own-ca"])
}

fn built_with(name: &str, features: &[&str]) -> PathBuf {
    let build = ["build", "--quiet", "--profile", "program", "--target-dir", "target", "-p", name];
    assert!(cargo(&[&build, features].concat()).status().unwrap().success());
    folder().join("target/program").join(name)
}

/// The CA of the server, in a file.
pub fn ca_file(server: &Server) -> PathBuf {
    let file = std::env::temp_dir().join(format!("bench-ca-{}.pem", std::process::id()));
    std::fs::write(&file, &server.ca_pem).unwrap();
    file
}

/// The usage of the baseline and the client, by round, in alternating order.
pub fn in_turns(
    rounds: usize,
    baseline: impl Fn() -> Used,
    ours: impl Fn() -> Used,
) -> Vec<(Used, Used)> {
    let round = |number| match number % 2 {
        0 => (baseline(), ours()),
        _ => {
            let ours = ours();
            (baseline(), ours)
        }
    };
    (0..rounds).map(round).collect()
}

pub fn wall(used: &Used) -> f64 {
    used.wall
}

fn cpu(used: &Used) -> f64 {
    used.cpu
}

/// Returns the usage of the client as a multiple of the baseline.
pub fn row(
    figure: &str,
    rounds: &[(Used, Used)],
    unit: fn(&Used) -> f64,
    name: &str,
    limit: Limit,
) -> Row {
    let (baseline, mine): (Vec<f64>, Vec<f64>) =
        rounds.iter().map(|(baseline, mine)| (unit(baseline), unit(mine))).unzip();
    Row::multiple(figure, Ratio::of(&baseline, &mine), name, limit)
}

pub fn one_shot() -> Section {
    let size = |name: &str| std::fs::metadata(built(name)).unwrap().len() as usize / 1000;
    let (baseline_size, our_size) = (size(BARE), size(OURS));
    let (bare, ours) = (built_with_own_ca(BARE), built_with_own_ca(OURS));
    let server = Server::start();
    let (ca, url) = (ca_file(&server), server.url(true));
    let arguments = [url.as_str(), ca.to_str().unwrap()];
    let rounds = in_turns(101, || used(&bare, &arguments), || used(&ours, &arguments));
    let limit = Limit::above(1.08, 1.25);
    let mut rows = vec![
        row("one call over HTTPS, start to exit: wall", &rounds, wall, BARE, limit),
        row("one call over HTTPS, start to exit: processor", &rounds, cpu, BARE, limit),
    ];
    let memory = |pick: fn(&(Used, Used)) -> usize| {
        Spread::of(rounds.iter().map(|round| pick(round) as f64).collect()).median as usize
    };
    let (baseline, mine) = (memory(|round| round.0.memory), memory(|round| round.1.memory));
    rows.push(Row::count(
        "peak resident memory, KiB",
        mine,
        Limit::at((baseline + 205) as f64),
        format!("{BARE}: {baseline}"),
    ));
    let figure = "files of the system's certificate store opened";
    rows.push(certificate_files(figure, &ours, &arguments));
    let _ = std::fs::remove_file(ca);
    let figure = "stripped release size, kB";
    rows.push(Row::count(
        figure,
        our_size,
        Limit::above((baseline_size + 120) as f64, (baseline_size + 450) as f64),
        format!("{BARE}: {baseline_size}"),
    ));
    Section { title: "One-shot programs", name: "programs", rows, ..Section::default() }
}

/// Files of the system's certificate store that a run opens.
pub fn certificate_files(figure: &str, program: &Path, arguments: &[&str]) -> Row {
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

/// The cold build of a program with one provider.
pub fn build() -> Section {
    const ROUNDS: usize = 5;
    // Downloads are not measured.
    let _ = cargo(&["fetch", "--quiet"]).status();
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
    let rounds = in_turns(ROUNDS, || cold(BARE), || cold(OURS));
    let _ = std::fs::remove_dir_all(&target);
    let figure = "cold debug build, processor, 5 rounds";
    let mut rows = vec![row(figure, &rounds, cpu, BARE, Limit::at(1.12))];
    let walls =
        |pick: fn(&(Used, Used)) -> f64| Spread::of(rounds.iter().map(pick).collect()).median;
    rows.push(Row::told(
        "from `cargo add` to the first call: cold debug build without downloads, wall",
        duration(walls(|round| round.1.wall)),
        format!("{BARE}: {}", duration(walls(|round| round.0.wall))),
    ));
    rows.push(test_loop());
    let baseline = format!("{BARE}: {}", crates_of(BY_HAND));
    for (name, most) in [
        ("tinypass-client", 45.0),
        ("tinycert-client", 45.0),
        ("tokenpass-client", 45.0),
        ("tpay-client", 46.0),
    ] {
        let path = folder().parent().unwrap().join("crates").join(name);
        let crates = crates_of(&format!("{name} = {{ path = {path:?} }}"));
        let figure = format!("crates of {name}, itself included");
        rows.push(Row::count(&figure, crates, Limit::at(most), baseline.as_str()));
    }
    Section { title: "Building", name: "build", rows, ..Section::default() }
}

/// The time from a changed file to the result of a crate's tests.
fn test_loop() -> Row {
    let root = folder().parent().unwrap();
    let test = || {
        let target = folder().join("target/loop");
        let mut command = Command::new(option_env!("CARGO").unwrap_or("cargo"));
        command.args(["test", "--quiet", "--locked", "-p", "tpay-client", "--target-dir"]);
        command.arg(target).current_dir(root).stdout(Stdio::null());
        assert!(command.status().unwrap().success());
    };
    test();
    let file = root.join("crates/tpay-client/src/refunds.rs");
    File::options().append(true).open(file).unwrap().set_modified(SystemTime::now()).unwrap();
    let begin = Instant::now();
    test();
    let figure = "test loop: touch one file, `cargo test -p tpay-client`";
    Row::told(figure, duration(begin.elapsed().as_nanos() as f64), "-")
}

/// The dependencies of `program-bare`.
const BY_HAND: &str = r#"
hmac = "0.13"
serde = { version = "1", features = ["derive"] }
serde_json = "1"
sha2 = { version = "0.11", default-features = false }
ureq = { version = "~3.5.1", default-features = false, features = ["rustls"] }
"#;

/// Returns the number of crates of a program with these dependencies and its own lock file.
fn crates_of(dependencies: &str) -> usize {
    let alone = std::env::temp_dir().join(format!("bench-alone-{}", std::process::id()));
    let package = "[package]\nname = \"alone\"\nversion = \"0.0.0\"\nedition = \"2024\"";
    let manifest = format!("{package}\n\n[workspace]\n\n[dependencies]\n{dependencies}\n");
    std::fs::create_dir_all(alone.join("src")).unwrap();
    std::fs::write(alone.join("Cargo.toml"), manifest).unwrap();
    std::fs::write(alone.join("src/main.rs"), "fn main() {}\n").unwrap();
    let tree = ["tree", "--quiet", "--offline", "--edges", "normal", "--prefix", "none"];
    let output = cargo(&tree).arg("--no-dedupe").current_dir(&alone).output().unwrap();
    let _ = std::fs::remove_dir_all(&alone);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    // Without the program itself.
    text.lines().collect::<std::collections::BTreeSet<_>>().len() - 1
}
