//! Warm calls: time, allocations, connections and system calls.
//!
//! The time is measured twice. Firstly, on all cores, with all rivals, and from the first call of a
//! turn. The client and the server are then often on two cores. Waking a core takes several times as
//! long as a call, but only sometimes, and the first calls of a turn load code into the caches.
//! Secondly, on one core, and after the first calls of a turn, so that only the work of the calls is
//! measured.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Arc;

use crate::calls::{self, ALL, BEST, OURS, RAW, REQWEST, SAME, Target, caller};
use crate::cores::{NO_TASKSET, on_one_core};
use crate::report::{Limit, Row, Section, contenders};
use crate::rounds::{Contender, heats, race};
use crate::schemes::Call;
use crate::server::{Recorded, Server, header};

const HEATS: usize = 5;
const ROUNDS: usize = 61;
const CALLS: u64 = 20;

/// The relevant headers of a request.
const HEADERS: [&str; 4] = ["host", "accept", "user-agent", "authorization"];

/// Panics unless all contenders send the same signed request.
fn same_requests(server: &mut Server, target: &Target) {
    let sent = |server: &mut Server, name: &str| {
        let mut call = caller(name, target);
        call(1);
        let mut recorded = server.record(|| assert_eq!(call(7), "1VShIZzLeIod"));
        assert_eq!(recorded.len(), 1, "{name} sends one request");
        recorded.remove(0)
    };
    let parts = |request: &Recorded| {
        let line = request.text.lines().next().unwrap().to_owned();
        let headers = HEADERS.map(|name| header(&request.text, name).map(str::to_owned));
        let body = request.text.split_once("\r\n\r\n").unwrap().1.to_owned();
        (line, headers, body)
    };
    let ours = sent(server, OURS);
    assert_eq!(ours.signed, Some(true));
    for name in ALL {
        assert_eq!(parts(&sent(server, name)), parts(&ours), "{name}");
    }
}

/// One call after the other on one thread.
pub fn section() -> Section {
    let mut server = Server::start();
    let (mut rows, mut table) = (Vec::new(), String::new());
    for (secure, way) in [(false, "plain"), (true, "TLS")] {
        let target = Target::of(&server, secure);
        same_requests(&mut server, &target);
        let callers =
            || ALL.iter().map(|name| Contender::new(name, caller(name, &target))).collect();
        let race = heats(callers, HEATS, ROUNDS, [0, CALLS]);
        let figure = |what: &str| format!("warm call, {way}: {what}");
        let best = race.counts(BEST).allocations;
        rows.push(Row::count(
            &figure("allocations, response of 11 fields"),
            race.counts(OURS).allocations,
            Limit::at((best + 6) as f64),
            format!("{BEST}: {best}"),
        ));
        let disturbed = figure("time, all cores, from the first call of a turn");
        rows.push(Row::told_ratio(&disturbed, race.ratio(OURS, BEST), BEST));
        rows.push(Row::ratio(&figure("time"), &race, OURS, REQWEST, Limit::at(0.6)));
        table += &format!("Warm calls, {way}:\n\n{}\n", contenders(&race, RAW));
        let race = on_one_core(|server| {
            let target = Target::of(server, secure);
            let callers = || {
                let contender = |name| Contender::new(name, caller(name, &target));
                [RAW, BEST, OURS].map(contender).into()
            };
            heats(callers, HEATS, ROUNDS, [CALLS, CALLS])
        });
        let figure = figure("time, one core");
        let Some(race) = race else {
            rows.push(Row::told(&figure, NO_TASKSET, "-"));
            continue;
        };
        rows.push(Row::ratio(&figure, &race, OURS, BEST, Limit::above(1.05, 1.08)));
        table += &format!("Warm calls, {way}, one core:\n\n{}\n", contenders(&race, RAW));
    }
    rows.extend(connections(&mut server));
    Section { title: "Warm calls", name: "warm", rows, table: Some(table), ..Section::default() }
}

fn connections(server: &mut Server) -> Vec<Row> {
    let mut made = |name: &str| {
        server.counts();
        let mut call = caller(name, &Target::of(server, false));
        (0..100).for_each(|number| drop(call(number)));
        server.counts().connections
    };
    let baseline = format!("{BEST}: {}", made(BEST));
    vec![Row::count("connections for 100 calls", made(OURS), Limit::at(1.0), baseline)]
}

const THREADS: u64 = 8;
const EACH: u64 = 100;

