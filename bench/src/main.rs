//! Measures the clients against the libraries below them and hand-written code, in the same run.
//! See `docs/performance.md` for the results and the method.
//!
//! ```text
//! bench [--check] [--quick] [--write=FILE] [SECTION...]
//! ```

mod calls;
mod chart;
mod cli;
mod clients;
mod cores;
mod count;
mod decode;
mod growth;
mod notify;
mod pages;
mod programs;
mod report;
mod rounds;
mod samples;
mod schemes;
mod server;
mod signing;
mod tokens;
mod warm;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use report::{Aims, Section};

#[global_allocator]
static COUNTING: count::Counting = count::Counting;

/// The number of measurements of a section that exceeded a bound or is inconclusive.
const TRIES: usize = 3;

/// The time after which no section is measured again, so that a run takes at most ten minutes.
const NO_MORE_TRIES: Duration = Duration::from_secs(270);

/// The longest measurement that is repeated at the end if a bound is exceeded.
const SHORT: Duration = Duration::from_secs(20);

/// The section that takes minutes: cold builds of two programs.
const SLOW: &str = "build";

type Measure = fn() -> Section;

const SECTIONS: &[(&str, Measure)] = &[
    ("warm", warm::section),
    ("clients", clients::section),
    ("threads", warm::threads),
    ("sign", signing::section),
    ("decode", decode::section),
    ("notifications", notify::section),
    ("tokens", tokens::section),
    ("syscalls", warm::system_calls),
    ("programs", programs::one_shot),
    ("pages", pages::pages),
    ("batch", pages::batch),
    ("growth", growth::section),
    ("cli", cli::section),
    ("build", programs::build),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["serve", certificate, key] => server::serve(certificate, key),
        ["calls", name, calls, url, port] => {
            warm::run_calls(name, calls.parse().unwrap(), url, port.parse().unwrap());
        }
        ["launch", program, arguments @ ..] => programs::launch(program, arguments),
        words => return measure(words),
    }
    ExitCode::SUCCESS
}

/// Returns a description of the machine.
fn machine() -> String {
    let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
    let info = read("/proc/cpuinfo");
    let model = info.lines().find_map(|line| line.strip_prefix("model name"));
    let model =
        model.map_or("an unknown processor", |name| name.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    let rustc = std::process::Command::new("rustc").arg("--version").output();
    let rustc = rustc.map(|out| String::from_utf8_lossy(&out.stdout).trim().to_owned());
    format!(
        "The machine: {cores} cores of {model}, Linux {}, {}; load at the end of the run: {}.\n",
        kernel.trim(),
        rustc.unwrap_or_default(),
        load.split(' ').next().unwrap_or_default(),
    )
}

fn measure(words: &[&str]) -> ExitCode {
    let check = words.contains(&"--check");
    let chosen = |name: &str| {
        let names = || words.iter().filter(|word| !word.starts_with("--"));
        names().next().is_none() || names().any(|word| *word == name)
    };
    let quick = words.contains(&"--quick");
    let mut sections: Vec<Section> = Vec::new();
    let mut short: Vec<(usize, Measure)> = Vec::new();
    let begin = Instant::now();
    for (name, run) in SECTIONS.iter().filter(|(name, _)| chosen(name)) {
        if quick && *name == SLOW {
            continue;
        }
        let started = Instant::now();
        let section = steadiest(*run, begin);
        if started.elapsed() < SHORT * TRIES as u32 {
            short.push((sections.len(), *run));
        }
        eprintln!("bench: {name} measured, {} s since the start", begin.elapsed().as_secs());
        println!("{}", section.markdown());
        sections.push(section);
    }
    // A disturbance may have lasted for all tries of a section.
    for (index, run) in short {
        if sections[index].is_broken() {
            let again = steadiest(run, Instant::now());
            if again.doubts() < sections[index].doubts() {
                println!("{}", again.markdown());
                sections[index] = again;
            }
        }
    }
    let aims = Aims::of(&sections);
    println!("{}", aims.markdown());
    if let Some(file) = words.iter().find_map(|word| word.strip_prefix("--write=")) {
        let head = include_str!("head.md");
        let tail = include_str!("tail.md");
        let text: Vec<String> = sections.iter().map(Section::markdown).collect();
        let text = text.join("\n");
        let aims = aims.markdown();
        let machine = machine();
        let rivals = report::rivals(&sections);
        let against = rivals.as_ref().map_or_else(String::new, |chart| {
            format!("\n## Against rivals\n\n{}", chart.markdown())
        });
        let page = format!("{head}{machine}\n{aims}{against}\n## Figures\n\n{text}\n{tail}");
        std::fs::write(file, page).unwrap();
        let folder = Path::new(file).with_extension("");
        std::fs::create_dir_all(&folder).unwrap();
        for chart in sections.iter().flat_map(|section| &section.charts).chain(&rivals) {
            let picture = folder.join(chart.file).with_extension("svg");
            std::fs::write(picture, &chart.svg).unwrap();
        }
    }
    if check {
        eprint!("{}", aims.where_bound_is_not_aim());
        let broken = sections.iter().filter(|section| section.is_broken());
        let broken: Vec<&str> = broken.map(|section| section.name).collect();
        if !broken.is_empty() {
            eprintln!("bench: a bound is broken in: {}", broken.join(", "));
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Returns the best of several runs of a section: other programs can only increase times.
fn steadiest(run: Measure, begin: Instant) -> Section {
    let mut best = run();
    for _ in 1..TRIES {
        if best.doubts() == (0, 0) || begin.elapsed() > NO_MORE_TRIES {
            break;
        }
        let next = run();
        if next.doubts() < best.doubts() {
            best = next;
        }
    }
    best
}
