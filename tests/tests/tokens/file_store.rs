//! A store of tokens that many threads and processes share, some of which are killed: one token
//! request per expiry, no incomplete file, no file that others can read, and no call that fails
//! because of the store.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use api_auth::{AccessToken, FileStore, ManualClock, MemoryStore, TokenKey, TokenStore};
use api_sandbox::{Misbehaviour, Server};
use test_support::cli::wait_until;
use tpay_client::Client;
use workspace_tests::Folder;
use workspace_tests::bank::{Bank, LIFE, call, call_on_a_busy_day, client_at, client_of};

/// The task of a child process: `TASK FOLDER [BASE_URL TIME CALLS]`.
const TASK: &str = "TOKEN_STORE_TASK";
const PROCESSES: usize = 100;
const THREADS: usize = 200;
const THREADS_OF_A_PROCESS: usize = 2;
const EXPIRIES: usize = 5;
const SIGKILL: i32 = 9;
const BEGIN: u64 = 1_700_000_000;

/// All threads call at once, once for each expiry, and once more after the token was revoked.
fn one_token_request_per_expiry(clients: &[Client], bank: &Mutex<Bank>, clock: &ManualClock) {
    let together = |expected: usize, calls: usize| {
        let barrier = Barrier::new(THREADS);
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (barrier, client) = (&barrier, &clients[thread % clients.len()]);
                scope.spawn(move || {
                    barrier.wait();
                    call(client).unwrap();
                });
            }
        });
        let mut bank = bank.lock().unwrap();
        assert_eq!(bank.last(), expected, "token requests");
        assert!(bank.calls.len() <= calls, "{} calls", bank.calls.len());
        bank.calls.clear();
    };
    for expiry in 1..=EXPIRIES {
        together(expiry, THREADS);
        together(expiry, THREADS);
        clock.advance(LIFE);
    }
    together(EXPIRIES + 1, THREADS);
    bank.lock().unwrap().revoked = true;
    together(EXPIRIES + 2, 2 * THREADS);
}

fn bank() -> (Arc<Mutex<Bank>>, ManualClock) {
    (Arc::default(), ManualClock::at_unix(BEGIN))
}

#[test]
fn two_hundred_threads_with_one_client_fetch_one_token_per_expiry() {
    let folder = Folder::new("token-store-one-client");
    let ((bank, clock), (other, other_clock)) = (bank(), bank());
    let client = client_of(&bank, &clock, FileStore::new(&folder.0));
    one_token_request_per_expiry(&[client], &bank, &clock);
    let client = client_of(&other, &other_clock, MemoryStore::new());
    one_token_request_per_expiry(&[client], &other, &other_clock);
}

#[test]
fn two_hundred_clients_with_one_store_fetch_one_token_per_expiry() {
    let folder = Folder::new("token-store-one-store");
    let stores: [Arc<dyn TokenStore>; 2] =
        [Arc::new(FileStore::new(&folder.0)), Arc::new(MemoryStore::new())];
    for store in stores {
        let (bank, clock) = bank();
        let client = |_| client_of(&bank, &clock, store.clone());
        let clients: Vec<Client> = (0..THREADS).map(client).collect();
        one_token_request_per_expiry(&clients, &bank, &clock);
    }
    is_private(&folder.0);
}

#[test]
fn two_hundred_clients_with_stores_of_their_own_in_one_folder_fetch_one_token_per_expiry() {
    let folder = Folder::new("token-store-one-folder");
    let (bank, clock) = bank();
    let client = |_| client_of(&bank, &clock, FileStore::new(&folder.0));
    let clients: Vec<Client> = (0..THREADS).map(client).collect();
    one_token_request_per_expiry(&clients, &bank, &clock);
    is_private(&folder.0);
}

#[expect(clippy::disallowed_methods, reason = "how a child knows that it is one")]
fn task() -> Option<String> {
    std::env::var(TASK).ok()
}

/// Returns a command that runs this program again, with a task.
fn command(task: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "file_store::a_child_does_its_task", "--quiet"]).env(TASK, task);
    command.stdout(Stdio::null());
    command
}

fn child(task: &str) -> Child {
    command(task).spawn().unwrap()
}

/// Starts a process that makes `calls` calls on each of two threads, at the given time.
fn caller(folder: &Folder, server: &Server<Bank>, time: u64, calls: usize) -> Child {
    child(&format!("call\n{}\n{}\n{time}\n{calls}", folder.0.display(), server.base_url()))
}

