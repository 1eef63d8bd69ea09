//! Pairs in two folders, of which only one file could be replaced.

use super::unix::{give_away, mode, set_mode};
use super::*;
use crate::files::journal::Journal;

const HEX: &str = "0123456789abcdef0123456789abcdef";

fn pair(folder: &Folder, chain: &str) -> KeyPairFiles {
    fs::create_dir_all(folder.path("private")).unwrap();
    fs::create_dir_all(folder.path("public")).unwrap();
    KeyPairFiles::new(folder.path(chain), folder.path("private/x.key"))
}

/// Stops a run when its journal is written.
fn recorded(files: &KeyPairFiles, number: u64) -> (Journal, Locks) {
    let Prepared(publisher, locks) = files.prepare().unwrap();
    let Publisher::Journal(mut pair) = publisher else { panic!("not two plain files") };
    pair.write(&chain(number), &key(number)).unwrap();
    (pair.record().unwrap(), locks)
}

/// Kills a run, with the new key in its place or still beside it.
fn killed(files: &KeyPairFiles, number: u64, is_key_moved: bool) {
    let (journal, locks) = recorded(files, number);
    if is_key_moved {
        journal.key.run().unwrap();
        assert_ne!(published(files), Some(number));
    }
    drop(locks);
}

fn nothing_is_left(folder: &Folder) {
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
    journal.finish(true).unwrap().expect("the chain cannot be moved");
    drop(locks);
    fs::remove_dir(files.chain()).unwrap();
    fs::rename(folder.path("aside"), files.chain()).unwrap();
    assert_eq!((published(&files), mode(files.key())), (Some(1), 0o440));
    nothing_is_left(&folder);
    publish(&files, 3).unwrap();
    assert_eq!((published(&files), mode(files.key())), (Some(3), 0o440));
}

#[test]
fn first_key_is_removed_if_its_chain_cannot_be_written() {
    let folder = Folder::new();
    let files = pair(&folder, "x.pem");
    let (journal, locks) = recorded(&files, 1);
    fs::create_dir(files.chain()).unwrap();
    journal.finish(true).unwrap().expect("the chain cannot be moved");
    drop(locks);
    assert_eq!(names(&folder.path("private")), [""; 0]);
    fs::remove_dir(files.chain()).unwrap();
    publish(&files, 2).unwrap();
    assert_eq!(published(&files), Some(2));
}

#[test]
fn chain_that_cannot_be_completed_restores_the_old_key() {
    for broken in ["folder in its place", "draft removed", "folder gone"] {
        let folder = Folder::new();
        let files = pair(&folder, "public/x.pem");
        publish(&files, 1).unwrap();
        killed(&files, 2, true);
        match broken {
            "folder in its place" => {
                fs::remove_file(files.chain()).unwrap();
                fs::create_dir(files.chain()).unwrap();
            }
            "draft removed" => publish(&KeyPairFiles::combined(files.chain()), 1).unwrap(),
            _ => fs::rename(folder.path("public"), folder.path("moved")).unwrap(),
        }
        let other = pair(&folder, "y.pem");
        drop(other.prepare().unwrap());
        assert_eq!(fs::read_to_string(files.key()).unwrap(), key(1).expose(), "{broken}");
        nothing_is_left(&folder);
        publish(&other, 3).unwrap();
        assert_eq!(published(&other), Some(3), "{broken}");
    }
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
            nothing_is_left(&folder);
        }
        // Also by a run for the key alone.
        let folder = Folder::new();
        let files = pair(&folder, "public/a.pem");
        publish(&files, 1).unwrap();
        killed(&files, 2, is_key_moved);
        drop(KeyPairFiles::combined(files.key()).prepare().unwrap());
        assert_eq!(published(&files), Some(2));
        nothing_is_left(&folder);
    }
}

#[test]
fn journal_belongs_to_the_caller_whatever_access_the_key_has() {
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
        nothing_is_left(&folder);
    }
}

#[test]
fn key_that_was_restored_by_hand_is_kept() {
    let folder = Folder::new();
    let files = pair(&folder, "x.pem");
    publish(&files, 1).unwrap();
    fs::copy(files.key(), folder.path("backup")).unwrap();
    killed(&files, 2, true);
    fs::rename(folder.path("backup"), files.key()).unwrap();
    drop(files.prepare().unwrap());
    assert_eq!(published(&files), Some(1));
    nothing_is_left(&folder);
}

#[test]
fn journal_with_other_names_than_those_of_drafts_moves_nothing() {
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
