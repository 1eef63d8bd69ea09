//! Tests that links, locks and files of other users are rejected.

use std::os::unix::fs::{MetadataExt, symlink};

use super::unix::{give_away, make_pipe, mode, set_mode};
use super::*;
use crate::files::links::Checked;

const HEX: &str = "0123456789abcdef0123456789abcdef";

/// Returns the error that is detected before the first request.
fn rejected(files: &KeyPairFiles) -> String {
    files.prepare().err().expect("rejected").to_string()
}

#[test]
fn files_that_appear_after_the_checks_are_not_replaced() {
    for number in 0..3 {
        for is_link in [false, true] {
            for (existed, is_written) in
                [(false, false), (true, false), (false, true), (true, true)]
            {
                let folder = Folder::new();
                let (way, files) = ways(&folder).remove(number);
                let target = folder.path("target");
                fs::write(&target, "precious").unwrap();
                for path in [files.chain(), files.key()] {
                    if existed {
                        publish(&files, 1).unwrap();
                    }
                    let Prepared(mut publisher, locks) = files.prepare().unwrap();
                    if is_written {
                        publisher.write(&chain(2), &key(2)).unwrap();
                    }
                    let new = folder.path("new");
                    if is_link {
                        symlink(&target, &new).unwrap();
                    } else {
                        fs::write(&new, "theirs").unwrap();
                    }
                    fs::rename(&new, path).unwrap();
                    let published = if is_written {
                        publisher.publish()
                    } else {
                        publisher.write(&chain(2), &key(2))
                    };
                    let error = published.unwrap_err().to_string();
                    drop(locks);
                    assert!(error.contains("was replaced by another program"), "{way}: {error}");
                    let left = fs::read_to_string(path).unwrap();
                    assert_eq!(left, if is_link { "precious" } else { "theirs" }, "{way}");
                    fs::remove_file(path).unwrap();
                }
            }
        }
    }
}

#[test]
fn permissions_are_taken_from_the_files_that_were_checked() {
    let folder = Folder::new();
    for (way, files) in ways(&folder) {
        publish(&files, 1).unwrap();
        set_mode(files.key(), 0o640);
        let before = fs::metadata(files.key()).unwrap();
        let prepared = files.prepare().unwrap();
        set_mode(files.key(), 0o666);
        prepared.write(&chain(2), &key(2)).unwrap();
        assert_eq!((published(&files), mode(files.key())), (Some(2), 0o640), "{way}");
        let now = fs::metadata(files.key()).unwrap();
        assert_eq!((now.uid(), now.gid()), (before.uid(), before.gid()), "{way}");
    }
}

#[test]
fn own_links_and_files_in_shared_folders_are_used() {
    let folder = Folder::new();
    for (mode, name) in [(0o770, "group"), (0o777, "all"), (0o1777, "sticky")] {
        let shared = folder.path(name);
        fs::create_dir(&shared).unwrap();
        set_mode(&shared, mode);
        let target = folder.path("target");
        fs::write(&target, "old").unwrap();
        let (link, file) = (shared.join("link"), shared.join("file"));
        symlink(&target, &link).unwrap();
        fs::write(&file, "old").unwrap();
        for (number, path) in [(1, &link), (2, &file)] {
            let files = KeyPairFiles::combined(path);
            publish(&files, number).unwrap();
            assert_eq!(published(&files), Some(number), "{name}");
            let files = KeyPairFiles::new(shared.join(format!("chain{number}")), path);
            publish(&files, number + 2).unwrap();
            assert_eq!(published(&files), Some(number + 2), "{name}");
        }
        assert_eq!(fs::read_link(&link).unwrap(), target, "{name}");
        assert_eq!(fs::read_to_string(&target).unwrap(), key(3).expose(), "{name}");
    }
}

#[test]
fn folders_that_a_group_can_write_are_shared() {
    let folder = Folder::new();
    for (mode, name) in [(0o770, "group"), (0o777, "all"), (0o1777, "sticky")] {
        let shared = folder.path(name);
        fs::create_dir(&shared).unwrap();
        set_mode(&shared, mode);
        fs::write(folder.path("target"), "precious").unwrap();
        let (link, file) = (shared.join("link"), shared.join("file"));
        symlink(folder.path("target"), &link).unwrap();
        fs::write(&file, "theirs").unwrap();
        if !give_away(&link) || !give_away(&file) {
            return;
        }
        for path in [&link, &file] {
            let error = rejected(&KeyPairFiles::combined(path));
            assert!(error.contains("of another user in a shared folder"), "{name}: {error}");
            let error = rejected(&KeyPairFiles::new(shared.join("other"), path));
            assert!(error.contains("of another user in a shared folder"), "{name}: {error}");
        }
        assert_eq!(fs::read_to_string(folder.path("target")).unwrap(), "precious");
    }
}

