//! `renew` from cron: many runs over simulated months, of which some are killed, have no space on the
//! disk, or have a hook that fails.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use api_sandbox::{LogEntry, SandboxClock};
use rcgen::{KeyPair, PublicKeyData};
use test_support::cli::World;
use x509_parser::pem::Pem;

use crate::PROGRAM;
use crate::pairs::{NOW, left};

const RUNS: usize = 100;
const SEED: u64 = 0x2026_1129;
const DAY: u64 = 86_400;
/// Certificates are valid for 365 days, so each is renewed after 35.
const WITHIN: &str = "330d";
const RENEWED_AFTER: u64 = 35;

/// A server that reloads: it serves a copy of chain and key, which one rename replaces.
const HOOK: &str = "test ! -e broken && mkdir -p served && \
                    cat \"$TINYCERT_CERT\" \"$TINYCERT_KEY\" > served/next && \
                    mv served/next \"served/$TINYCERT_NAME\"";

/// A generator of numbers whose sequence depends on the seed only (xorshift64).
struct Random(u64);

impl Random {
    /// Returns a number below `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// What happens to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    None,
    /// It is killed after this number of requests and then this number of turns of a loop.
    Killed {
        requests: u64,
        turns: u64,
    },
    /// Its hook kills it.
    KilledByHook,
    /// No file can be longer than this number of blocks of 512 bytes; whether the system kills the
    /// run then.
    DiskFull {
        blocks: u64,
        is_killed: bool,
    },
    HookFails,
    /// The server creates no certificate.
    Rejected,
}

impl Trouble {
    fn choose(random: &mut Random) -> Self {
        match random.below(20) {
            // If nothing is due, there is no request.
            0..=3 => Self::Killed { requests: 0, turns: random.below(20_000) },
            4..=7 => Self::Killed { requests: 1 + random.below(9), turns: random.below(2_000) },
            8 => Self::KilledByHook,
            9..=10 => Self::DiskFull { blocks: random.below(2), is_killed: random.below(3) == 0 },
            11..=12 => Self::HookFails,
            13..=14 => Self::Rejected,
            _ => Self::None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Killed { .. } => "killed",
            Self::KilledByHook => "killed by the hook",
            Self::DiskFull { .. } => "disk full",
            Self::HookFails => "hook fails",
            Self::Rejected => "rejected",
        }
    }
}

/// The serial number and the expiry of a pair whose key belongs to its certificate.
fn pair(chain: &[u8], key: &[u8], what: &str) -> (String, u64) {
    let block = Pem::iter_from_buffer(chain)
        .map(Result::unwrap)
        .find(|block| block.label == "CERTIFICATE")
        .unwrap_or_else(|| panic!("{what}: no certificate"));
    let certificate = block.parse_x509().unwrap();
    let key = Pem::iter_from_buffer(key)
        .map(Result::unwrap)
        .find(|block| block.label == "PRIVATE KEY")
        .unwrap_or_else(|| panic!("{what}: no key"));
    let key = KeyPair::try_from(key.contents.as_slice()).unwrap();
    let public = certificate.public_key().raw;
    assert_eq!(public, key.subject_public_key_info(), "{what}: the key is that of another pair");
    let expires = certificate.validity().not_after.timestamp();
    (certificate.raw_serial_as_string(), u64::try_from(expires).unwrap())
}

struct Cron {
    world: World,
    pki: PathBuf,
    requests: Arc<AtomicUsize>,
    /// The number of `issue` commands.
    issued: usize,
}

