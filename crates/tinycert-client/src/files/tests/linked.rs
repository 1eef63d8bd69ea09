//! Pairs whose paths are symbolic links into a folder of versions.

use std::fs::File;
use std::os::unix::fs::{MetadataExt, symlink};
use std::time::Duration;

use super::unix::{CHILD, mode, program, set_mode};
use super::*;

const HEX: &str = "0123456789abcdef0123456789abcdef";

fn pair(folder: &Folder, chain: &str, key: &str) -> KeyPairFiles {
    KeyPairFiles::new(folder.path(chain), folder.path(key))
}

#[test]
fn chain_of_another_pair_is_linked_to_its_new_key() {
    let folder = Folder::new();
    let (first, second) = (pair(&folder, "a.pem", "a.key"), pair(&folder, "a.pem", "b.key"));
    publish(&first, 1).unwrap();
    publish(&second, 2).unwrap();
    assert_eq!(published(&second), Some(2));
    assert_eq!(fs::read_to_string(first.key()).unwrap(), key(1).expose());
    publish(&first, 3).unwrap();
    assert_eq!(published(&first), Some(3));
    publish(&first, 4).unwrap();
    assert_eq!(published(&first), Some(4));
}

#[test]
fn renamed_links_are_linked_to_their_new_versions() {
    let folder = Folder::new();
    let (old, new) = (pair(&folder, "a.pem", "a.key"), pair(&folder, "b.pem", "b.key"));
    publish(&old, 1).unwrap();
    set_mode(old.key(), 0o640);
    fs::rename(old.chain(), new.chain()).unwrap();
    fs::rename(old.key(), new.key()).unwrap();
    for number in 2..4 {
        publish(&new, number).unwrap();
        assert_eq!((published(&new), mode(new.key())), (Some(number), 0o640));
    }
    // The same applies if their targets were removed.
    fs::rename(new.chain(), old.chain()).unwrap();
    fs::rename(new.key(), old.key()).unwrap();
    fs::remove_dir_all(folder.path(".a.key.versions")).unwrap();
    fs::remove_dir_all(folder.path(".b.key.versions")).unwrap();
    publish(&old, 4).unwrap();
    assert_eq!(published(&old), Some(4));
}

#[test]
fn link_into_a_folder_with_a_similar_name_is_an_ordinary_link() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path("x.versions/current")).unwrap();
    let target = "x.versions/current/key.pem";
    symlink(target, folder.path("a.key")).unwrap();
    let files = KeyPairFiles::new(folder.path("a.pem"), folder.path("a.key"));
    for number in 1..3 {
        publish(&files, number).unwrap();
        assert_eq!(published(&files), Some(number));
        assert_eq!(fs::read_link(files.key()).unwrap(), Path::new(target));
        assert_eq!(fs::read_to_string(folder.path(target)).unwrap(), key(number).expose());
    }
}

#[test]
fn current_version_is_kept_for_any_spelling_of_its_link() {
    let folder = Folder::new();
    let files = pair(&folder, "a.pem", "a.key");
    publish(&files, 1).unwrap();
    let versions = folder.path(".a.key.versions");
    let current = versions.join("current");
    let version = fs::read_link(&current).unwrap();
    for target in [versions.join(&version), Path::new(".").join(&version), version.clone()] {
        fs::remove_file(&current).unwrap();
        symlink(target, &current).unwrap();
        drop(files.prepare().unwrap());
        assert_eq!(published(&files), Some(1));
    }
    // Without a readable link, it is not known which version is the only copy.
    for target in [None, Some("missing")] {
        fs::remove_file(&current).unwrap();
        if let Some(target) = target {
            symlink(target, &current).unwrap();
        }
        drop(files.prepare().unwrap());
        assert!(versions.join(&version).join("key.pem").exists(), "{target:?}");
        let _ = fs::remove_file(&current);
        symlink(&version, &current).unwrap();
    }
    publish(&files, 2).unwrap();
    assert_eq!(published(&files), Some(2));
}

