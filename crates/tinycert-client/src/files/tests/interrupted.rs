//! Pairs in two folders of which only one file was replaced.

use std::os::unix::fs::symlink;
use std::time::Duration;

use super::unix::{give_away, logged, mode, set_mode, skipped};
use super::*;
use crate::files::journal::Journal;

const HEX: &str = "0123456789abcdef0123456789abcdef";

fn pair(folder: &Folder, chain: &str) -> KeyPairFiles {
    make_folder(&folder.path("private"));
    make_folder(&folder.path("public"));
    KeyPairFiles::new(folder.path(chain), folder.path("private/x.key"))
}

/// Replaces the pair up to the point at which the journal has been written.
fn recorded(files: &KeyPairFiles, number: u64) -> (Journal, Locks) {
    let Prepared(publisher, locks) = files.prepare().unwrap();
    let Publisher::Journal(mut pair) = publisher else { panic!("not two plain files") };
    pair.write(&chain(number), &key(number)).unwrap();
    (pair.record().unwrap(), locks)
}

/// Simulates a killed process. The new key was moved to its path, or is still next to it.
fn killed(files: &KeyPairFiles, number: u64, is_key_moved: bool) {
    let (journal, locks) = recorded(files, number);
    if is_key_moved {
        journal.key.run().unwrap();
        assert_ne!(published(files), Some(number));
    }
    drop(locks);
}

fn no_leftovers(folder: &Folder) {
    assert_eq!(names(&folder.path("private")), ["x.key"]);
    for name in folder.names().into_iter().chain(names(&folder.path("public"))) {
        assert!(!name.starts_with('.'), "{name}");
    }
}

#[test]
fn chain_that_cannot_be_replaced_keeps_the_old_pair() {
    let folder = Folder::new();
    let files = pair(&folder, "x.pem");
    publish(&files, 1).unwrap();
    set_mode(files.key(), 0o440);
    let (journal, locks) = recorded(&files, 2);
    fs::rename(files.chain(), folder.path("aside")).unwrap();
    fs::create_dir(files.chain()).unwrap();
    journal.finish().unwrap().expect("the chain cannot be moved");
    drop(locks);
    fs::remove_dir(files.chain()).unwrap();
    fs::rename(folder.path("aside"), files.chain()).unwrap();
    assert_eq!((published(&files), mode(files.key())), (Some(1), 0o440));
    no_leftovers(&folder);
    publish(&files, 3).unwrap();
    assert_eq!((published(&files), mode(files.key())), (Some(3), 0o440));
}

#[test]
fn first_key_is_removed_if_its_chain_cannot_be_written() {
    let folder = Folder::new();
    let files = pair(&folder, "x.pem");
    let (journal, locks) = recorded(&files, 1);
    fs::create_dir(files.chain()).unwrap();
    journal.finish().unwrap().expect("the chain cannot be moved");
    drop(locks);
    assert_eq!(names(&folder.path("private")), [""; 0]);
    fs::remove_dir(files.chain()).unwrap();
    publish(&files, 2).unwrap();
    assert_eq!(published(&files), Some(2));
}

#[test]
fn chain_that_cannot_be_completed_restores_the_old_key() {
    for broken in [
        "folder in its place",
        "link in its place",
        "temporary file removed",
        "folder gone",
        "file instead of its folder",
    ] {
        let folder = Folder::new();
        let files = pair(&folder, "public/x.pem");
        publish(&files, 1).unwrap();
        killed(&files, 2, true);
        match broken {
            "folder in its place" => {
                fs::remove_file(files.chain()).unwrap();
                fs::create_dir(files.chain()).unwrap();
            }
            "link in its place" => {
                fs::rename(files.chain(), folder.path("moved")).unwrap();
                symlink(folder.path("moved"), files.chain()).unwrap();
            }
            "temporary file removed" => publish(&KeyPairFiles::combined(files.chain()), 1).unwrap(),
            _ => fs::rename(folder.path("public"), folder.path("moved")).unwrap(),
        }
        if broken == "file instead of its folder" {
            fs::write(folder.path("public"), "file").unwrap();
        }
        let other = KeyPairFiles::new(folder.path("y.pem"), files.key());
        drop(other.prepare().expect(broken));
        assert_eq!(fs::read_to_string(files.key()).unwrap(), key(1).expose(), "{broken}");
        if broken == "link in its place" {
            assert_eq!(fs::read_link(files.chain()).unwrap(), folder.path("moved"));
            assert_eq!(fs::read_to_string(files.chain()).unwrap(), chain(1));
        }
        if let Ok(public) = fs::read_dir(folder.path("public")) {
            assert_eq!(public.count(), 1, "{broken}");
        }
        assert_eq!(names(&folder.path("private")), ["x.key"], "{broken}");
        publish(&other, 3).unwrap();
        assert_eq!(published(&other), Some(3), "{broken}");
    }
}