/// Calls of eight threads that share a client.
pub fn threads() -> Section {
    let server = Server::start();
    let target = Target::of(&server, false);
    let client = Arc::new(calls::client(&target));
    let agent = Arc::new(calls::best_agent(&target));
    let crowd = |make: &dyn Fn() -> Call| -> Box<dyn FnMut(u64)> {
        let mut callers: Vec<Call> = (0..THREADS).map(|_| make()).collect();
        Box::new(move |number| {
            std::thread::scope(|scope| {
                for (thread, call) in (0..THREADS).zip(&mut callers) {
                    scope.spawn(move || {
                        for index in 0..EACH {
                            call((number * THREADS + thread) * EACH + index);
                        }
                    });
                }
            });
        })
    };
    let raw = || caller(RAW, &target);
    let bare = || calls::bare(agent.clone(), &target);
    let ours = || calls::ours(client.clone(), "premium-content");
    let mut contenders = [
        Contender { name: RAW, call: crowd(&raw) },
        Contender { name: BEST, call: crowd(&bare) },
        Contender { name: OURS, call: crowd(&ours) },
    ];
    let race = race(&mut contenders, 61, 1);
    // 0.97 of the calls a second is 1.03 of the time.
    let figure = format!("{THREADS} threads, one client: time of {} calls", THREADS * EACH);
    let row = Row::ratio(&figure, &race, OURS, BEST, Limit::above(1.03, 1.2));
    let raw = Row::told(
        &format!("{THREADS} threads: against a connection by hand for each"),
        crate::report::times(race.ratio(OURS, RAW).spread),
        RAW,
    );
    Section { title: "Eight threads", name: "threads", rows: vec![row, raw], ..Section::default() }
}

/// Returns the system calls, threads and DNS lookups of `calls` warm calls.
struct Asked {
    system_calls: usize,
    threads: usize,
    look_ups: usize,
}

fn asked(name: &str, target: &Target, calls: u64) -> Option<Asked> {
    let log = std::env::temp_dir().join(format!("bench-strace-{}", std::process::id()));
    let status = Command::new("strace")
        .args(["-f", "-qq", "-o"])
        .arg(&log)
        .arg(std::env::current_exe().unwrap())
        .args(["calls", name, &calls.to_string(), &target.url, &target.port.to_string()])
        .status();
    let text = std::fs::read_to_string(&log);
    let _ = std::fs::remove_file(&log);
    status.ok()?.success().then_some(())?;
    let text = text.ok()?;
    let lines = || text.lines().filter(|line| !line.contains(" resumed>") && line.contains('('));
    let with = |words: &[&str]| {
        lines().filter(|line| words.iter().any(|word| line.contains(word))).count()
    };
    Some(Asked {
        system_calls: lines().count(),
        threads: with(&[" clone(", " clone3("]),
        look_ups: with(&["\"/etc/hosts\""]),
    })
}

/// Counted by strace, as the difference of a long and a short run.
pub fn system_calls() -> Section {
    const SHORT: u64 = 20;
    const LONG: u64 = 120;
    let server = Server::start();
    let target = Target::of(&server, false);
    let names: BTreeSet<&str> = [RAW, BEST, SAME, REQWEST, OURS].into();
    let (mut rows, mut table) = (Vec::new(), String::new());
    table +=
        "| contender | system calls a call | threads for 100 calls | look-ups for 100 calls |\n";
    table += "|---|---|---|---|\n";
    for name in names {
        let (Some(short), Some(long)) = (asked(name, &target, SHORT), asked(name, &target, LONG))
        else {
            rows.push(Row::told("system calls", "not measured: strace does not run here", "-"));
            break;
        };
        let each = (long.system_calls - short.system_calls) as f64 / (LONG - SHORT) as f64;
        let threads = long.threads - short.threads;
        let look_ups = long.look_ups - short.look_ups;
        table += &format!("| {name} | {each:.1} | {threads} | {look_ups} |\n");
        if name == OURS {
            let by_name = "warm call by host name, deadline on";
            let rounded = each.round() as usize;
            let row = Row::count(
                &format!("system calls, {by_name}"),
                rounded,
                Limit::at(5.0),
                "raw socket: 2",
            );
            rows.push(row);
            rows.push(Row::count(
                &format!("threads made, 100 calls, {by_name}"),
                threads,
                Limit::at(0.0),
                "0",
            ));
            // Those of the warm part; the first call of a client looks up once.
            let first = short.look_ups.min(1);
            let figure = "name look-ups for 100 calls";
            rows.push(Row::count(figure, look_ups + first, Limit::at(1.0), "1"));
        }
    }
    Section {
        title: "System calls",
        name: "syscalls",
        rows,
        table: Some(table),
        ..Section::default()
    }
}

/// The traced process: this number of calls of one contender.
pub fn run_calls(name: &str, calls: u64, url: &str, port: u16) {
    let target = Target { url: url.to_owned(), port, ca_pem: None };
    let mut call = caller(name, &target);
    (0..calls).for_each(|number| drop(call(number)));
}