#[test]
fn links_and_folders_of_others_in_the_path_of_a_folder_are_rejected() {
    let folder = Folder::new();
    fs::create_dir(folder.path("precious")).unwrap();
    let shared = folder.path("shared");
    fs::create_dir(&shared).unwrap();
    set_mode(&shared, 0o1777);
    symlink("../precious", shared.join("certs")).unwrap();
    let files = KeyPairFiles::combined(shared.join("certs/../precious/x.pem"));
    publish(&files, 1).unwrap();
    assert_eq!(names(&folder.path("precious")), ["x.pem"], "a link of the caller is followed");
    fs::create_dir(shared.join("theirs")).unwrap();
    if !give_away(&shared.join("certs")) || !give_away(&shared.join("theirs")) {
        return;
    }
    let real = fs::canonicalize(&shared).unwrap();
    for (path, other) in [
        ("certs/../precious/x.pem", "certs"),
        ("theirs/x.pem", "theirs"),
        ("theirs/../x.pem", "theirs"),
        ("theirs/own/x.pem", "theirs"),
    ] {
        let error = rejected(&KeyPairFiles::combined(shared.join(path)));
        let problem =
            format!("{} belongs to the user 54321, who could", real.join(other).display());
        assert!(error.contains(&problem), "{path}: {error}");
        let error = check_folder(shared.join(path).parent().unwrap()).unwrap_err().to_string();
        assert!(error.contains(&problem), "{path}: {error}");
    }
    assert_eq!(names(&folder.path("precious")), ["x.pem"]);
    assert_eq!(names(&shared), ["certs", "theirs"]);
    // The owner of a folder to which the last link leads.
    symlink(shared.join("theirs/y.pem"), folder.path("y.pem")).unwrap();
    let error = rejected(&KeyPairFiles::combined(folder.path("y.pem")));
    assert!(error.contains("theirs belongs to the user 54321"), "{error}");
}

#[test]
fn loops_of_links_in_the_path_of_a_folder_end() {
    let folder = Folder::new();
    symlink("loop", folder.path("loop")).unwrap();
    let error = rejected(&KeyPairFiles::combined(folder.path("loop/x.pem")));
    assert!(error.contains("too many symbolic links"), "{error}");
    fs::write(folder.path("file"), "").unwrap();
    rejected(&KeyPairFiles::combined(folder.path("file/x.pem")));
    // The path of the folder itself may contain links.
    let real = fs::canonicalize(folder.path(".")).unwrap();
    fs::create_dir(real.join("0")).unwrap();
    for number in 1..=41 {
        symlink((number - 1).to_string(), real.join(number.to_string())).unwrap();
    }
    publish(&KeyPairFiles::combined(real.join("40/x.pem")), 1).unwrap();
    let error = rejected(&KeyPairFiles::combined(real.join("41/x.pem")));
    assert!(error.contains("too many symbolic links"), "{error}");
}

#[test]
fn folder_of_versions_that_others_control_is_rejected() {
    let folder = Folder::new();
    let files = KeyPairFiles::new(folder.path("a.pem"), folder.path("a.key"));
    let versions = folder.path(".a.key.versions");
    for kind in ["writable", "given away", "file", "link"] {
        let problem = match kind {
            "file" => {
                fs::write(&versions, "").unwrap();
                "not a folder"
            }
            "link" => {
                symlink(".", &versions).unwrap();
                "not a folder"
            }
            "writable" => {
                fs::create_dir(&versions).unwrap();
                set_mode(&versions, 0o777);
                "is writable by other users"
            }
            _ => {
                fs::create_dir(&versions).unwrap();
                if !give_away(&versions) {
                    fs::remove_dir(&versions).unwrap();
                    continue;
                }
                "belongs to another user"
            }
        };
        let error = rejected(&files);
        assert!(error.contains(problem), "{kind}: {error}");
        // A link into it is not followed either.
        if fs::symlink_metadata(&versions).unwrap().is_dir() {
            symlink(".a.key.versions/current/key.pem", folder.path("b.key")).unwrap();
            let error = rejected(&KeyPairFiles::combined(folder.path("b.key")));
            assert!(error.contains(problem), "{kind}: {error}");
            fs::remove_file(folder.path("b.key")).unwrap();
            fs::remove_dir(&versions).unwrap();
        } else {
            fs::remove_file(&versions).unwrap();
        }
    }
}

