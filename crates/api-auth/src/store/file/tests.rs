use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::store::memory::MemoryStore;
use std::time::UNIX_EPOCH;

/// A temporary folder, which is removed when this is dropped.
struct TempFolder(PathBuf);

impl TempFolder {
    fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("api-auth-store-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn store(&self) -> FileStore {
        FileStore::new(self.0.join("deep/tokens"))
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn token(value: &str) -> AccessToken {
    AccessToken::new(value, UNIX_EPOCH + Duration::from_secs(9))
        .with_lifetime(Duration::from_secs(7200))
}

fn file(store: &FileStore, ending: &str) -> PathBuf {
    store.folder().join(file_name(&key(), ending))
}

fn temporary(store: &FileStore, key: &TokenKey) -> PathBuf {
    store.folder().join(temporary_name(key).unwrap())
}

/// Creates the temporary file of a writer that is killed before it finishes.
fn leave_temporary(path: &Path, text: &str) {
    let folder = Folder::find(path.parent().unwrap()).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    folder.open(name, Access::CreateNew).unwrap().write_all(text.as_bytes()).unwrap();
}

fn key() -> TokenKey {
    TokenKey::new(&["https://h/token", "id", ""])
}

#[test]
fn token_longer_than_the_limit_is_not_read() {
    let folder = TempFolder::new();
    for (length, kept) in [(100_000, true), (300_000, false)] {
        folder.store().save(&key(), &token(&"a".repeat(length)));
        assert_eq!(folder.store().load(&key()).is_some(), kept, "{length}");
    }
}

#[test]
fn a_shared_store_locks_like_the_store() {
    let folder = TempFolder::new();
    assert!(Arc::new(folder.store()).lock(&key()).is_some());
}

#[test]
fn application_name_is_not_a_path() {
    for bad in ["", ".", "..", ".hidden", "a/b", "a\\b", "a b", "é"] {
        let error = FileStore::user_cache(bad).unwrap_err();
        assert_eq!(error.argument(), "application", "{bad}");
    }
    // The error is about the environment if it has no such folder.
    let refused = FileStore::user_cache("my-app_1.0").err();
    assert!(refused.is_none_or(|error| error.argument() == "token store"));
}

fn keeps_and_forgets(store: &dyn TokenStore) {
    let other = TokenKey::new(&["https://h/token", "other", ""]);
    assert_eq!(store.load(&key()), None);
    store.save(&key(), &token("a"));
    store.save(&key(), &token("b"));
    assert_eq!(store.load(&key()), Some(token("b")));
    assert_eq!(store.load(&other), None);
    store.forget(&key(), &token("a"));
    assert_eq!(store.load(&key()), Some(token("b")), "a newer token stays");
    store.forget(&key(), &token("b"));
    assert_eq!(store.load(&key()), None);
    store.forget(&key(), &token("b"));
}

/// Starts many threads that find no token and checks that one of them requests it.
fn one_of_many_fetches(store: &dyn TokenStore) {
    let fetched = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let guard = store.lock(&key());
                assert!(guard.is_some());
                if store.load(&key()).is_none() {
                    fetched.fetch_add(1, Ordering::SeqCst);
                    std::thread::yield_now();
                    store.save(&key(), &token("a"));
                }
            });
        }
    });
    assert_eq!(fetched.into_inner(), 1);
}

#[test]
fn both_stores_save_load_and_forget() {
    let folder = TempFolder::new();
    keeps_and_forgets(&MemoryStore::new());
    keeps_and_forgets(&folder.store());
}

#[test]
fn both_stores_let_one_of_many_threads_fetch() {
    let folder = TempFolder::new();
    one_of_many_fetches(&MemoryStore::new());
    one_of_many_fetches(&folder.store());
}

#[cfg(unix)]
#[test]
fn only_the_user_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempFolder::new();
    let store = folder.store();
    drop(store.lock(&key()));
    store.save(&key(), &token("a"));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(store.folder()), 0o700);
    let files: Vec<_> = fs::read_dir(store.folder()).unwrap().collect();
    assert_eq!(files.len(), 2, "the token and its lock, no temporary file");
    for file in files {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
}

#[test]
fn invalid_file_counts_as_absent_and_is_replaced() {
    let folder = TempFolder::new();
    let store = folder.store();
    store.save(&key(), &token("a"));
    let file = file(&store, "json");
    let later = token("a").to_text().expose().replace("\"version\":1", "\"version\":99");
    for content in [&b""[..], b"{", b"\xff\xff", b"[]", later.as_bytes(), &vec![b' '; 300_000]] {
        fs::write(&file, content).unwrap();
        assert_eq!(store.load(&key()), None);
        store.save(&key(), &token("b"));
        assert_eq!(store.load(&key()), Some(token("b")));
    }
}

