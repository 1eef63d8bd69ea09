//! Tests of the replacement of a chain and a key: checks, kept permissions, and killed processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;

use super::*;

/// A folder for one test. It is removed on drop.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("key-pair-files {}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        make_folder(&folder);
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn names(&self) -> Vec<String> {
        names(&self.0)
    }
}

/// Creates a folder that is writable only by its owner, regardless of the umask.
fn make_folder(path: &Path) {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o755);
    builder.create(path).unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| name(entry).into_string().unwrap()).collect();
    names.sort();
    names
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Returns a DER value.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x84], &length[..], &content].concat()
}

/// Encodes DER as PEM.
fn pem(label: &str, der: &[u8]) -> String {
    let base64 = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> =
        base64.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

const RSA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
/// The object identifiers of an elliptic-curve key on the curve P-256, in DER.
const P256: &[u8] =
    &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const P384: &[u8] = &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 0x2b, 0x81, 4, 0, 0x22];
const ED25519: &[u8] = &[6, 3, 0x2b, 0x65, 0x70];

/// Returns a certificate for a public key, with an empty signature and empty names.
fn certificate(algorithm: &[u8], public: &[u8]) -> Vec<u8> {
    let empty = der(0x30, &[]);
    let key = der(0x30, &[&der(0x30, &[algorithm]), &der(3, &[&[0], public])]);
    let version = der(0xa0, &[&[2, 1, 2]]);
    let signed = [&version, &[2, 1, 1][..], &empty, &empty, &empty, &empty, &key].concat();
    der(0x30, &[&der(0x30, &[&signed]), &empty, &der(3, &[&[0]])])
}

/// Returns a private key in PKCS#8 format.
fn pkcs8(algorithm: &[u8], inner: &[u8]) -> Vec<u8> {
    der(0x30, &[&[2, 1, 0], &der(0x30, &[algorithm]), &der(4, &[inner])])
}

/// Returns an RSA modulus of about 4 kB that contains `number`.
fn modulus(number: u64) -> Vec<u8> {
    der(2, &[&[1; 4096], &number.to_be_bytes()])
}

fn rsa_certificate(number: u64) -> Vec<u8> {
    certificate(RSA, &der(0x30, &[&modulus(number), &[2, 1, 3]]))
}

fn rsa_key(number: u64) -> Vec<u8> {
    let one = [2, 1, 1];
    let rest = one.repeat(6);
    der(0x30, &[&[2, 1, 0], &modulus(number), &[2, 1, 3], &rest])
}

/// Returns a chain of two certificates. The first one belongs to the key with this number.
fn chain(number: u64) -> String {
    let [first, second] = [number, 0].map(|number| pem("CERTIFICATE", &rsa_certificate(number)));
    format!("{number}\n{first}{second}")
}

fn key(number: u64) -> Secret {
    Secret::new(pem("PRIVATE KEY", &pkcs8(RSA, &rsa_key(number))))
}

fn publish(files: &KeyPairFiles, number: u64) -> Result<(), FileError> {
    files.prepare()?.write(&chain(number), &key(number))
}

/// Returns the number of the pair on disk if both files are complete and match.
fn published(files: &KeyPairFiles) -> Option<u64> {
    let (cert, private) =
        (fs::read_to_string(files.chain()).ok()?, fs::read_to_string(files.key()).ok()?);
    let number: u64 = cert.lines().find_map(|line| line.parse().ok())?;
    let both = [key(number).expose(), &chain(number)].concat();
    let matches = cert == both || (cert == chain(number) && private == key(number).expose());
    matches.then_some(number)
}

/// Returns files for each method of replacement.
fn ways(folder: &Folder) -> Vec<(&'static str, KeyPairFiles)> {
    make_folder(&folder.path("private"));
    vec![
        ("links", KeyPairFiles::new(folder.path("a.pem"), folder.path("a.key"))),
        ("journal", KeyPairFiles::new(folder.path("b.pem"), folder.path("private/b.key"))),
        ("combined", KeyPairFiles::combined(folder.path("c.pem"))),
    ]
}