#[test]
fn check_completes_the_pair_of_a_killed_run_and_changes_no_other() {
    let folder = Folder::new();
    let files = pair(&folder, "x.pem");
    files.check().unwrap();
    assert_eq!(names(&folder.path("private")), [""; 0]);
    publish(&files, 1).unwrap();
    for _ in 0..2 {
        files.check().unwrap();
        assert_eq!(published(&files), Some(1));
        no_leftovers(&folder);
    }
    killed(&files, 2, true);
    files.check().unwrap();
    assert_eq!(published(&files), Some(2));
    no_leftovers(&folder);
}

/// Removes the temporary files of a file, and returns how many there were.
fn remove_temporary_files(folder: &Path, name: &str) -> usize {
    let files = names(folder).into_iter().filter(|temporary| {
        temporary.starts_with(&format!(".{name}.")) && temporary.ends_with(".tmp")
    });
    files.map(|temporary| fs::remove_file(folder.join(temporary)).unwrap()).count()
}

#[test]
fn copy_of_the_old_key_is_private() {
    let folder = Folder::new();
    let files = pair(&folder, "x.pem");
    publish(&files, 1).unwrap();
    set_mode(files.key(), 0o644);
    let (journal, locks) = recorded(&files, 2);
    let private = folder.path("private");
    for name in names(&private).iter().filter(|name| name.ends_with(".tmp")) {
        assert_eq!(mode(&private.join(name)), 0o640, "{name}");
    }
    fs::rename(files.chain(), folder.path("aside")).unwrap();
    fs::create_dir(files.chain()).unwrap();
    journal.finish().unwrap().expect("the chain cannot be moved");
    drop(locks);
    assert_eq!(fs::read_to_string(files.key()).unwrap(), key(1).expose());
    assert_eq!(mode(files.key()), 0o640, "even after it was restored");
}

#[test]
fn killed_run_that_cannot_be_completed_yet_keeps_its_journal() {
    for is_key_moved in [false, true] {
        for broken in ["lock of the chain", "link of the chain", "temporary file of the chain"] {
            let folder = Folder::new();
            let files = pair(&folder, "public/x.pem");
            publish(&files, 1).unwrap();
            killed(&files, 2, is_key_moved);
            let before = names(&folder.path("private"));
            let (lock, aside) = (folder.path("public/.x.pem.lock"), folder.path("aside"));
            let mut name = "x.pem";
            match broken {
                "lock of the chain" => {
                    fs::create_dir(&lock).unwrap();
                    name = ".x.pem.lock";
                }
                "link of the chain" => {
                    fs::rename(files.chain(), &aside).unwrap();
                    symlink("x.pem", files.chain()).unwrap();
                }
                _ => {
                    let names = names(&folder.path("public"));
                    let temporary = names.iter().find(|name| name.ends_with(".tmp")).unwrap();
                    let temporary = folder.path("public").join(temporary);
                    set_mode(&temporary, 0o000);
                    if fs::read(&temporary).is_ok() {
                        skipped("a temporary file that cannot be read", "root can read each file");
                        continue;
                    }
                    name = ".tmp";
                }
            }
            let error = pair(&folder, "y.pem").prepare().err().expect(broken).to_string();
            assert!(error.contains(name), "{broken}: {error}");
            assert!(error.contains("delete ") && error.contains(".x.key.journal"), "{error}");
            assert_eq!(names(&folder.path("private")), before, "{broken}");
            match broken {
                "lock of the chain" => fs::remove_dir(&lock).unwrap(),
                "link of the chain" => fs::rename(&aside, files.chain()).unwrap(),
                _ => {
                    for temporary in names(&folder.path("public")) {
                        set_mode(&folder.path("public").join(temporary), 0o600);
                    }
                }
            }
            drop(pair(&folder, "y.pem").prepare().unwrap());
            assert_eq!(published(&files), Some(2), "{broken}");
            no_leftovers(&folder);
        }
    }
}

#[test]
fn new_key_with_an_old_chain_is_always_an_error() {
    let folder = Folder::new();
    let files = pair(&folder, "x.pem");
    let journal = folder.path("private/.x.key.journal");
    for repair in ["journal removed", "key restored"] {
        publish(&files, 1).unwrap();
        killed(&files, 2, true);
        assert_eq!(remove_temporary_files(&folder.0, "x.pem"), 1);
        assert_eq!(remove_temporary_files(&folder.path("private"), "x.key"), 1);
        for _ in 0..2 {
            let error = files.prepare().err().expect(repair).to_string();
            assert!(error.contains("is a new key, but the chain is still the old one"), "{error}");
            assert!(error.contains(journal.to_str().unwrap()), "{error}");
            assert!(journal.exists());
        }
        match repair {
            "journal removed" => fs::remove_file(&journal).unwrap(),
            _ => fs::write(files.key(), key(1).expose()).unwrap(),
        }
        publish(&files, 3).unwrap();
        assert_eq!(published(&files), Some(3));
        no_leftovers(&folder);
    }
}