/// Does nothing unless it is started by [`child`].
#[test]
fn a_child_does_its_task() {
    let Some(task) = task() else { return };
    // A folder may have a space in its name.
    let mut words = task.lines();
    let (task, folder) = (words.next().unwrap(), Path::new(words.next().unwrap()));
    let store = FileStore::new(folder);
    match task {
        "call" => {
            let base = words.next().unwrap();
            let time = words.next().unwrap().parse().unwrap();
            let calls = words.next().unwrap().parse().unwrap();
            std::thread::scope(|scope| {
                for _ in 0..THREADS_OF_A_PROCESS {
                    scope.spawn(|| {
                        let client = client_at(base, ManualClock::at_unix(time), store.clone());
                        for _ in 0_usize..calls {
                            call_on_a_busy_day(&client);
                        }
                    });
                }
            });
        }
        "lock" => {
            let _held = store.lock(&key()).expect("the lock");
            std::process::abort();
        }
        "write" => {
            for number in 0.. {
                store.save(&key(), &token(number));
            }
        }
        "write-once" => {
            let _held = store.lock(&key()).expect("the lock");
            store.save(&key(), &token(2));
        }
        other => panic!("{other}"),
    }
}

fn key() -> TokenKey {
    TokenKey::new(&["stress"])
}

/// A token whose parts depend on each other, and that is longer than one block of a disk.
fn token(number: u64) -> AccessToken {
    let value = format!("{number:08}").repeat(1000);
    let received = UNIX_EPOCH + Duration::from_secs(number);
    AccessToken::new(value.clone(), received).with_refresh(value)
}

fn is_private(folder: &Path) {
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder), 0o700);
    for entry in std::fs::read_dir(folder).unwrap() {
        // Temporary files may exist at this time.
        if let Ok(metadata) = entry.unwrap().metadata() {
            assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        }
    }
}

fn is_private_if_there(folder: &Path) {
    if folder.exists() {
        is_private(folder);
    }
}

fn server() -> Server<Bank> {
    Server::start(0, Bank::default()).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
    std::fs::read_dir(folder).unwrap().map(|entry| name(entry).into_string().unwrap()).collect()
}

#[test]
fn a_hundred_processes_that_start_together_fetch_one_token_per_expiry() {
    let (server, folder) = (server(), Folder::new("token-store-together"));
    for expiry in 0..2 {
        let time = BEGIN + expiry * LIFE.as_secs();
        let children: Vec<Child> =
            (0..PROCESSES).map(|_| caller(&folder, &server, time, 1)).collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        let (granted, calls) = server.state(|bank| (bank.last(), bank.calls.len()));
        let waves = usize::try_from(expiry).unwrap() + 1;
        assert_eq!((granted, calls), (waves, waves * PROCESSES * THREADS_OF_A_PROCESS));
    }
    is_private(&folder.0);
    assert_eq!(names(&folder.0).len(), 2, "the token and its lock");
}

#[test]
fn a_process_that_is_killed_while_it_fetches_costs_one_token_request_and_no_call() {
    let (server, folder) = (server(), Folder::new("token-store-fetching"));
    // The first one requests a token and has the lock; there is no response.
    server.misbehave(Misbehaviour::StallInHeaders(Duration::from_secs(3600)), 1);
    let mut first = caller(&folder, &server, BEGIN, 1);
    wait_until(&mut first, || !server.seen().is_empty());
    assert!(server.seen()[0].request.path() == "/oauth/auth");
    let mut others: Vec<Child> =
        (0..PROCESSES).map(|_| caller(&folder, &server, BEGIN, 1)).collect();
    first.kill().unwrap();
    first.wait().unwrap();
    for child in &mut others {
        assert!(child.wait().unwrap().success());
    }
    let (granted, calls) = server.state(|bank| (bank.last(), bank.calls.len()));
    assert_eq!((granted, calls), (2, PROCESSES * THREADS_OF_A_PROCESS));
    is_private(&folder.0);
}

/// Returns a reproducible sequence of pseudo-random numbers.
fn numbers() -> impl Iterator<Item = usize> {
    std::iter::successors(Some(88_172_645_463_325_252_u64), |x| {
        let x = x ^ (x << 13);
        let x = x ^ (x >> 7);
        Some(x ^ (x << 17))
    })
    .map(|number| usize::try_from(number >> 33).unwrap())
}