#[test]
fn current_that_is_a_loop_or_no_link_is_rejected_before_the_request() {
    let folder = Folder::new();
    let files = pair(&folder, "a.pem", "a.key");
    publish(&files, 1).unwrap();
    let current = folder.path(".a.key.versions/current");
    let version = fs::canonicalize(&current).unwrap();
    fs::remove_file(&current).unwrap();
    symlink("current", &current).unwrap();
    files.prepare().err().expect("a loop");
    fs::remove_file(&current).unwrap();
    fs::rename(version, &current).unwrap();
    let error = files.prepare().err().unwrap().to_string();
    assert!(error.contains("current: not a symbolic link"), "{error}");
    assert_eq!(published(&files), Some(1));
}

#[test]
fn leftovers_of_killed_programs_are_removed() {
    let folder = Folder::new();
    let files = pair(&folder, "a.pem", "a.key");
    publish(&files, 1).unwrap();
    let versions = folder.path(".a.key.versions");
    fs::create_dir(versions.join(format!("v-{HEX}"))).unwrap();
    fs::write(versions.join(format!("v-{HEX}/key.pem")), key(7).expose()).unwrap();
    symlink("missing", versions.join(format!("next-{HEX}"))).unwrap();
    symlink(format!("v-{HEX}"), versions.join(format!("next-{}", HEX.replace('0', "1")))).unwrap();
    for temporary in ["a.key", "a.pem"] {
        fs::write(folder.path(&format!(".{temporary}.{HEX}.tmp")), "temporary").unwrap();
    }
    fs::write(folder.path(".a.key.lock"), "").unwrap();
    set_mode(&folder.path(".a.key.lock"), 0o600);
    // Entries with other names and of other kinds are kept.
    let others =
        ["backup", "v-1", &format!("next-{HEX}0"), &format!("v-{}", HEX.replace('0', "2"))];
    let [folders @ .., file] = &others;
    for other in folders {
        fs::create_dir(versions.join(other)).unwrap();
    }
    fs::write(versions.join(file), "").unwrap();
    drop(files.prepare().unwrap());
    assert_eq!(folder.names(), [".a.key.versions", "a.key", "a.pem"]);
    let left = names(&versions);
    assert!(others.iter().all(|other| left.iter().any(|name| name == other)), "{left:?}");
    assert_eq!(left.len(), 2 + others.len(), "{left:?}");
    assert_eq!(published(&files), Some(1));
}

#[test]
fn files_are_locked_from_the_checks_until_they_are_published() {
    let folder = Folder::new();
    for (way, files) in ways(&folder) {
        let locks = [files.chain(), files.key()].map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            path.with_file_name(format!(".{name}.lock"))
        });
        let prepared = files.prepare().unwrap();
        for lock in &locks {
            let lock = File::open(lock).unwrap();
            assert!(matches!(lock.try_lock(), Err(fs::TryLockError::WouldBlock)), "{way}");
        }
        prepared.write(&chain(1), &key(1)).unwrap();
        assert!(locks.iter().all(|lock| !lock.exists()), "{way}");
    }
}

#[test]
fn concurrent_runs_publish_one_after_the_other() {
    let folder = Folder::new();
    for (way, files) in ways(&folder) {
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let files = &files;
                scope.spawn(move || {
                    for number in 0..5 {
                        publish(files, 100 * thread + number).unwrap();
                    }
                });
            }
        });
        assert!(published(&files).is_some(), "{way}");
    }
    // Chains and keys that are paired crosswise must not cause a deadlock.
    std::thread::scope(|scope| {
        for (chain, key) in [("x", "y"), ("y", "x"), ("x", "z"), ("z", "x")] {
            let files = pair(&folder, chain, key);
            scope.spawn(move || {
                for number in 0..5 {
                    publish(&files, number).unwrap();
                }
            });
        }
    });
}

#[test]
fn key_that_everyone_can_read_keeps_its_group() {
    let folder = Folder::new();
    for (way, files) in ways(&folder) {
        publish(&files, 1).unwrap();
        for (old, new) in [(0o644, 0o640), (0o640, 0o640), (0o604, 0o600), (0o400, 0o400)] {
            set_mode(files.key(), old);
            publish(&files, 2).unwrap();
            assert_eq!(mode(files.key()), new, "{way}: {old:o}");
        }
    }
}