#[test]
fn same_key_needs_no_copy_of_the_old_key() {
    let folder = Folder::new();
    let files = pair(&folder, "x.pem");
    publish(&files, 1).unwrap();
    fs::write(files.chain(), "another chain").unwrap();
    killed(&files, 1, true);
    assert_eq!(remove_temporary_files(&folder.0, "x.pem"), 1);
    assert_eq!(remove_temporary_files(&folder.path("private"), "x.key"), 1);
    drop(files.prepare().unwrap());
    assert_eq!(fs::read_to_string(files.key()).unwrap(), key(1).expose());
    no_leftovers(&folder);
}

#[test]
fn spellings_of_a_path_have_one_lock_and_only_one_of_them_is_a_file_to_be_written() {
    // Each lock is that of a file to be written, or that of a chain in a journal.
    for (locks, is_accepted) in [
        (&[true, false][..], true),
        (&[false, true], true),
        (&[true, true], false),
        (&[true, false, true], false),
        (&[false, true, true], false),
    ] {
        let folder = Folder::new();
        // Simulates a file system that ignores case.
        let first = folder.path("0");
        fs::write(&first, "").unwrap();
        set_mode(&first, 0o600);
        let mut held = Locks::acquire(&[], Duration::ZERO).unwrap();
        let taken = locks.iter().enumerate().try_for_each(|(number, is_wanted)| {
            let path = folder.path(&number.to_string());
            if number > 0 {
                fs::hard_link(&first, &path).unwrap();
            }
            held.take(&folder.0, &path, *is_wanted, Duration::ZERO)
        });
        let problem = taken.err().map(|error| error.to_string());
        assert_eq!(problem.is_none(), is_accepted, "{locks:?}: {problem:?}");
        assert!(problem.is_none_or(|problem| problem.contains(SAME_FILE)), "{locks:?}");
    }
}

#[test]
fn discarded_pair_is_logged_with_its_reason() {
    let folder = Folder::new();
    let files = pair(&folder, "x.pem");
    publish(&files, 1).unwrap();
    killed(&files, 2, true);
    fs::remove_file(files.chain()).unwrap();
    fs::create_dir(files.chain()).unwrap();
    let check = |reason: &str| {
        let logged = logged(|| drop(pair(&folder, "y.pem").prepare().unwrap()));
        let [line] = logged.as_slice() else { panic!("{logged:?}") };
        assert!(line.contains("x.key: discarding the files of an interrupted run"), "{line}");
        assert!(line.contains(reason), "{line}");
    };
    check("x.pem: is no longer a regular file");
    fs::remove_dir(files.chain()).unwrap();
    publish(&files, 1).unwrap();
    killed(&files, 2, true);
    assert_eq!(remove_temporary_files(&folder.0, "x.pem"), 1);
    check("x.pem: its temporary file was removed");
}

#[test]
fn killed_run_is_completed_for_the_chain_that_it_named() {
    for is_key_moved in [false, true] {
        for other in ["public/b.pem", "private/b.pem", "a.pem"] {
            let folder = Folder::new();
            let files = pair(&folder, "public/a.pem");
            publish(&files, 1).unwrap();
            killed(&files, 2, is_key_moved);
            drop(pair(&folder, other).prepare().unwrap());
            assert_eq!(published(&files), Some(2), "{other}");
            no_leftovers(&folder);
        }
        // The same applies if the key is written to a combined file.
        let folder = Folder::new();
        let files = pair(&folder, "public/a.pem");
        publish(&files, 1).unwrap();
        killed(&files, 2, is_key_moved);
        drop(KeyPairFiles::combined(files.key()).prepare().unwrap());
        assert_eq!(published(&files), Some(2));
        no_leftovers(&folder);
    }
}

#[test]
fn journal_belongs_to_the_caller_for_all_permissions_of_the_key() {
    let folder = Folder::new();
    let files = pair(&folder, "x.pem");
    publish(&files, 1).unwrap();
    set_mode(&folder.path("private"), 0o755);
    set_mode(files.key(), 0o660);
    give_away(files.key());
    for (number, is_key_moved) in [(2, true), (3, false)] {
        killed(&files, number, is_key_moved);
        drop(files.prepare().unwrap());
        assert_eq!((published(&files), mode(files.key())), (Some(number), 0o660));
        no_leftovers(&folder);
    }
}