#[test]
fn new_folder_that_was_exchanged_keeps_its_mode() {
    let folder = Folder::new();
    let private = folder.path("private");
    let new = folder.path("new");
    for kind in ["link", "folder with files", "given away"] {
        fs::create_dir(&private).unwrap();
        if kind == "link" {
            symlink(&private, &new).unwrap();
        } else {
            fs::rename(&private, &new).unwrap();
        }
        set_mode(&new, 0o700);
        let is_other = match kind {
            "folder with files" => fs::write(new.join("file"), "precious").is_ok(),
            "given away" => give_away(&new),
            _ => true,
        };
        if is_other {
            let error = Checked::open_new(&folder.0, new.clone()).expect_err(kind);
            assert_eq!(mode(&new), 0o700, "{kind}: {error}");
        }
        let _ = fs::remove_file(&new);
        let _ = fs::remove_dir_all(&new);
        let _ = fs::remove_dir(&private);
    }
    fs::create_dir(&new).unwrap();
    set_mode(&new, 0o700);
    Checked::open_new(&folder.0, new.clone()).unwrap();
    assert_eq!(mode(&new), 0o755);
}

#[test]
fn folder_of_versions_that_was_exchanged_is_rejected() {
    let folder = Folder::new();
    let (_, files) = ways(&folder).remove(0);
    for existed in [false, true] {
        if existed {
            publish(&files, 1).unwrap();
        }
        let prepared = files.prepare().unwrap();
        let versions = folder.path(".a.key.versions");
        fs::rename(&versions, folder.path("aside")).unwrap();
        fs::create_dir(&versions).unwrap();
        let error = prepared.write(&chain(2), &key(2)).unwrap_err().to_string();
        assert!(error.contains("was replaced by another program"), "{error}");
        assert_eq!(names(&versions), [""; 0]);
        for version in names(&folder.path("aside")).iter().filter(|name| name.starts_with("v-")) {
            let text = fs::read_to_string(folder.path("aside").join(version).join("key.pem"));
            assert!(existed || text.unwrap().is_empty(), "no key is written");
        }
        fs::remove_dir(&versions).unwrap();
        if existed {
            fs::rename(folder.path("aside"), &versions).unwrap();
            assert_eq!(published(&files), Some(1));
        } else {
            fs::remove_dir_all(folder.path("aside")).unwrap();
        }
    }
}

#[test]
fn planted_locks_and_journals_are_rejected() {
    let folder = Folder::new();
    fs::write(folder.path("target"), "precious").unwrap();
    for (way, files) in ways(&folder) {
        publish(&files, 1).unwrap();
        for ending in ["lock", "journal"] {
            let name = files.key().file_name().unwrap().to_str().unwrap();
            let planted = files.key().with_file_name(format!(".{name}.{ending}"));
            symlink(folder.path("target"), &planted).unwrap();
            rejected(&files);
            fs::remove_file(&planted).unwrap();
            if make_pipe(&planted) {
                rejected(&files);
                fs::remove_file(&planted).unwrap();
            }
            fs::create_dir(&planted).unwrap();
            rejected(&files);
            fs::remove_dir(&planted).unwrap();
            fs::write(&planted, "").unwrap();
            set_mode(&planted, 0o666);
            let error = rejected(&files);
            assert!(error.contains("is writable by other users"), "{way}: {error}");
            set_mode(&planted, 0o600);
            if give_away(&planted) {
                let error = rejected(&files);
                assert!(error.contains("belongs to another user"), "{way}: {error}");
            }
            fs::remove_file(&planted).unwrap();
        }
        assert_eq!(published(&files), Some(1), "{way}");
    }
    assert_eq!(fs::read_to_string(folder.path("target")).unwrap(), "precious");
}

#[test]
fn planted_temporary_files_are_neither_opened_nor_removed() {
    let folder = Folder::new();
    fs::write(folder.path("target"), "precious").unwrap();
    set_mode(&folder.path("target"), 0o600);
    for (way, files) in ways(&folder) {
        for path in [files.chain(), files.key()] {
            let name = path.file_name().unwrap().to_str().unwrap();
            let temporary = path.with_file_name(format!(".{name}.{HEX}.tmp"));
            symlink(folder.path("target"), &temporary).unwrap();
            publish(&files, 1).unwrap();
            assert!(fs::symlink_metadata(&temporary).is_ok(), "{way}");
            fs::remove_file(&temporary).unwrap();
            if make_pipe(&temporary) {
                publish(&files, 2).unwrap();
                fs::remove_file(&temporary).unwrap();
            }
            for other in [format!(".{name}.{HEX}0.tmp"), format!(".{name}.{HEX}.old")] {
                let other = path.with_file_name(other);
                fs::write(&other, "").unwrap();
                publish(&files, 3).unwrap();
                fs::remove_file(&other).unwrap();
            }
        }
    }
    assert_eq!(fs::read_to_string(folder.path("target")).unwrap(), "precious");
    assert_eq!(mode(&folder.path("target")), 0o600);
}
