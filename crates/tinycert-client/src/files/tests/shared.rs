//! Tests of file permissions in folders that are writable by other users.
//!
//! So that no test requires root, the caller performs the actions of another user itself: a file of
//! the caller is moved or linked to the path of a key.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};

use super::unix::{logged, mode, set_mode, skipped};
use super::*;

const GROUP: u32 = 54_321;
/// The modes of shared folders.
const SHARED: [u32; 3] = [0o770, 0o777, 0o1777];

/// Creates a file of the caller that is writable by its group.
fn file_of_a_group(path: &Path) {
    fs::write(path, "notes").unwrap();
    if let Err(error) = chown(path, None, Some(GROUP)) {
        skipped("the group", error);
    }
    set_mode(path, 0o664);
}

/// Returns files for each method of replacement, in folders with this mode.
fn shared_ways(folder: &Folder, mode: u32) -> Vec<(&'static str, KeyPairFiles)> {
    let ways = ways(folder);
    set_mode(&folder.0, mode);
    set_mode(&folder.path("private"), mode);
    ways
}

/// Checks that a group can neither read a key nor write to a chain.
fn check_access(way: &str, files: &KeyPairFiles) {
    let key = fs::metadata(files.key()).unwrap();
    assert_eq!(key.mode() & 0o777, 0o600, "{way}");
    assert_ne!(key.gid(), GROUP, "{way}");
    if files.chain() != files.key() {
        assert_eq!(mode(files.chain()) & 0o022, 0, "{way}");
    }
}

/// Returns the modes of all keys in a folder of versions.
fn modes_of_keys(versions: &Path) -> Vec<u32> {
    let version = |name: &String| name.starts_with("v-");
    let names = names(versions).into_iter().filter(version);
    names.map(|name| mode(&versions.join(name).join("key.pem"))).collect()
}

#[test]
fn hard_links_in_shared_folders_are_not_replaced() {
    for shared in SHARED {
        let folder = Folder::new();
        let elsewhere = Folder::new();
        let log = elsewhere.path("log");
        file_of_a_group(&log);
        for (way, files) in shared_ways(&folder, shared) {
            for path in [files.chain(), files.key()] {
                fs::hard_link(&log, path).unwrap();
                let error = files.prepare().err().expect("rejected").to_string();
                assert!(error.contains("has several names (hard links)"), "{way}: {error}");
                assert_eq!(fs::read_to_string(path).unwrap(), "notes", "{way}");
                fs::remove_file(path).unwrap();
            }
            publish(&files, 1).unwrap();
            check_access(way, &files);
        }
        assert_eq!((fs::read_to_string(&log).unwrap(), mode(&log)), ("notes".to_owned(), 0o664));
    }
}

#[test]
fn hard_links_in_other_folders_keep_their_permissions() {
    let folder = Folder::new();
    for (way, files) in ways(&folder) {
        let other = folder.path("other");
        file_of_a_group(&other);
        let group = fs::metadata(&other).unwrap().gid();
        fs::hard_link(&other, files.key()).unwrap();
        publish(&files, 1).unwrap();
        let key = fs::metadata(files.key()).unwrap();
        assert_eq!((key.mode() & 0o777, key.gid()), (0o660, group), "{way}");
    }
}

#[test]
fn files_moved_in_shared_folders_grant_no_permissions_to_a_group() {
    for shared in SHARED {
        let folder = Folder::new();
        for (way, files) in shared_ways(&folder, shared) {
            let notes = folder.path("notes");
            for number in 1..3 {
                for path in [files.chain(), files.key()] {
                    file_of_a_group(&notes);
                    fs::rename(&notes, path).unwrap();
                }
                publish(&files, number).unwrap();
                assert_eq!(published(&files), Some(number), "{way}");
                check_access(way, &files);
            }
        }
        let modes = modes_of_keys(&folder.path(".a.key.versions"));
        assert!(modes.iter().all(|mode| *mode == 0o600), "{modes:?}");
    }
}

