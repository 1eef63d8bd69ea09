//! For tests: a copy of the files that the checks read, in which a test introduces faults, and a
//! replacement of cargo. Both apply to the thread of the test. Also a request, a program that
//! fails, and the printed output of a function.

use std::cell::RefCell;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Returns the output of cargo for its arguments, or its error.
type Cargo = Box<dyn FnMut(&str) -> Result<String, String>>;

thread_local! {
    static ROOT: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
    static CARGO: RefCell<Option<Cargo>> = const { RefCell::new(None) };
}

/// Returns the folder of the copy, if the test of this thread has one.
pub(crate) fn root() -> Option<PathBuf> {
    ROOT.with_borrow(Clone::clone)
}

/// Returns the result of the replacement of cargo, if this is the thread of a test.
///
/// # Panics
/// Panics if the test has none: no test runs cargo.
pub(crate) fn cargo(arguments: &str) -> Option<Result<String, String>> {
    let result = CARGO.with_borrow_mut(|cargo| cargo.as_mut().map(|cargo| cargo(arguments)));
    Some(result.unwrap_or_else(|| panic!("a test runs cargo {arguments}")))
}

/// Replaces cargo with `cargo` for this thread.
pub(crate) fn replace_cargo(cargo: impl FnMut(&str) -> Result<String, String> + 'static) {
    CARGO.set(Some(Box::new(cargo)));
}

/// The files and folders that the checks read.
const READ: &[&str] = &[
    ".github",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "README.md",
    "SECURITY.md",
    "deny.toml",
    "docs",
    "examples",
    "crates",
];

/// A copy of the project. Dropping it removes it.
#[derive(Debug)]
pub(crate) struct Copy(PathBuf);

impl Copy {
    /// Copies the project. From here on, the checks of this thread read the copy.
    pub(crate) fn new() -> Self {
        let copy = Self::empty();
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for name in READ {
            copy_all(&project.join(name), &copy.0.join(name));
        }
        copy
    }

    /// Creates a project without files. From here on, the checks of this thread read it.
    pub(crate) fn empty() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("xtask-copy-{}-{number}", std::process::id());
        let copy = Self(std::env::temp_dir().join(name));
        fs::create_dir_all(&copy.0).unwrap();
        ROOT.set(Some(copy.0.clone()));
        copy
    }

    /// Writes a file, and creates its folder.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Returns the path of a file or folder.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    /// Changes a file.
    ///
    /// # Panics
    /// Panics if the file does not change.
    pub(crate) fn edit(&self, path: &str, change: impl FnOnce(&str) -> String) {
        let path = self.0.join(path);
        let text = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
        let changed = change(&text);
        assert_ne!(changed, text, "{} did not change", path.display());
        fs::write(path, changed).unwrap();
    }

    /// Adds text to the end of a file, before its tests.
    pub(crate) fn append(&self, path: &str, more: &str) {
        self.edit(path, |text| {
            let code = crate::shell::without_tests(text);
            let tests = text.strip_prefix(code).unwrap();
            format!("{code}\n{more}{tests}")
        });
    }

    /// Removes a file.
    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.0.join(path)).unwrap();
    }

    /// Restores a file to its content in the project.
    pub(crate) fn restore(&self, path: &str) {
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        fs::copy(project.join(path), self.0.join(path)).unwrap();
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        ROOT.set(None);
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Sends a GET request and waits for the end of the response.
pub(crate) fn get(host: &str, target: &str) {
    let mut stream = TcpStream::connect(host).unwrap();
    let head = format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
}

/// Returns a command that ends with the status 101: this test program with an unknown option.
pub(crate) fn failing() -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("--no-such-option").stdin(Stdio::null()).stderr(Stdio::null());
    command
}

/// Returns the output of a program that fails.
pub(crate) fn failure() -> Output {
    failing().output().unwrap()
}

/// Returns what `print` prints. For this, the test `name` runs once more in a process of its own, in
/// which this function calls `print` and returns `None`.
#[expect(clippy::disallowed_methods, reason = "how a child knows that it is one")]
pub(crate) fn printed(name: &str, print: impl FnOnce()) -> Option<String> {
    const IS_PRINTING: &str = "XTASK_TEST_IS_PRINTING";
    if std::env::var_os(IS_PRINTING).is_some() {
        print();
        return None;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture"]).env(IS_PRINTING, "1");
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("running 1 test\n"), "{text}");
    Some(text)
}

fn copy_all(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            if name != "target" {
                copy_all(&from.join(&name), &to.join(&name));
            }
        }
    } else if from.is_file() {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(to, fs::read(from).unwrap()).unwrap();
    }
}