#[test]
fn copy_of_a_converted_key_is_private() {
    let folder = Folder::new();
    let files = pair(&folder, "a.pem", "a.key");
    fs::write(files.chain(), chain(1)).unwrap();
    fs::write(files.key(), key(1).expose()).unwrap();
    set_mode(files.key(), 0o644);
    publish(&files, 2).unwrap();
    let versions = folder.path(".a.key.versions");
    for version in names(&versions) {
        let key = versions.join(version).join("key.pem");
        assert_eq!(mode(&key), 0o640, "{key:?}");
    }
}

#[test]
fn temporary_files_have_the_permissions_of_the_old_files_before_the_request() {
    let folder = Folder::new();
    for (way, files) in ways(&folder) {
        publish(&files, 1).unwrap();
        let number = fs::metadata(files.key()).unwrap().ino();
        set_mode(files.key(), 0o440);
        let prepared = files.prepare().unwrap();
        let mut folders = vec![folder.0.clone(), folder.path("private")];
        if way == "links" {
            let versions = folder.path(".a.key.versions");
            folders.extend(names(&versions).iter().map(|name| versions.join(name)));
        }
        let mut entries = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
        let is_temporary = |entry: io::Result<fs::DirEntry>| {
            let metadata = entry.unwrap().metadata().unwrap();
            metadata.ino() != number && metadata.len() == 0 && metadata.mode() & 0o777 == 0o440
        };
        assert!(entries.any(is_temporary), "{way}");
        prepared.write(&chain(2), &key(2)).unwrap();
        assert_eq!((published(&files), mode(files.key())), (Some(2), 0o440), "{way}");
    }
}

#[test]
fn folders_of_versions_can_be_passed_under_any_umask() {
    let folder = Folder::new();
    let (_, files) = ways(&folder).remove(0);
    fs::write(files.key(), key(1).expose()).unwrap();
    set_mode(files.key(), 0o640);
    let status = Command::new("sh")
        .args(["-c", "umask 077; exec \"$0\" \"$@\""])
        .arg(program())
        .args(["--exact", "files::tests::unix::child_publishes", "--quiet"])
        .env(CHILD, format!("links\n{}\n1\n1", folder.0.display()))
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!((published(&files), mode(files.key())), (Some(1), 0o640));
    let versions = folder.path(".a.key.versions");
    assert_eq!((mode(&versions), mode(&versions.join("current"))), (0o755, 0o755));
}

#[test]
fn links_of_a_first_pair_are_removed_if_it_cannot_be_published() {
    let folder = Folder::new();
    let files = pair(&folder, "a.pem", "a.key");
    let prepared = files.prepare().unwrap();
    fs::create_dir(folder.path(".a.key.versions/current")).unwrap();
    prepared.write(&chain(1), &key(1)).unwrap_err();
    assert_eq!(folder.names(), [".a.key.versions"]);
    assert_eq!(names(&folder.path(".a.key.versions")), ["current"]);
    fs::remove_dir(folder.path(".a.key.versions/current")).unwrap();
    publish(&files, 2).unwrap();
    assert_eq!(published(&files), Some(2));
}

#[test]
fn wait_for_a_lock_is_limited() {
    let folder = Folder::new();
    for (way, files) in ways(&folder) {
        let prepared = files.prepare().unwrap();
        let resolved = ResolvedPath::resolve(files.key()).unwrap();
        let waited = Locks::acquire(&[&resolved], Duration::ZERO);
        let error = waited.err().expect("the lock is held").to_string();
        let lock = format!(".{}.lock: is still locked by another run", resolved.name);
        assert!(error.contains(&lock) && error.contains("end that process"), "{way}: {error}");
        prepared.write(&chain(1), &key(1)).unwrap();
        // A thread that is still waiting for the old lock does not hold the next one.
        publish(&files, 2).unwrap();
        assert_eq!(published(&files), Some(2), "{way}");
    }
}

#[test]
fn lock_of_another_process_is_not_removed() {
    let folder = Folder::new();
    let files = KeyPairFiles::combined(folder.path("a.pem"));
    let prepared = files.prepare().unwrap();
    let lock = folder.path(".a.pem.lock");
    fs::remove_file(&lock).unwrap();
    fs::write(&lock, "another process").unwrap();
    prepared.write(&chain(1), &key(1)).unwrap();
    assert_eq!(fs::read_to_string(&lock).unwrap(), "another process");
}