#[test]
fn processes_that_are_killed_anywhere_cost_no_more_than_the_tokens_that_they_fetched() {
    const AT_ONCE: usize = 20;
    let (server, folder) = (server(), Folder::new("token-store-killed"));
    server.state(|bank| bank.most_calls = Some(300));
    let mut numbers = numbers();
    let mut chance = move |below: usize| numbers.next().unwrap() % below;
    let (mut living, mut killed) = (Vec::new(), BTreeSet::new());
    let mut end_of_one = |living: &mut Vec<(Child, bool)>| {
        let (mut child, doomed) = living.swap_remove(chance(living.len()));
        if doomed {
            killed.insert(format!("process-{}", child.id()));
            child.kill().unwrap();
            assert_eq!(child.wait().unwrap().signal(), Some(SIGKILL));
        } else {
            assert!(child.wait().unwrap().success());
        }
        is_private_if_there(&folder.0);
    };
    for number in 0..PROCESSES {
        // Half of the processes make calls until they are killed.
        let doomed = number % 2 == 0;
        let calls = if doomed { usize::MAX } else { 30 };
        living.push((caller(&folder, &server, BEGIN, calls), doomed));
        if living.len() == AT_ONCE {
            end_of_one(&mut living);
        }
    }
    while !living.is_empty() {
        end_of_one(&mut living);
    }
    assert_eq!(killed.len(), PROCESSES / 2);
    server.state(|bank| bank.most_calls = None);
    let fetches_of_one_more = || {
        let before = server.state(|bank| bank.last());
        assert!(caller(&folder, &server, BEGIN, 1).wait().unwrap().success());
        server.state(|bank| bank.last()) - before
    };
    // The last token may also be lost with its process, or used up.
    assert!(fetches_of_one_more() <= 1);
    assert_eq!(fetches_of_one_more(), 0, "the last token is kept");

    let (granted, calls) = server.state(|bank| (bank.last(), bank.calls.len()));
    let (lost, refusals) = server.state(|bank| (bank.lost.clone(), bank.refusals.clone()));
    println!(
        "{} killed of {PROCESSES}, {calls} calls, {granted} tokens, of which {} died with a process",
        killed.len(),
        lost.len()
    );
    assert!(granted > EXPIRIES, "{granted}");
    for who in &lost {
        assert!(killed.contains(who), "{who} lives, and its token was fetched again");
    }
    assert!(!refusals.is_empty());
    for ((who, token), times) in refusals {
        assert!(times <= THREADS_OF_A_PROCESS, "a client of {who} used {token} again");
    }
    server.state(|bank| bank.revoked = true);
    assert_eq!(fetches_of_one_more(), 1);
    let kept = names(&folder.0);
    assert_eq!(
        kept.len(),
        2,
        "the token and its lock, and no temporary file of a killed process: {kept:?}"
    );
    is_private(&folder.0);
}

#[test]
fn a_writer_that_is_killed_in_the_middle_of_a_file_leaves_no_trace_for_others() {
    let folder = Folder::new("token-store-torn-file");
    let store = FileStore::new(&folder.0);
    store.save(&key(), &token(1));
    for _ in 0..5 {
        // The system kills a process that writes a file of more than one block.
        let program = std::env::current_exe().unwrap();
        let status = Command::new("sh")
            .args([
                "-c",
                "ulimit -c 0; ulimit -f 1; exec \"$0\" --exact file_store::a_child_does_its_task",
            ])
            .arg(program)
            .env(TASK, format!("write-once\n{}", folder.0.display()))
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.signal().is_some(), "it was killed: {status}");
        let temporary_files =
            || names(&folder.0).into_iter().filter(|name| name.ends_with(".tmp")).count();
        assert_eq!(temporary_files(), 1, "in the middle of its file");
        is_private(&folder.0);
        assert_eq!(store.load(&key()), Some(token(1)));
        assert!(store.lock(&key()).is_some(), "its lock died with it");
        assert_eq!(temporary_files(), 0, "the next process with the lock removes it");
    }
}

#[test]
fn killed_process_releases_the_lock() {
    let folder = Folder::new("token-store-lock");
    for _ in 0..5 {
        let status = child(&format!("lock\n{}", folder.0.display())).wait().unwrap();
        assert!(!status.success(), "it died by its own hand");
        assert!(FileStore::new(&folder.0).lock(&key()).is_some());
    }
}

#[test]
fn writers_that_are_killed_leave_no_torn_token() {
    const WRITERS: usize = 10;
    let folder = Folder::new("token-store-torn");
    let store = FileStore::new(&folder.0);
    store.save(&key(), &token(0));
    let task = format!("write\n{}", folder.0.display());
    let mut writers: Vec<Child> = (0..WRITERS).map(|_| child(&task)).collect();
    let mut reads = 0;
    let mut changes = 0;
    let mut last = token(0);
    // Each writer is killed in the middle of its work, wherever it is.
    while let Some(mut writer) = writers.pop() {
        let until = changes + 20;
        while changes < until {
            let found = store.load(&key()).expect("there is always a whole token");
            let number = found.received().duration_since(UNIX_EPOCH).unwrap().as_secs();
            assert_eq!(found, token(number));
            if found != last {
                changes += 1;
                last = found;
            }
            reads += 1;
        }
        writer.kill().unwrap();
        writer.wait().unwrap();
        is_private(&folder.0);
    }
    assert!(reads >= changes);
    assert!(store.load(&key()).is_some());
}