#[test]
fn folder_that_cannot_be_written_costs_a_token_request() {
    let folder = TempFolder::new();
    fs::write(&folder.0, "a file where the folder should be").unwrap();
    let store = folder.store();
    assert!(store.lock(&key()).is_none());
    store.save(&key(), &token("a"));
    store.forget(&key(), &token("a"));
    assert_eq!(store.load(&key()), None);
    fs::remove_file(&folder.0).unwrap();
}

#[test]
fn folder_with_the_name_of_the_file_is_ignored() {
    let folder = TempFolder::new();
    let store = folder.store();
    fs::create_dir_all(file(&store, "json")).unwrap();
    store.save(&key(), &token("a"));
    assert_eq!(store.load(&key()), None);
    assert_eq!(fs::read_dir(store.folder()).unwrap().count(), 1, "no temporary file is left");
}

#[cfg(unix)]
mod trust {
    use std::os::unix::fs::{PermissionsExt, chown, symlink};
    use std::process::Command;

    use super::*;
    use crate::store::folder::unix::own_user;

    /// Saves and loads a token. Returns `true` if the store is used.
    fn works(store: &FileStore) -> bool {
        store.save(&key(), &token("a"));
        let loaded = store.load(&key());
        let locked = store.lock(&key()).is_some();
        assert_eq!(loaded.is_some(), locked, "both or neither");
        locked
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Returns a user other than the one of this process.
    fn other_user() -> u32 {
        54_321 + u32::from(own_user().unwrap() == 54_321)
    }

    /// Changes the owner of a path to another user. Returns `false` and prints that a part of
    /// the test is skipped if only root may do so.
    fn give_away(path: &Path) -> bool {
        match chown(path, Some(other_user()), None) {
            Ok(()) => true,
            Err(error) => {
                println!("skipped: {error}");
                false
            }
        }
    }

    #[test]
    fn folder_that_others_can_write_is_not_used() {
        let folder = TempFolder::new();
        let store = folder.store();
        assert!(works(&store));
        for (mode, used) in [(0o777, false), (0o720, false), (0o702, false), (0o755, true)] {
            set_mode(store.folder(), mode);
            let store = folder.store();
            assert_eq!(works(&store), used, "{mode:o}");
            assert_eq!(!lock(&store.reported).is_empty(), !used, "{mode:o}");
        }
    }

    #[test]
    fn folder_of_another_user_is_not_used() {
        let folder = TempFolder::new();
        let store = folder.store();
        assert!(works(&store));
        if give_away(store.folder()) {
            assert!(!works(&folder.store()));
            assert!(!works(&store), "a store in use looks again");
        }
    }

    #[test]
    fn folder_that_is_a_link_is_not_used() {
        let (folder, other) = (TempFolder::new(), TempFolder::new());
        assert!(works(&other.store()));
        fs::create_dir_all(folder.0.join("deep")).unwrap();
        symlink(other.store().folder(), folder.store().folder()).unwrap();
        assert!(!works(&folder.store()));
    }

    #[test]
    fn token_file_that_others_can_write_own_or_link_is_not_used() {
        let folder = TempFolder::new();
        let store = folder.store();
        let file = file(&store, "json");
        let text = token("a").to_text();
        let load_with = |create: &dyn Fn(&Path)| {
            let _ = fs::remove_file(&file);
            create(&file);
            store.load(&key())
        };
        assert!(works(&store));
        let write = |path: &Path, mode| {
            fs::write(path, text.expose()).unwrap();
            set_mode(path, mode);
        };
        assert_eq!(load_with(&|path| write(path, 0o600)), Some(token("a")));
        assert_eq!(load_with(&|path| write(path, 0o644)), Some(token("a")));
        assert_eq!(load_with(&|path| write(path, 0o620)), None);
        assert_eq!(load_with(&|path| write(path, 0o602)), None);
        let elsewhere = folder.0.join("elsewhere");
        write(&elsewhere, 0o600);
        assert_eq!(load_with(&|path| symlink(&elsewhere, path).unwrap()), None);
        let given = |path: &Path| {
            write(path, 0o600);
            if !give_away(path) {
                fs::remove_file(path).unwrap();
            }
        };
        assert_eq!(load_with(&given), None);
    }

    #[test]
    fn lock_file_that_is_a_link_creates_nothing_elsewhere() {
        let folder = TempFolder::new();
        let store = folder.store();
        assert!(works(&store));
        let (lock, elsewhere) = (file(&store, "lock"), folder.0.join("elsewhere"));
        fs::remove_file(&lock).unwrap();
        symlink(&elsewhere, &lock).unwrap();
        assert!(store.lock(&key()).is_none());
        assert!(!elsewhere.exists());
    }

    #[test]
    fn pipes_in_place_of_files_never_block() {
        let folder = TempFolder::new();
        let store = folder.store();
        assert!(works(&store));
        for ending in ["json", "lock"] {
            let path = file(&store, ending);
            fs::remove_file(&path).unwrap();
            match Command::new("mkfifo").arg(&path).status() {
                Ok(status) if status.success() => {}
                other => {
                    println!("skipped: mkfifo: {other:?}");
                    return;
                }
            }
        }
        assert_eq!(store.load(&key()), None);
        assert!(store.lock(&key()).is_none());
        store.forget(&key(), &token("a"));
    }

    /// Changes the owner of a link itself.
    fn give_link_away(path: &Path) -> bool {
        match std::os::unix::fs::lchown(path, Some(other_user()), None) {
            Ok(()) => true,
            Err(error) => {
                println!("skipped: {error}");
                false
            }
        }
    }

    fn reports(store: &FileStore) -> Vec<String> {
        lock(&store.reported).iter().cloned().collect()
    }

    #[test]
    fn link_is_not_followed_for_a_slash_or_dot_at_the_end_of_the_path() {
        let (folder, other) = (TempFolder::new(), TempFolder::new());
        assert!(works(&other.store()));
        fs::create_dir_all(&folder.0).unwrap();
        let link = folder.0.join("link");
        symlink(other.store().folder(), &link).unwrap();
        for end in ["", "/", "/.", "//", "/./"] {
            let store = FileStore::new(format!("{}{end}", link.display()));
            assert!(!works(&store), "{end:?}");
            assert!(reports(&store)[0].ends_with("is a symbolic link"), "{end:?}");
        }
    }

    #[test]
    fn links_above_the_folder_are_followed_only_if_no_other_user_can_replace_them() {
        let folder = TempFolder::new();
        let (real, link) = (folder.0.join("real"), folder.0.join("link"));
        fs::create_dir_all(&real).unwrap();
        set_mode(&real, 0o755);
        symlink("./real/../real", &link).unwrap();
        let store = || FileStore::new(link.join("a/b"));
        let why = "is a symbolic link in a folder that is writable by other users";
        for (mode, used) in [(0o755, true), (0o777, false), (0o775, false), (0o1777, true)] {
            set_mode(&folder.0, mode);
            let _ = fs::remove_dir_all(real.join("a"));
            let store = store();
            assert_eq!(works(&store), used, "{mode:o}");
            assert_eq!(real.join("a").exists(), used, "{mode:o}: nothing is created there");
            assert!(reports(&store).iter().all(|text| text.ends_with(why)), "{mode:o}");
            assert_eq!(reports(&store).is_empty(), used, "{mode:o}");
        }
        fs::remove_dir_all(real.join("a")).unwrap();
        for mode in [0o755, 0o1777] {
            set_mode(&folder.0, mode);
            if give_link_away(&link) {
                assert!(!works(&store()), "{mode:o}");
                assert!(!real.join("a").exists(), "{mode:o}");
            }
        }
    }

    #[test]
    fn absolute_links_and_loops_above_the_folder_end() {
        let folder = TempFolder::new();
        fs::create_dir_all(folder.0.join("real")).unwrap();
        set_mode(&folder.0, 0o755);
        symlink(folder.0.join("real"), folder.0.join("link")).unwrap();
        assert!(works(&FileStore::new(folder.0.join("link/../link/tokens"))));
        assert!(folder.0.join("real/tokens").is_dir());
        symlink("loop", folder.0.join("loop")).unwrap();
        let store = FileStore::new(folder.0.join("loop/tokens"));
        assert!(!works(&store));
        assert!(reports(&store)[0].ends_with("has too many symbolic links"));
    }

    #[test]
    fn folder_below_one_of_another_user_in_a_shared_folder_is_not_used() {
        for (mode, used) in [(0o1777, false), (0o777, false), (0o755, true)] {
            let folder = TempFolder::new();
            let above = folder.0.join("above");
            let store = FileStore::new(above.join("tokens"));
            assert!(works(&store));
            set_mode(&folder.0, mode);
            if give_away(&above) {
                assert_eq!(works(&store), used, "{mode:o}");
            }
        }
    }

    #[test]
    fn folders_of_the_owner_of_the_folder_above_are_used() {
        // Such as `/srv/app/cache` of the user who deploys, and `/data/data` on Android.
        for mode in [0o755, 0o771, 0o1777] {
            let folder = TempFolder::new();
            let (deploy, cache) = (folder.0.join("deploy"), folder.0.join("deploy/cache"));
            let store = FileStore::new(cache.join("tokens"));
            assert!(works(&store));
            set_mode(&folder.0, 0o755);
            set_mode(&deploy, mode);
            if !give_away(&deploy) {
                return;
            }
            assert!(works(&store), "{mode:o}: a folder of the user");
            assert!(give_away(&cache));
            assert!(works(&store), "{mode:o}: a folder of the same owner");
            chown(&cache, Some(other_user() + 2), None).unwrap();
            assert!(!works(&store), "{mode:o}: a folder of a third user");
            let why = "belongs to another user and is in a folder that is writable by other users";
            assert!(reports(&store)[0].ends_with(why), "{mode:o}");
            assert!(give_away(&cache) && give_away(store.folder()));
            assert!(!works(&store), "{mode:o}: the last folder belongs to another user");
        }
    }

    #[test]
    fn root_creates_no_folder_in_that_of_another_user() {
        let folder = TempFolder::new();
        let home = folder.0.join("home");
        fs::create_dir_all(&home).unwrap();
        set_mode(&folder.0, 0o755);
        set_mode(&home, 0o755);
        let store = FileStore::new(home.join("cache/tokens"));
        if give_away(&home) {
            assert!(!works(&store));
            assert!(!home.join("cache").exists());
            let why = "belongs to another user, so root creates no folder in it";
            assert!(reports(&store)[0].ends_with(why), "{:?}", reports(&store));
        }
    }

    #[test]
    fn link_in_a_folder_of_another_user_is_not_followed() {
        for mode in [0o755, 0o1777] {
            let folder = TempFolder::new();
            let (shared, real) = (folder.0.join("shared"), folder.0.join("real"));
            fs::create_dir_all(&shared).unwrap();
            fs::create_dir_all(&real).unwrap();
            set_mode(&folder.0, 0o755);
            set_mode(&shared, mode);
            let link = shared.join("link");
            symlink(&real, &link).unwrap();
            let store = || FileStore::new(link.join("tokens"));
            assert!(works(&store()), "{mode:o}: the folder belongs to the user");
            fs::remove_dir_all(real.join("tokens")).unwrap();
            if !give_away(&shared) {
                return;
            }
            assert!(!works(&store()), "{mode:o}: a link of the user");
            assert!(give_link_away(&link));
            assert!(!works(&store()), "{mode:o}: a link of the owner of the folder");
            assert!(!real.join("tokens").exists(), "{mode:o}: nothing is created there");
        }
    }

    #[test]
    fn folder_that_was_replaced_since_the_check_is_not_used() {
        let folder = TempFolder::new();
        let store = folder.store();
        assert!(works(&store));
        let found = Folder::find(store.folder()).unwrap();
        fs::rename(store.folder(), folder.0.join("old")).unwrap();
        assert!(works(&store));
        let error = found.open(&file_name(&key(), "json"), Access::Read).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    }

    #[test]
    fn loading_writes_nothing() {
        let folder = TempFolder::new();
        folder.store().save(&key(), &token("a"));
        let opened = File::open(folder.store().folder()).unwrap();
        opened.set_modified(UNIX_EPOCH + Duration::from_secs(9)).unwrap();
        assert_eq!(folder.store().load(&key()), Some(token("a")));
        let modified = opened.metadata().unwrap().modified().unwrap();
        assert_eq!(modified, UNIX_EPOCH + Duration::from_secs(9));
    }

    #[test]
    fn each_reason_is_reported_once() {
        let folder = TempFolder::new();
        let store = folder.store();
        assert!(works(&store));
        set_mode(store.folder(), 0o777);
        assert!(!works(&store) && !works(&store));
        assert_eq!(reports(&store), ["the folder is writable by other users; run `chmod go-w`"]);
        set_mode(store.folder(), 0o700);
        set_mode(&file(&store, "json"), 0o666);
        assert_eq!(store.load(&key()), None);
        assert_eq!(store.load(&key()), None);
        assert_eq!(
            reports(&store),
            [
                "the folder is writable by other users; run `chmod go-w`",
                "a file in it is writable by other users; run `chmod go-w`"
            ]
        );
    }

    #[test]
    fn untrusted_store_is_reported_once_and_fails_nothing() {
        let folder = TempFolder::new();
        let store = folder.store();
        assert!(works(&store));
        set_mode(store.folder(), 0o777);
        let clone = store.clone();
        assert!(!works(&store) && !works(&clone));
        assert_eq!(lock(&store.reported).len(), 1);
    }
}

fn names(store: &FileStore) -> Vec<String> {
    let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<String> = fs::read_dir(store.folder())
        .unwrap()
        .map(|entry| name(entry).into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn lock_removes_abandoned_temporary_files_of_all_keys_and_nothing_else() {
    let folder = TempFolder::new();
    let store = folder.store();
    let other = TokenKey::new(&["other"]);
    store.save(&key(), &token("a"));
    let temporary = |key| temporary(&store, key);
    let kept =
        [temporary(&other), store.folder().join("notes.tmp"), store.folder().join("a.b.tmp")];
    for path in [&temporary(&key()), &temporary(&other), &kept[0], &kept[1], &kept[2]] {
        leave_temporary(path, "{");
    }
    let writer = File::open(&kept[0]).unwrap();
    writer.try_lock().unwrap();
    drop(store.lock(&key()));
    assert!(kept.iter().all(|path| path.exists()));
    assert_eq!(names(&store).len(), 5, "with the token and its lock");
    drop(writer);
    drop(store.lock(&key()));
    assert!(!kept[0].exists(), "its writer ended");
    assert_eq!(store.load(&key()), Some(token("a")));
}

#[test]
fn temporary_file_that_cannot_be_removed_does_not_prevent_removal_of_others() {
    let folder = TempFolder::new();
    let store = folder.store();
    store.save(&key(), &token("a"));
    let files: Vec<PathBuf> = (0..8).map(|_| temporary(&store, &key())).collect();
    for (number, path) in files.iter().enumerate() {
        if number % 2 == 0 { fs::create_dir(path).unwrap() } else { leave_temporary(path, "{") }
    }
    drop(store.lock(&key()));
    let left = files.iter().filter(|path| path.exists()).count();
    assert_eq!(left, 4, "the folders");
}

#[cfg(unix)]
#[test]
fn rejected_token_is_forgotten_while_another_process_holds_the_lock() {
    let folder = TempFolder::new();
    let store = folder.store();
    store.save(&key(), &token("a"));
    let replacing = store.lock(&key());
    assert!(replacing.is_some());
    store.forget(&key(), &token("b"));
    assert_eq!(store.load(&key()), Some(token("a")), "another token stays");
    store.forget(&key(), &token("a"));
    assert_eq!(store.load(&key()), None);
}

#[test]
fn token_is_kept_where_files_cannot_be_held_while_another_process_has_the_lock() {
    let folder = TempFolder::new();
    let store = folder.store();
    store.save(&key(), &token("a"));
    let replacing = store.lock(&key());
    assert!(replacing.is_some());
    store.remove_unless_busy(&key(), &token("a")).unwrap();
    assert_eq!(store.load(&key()), Some(token("a")), "its holder replaces it");
    drop(replacing);
    store.remove_unless_busy(&key(), &token("b")).unwrap();
    assert_eq!(store.load(&key()), Some(token("a")), "another token stays");
    store.remove_unless_busy(&key(), &token("a")).unwrap();
    assert_eq!(store.load(&key()), None);
    store.remove_unless_busy(&key(), &token("a")).unwrap();
}

#[cfg(unix)]
#[test]
fn token_is_saved_although_another_process_removes_its_temporary_file() {
    let folder = TempFolder::new();
    let store = folder.store();
    store.save(&key(), &token("a"));
    // The writer waits for the lock of the token file before it renames its file.
    let replacing = Locked(File::open(file(&store, "json")).unwrap());
    replacing.0.try_lock().unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| store.save(&key(), &token("b")));
        let text = token("b").to_text();
        let is_finished = |name: &String| {
            let content = fs::read(store.folder().join(name)).unwrap_or_default();
            name.ends_with(".tmp") && content == text.expose().as_bytes()
        };
        // On a slow machine the writer may ignore the lock before the file is removed.
        while !writer.is_finished() {
            if let Some(temporary) = names(&store).into_iter().find(is_finished) {
                let _ = fs::remove_file(store.folder().join(temporary));
                break;
            }
            std::thread::yield_now();
        }
        drop(replacing);
    });
    assert_eq!(store.load(&key()), Some(token("b")));
    assert_eq!(names(&store).len(), 1, "no temporary file is left");
}