#[test]
fn chain_in_a_shared_folder_does_not_change_the_permissions_of_a_key_elsewhere() {
    let folder = Folder::new();
    let files = KeyPairFiles::new(folder.path("x.pem"), folder.path("private/x.key"));
    make_folder(&folder.path("private"));
    set_mode(&folder.0, 0o770);
    for path in [files.chain(), files.key()] {
        file_of_a_group(path);
    }
    publish(&files, 1).unwrap();
    assert_eq!((mode(files.chain()), mode(files.key())), (0o644, 0o660));
}

#[test]
fn permissions_of_a_version_in_a_shared_folder_are_kept() {
    for shared in SHARED {
        let folder = Folder::new();
        let (_, files) = shared_ways(&folder, shared).remove(0);
        publish(&files, 1).unwrap();
        set_mode(files.chain(), 0o664);
        set_mode(files.key(), 0o640);
        if let Err(error) = chown(files.key(), None, Some(GROUP)) {
            skipped("the group", error);
        }
        let group = fs::metadata(files.key()).unwrap().gid();
        let warnings = logged(|| {
            for number in 2..4 {
                publish(&files, number).unwrap();
                let key = fs::metadata(files.key()).unwrap();
                assert_eq!((key.mode() & 0o777, key.gid()), (0o640, group));
                assert_eq!(mode(files.chain()), 0o664);
            }
        });
        assert_eq!(warnings, [""; 0]);
        // A combined file at the path of the key has the same permissions.
        let combined = KeyPairFiles::combined(files.key());
        publish(&combined, 4).unwrap();
        assert_eq!((published(&combined), mode(files.key())), (Some(4), 0o640));
        // Another user could have moved that file there.
        publish(&combined, 5).unwrap();
        assert_eq!((published(&combined), mode(files.key())), (Some(5), 0o600));
    }
}

#[test]
fn versions_of_another_key_grant_no_permissions_in_a_shared_folder() {
    for is_link in [false, true] {
        let folder = Folder::new();
        set_mode(&folder.0, 0o770);
        let pair = |name: &str| {
            KeyPairFiles::new(
                folder.path(&format!("{name}.pem")),
                folder.path(&format!("{name}.key")),
            )
        };
        let (one, other) = (pair("one"), pair("other"));
        for files in [&one, &other] {
            publish(files, 1).unwrap();
        }
        set_mode(one.key(), 0o640);
        if is_link {
            fs::rename(one.key(), other.key()).unwrap();
        } else {
            fs::rename(folder.path(".other.key.versions"), folder.path("aside")).unwrap();
            let versions = folder.path(".other.key.versions");
            fs::rename(folder.path(".one.key.versions"), versions).unwrap();
        }
        assert_eq!(mode(other.key()), 0o640);
        for number in 2..4 {
            publish(&other, number).unwrap();
            assert_eq!((published(&other), mode(other.key())), (Some(number), 0o600), "{is_link}");
        }
    }
}

#[test]
fn versions_from_before_a_folder_was_shared_grant_no_permissions() {
    let folder = Folder::new();
    let (_, files) = ways(&folder).remove(0);
    publish(&files, 1).unwrap();
    set_mode(files.key(), 0o640);
    publish(&files, 2).unwrap();
    assert_eq!(mode(files.key()), 0o640);
    set_mode(&folder.0, 0o770);
    publish(&files, 3).unwrap();
    assert_eq!(mode(files.key()), 0o600);
    set_mode(files.key(), 0o640);
    publish(&files, 4).unwrap();
    assert_eq!(mode(files.key()), 0o640);
}

