//! A token store over a real Redis, shared by many processes as machines would share it. If
//! `redis-server` is not installed, the tests print this and pass.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use api_auth::{AccessToken, Clock, ManualClock, SystemClock, TokenKey, TokenStore};
use api_sandbox::Server;
use redis_store::RedisStore;
use tpay_client::Client;
use workspace_tests::bank::{Bank, LIFE, call, client_at, client_of};

/// The task of a child process: `TASK REDIS [BASE_URL TIME]`.
const TASK: &str = "REDIS_STORE_TASK";
const PASSWORD: &str = "CANARY-of-redis";
const BEGIN: u64 = 1_700_000_000;
const PROCESSES: usize = 30;
const THREADS: usize = 50;

/// A Redis of its own on a free port, with a password and without files.
struct Redis {
    process: Child,
    address: String,
}

impl Redis {
    /// Starts a Redis server. Returns `None`, and prints the reason, if that is not possible.
    fn start() -> Option<Self> {
        for _ in 0..10 {
            let port =
                TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
            let started = Command::new("redis-server")
                .arg("-")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn();
            let mut process = match started {
                Ok(process) => process,
                Err(error) => {
                    // `println!` would be shown for failures only.
                    let thread = std::thread::current();
                    let test = thread.name().unwrap_or_default();
                    let reason = format!("redis-server cannot be started: {error}");
                    let _ = writeln!(std::io::stderr(), "skipped: {test}: {reason}");
                    return None;
                }
            };
            // The settings are passed by stdin, because other users can read the arguments of a
            // process.
            let settings = format!(
                "bind 127.0.0.1\nport {port}\nrequirepass {PASSWORD}\nsave \"\"\nappendonly no\n"
            );
            process.stdin.take().unwrap().write_all(settings.as_bytes()).unwrap();
            let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
            let ready =
                lines.by_ref().map_while(Result::ok).any(|line| line.contains("Ready to accept"));
            // Later output is read, so that the server does not block.
            std::thread::spawn(move || lines.for_each(drop));
            let redis = Self { process, address: format!("127.0.0.1:{port}") };
            if ready {
                return Some(redis);
            }
            // Another process uses the port.
        }
        panic!("redis-server does not start");
    }

    fn store(&self) -> RedisStore {
        store(&self.address)
    }

    /// Sends a command to Redis and returns the unchanged response.
    fn ask(&self, command: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "AUTH {PASSWORD}\r\n{command}\r\nQUIT\r\n").unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        let response = response.strip_prefix("+OK\r\n").unwrap().strip_suffix("+OK\r\n").unwrap();
        response.trim_end().to_owned()
    }

    /// Returns the remaining time to live of a value in milliseconds.
    fn life(&self, name: &str) -> i64 {
        self.ask(&format!("PTTL {name}")).strip_prefix(':').unwrap().parse().unwrap()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn store(address: &str) -> RedisStore {
    RedisStore::new(address).password(PASSWORD)
}

fn key() -> TokenKey {
    TokenKey::new(&["shared"])
}

fn lock_name() -> String {
    format!("token-store:lock:{}", key().as_str())
}

fn token(value: &str) -> AccessToken {
    AccessToken::new(value, UNIX_EPOCH + Duration::from_secs(BEGIN)).with_lifetime(LIFE)
}

/// Records every line, at the level `trace`.
struct Lines(Mutex<Vec<String>>);

static LINES: Lines = Lines(Mutex::new(Vec::new()));

impl log::Log for Lines {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.0.lock().unwrap().push(format!("{} {}", record.target(), record.args()));
    }

    fn flush(&self) {}
}

