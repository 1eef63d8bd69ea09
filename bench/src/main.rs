//! Measures the clients against what they are built on and against hand-written code, in the same
//! run. See `docs/performance.md` for what comes of it and how it is kept honest.
//!
//! ```text
//! bench [--check] [--quick] [--write=FILE] [SECTION...]
//! ```

mod calls;
mod clients;
mod count;
mod decode;
mod notify;
mod programs;
mod report;
mod rounds;
mod samples;
mod schemes;
mod server;
mod signing;
mod tokens;
mod warm;

use std::process::ExitCode;

use report::Section;

#[global_allocator]
static COUNTING: count::Counting = count::Counting;

/// A broken bound of a noisy moment is measured again.
const TRIES: usize = 3;

/// The section that takes minutes: two programs are built from nothing.
const SLOW: &str = "build";

type Measure = fn() -> Section;

const SECTIONS: &[(&str, Measure)] = &[
    ("warm", warm::section),
    ("clients", clients::section),
    ("threads", warm::threads),
    ("tokens", tokens::section),
    ("syscalls", warm::system_calls),
    ("sign", signing::section),
    ("decode", decode::section),
    ("notifications", notify::section),
    ("programs", programs::one_shot),
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
        ["ask", url, folder] => tokens::ask(url, folder),
        ["launch", program, arguments @ ..] => programs::launch(program, arguments),
        words => return measure(words),
    }
    ExitCode::SUCCESS
}

/// What the page was measured on.
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
    let mut text = String::new();
    let mut broken = Vec::new();
    for (name, run) in SECTIONS.iter().filter(|(name, _)| chosen(name)) {
        if words.contains(&"--quick") && *name == SLOW {
            text +=
                "### Building\n\nLeft out of this run; `cargo xtask bench build` measures it.\n\n";
            continue;
        }
        let mut section = run();
        for _ in 1..TRIES {
            if section.is_broken() {
                section = run();
            }
        }
        println!("{}", section.markdown());
        text += &section.markdown();
        text.push('\n');
        if section.is_broken() {
            broken.push(section.name);
        }
    }
    if let Some(file) = words.iter().find_map(|word| word.strip_prefix("--write=")) {
        let head = include_str!("head.md");
        let tail = include_str!("tail.md");
        let page = format!("{head}{}\n## Figures\n\n{text}{tail}", machine());
        std::fs::write(file, page).unwrap();
    }
    if check && !broken.is_empty() {
        eprintln!("bench: a bound is broken in: {}", broken.join(", "));
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