#[test]
fn key_behind_a_link_in_a_shared_folder_is_private() {
    let folder = Folder::new();
    let shared = folder.path("shared");
    make_folder(&shared);
    set_mode(&shared, 0o770);
    for (way, files) in ways(&folder) {
        if way == "combined" {
            publish(&files, 1).unwrap();
        } else {
            file_of_a_group(files.chain());
            file_of_a_group(files.key());
        }
        let (chain, key) = (shared.join("x.pem"), shared.join("x.key"));
        symlink(files.chain(), &chain).unwrap();
        symlink(files.key(), &key).unwrap();
        let linked = if way == "combined" {
            KeyPairFiles::combined(&key)
        } else {
            KeyPairFiles::new(&chain, &key)
        };
        for number in 2..4 {
            set_mode(files.key(), 0o660);
            publish(&linked, number).unwrap();
            assert_eq!(published(&files), Some(number), "{way}");
            assert_eq!(mode(files.key()), 0o600, "{way}");
        }
        fs::remove_file(chain).unwrap();
        fs::remove_file(key).unwrap();
    }
}

#[test]
fn run_that_fails_after_converting_a_pair_grants_no_permissions_to_the_next_one() {
    let folder = Folder::new();
    let (_, files) = shared_ways(&folder, 0o770).remove(0);
    for path in [files.chain(), files.key()] {
        file_of_a_group(path);
    }
    let Prepared(mut publisher, locks) = files.prepare().unwrap();
    publisher.write(&chain(1), &key(1)).unwrap();
    let versions = folder.path(".a.key.versions");
    for name in names(&versions).iter().filter(|name| name.starts_with("v-")) {
        let key = fs::read_to_string(versions.join(name).join("key.pem")).unwrap();
        if key != "notes" {
            fs::rename(versions.join(name), folder.path("aside")).unwrap();
        }
    }
    publisher.publish().unwrap_err();
    drop(locks);
    assert!(fs::symlink_metadata(files.key()).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(files.key()).unwrap(), "notes");
    check_access("links", &files);
    publish(&files, 2).unwrap();
    check_access("links", &files);
}

#[test]
fn locks_and_journals_with_other_names_are_rejected_in_shared_folders() {
    let folder = Folder::new();
    let target = folder.path("target");
    fs::write(&target, "precious").unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o644)).unwrap();
    for (way, files) in shared_ways(&folder, 0o1777) {
        for ending in ["lock", "journal"] {
            let name = files.key().file_name().unwrap().to_str().unwrap();
            let planted = files.key().with_file_name(format!(".{name}.{ending}"));
            fs::hard_link(&target, &planted).unwrap();
            let error = files.prepare().err().expect("rejected").to_string();
            assert!(error.contains("has several names (hard links)"), "{way}: {error}");
            fs::remove_file(&planted).unwrap();
        }
    }
    assert_eq!(fs::read_to_string(target).unwrap(), "precious");
}

#[test]
fn permissions_that_are_not_kept_are_logged() {
    let folder = Folder::new();
    let (_, files) = shared_ways(&folder, 0o770).remove(2);
    publish(&files, 1).unwrap();
    assert_eq!(logged(|| publish(&files, 2).unwrap()), [""; 0]);
    set_mode(files.key(), 0o640);
    let logged = logged(|| publish(&files, 3).unwrap());
    let [line] = logged.as_slice() else { panic!("{logged:?}") };
    assert!(line.contains("c.pem: permissions of its group or of others are not kept"), "{line}");
}

#[test]
fn file_that_was_exchanged_after_the_checks_is_not_copied() {
    let folder = Folder::new();
    let (path, other) = (folder.path("x.key"), folder.path("other"));
    fs::write(&path, "old").unwrap();
    fs::write(&other, "theirs").unwrap();
    let resolved = ResolvedPath::resolve(&path).unwrap();
    resolved.open().unwrap().expect("the file that was checked");
    fs::rename(&other, &path).unwrap();
    let error = resolved.open().unwrap_err().to_string();
    assert!(error.contains("was replaced by another program"), "{error}");
}