#[test]
fn pairs_are_published_and_replaced_by_each_method() {
    let folder = Folder::new();
    for (way, files) in ways(&folder) {
        for number in 1..4 {
            publish(&files, number).unwrap();
            assert_eq!(published(&files), Some(number), "{way}");
        }
    }
    let (_, links) = ways(&folder).remove(0);
    assert_eq!(cfg!(unix), fs::symlink_metadata(links.key()).unwrap().is_symlink());
}

#[test]
fn invalid_contents_keep_the_old_pair_and_leave_no_files() {
    let folder = Folder::new();
    for (way, files) in ways(&folder) {
        publish(&files, 1).unwrap();
        let before = folder.names();
        for (cert, private) in
            [(chain(2), Secret::new("<html>")), ("{}".to_owned(), key(2)), (chain(2), key(3))]
        {
            let error = files.prepare().unwrap().write(&cert, &private).unwrap_err();
            assert!(matches!(error, FileError::File { .. }), "{way}");
        }
        drop(files.prepare().unwrap());
        assert_eq!((published(&files), folder.names()), (Some(1), before), "{way}");
    }
}

#[test]
fn chain_and_key_in_one_file_with_two_spellings_are_rejected() {
    let folder = Folder::new();
    let path = folder.path("x.pem");
    fs::create_dir(folder.path("sub")).unwrap();
    fs::write(&path, "old").unwrap();
    fs::hard_link(&path, folder.path("hard.pem")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("x.pem", folder.path("link.pem")).unwrap();
    #[cfg(not(unix))]
    fs::copy(&path, folder.path("link.pem")).unwrap();
    for other in ["x.pem", "./x.pem", "sub/../x.pem", "X.PEM", "link.pem", "hard.pem"] {
        if cfg!(not(unix)) && ["link.pem", "hard.pem"].contains(&other) {
            continue;
        }
        for files in [
            KeyPairFiles::new(&path, folder.path(other)),
            KeyPairFiles::new(folder.path(other), &path),
        ] {
            match publish(&files, 1) {
                Err(FileError::Call(error)) => assert_eq!(error.argument(), Some("files")),
                other => panic!("{files:?}: {other:?}"),
            }
        }
    }
    assert_eq!(fs::read_to_string(path).unwrap(), "old");
}

#[test]
fn missing_folders_and_folders_in_place_of_files_are_rejected() {
    let folder = Folder::new();
    fs::create_dir(folder.path("taken")).unwrap();
    let fine = folder.path("fine.pem");
    for (bad, is_folder) in [("missing/x", false), ("taken", true)] {
        for files in [
            KeyPairFiles::new(&fine, folder.path(bad)),
            KeyPairFiles::new(folder.path(bad), &fine),
            KeyPairFiles::combined(folder.path(bad)),
        ] {
            let error = publish(&files, 1).unwrap_err().to_string();
            assert_eq!(error.contains("not a regular file"), is_folder, "{error}");
            assert_eq!(folder.names(), ["taken"], "no file is left");
        }
    }
}

#[test]
fn file_that_another_program_changes_is_kept() {
    for number in 0..3 {
        for is_written in [false, true] {
            for is_key in [false, true] {
                let folder = Folder::new();
                let (way, files) = ways(&folder).remove(number);
                fs::write(files.chain(), chain(1)).unwrap();
                fs::write(files.key(), key(1).expose()).unwrap();
                let Prepared(mut publisher, locks) = files.prepare().unwrap();
                if is_written {
                    publisher.write(&chain(2), &key(2)).unwrap();
                }
                let path = if is_key { files.key() } else { files.chain() };
                fs::write(path, "theirs").unwrap();
                let error = if is_written {
                    publisher.publish().unwrap_err().to_string()
                } else {
                    Prepared(publisher, locks).write(&chain(2), &key(2)).unwrap_err().to_string()
                };
                assert!(error.contains("was replaced by another program"), "{way}: {error}");
                assert_eq!(fs::read_to_string(path).unwrap(), "theirs", "{way}");
                assert!(fs::symlink_metadata(path).unwrap().is_file(), "{way}");
                let left = folder.names().into_iter().chain(names(&folder.path("private")));
                let mut left = left.filter(|name| name.starts_with('.'));
                assert!(left.all(|name| name.ends_with(".lock")), "{way}");
            }
        }
    }
}

#[test]
fn files_without_an_identity_are_not_the_same() {
    assert!(!trust::is_same(None, None), "lock files are not removed if files have no identity");
    assert!(!trust::is_same(Some((1, 2)), None));
    assert!(!trust::is_same(Some((1, 2)), Some((1, 3))));
    assert!(trust::is_same(Some((1, 2)), Some((1, 2))));
}

#[test]
#[cfg(not(unix))]
fn lock_files_are_kept_where_files_have_no_identity() {
    let folder = Folder::new();
    let files = KeyPairFiles::combined(folder.path("a.pem"));
    for number in 1..3 {
        publish(&files, number).unwrap();
        assert_eq!(folder.names(), [".a.pem.lock", "a.pem"]);
    }
}

mod contents;
#[cfg(unix)]
mod interrupted;
#[cfg(unix)]
mod linked;
#[cfg(unix)]
mod shared;
#[cfg(unix)]
mod trusted;

#[cfg(unix)]
mod unix {
    use std::cell::RefCell;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
    use std::sync::Once;

    use super::*;

    thread_local! {
        static LOGGED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }

    /// A logger that records the messages of each thread.
    struct Recorder;

    impl log::Log for Recorder {
        fn enabled(&self, _: &log::Metadata<'_>) -> bool {
            true
        }

        fn log(&self, record: &log::Record<'_>) {
            LOGGED.with_borrow_mut(|logged| logged.push(record.args().to_string()));
        }

        fn flush(&self) {}
    }

    /// Returns the warnings that this thread logs during `run`.
    pub(super) fn logged(run: impl FnOnce()) -> Vec<String> {
        static START: Once = Once::new();
        START.call_once(|| {
            log::set_logger(&Recorder).unwrap();
            log::set_max_level(log::LevelFilter::Warn);
        });
        LOGGED.take();
        run();
        LOGGED.take()
    }

    pub(super) fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    pub(super) fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Prints which part of a test is skipped in this environment, and why.
    pub(super) fn skipped(what: &str, why: impl std::fmt::Display) {
        println!("skipped {what}: {why}");
    }

    /// Creates a named pipe. Returns `false` if `mkfifo` is not available.
    pub(super) fn make_pipe(path: &Path) -> bool {
        let made = Command::new("mkfifo").arg(path).status();
        let is_made = made.as_ref().is_ok_and(std::process::ExitStatus::success);
        if !is_made {
            skipped("the pipe", format!("mkfifo: {made:?}"));
        }
        is_made
    }

    /// Changes the owner of a file or link to another user. Only root can do this.
    pub(super) fn give_away(path: &Path) -> bool {
        let given = std::os::unix::fs::lchown(path, Some(54_321), None);
        if let Err(error) = &given {
            skipped("what needs root", error);
        }
        given.is_ok()
    }

    #[test]
    fn new_keys_are_private_and_old_modes_owners_and_groups_are_kept() {
        let folder = Folder::new();
        for (way, files) in ways(&folder) {
            publish(&files, 1).unwrap();
            assert_eq!(mode(files.key()), 0o600, "{way}");
            set_mode(files.key(), 0o640);
            if files.chain() != files.key() {
                set_mode(files.chain(), 0o600);
            }
            // Only root can give files away.
            if let Err(error) = chown(files.key(), Some(12_345), Some(54_321)) {
                skipped("another owner and group", error);
            }
            let before = fs::metadata(files.key()).unwrap();
            for number in 2..4 {
                publish(&files, number).unwrap();
                let key = fs::metadata(files.key()).unwrap();
                assert_eq!(key.mode() & 0o777, 0o640, "{way}");
                assert_eq!((key.uid(), key.gid()), (before.uid(), before.gid()), "{way}");
                if files.chain() != files.key() {
                    assert_eq!(mode(files.chain()), 0o600, "{way}");
                }
            }
        }
    }

    #[test]
    fn irregular_files_are_never_replaced() {
        let folder = Folder::new();
        let fine = folder.path("fine.pem");
        let mut paths = Vec::new();
        // A device of its own, because a fault would replace that of the machine.
        let device = folder.path("device");
        let make = Command::new("mknod").arg(&device).args(["c", "1", "3"]).output();
        if make.is_ok_and(|output| output.status.success()) {
            paths.push(device);
        } else {
            println!("skipped the device: only root can make one");
        }
        let pipe = folder.path("pipe");
        if make_pipe(&pipe) {
            paths.push(pipe);
        }
        let socket = folder.path("socket");
        let listener = std::os::unix::net::UnixListener::bind(&socket);
        match &listener {
            Ok(_) => paths.push(socket),
            Err(error) => println!("skipped the socket: {error}"),
        }
        let kinds = |path: &Path| fs::symlink_metadata(path).unwrap().file_type();
        for path in &paths {
            let before = kinds(path);
            for files in [
                KeyPairFiles::new(&fine, path),
                KeyPairFiles::new(path, &fine),
                KeyPairFiles::combined(path),
            ] {
                let error = publish(&files, 1).unwrap_err().to_string();
                assert!(error.contains("not a regular file"), "{error}");
            }
            assert_eq!(kinds(path), before, "{path:?}");
        }
    }

    #[test]
    fn links_are_followed_even_if_they_dangle() {
        let folder = Folder::new();
        fs::create_dir(folder.path("real")).unwrap();
        for (way, files) in ways(&folder) {
            for (path, name) in [(files.key(), "key"), (files.chain(), "chain")] {
                let target = folder.path(&format!("real/{way}.{name}"));
                if fs::symlink_metadata(path).is_err() {
                    symlink(&target, path).unwrap();
                }
            }
            for number in 1..4 {
                publish(&files, number).unwrap();
                assert_eq!(published(&files), Some(number), "{way}");
            }
            let target = fs::read_link(files.key()).unwrap();
            assert!(target.starts_with(folder.path("real")), "the link is kept: {target:?}");
        }
        symlink("loop", folder.path("loop")).unwrap();
        let error = publish(&KeyPairFiles::combined(folder.path("loop")), 1).unwrap_err();
        assert!(error.to_string().contains("too many symbolic links"), "{error}");
    }

    #[test]
    fn links_and_files_of_others_in_a_shared_folder_are_never_used() {
        let folder = Folder::new();
        let shared = folder.path("shared");
        fs::create_dir(&shared).unwrap();
        set_mode(&shared, 0o1777);
        fs::write(folder.path("target"), "precious").unwrap();
        let (link, file) = (shared.join("link"), shared.join("file"));
        symlink(folder.path("target"), &link).unwrap();
        fs::write(&file, "theirs").unwrap();
        let given = std::os::unix::fs::lchown(&link, Some(54_321), None)
            .and_then(|()| chown(&file, Some(54_321), None));
        if let Err(error) = given {
            println!("skipped: {error}");
            return;
        }
        for path in [&link, &file] {
            let error = publish(&KeyPairFiles::combined(path), 1).unwrap_err();
            assert!(error.to_string().contains("of another user"), "{error}");
        }
        assert_eq!(fs::read_to_string(folder.path("target")).unwrap(), "precious");
        assert_eq!(fs::read_to_string(file).unwrap(), "theirs");
    }

    #[test]
    fn plain_pair_is_converted_and_old_versions_are_removed() {
        let folder = Folder::new();
        let files = KeyPairFiles::new(folder.path("a.pem"), folder.path("a.key"));
        fs::write(files.chain(), chain(1)).unwrap();
        fs::write(files.key(), key(1).expose()).unwrap();
        for number in 2..10 {
            publish(&files, number).unwrap();
            assert_eq!(published(&files), Some(number));
        }
        // An administrator replaces the links with plain files.
        fs::remove_file(files.key()).unwrap();
        fs::write(files.key(), key(9).expose()).unwrap();
        publish(&files, 10).unwrap();
        assert_eq!(published(&files), Some(10));
        let versions = fs::read_dir(folder.path(".a.key.versions")).unwrap().count();
        assert!(versions <= 4, "{versions} entries");
        assert_eq!(folder.names(), [".a.key.versions", "a.key", "a.pem"]);
    }

    /// A damaged file can be larger than the free space of the disk.
    #[test]
    fn damaged_large_files_are_not_copied() {
        const LARGE: u64 = 2 << 20;
        fn large(folder: &Path) -> usize {
            let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
            let of = |path: PathBuf| match fs::symlink_metadata(&path).unwrap() {
                found if found.is_dir() => large(&path),
                found => usize::from(found.len() >= LARGE),
            };
            paths.map(of).sum()
        }
        for (is_chain, is_key) in [(true, false), (false, true), (true, true)] {
            let folder = Folder::new();
            for (way, files) in ways(&folder) {
                publish(&files, 1).unwrap();
                let damaged = [(files.chain(), is_chain), (files.key(), is_key)];
                for (path, _) in damaged.into_iter().filter(|(_, is_damaged)| *is_damaged) {
                    fs::remove_file(path).unwrap();
                    fs::File::create(path).unwrap().set_len(LARGE).unwrap();
                }
                let before = large(&folder.0);
                let Prepared(mut publisher, _locks) = files.prepare().unwrap();
                publisher.write(&chain(2), &key(2)).unwrap();
                assert_eq!(large(&folder.0), before, "{way} {is_chain} {is_key}");
                publisher.publish().unwrap();
                assert_eq!(published(&files), Some(2), "{way} {is_chain} {is_key}");
                assert_eq!(large(&folder.0), 0, "{way} {is_chain} {is_key}");
            }
        }
    }

    #[test]
    fn full_disk_keeps_the_old_pair() {
        let folder = Folder::new();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
            .arg(&folder.0)
            .stderr(Stdio::null())
            .status();
        if !mount.is_ok_and(|status| status.success()) {
            println!("skipped: no separate file system can be mounted");
            return;
        }
        let outcome = std::panic::catch_unwind(|| {
            for (way, files) in ways(&folder) {
                let _ = fs::remove_dir_all(folder.path(".a.key.versions"));
                for file in ["a.pem", "a.key", "b.pem", "private/b.key", "ballast"] {
                    let _ = fs::remove_file(folder.path(file));
                }
                publish(&files, 1).unwrap();
                let _ = fs::write(folder.path("ballast"), vec![0; 1 << 20]);
                assert!(publish(&files, 2).is_err(), "{way}");
                assert_eq!(published(&files), Some(1), "{way}");
                fs::remove_file(folder.path("ballast")).unwrap();
                publish(&files, 3).unwrap();
                assert_eq!(published(&files), Some(3), "{way}");
            }
        });
        let unmounted = Command::new("umount").arg("-l").arg(&folder.0).status().unwrap();
        assert!(unmounted.success());
        outcome.unwrap();
    }

    #[test]
    fn mounted_file_is_rejected_before_the_request() {
        let (folder, mounted) = (Folder::new(), Folder::new());
        let run = |program: &str, arguments: &[&Path]| {
            let command = Command::new(program).args(arguments).stderr(Stdio::null()).status();
            command.is_ok_and(|status| status.success())
        };
        for (way, files) in ways(&folder) {
            for path in [files.key(), files.chain()] {
                // On the same device, like a single file that is mounted into a container.
                let source = mounted.path("a file");
                fs::write(&source, "theirs").unwrap();
                fs::write(path, "mount point").unwrap();
                if !run("mount", &[Path::new("--bind"), &source, path]) {
                    println!("skipped: nothing can be mounted");
                    return;
                }
                let error = files.prepare().err().map(|error| error.to_string());
                let left = folder.names();
                assert!(run("umount", &[path]));
                let error = error.expect("rejected");
                assert!(
                    error.contains("a mount point, which cannot be replaced"),
                    "{way}: {error}"
                );
                assert_eq!(fs::read_to_string(&source).unwrap(), "theirs", "{way}");
                assert!(left.iter().all(|name| !name.starts_with('.')), "{way}: {left:?}");
                fs::remove_file(path).unwrap();
            }
            publish(&files, 1).unwrap();
            assert_eq!(published(&files), Some(1), "{way}");
            for path in [files.key(), files.chain()] {
                let _ = fs::remove_file(path);
            }
            let _ = fs::remove_dir_all(folder.path(".a.key.versions"));
        }
    }

    pub(super) const CHILD: &str = "KEY_PAIR_FILES_CHILD";
    /// The environment variable that sets how often the child is killed per method of replacement.
    const KILLS: &str = "KEY_PAIR_FILES_KILLS";

    #[expect(clippy::disallowed_methods, reason = "passes a task to a child process")]
    fn variable(name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    /// Replaces the files again and again, until the last number or until it is killed. Does
    /// nothing unless another test starts it.
    #[test]
    fn child_publishes() {
        let Some(task) = variable(CHILD) else { return };
        let mut parts = task.split('\n');
        let (way, folder) = (parts.next().unwrap(), parts.next().unwrap());
        let mut number: u64 = parts.next().unwrap().parse().unwrap();
        let last = parts.next().map_or(u64::MAX, |last| last.parse().unwrap());
        let folder = std::mem::ManuallyDrop::new(Folder(folder.into()));
        let (_, files) = ways(&folder).into_iter().find(|(name, _)| *name == way).unwrap();
        while number <= last {
            publish(&files, number).unwrap();
            number += 1;
        }
    }

    pub(super) fn program() -> PathBuf {
        std::env::current_exe().unwrap()
    }

    fn child(way: &str, folder: &Folder, number: u64) -> Child {
        Command::new(program())
            .args(["--exact", "files::tests::unix::child_publishes", "--quiet"])
            .env(CHILD, format!("{way}\n{}\n{number}", folder.0.display()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    #[test]
    fn nothing_is_written_to_a_folder_of_another_user() {
        let folder = Folder::new();
        let ways = ways(&folder);
        for (_, files) in &ways {
            publish(files, 1).unwrap();
        }
        let all = names(&folder.0);
        for path in [folder.0.clone(), folder.path("private")] {
            if let Err(error) = chown(&path, Some(54_321), Some(54_322)) {
                skipped("a folder of another user", error);
                return;
            }
        }
        for (way, files) in &ways {
            let error = publish(files, 2).unwrap_err().to_string();
            assert!(error.contains("belongs to the user 54321, who could"), "{way}: {error}");
            assert_eq!(published(files), Some(1), "{way}");
        }
        assert_eq!(names(&folder.0), all);
    }

    #[test]
    fn file_of_root_in_a_sticky_folder_is_rejected_for_other_users() {
        use std::os::unix::process::CommandExt;

        let folder = Folder::new();
        set_mode(&folder.0, 0o1777);
        let (_, files) = ways(&folder).pop().unwrap();
        fs::write(files.key(), "of root").unwrap();
        fs::remove_dir(folder.path("private")).unwrap();
        if fs::metadata(files.key()).unwrap().uid() != 0 {
            skipped("another user", "only root can start a program as another user");
            return;
        }
        let child = Command::new(program())
            .args(["--exact", "files::tests::unix::child_publishes", "--nocapture"])
            .env(CHILD, format!("combined\n{}\n1\n1", folder.0.display()))
            .uid(54_321)
            .gid(54_321)
            .output();
        let output = match child {
            Ok(output) => output,
            Err(error) => {
                skipped("another user", format!("the program cannot be started: {error}"));
                return;
            }
        };
        let printed = [output.stdout, output.stderr].concat();
        let printed = String::from_utf8_lossy(&printed);
        assert!(!output.status.success(), "{printed}");
        assert!(
            printed.contains("in a folder with the sticky bit cannot be replaced"),
            "{printed}"
        );
        assert_eq!(fs::read_to_string(files.key()).unwrap(), "of root");
    }

    #[test]
    fn kill_at_any_moment_leaves_a_matching_pair_and_no_temporary_files() {
        let kills = variable(KILLS).and_then(|text| text.parse().ok()).unwrap_or(20);
        let folder = Folder::new();
        for (way, files) in ways(&folder) {
            // The first pair consists of plain files, so the conversion is killed as well.
            if files.chain() != files.key() {
                fs::write(files.chain(), chain(1)).unwrap();
                fs::write(files.key(), key(1).expose()).unwrap();
            } else {
                publish(&files, 1).unwrap();
            }
            for kill in 0..kills {
                let first = 10_000 * (kill + 1);
                let mut child = child(way, &folder, first);
                // Waits until the child has published a pair, and then a little longer each time.
                let mut spins = 0;
                while published(&files).is_none_or(|number| number < first) {
                    assert!(child.try_wait().unwrap().is_none(), "{way}: the child failed");
                    std::thread::yield_now();
                }
                while spins < kill % 50 {
                    let _ = published(&files);
                    spins += 1;
                }
                child.kill().unwrap();
                child.wait().unwrap();
                if way == "journal" && published(&files).is_none() {
                    // The next run starts like this.
                    drop(files.prepare().unwrap());
                }
                assert!(published(&files).is_some(), "{way} after kill {kill}");
            }
            publish(&files, 2).unwrap();
            drop(files.prepare().unwrap());
            assert_eq!(published(&files), Some(2), "{way}");
        }
        assert_eq!(
            folder.names(),
            [".a.key.versions", "a.key", "a.pem", "b.pem", "c.pem", "private"]
        );
        assert_eq!(names(&folder.path("private")), ["b.key"]);
        let versions = folder.path(".a.key.versions");
        let current = fs::read_link(versions.join("current")).unwrap();
        assert_eq!(names(&versions), ["current", current.to_str().unwrap()]);
        assert_eq!(names(&versions.join(current)), ["chain.pem", "key.pem"]);
    }
}

#[test]
fn files_of_a_name_are_in_their_folder() {
    for (name, stem) in [
        ("www.example.com", "www.example.com"),
        ("*.example.com", "_.example.com"),
        ("../../etc/x", ".._.._etc_x"),
        ("/etc/cron.d/x", "_etc_cron.d_x"),
        ("..", ".."),
        ("", ""),
        ("a\\b:c\0 é\n", "a_b_c____"),
        ("demo@example.com", "demo@example.com"),
    ] {
        let files = KeyPairFiles::for_name("pki", name);
        assert_eq!(files.chain(), Path::new("pki").join(format!("{stem}.chain.pem")), "{name:?}");
        assert_eq!(files.key(), Path::new("pki").join(format!("{stem}.key.pem")), "{name:?}");
        assert_eq!(files.key().parent(), Some(Path::new("pki")));
    }
}

#[test]
fn files_of_one_name_in_two_folders_are_a_pair() {
    let folder = Folder::new();
    make_folder(&folder.path("private"));
    let files = KeyPairFiles::new(folder.path("x.pem"), folder.path("private/x.pem"));
    for number in 1..3 {
        publish(&files, number).unwrap();
        assert_eq!(published(&files), Some(number));
    }
}

#[test]
fn error_of_a_file_has_the_error_of_the_system_as_its_source() {
    let folder = Folder::new();
    fs::create_dir(folder.path("c.pem")).unwrap();
    let error = KeyPairFiles::combined(folder.path("c.pem")).check().unwrap_err();
    let source = std::error::Error::source(&error).expect("a source").downcast_ref::<io::Error>();
    assert_eq!(source.unwrap().kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn missing_folder_is_named() {
    let folder = Folder::new();
    let missing = folder.path("missing");
    let files = KeyPairFiles::new(missing.join("a.pem"), missing.join("a.key"));
    let error = files.prepare().err().unwrap().to_string();
    let expected = format!("the folder {} does not exist; create it", missing.display());
    assert!(error.ends_with(&expected), "{error}");
}
