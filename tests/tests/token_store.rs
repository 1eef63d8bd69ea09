//! A store of tokens that many processes share, some of which are killed.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, UNIX_EPOCH};

use api_auth::{AccessToken, FileStore, TokenKey, TokenStore};
use tpay_client::{Client, Environment};
use workspace_tests::catalogue::PROVIDERS;
use workspace_tests::world;

/// What a child is to do: `TASK FOLDER [BASE_URL]`.
const TASK: &str = "TOKEN_STORE_TASK";
const PROCESSES: usize = 100;
const THREADS: usize = 2;

#[expect(clippy::disallowed_methods, reason = "how a child knows that it is one")]
fn task() -> Option<String> {
    std::env::var(TASK).ok()
}

/// This program again, as a child with a task.
fn child(task: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "a_child_does_its_task", "--quiet"]).env(TASK, task);
    command.stdout(std::process::Stdio::null()).spawn().unwrap()
}

/// Does nothing unless it is started by [`child`].
#[test]
fn a_child_does_its_task() {
    let Some(task) = task() else { return };
    let mut words = task.split(' ');
    let (task, folder) = (words.next().unwrap(), Path::new(words.next().unwrap()));
    let store = FileStore::new(folder);
    match task {
        "call" => {
            let base = words.next().unwrap();
            std::thread::scope(|scope| {
                for _ in 0..THREADS {
                    scope.spawn(|| {
                        let client = Client::builder("id", "secret")
                            .environment(Environment::custom(base))
                            .token_store(store.clone())
                            .build()
                            .unwrap();
                        client.list_channels(&tpay_client::ListChannels::new()).unwrap();
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
        other => panic!("{other}"),
    }
}

fn key() -> TokenKey {
    TokenKey::new(&["stress"])
}

/// A token whose parts tell of each other, and that is longer than one block of a disk.
fn token(number: u64) -> AccessToken {
    let value = format!("{number:08}").repeat(1000);
    let received = UNIX_EPOCH + Duration::from_secs(number);
    AccessToken::new(value.clone(), received).with_refresh(value)
}

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("token-store-{name}-{}", std::process::id())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn is_private(folder: &Path) {
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder), 0o700);
    for entry in std::fs::read_dir(folder).unwrap() {
        // Drafts come and go meanwhile.
        if let Ok(metadata) = entry.unwrap().metadata() {
            assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        }
    }
}

#[test]
fn a_hundred_processes_that_start_together_fetch_one_token() {
    let provider = PROVIDERS.iter().find(|provider| provider.name == "tpay").unwrap();
    let server = world::start(provider);
    let folder = Folder::new("together");
    let task = format!("call {} {}", folder.0.display(), server.base_url());
    let children: Vec<Child> = (0..PROCESSES).map(|_| child(&task)).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let seen = server.take_seen();
    let grants = seen.iter().filter(|seen| seen.request.path() == "/oauth/auth").count();
    assert_eq!((grants, seen.len() - grants), (1, PROCESSES * THREADS));
    is_private(&folder.0);
}

#[test]
fn a_process_that_dies_with_the_lock_leaves_it() {
    let folder = Folder::new("lock");
    for _ in 0..5 {
        let status = child(&format!("lock {}", folder.0.display())).wait().unwrap();
        assert!(!status.success(), "it died by its own hand");
        assert!(FileStore::new(&folder.0).lock(&key()).is_some());
    }
}

#[test]
fn writers_that_are_killed_leave_no_torn_token() {
    const WRITERS: usize = 10;
    let folder = Folder::new("torn");
    let store = FileStore::new(&folder.0);
    store.save(&key(), &token(0));
    let task = format!("write {}", folder.0.display());
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