#[test]
fn key_that_was_restored_manually_is_kept() {
    for is_link in [false, true] {
        let folder = Folder::new();
        let files = pair(&folder, "x.pem");
        publish(&files, 1).unwrap();
        if is_link {
            // The key of a pair in one folder is a link to a version.
            let one_folder = KeyPairFiles::new(folder.path("private/x.pem"), files.key());
            publish(&one_folder, 1).unwrap();
            fs::remove_file(one_folder.chain()).unwrap();
        }
        let backup = folder.path("backup");
        match fs::read_link(files.key()) {
            Ok(target) => symlink(target, &backup).unwrap(),
            Err(_) => drop(fs::copy(files.key(), &backup).unwrap()),
        }
        killed(&files, 2, true);
        fs::rename(&backup, files.key()).unwrap();
        drop(files.prepare().unwrap());
        assert_eq!(published(&files), Some(1));
        let left = names(&folder.path("private"));
        let expected = [".x.key.versions", "x.key"];
        assert_eq!(left, expected[usize::from(!is_link)..], "{is_link}");
    }
}

#[test]
fn pair_is_not_discarded_if_its_files_cannot_be_read() {
    let folder = Folder::new();
    let files = pair(&folder, "public/x.pem");
    publish(&files, 1).unwrap();
    let (journal, locks) = recorded(&files, 2);
    let (public, aside) = (folder.path("public"), folder.path("aside"));
    fs::rename(&public, &aside).unwrap();
    symlink(&public, &public).unwrap();
    let error = journal.recover(None).unwrap_err().to_string();
    assert!(error.contains("the interrupted run cannot be completed"), "{error}");
    fs::remove_file(&public).unwrap();
    fs::rename(&aside, &public).unwrap();
    drop(locks);
    drop(files.prepare().unwrap());
    assert_eq!(published(&files), Some(2));
    no_leftovers(&folder);
}

#[test]
fn temporary_file_larger_than_the_limit_is_not_read() {
    const LARGE: u64 = 2 << 20;
    let folder = Folder::new();
    let files = pair(&folder, "x.pem");
    publish(&files, 1).unwrap();
    killed(&files, 2, false);
    // The journal names the large file with its right length and checksum.
    let path = folder.path("private/.x.key.journal");
    let journal = fs::read_to_string(&path).unwrap();
    let mut fields: Vec<String> = journal.split('\0').map(str::to_owned).collect();
    let temporary = fs::File::create(folder.path(&fields[2])).unwrap();
    temporary.set_len(LARGE).unwrap();
    let sum =
        (0..LARGE).fold(0xcbf2_9ce4_8422_2325_u64, |sum, _| sum.wrapping_mul(0x0100_0000_01b3));
    fields[3] = format!("{LARGE}-{sum:016x}");
    fs::write(&path, fields.join("\0")).unwrap();
    let key = ResolvedPath::resolve(files.key()).unwrap();
    let journal = Journal::read(&key).unwrap().unwrap();
    let error = journal.recover(None).unwrap().expect("the chain is not moved").to_string();
    assert!(error.contains("its temporary file was removed"), "{error}");
    assert_eq!(published(&files), Some(1));
    publish(&files, 3).unwrap();
    assert_eq!(published(&files), Some(3));
}

#[test]
fn journal_with_names_other_than_those_of_temporary_files_moves_no_files() {
    let folder = Folder::new();
    let files = pair(&folder, "x.pem");
    publish(&files, 1).unwrap();
    fs::write(folder.path("private/precious"), "precious").unwrap();
    let public = folder.path("public");
    let public = public.to_str().unwrap();
    let (chain, key) = (format!(".x.pem.{HEX}.tmp"), format!(".x.key.{HEX}.tmp"));
    for fields in [
        vec![],
        vec![public],
        vec![public, "x.pem", &chain, "1"],
        vec![public, "x.pem", "precious", "1", &key, "1"],
        vec![public, "x.pem", &chain, "1", "precious", "1"],
        vec![public, "x.pem", &chain, "1", "../private/precious", "1"],
        vec![public, "x.pem", &chain, "1", &key, "1", "precious", "1"],
        vec![public, "../x.pem", "..../x.pem.0.tmp", "1", &key, "1"],
        vec![public, "..", &chain, "1", &key, "1"],
        vec!["public", "x.pem", &chain, "1", &key, "1"],
    ] {
        let journal = folder.path("private/.x.key.journal");
        fs::write(&journal, fields.join("\0")).unwrap();
        set_mode(&journal, 0o600);
        let error = files.prepare().err().expect("rejected").to_string();
        assert!(error.contains("is damaged"), "{fields:?}: {error}");
        fs::remove_file(journal).unwrap();
    }
    assert_eq!(published(&files), Some(1));
}