#[cfg(unix)]
#[test]
fn token_that_replaces_a_rejected_one_is_never_forgotten() {
    let folder = TempFolder::new();
    let store = folder.store();
    for number in 0..100 {
        let (old, new) = (token(&format!("old {number}")), token(&format!("new {number}")));
        store.save(&key(), &old);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| store.forget(&key(), &old));
            }
            scope.spawn(|| store.save(&key(), &new));
        });
        assert_eq!(store.load(&key()), Some(new));
    }
}

#[test]
fn lock_is_released_although_a_forked_process_inherited_it() {
    let folder = TempFolder::new();
    let store = folder.store();
    let (_, lock) = store.lock_file(&key()).unwrap();
    lock.0.try_lock().unwrap();
    // A process that is forked without starting another program has the same open file.
    let inherited = lock.0.try_clone().unwrap();
    drop(lock);
    let (_, next) = store.lock_file(&key()).unwrap();
    assert!(next.0.try_lock().is_ok());
    drop(inherited);
}

const CHILD: &str = "API_AUTH_STORE_CHILD";

#[expect(clippy::disallowed_methods, reason = "how a child knows that it is one")]
fn folder_of_parent() -> Option<PathBuf> {
    std::env::var_os(CHILD).map(PathBuf::from)
}

/// Does nothing unless the next test starts it.
#[test]
fn child_process_is_killed_between_writing_and_renaming() {
    let Some(folder) = folder_of_parent() else { return };
    let store = FileStore::new(folder);
    let _held = store.lock(&key()).unwrap();
    let temporary = temporary(&store, &key());
    leave_temporary(&temporary, token("b").to_text().expose());
    std::process::abort();
}