impl Cron {
    fn new() -> Self {
        let world = World::at(PROGRAM, SandboxClock::at_unix(NOW));
        let requests = Arc::new(AtomicUsize::new(0));
        let count = requests.clone();
        world.sandbox.tinycert().log_to(move |entry| {
            if matches!(entry, LogEntry::Request(_)) {
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        let pki = world.home.join("pki");
        Self { world, pki, requests, issued: 0 }
    }

    /// Returns the arguments of a command that issues a pair with a name that it did not have.
    fn issue(&mut self, is_combined: bool) -> Vec<String> {
        self.issued += 1;
        let name = if is_combined { "b.example" } else { "a.example" };
        let other = format!("n{}.{name}", self.issued);
        let mut words = vec!["issue", name, &other, "--ca", "561", "--dir", "pki"];
        words.extend(is_combined.then_some("--combined"));
        words.into_iter().map(str::to_owned).collect()
    }

    fn run(&self, arguments: &[String], trouble: Trouble) -> Output {
        let hook = match trouble {
            Trouble::KilledByHook => "kill -9 $PPID",
            _ => HOOK,
        };
        let _ = fs::remove_file(self.world.home.join("broken"));
        if trouble == Trouble::HookFails {
            fs::write(self.world.home.join("broken"), "").unwrap();
        }
        let left = (trouble == Trouble::Rejected).then_some(0);
        self.world.sandbox.tinycert().state(|server| server.creations_left = left);
        let mut command = match trouble {
            Trouble::DiskFull { blocks, is_killed } => {
                let mut shell = Command::new("sh");
                // A process that ignores the signal gets an error instead.
                let trap = if is_killed { "" } else { "trap '' XFSZ;" };
                let script = format!("{trap} ulimit -f {blocks}; exec \"$0\" \"$@\"");
                shell.args(["-c", &script, PROGRAM.path]);
                shell
            }
            _ => Command::new(PROGRAM.path),
        };
        self.world.prepare(&mut command);
        command.env("PATH", "/usr/bin:/bin");
        command.env("TINYCERT_TEST_CLOCK", self.world.sandbox.clock().unix().to_string());
        command.args(arguments).args(["--deploy-hook", hook, "--retries", "0"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        self.requests.store(0, Ordering::Relaxed);
        let mut child = command.spawn().unwrap();
        if let Trouble::Killed { requests, turns } = trouble {
            let sent = || self.requests.load(Ordering::Relaxed) as u64;
            while sent() < requests && child.try_wait().unwrap().is_none() {
                std::thread::yield_now();
            }
            for _ in 0..turns {
                std::thread::yield_now();
            }
            child.kill().unwrap();
        }
        // Waits for a hook that goes on without its parent, too.
        child.wait_with_output().unwrap()
    }

    fn pair_on_disk(&self, name: &str) -> (String, u64) {
        let read = |file: &str| fs::read(self.pki.join(file)).unwrap();
        let two = (format!("{name}.chain.pem"), format!("{name}.key.pem"));
        let (chain, key) = match name {
            "b.example" => (read("b.example.pem"), read("b.example.pem")),
            _ => (read(&two.0), read(&two.1)),
        };
        pair(&chain, &key, name)
    }

    fn served(&self, name: &str) -> (String, u64) {
        let text = fs::read(self.world.home.join("served").join(name)).unwrap();
        pair(&text, &text, &format!("served {name}"))
    }
}

/// Returns the number of versions of the pair of two files.
fn versions(pki: &Path) -> usize {
    let folder = pki.join(".a.example.key.pem.versions");
    fs::read_dir(folder)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name() != "current")
        .count()
}

#[test]
fn renewal_from_cron_survives_kills_full_disks_and_failing_hooks() {
    let mut cron = Cron::new();
    let mut random = Random(SEED);
    for is_combined in [false, true] {
        let arguments = cron.issue(is_combined);
        assert!(cron.run(&arguments, Trouble::None).status.success());
    }
    let renew = ["renew", "--dir", "pki", "--within", WITHIN].map(str::to_owned);
    let (mut ends, mut days) = (BTreeMap::<_, usize>::new(), 0);
    for number in 0..=RUNS {
        let step = 1 + random.below(20);
        days += step;
        cron.world.sandbox.clock().advance(Duration::from_secs(step * DAY));
        // The last run has no trouble, and completes what the others left.
        let is_last = number == RUNS;
        let trouble = if is_last { Trouble::None } else { Trouble::choose(&mut random) };
        let is_issue = !is_last && random.below(6) == 0;
        let arguments = if is_issue { cron.issue(random.below(2) == 0) } else { renew.to_vec() };
        let output = cron.run(&arguments, trouble);
        let context =
            format!("run {number} of seed {SEED:#x}, {trouble:?}, {arguments:?}: {output:?}");
        let end = output.status.code();
        *ends.entry((trouble.name(), end)).or_default() += 1;
        match trouble {
            Trouble::None => assert_eq!(end, Some(0), "{context}"),
            Trouble::Killed { .. } | Trouble::KilledByHook => {
                assert!(matches!(end, Some(0) | None), "{context}");
            }
            Trouble::DiskFull { .. } => {
                assert!(matches!(end, Some(0 | 10 | 11) | None), "{context}");
            }
            Trouble::HookFails => assert!(matches!(end, Some(0 | 10 | 11)), "{context}"),
            Trouble::Rejected => assert!(matches!(end, Some(0 | 7 | 11)), "{context}"),
        }
        let now = cron.world.sandbox.clock().unix();
        for name in ["a.example", "b.example"] {
            let ((on_disk, expires), (served, served_expires)) =
                (cron.pair_on_disk(name), cron.served(name));
            assert!(expires > now && served_expires > now, "{name} has expired: {context}");
            // A run that ends without an error has deployed what is on disk.
            if end == Some(0) && !is_issue {
                assert_eq!(on_disk, served, "{name}: {context}");
                assert!(expires > now + 330 * DAY, "{name} was not renewed: {context}");
            }
        }
        if end == Some(0) && !is_issue {
            assert_eq!(left(&cron.pki), [""; 0], "{context}");
            // The previous version is kept for those who read it.
            assert!(versions(&cron.pki) <= 2, "{context}");
        }
    }
    println!("{days} days, {} commands that issue: {ends:?}", cron.issued);
    // Each renewal created one certificate, however often it was tried.
    let created: usize = ["a.example", "b.example"]
        .map(|name| cron.world.sandbox.tinycert().state(|server| server.certs_named(name).len()))
        .iter()
        .sum();
    let most = cron.issued + 2 * usize::try_from(days / RENEWED_AFTER).unwrap();
    assert!(created <= most, "{created} certificates, at most {most}");
    // When a run is killed depends on the machine, so only frequent ends are certain.
    let ended = |trouble: &str, expected: &[Option<i32>]| {
        expected.iter().any(|end| ends.contains_key(&(trouble, *end)))
    };
    assert!(ended("killed", &[None]), "{ends:?}");
    assert!(ended("disk full", &[None, Some(10), Some(11)]), "{ends:?}");
    assert!(ended("hook fails", &[Some(10), Some(11)]), "{ends:?}");
}