#[test]
fn neither_password_nor_token_is_shown() {
    let Some(redis) = Redis::start() else { return };
    log::set_logger(&LINES).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let unknown = RedisStore::new(&redis.address).password(format!("{PASSWORD}, another"));
    for store in [redis.store(), unknown] {
        store.save(&key(), &token("CANARY"));
        store.load(&key());
        drop(store.lock(&key()));
        store.forget(&key(), &token("CANARY"));
        assert!(!format!("{store:?} {store:#?}").contains("CANARY"));
    }
    let lines = LINES.0.lock().unwrap();
    assert!(
        lines.iter().any(|line| line.contains("the server responded with WRONGPASS")),
        "{lines:?}"
    );
    assert!(lines.iter().all(|line| !line.contains("CANARY")), "{lines:?}");
}

#[expect(clippy::disallowed_methods, reason = "how a child knows that it is one")]
fn task() -> Option<String> {
    std::env::var(TASK).ok()
}

/// Runs this program again with a task, as another machine.
fn machine(task: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "redis_store::a_machine_does_its_task", "--quiet"]).env(TASK, task);
    command.stdout(Stdio::null()).spawn().unwrap()
}

/// Does nothing unless it is started by [`machine`].
#[test]
fn a_machine_does_its_task() {
    let Some(task) = task() else { return };
    let words: Vec<&str> = task.split(' ').collect();
    match *words {
        ["call", redis, base, time] => {
            let clock = ManualClock::at_unix(time.parse().unwrap());
            call(&client_at(base, clock, store(redis))).unwrap();
        }
        ["lock", redis, life] => {
            let life = Duration::from_millis(life.parse().unwrap());
            let _held = store(redis).lock_life(life).lock(&key()).expect("the lock");
            std::process::abort();
        }
        _ => panic!("{task}"),
    }
}

#[test]
fn machines_that_share_a_redis_fetch_one_token_per_expiry() {
    let Some(redis) = Redis::start() else { return };
    let server = Server::start(0, Bank::default()).unwrap();
    let wave = |time: u64| {
        let task = format!("call {} {} {time}", redis.address, server.base_url());
        let machines: Vec<Child> = (0..PROCESSES).map(|_| machine(&task)).collect();
        for mut machine in machines {
            assert!(machine.wait().unwrap().success());
        }
        server.state(|bank| (bank.last(), bank.calls.len()))
    };
    assert_eq!(wave(BEGIN), (1, PROCESSES));
    assert_eq!(wave(BEGIN), (1, 2 * PROCESSES), "even when they come later");
    assert_eq!(wave(BEGIN + LIFE.as_secs()), (2, 3 * PROCESSES));
    server.state(|bank| bank.revoked = true);
    let (granted, calls) = wave(BEGIN + LIFE.as_secs());
    assert_eq!(granted, 3, "a token that was revoked is replaced once");
    assert!(calls <= 5 * PROCESSES, "and each has used the old one once at most: {calls}");
}

#[test]
fn clients_of_one_process_that_share_a_redis_fetch_one_token_per_expiry() {
    let Some(redis) = Redis::start() else { return };
    let (bank, clock) = (Arc::<Mutex<Bank>>::default(), ManualClock::at_unix(BEGIN));
    let client = |_| client_of(&bank, &clock, redis.store());
    let clients: Vec<Client> = (0..THREADS).map(client).collect();
    for expiry in 1..=3 {
        let barrier = Barrier::new(THREADS);
        std::thread::scope(|scope| {
            for client in &clients {
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    call(client).unwrap();
                });
            }
        });
        assert_eq!(bank.lock().unwrap().last(), expiry);
        clock.advance(LIFE);
    }
}

#[test]
fn token_is_stored_replaced_removed_and_expires() {
    let Some(redis) = Redis::start() else { return };
    let store = redis.store();
    assert_eq!(store.load(&key()), None);
    store.save(&key(), &token("a"));
    store.save(&key(), &token("b \"\r\n ą"));
    assert_eq!(store.load(&key()), Some(token("b \"\r\n ą")));
    let name = format!("token-store:token:{}", key().as_str());
    let life = i64::try_from(LIFE.as_millis()).unwrap();
    assert!((life - 60_000..=life).contains(&redis.life(&name)), "{}", redis.life(&name));
    store.forget(&key(), &token("a"));
    assert!(store.load(&key()).is_some(), "a newer token stays");
    store.forget(&key(), &token("b \"\r\n ą"));
    assert_eq!(store.load(&key()), None);
    store.save(&key(), &token("c").with_refresh("r"));
    assert_eq!(redis.life(&name), -1, "its refresh token is of use for longer");
    assert_eq!(store.load(&key()), Some(token("c").with_refresh("r")));
}