#[test]
fn writer_killed_between_writing_and_renaming_changes_nothing_and_leaves_nothing() {
    let folder = TempFolder::new();
    let store = folder.store();
    store.save(&key(), &token("a"));
    for _ in 0..3 {
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "store::file::tests::child_process_is_killed_between_writing_and_renaming",
            ])
            .env(CHILD, store.folder())
            .stdout(std::process::Stdio::null())
            .status()
            .unwrap();
        assert!(!status.success(), "it was killed");
        assert!(names(&store).iter().any(|name| name.ends_with(".tmp")), "in the middle");
        assert_eq!(store.load(&key()), Some(token("a")));
        let guard = store.lock(&key());
        assert!(guard.is_some(), "its lock ended with it");
        store.save(&key(), &token("c"));
        assert_eq!(store.load(&key()), Some(token("c")));
        drop(guard);
        assert_eq!(names(&store).len(), 2, "the token and its lock");
        store.save(&key(), &token("a"));
    }
}

#[cfg(unix)]
#[test]
fn home_that_does_not_exist_is_not_created() {
    let folder = TempFolder::new();
    let home = folder.store().folder().join("home");
    let of_home = |name: &str| (name == "HOME").then(|| home.clone());
    let (existing, cache) = cache_of_user(of_home).unwrap();
    let store = FileStore { existing: Some(existing), ..FileStore::new(cache.join("app")) };
    store.save(&key(), &token("a"));
    assert!(store.lock(&key()).is_none());
    assert_eq!(store.load(&key()), None);
    assert!(!home.exists());
    fs::create_dir_all(&home).unwrap();
    store.save(&key(), &token("a"));
    assert_eq!(store.load(&key()), Some(token("a")));
    assert!(store.folder().starts_with(&home));
}

#[cfg(all(unix, not(target_os = "macos")))]
#[test]
fn only_the_last_component_of_the_cache_variable_is_created() {
    let variable = |name: &str| {
        let path = if name == "HOME" { "/home/u" } else { "/data/u/cache" };
        Some(PathBuf::from(path))
    };
    let expected = (PathBuf::from("/data/u"), PathBuf::from("/data/u/cache"));
    assert_eq!(cache_of_user(variable), Some(expected));
    assert_eq!(cache_of_user(|_| None), None);
}

#[test]
fn application_name_that_would_leave_the_cache_is_rejected() {
    for bad in ["", "..", "a/b", "/tmp", "a\\b", ".hidden", "ą"] {
        assert_eq!(FileStore::user_cache(bad).unwrap_err().argument(), "application", "{bad}");
    }
}