#[test]
fn lock_of_a_killed_holder_expires() {
    let Some(redis) = Redis::start() else { return };
    let status = machine(&format!("lock {} 30000", redis.address)).wait().unwrap();
    assert!(!status.success(), "it died by its own hand");
    let life = redis.life(&lock_name());
    assert!((1..=30_000).contains(&life), "{life}");
    let hasty = redis.store().patience(Duration::ZERO);
    assert!(hasty.lock(&key()).is_none(), "until then no other client requests a token");
    // The expiry is set to a near time, instead of waiting for half a minute.
    assert_eq!(redis.ask(&format!("PEXPIRE {} 1", lock_name())), ":1");
    assert!(redis.store().lock(&key()).is_some());
    // The wait includes the expiry of a lock with a short time to live.
    machine(&format!("lock {} 300", redis.address)).wait().unwrap();
    assert!(redis.store().lock(&key()).is_some());
}

#[test]
fn expired_lock_is_not_released_for_its_next_holder() {
    let Some(redis) = Redis::start() else { return };
    let hasty = redis.store().patience(Duration::ZERO);
    let late = redis.store().lock_life(Duration::from_millis(1)).lock(&key());
    assert!(late.is_some());
    let next = redis.store().lock(&key());
    assert!(next.is_some());
    drop(late);
    assert!(hasty.lock(&key()).is_none(), "it is still the next one's");
    drop(next);
    assert!(hasty.lock(&key()).is_some());
}

/// Sends a request with a store that does not work. It succeeds with one token.
fn costs_a_fetch_and_no_call(store: RedisStore) {
    let (bank, clock) = (Arc::<Mutex<Bank>>::default(), ManualClock::at_unix(BEGIN));
    let client = client_of(&bank, &clock, store);
    let begin = SystemClock.now();
    call(&client).unwrap();
    call(&client).unwrap();
    bank.lock().unwrap().revoked = true;
    call(&client).unwrap();
    assert_eq!(bank.lock().unwrap().last(), 2);
    let elapsed = SystemClock.now().duration_since(begin).unwrap_or_default();
    assert!(elapsed < Duration::from_secs(20), "{elapsed:?}");
}

#[test]
fn a_redis_that_is_down_fails_no_call() {
    let Some(redis) = Redis::start() else { return };
    let (bank, clock) = (Arc::<Mutex<Bank>>::default(), ManualClock::at_unix(BEGIN));
    let client = client_of(&bank, &clock, redis.store());
    call(&client).unwrap();
    let address = redis.address.clone();
    drop(redis);
    call(&client).unwrap();
    clock.advance(LIFE);
    call(&client).unwrap();
    assert_eq!(bank.lock().unwrap().last(), 2);
    costs_a_fetch_and_no_call(store(&address));
}

#[test]
fn redis_that_rejects_the_password_fails_no_request() {
    let Some(redis) = Redis::start() else { return };
    costs_a_fetch_and_no_call(RedisStore::new(&redis.address).password("wrong"));
    costs_a_fetch_and_no_call(RedisStore::new(&redis.address));
}

#[test]
fn silent_or_invalid_redis_fails_no_request() {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = silent.local_addr().unwrap().to_string();
    costs_a_fetch_and_no_call(store(&address).timeout(Duration::from_millis(20)));
    for nonsense in
        ["HTTP/1.1 400 Bad Request\r\n\r\n", "$999999999999\r\n", "$5\r\nab", "\r\n", "+OK\n"]
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let _ = stream.unwrap().write_all(nonsense.as_bytes());
            }
        });
        costs_a_fetch_and_no_call(store(&address).timeout(Duration::from_secs(1)));
    }
}
