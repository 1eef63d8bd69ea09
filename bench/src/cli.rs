//! The command-line programs: their sizes, and one call from start to exit.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::programs::{self, OURS, TPAY, built, in_turns, row, used, wall};
use crate::report::{Limit, Row, Section};
use crate::samples::{AID, CLIENT_ID, KEY};
use crate::server::Server;

const PROGRAMS: [&str; 4] = ["tinypass", "tinycert", "tokenpass", "tpay"];
/// The largest size of a program, in kB.
const LARGEST: f64 = 5000.0;
/// The maximum time of a call, as a multiple of the same call by a program with the library.
const SLOWEST: f64 = 1.3;
const ROUNDS: usize = 101;

/// Builds the programs as `cargo install --path` does, and returns their folder.
fn built_programs() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let packages = PROGRAMS.iter().flat_map(|name| ["-p".to_owned(), format!("{name}-cli")]);
    let status = Command::new(option_env!("CARGO").unwrap_or("cargo"))
        .args(["build", "--quiet", "--release", "--locked", "--target-dir"])
        .arg(folder.join("target/cli"))
        .args(packages)
        .current_dir(folder.parent().unwrap())
        .status();
    assert!(status.unwrap().success());
    folder.join("target/cli/release")
}

/// An environment file, and a folder for tokens. Both are removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("bench-cli-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn variables(&self, name: &str, variables: &[(&str, &str)]) -> String {
        let lines: Vec<String> =
            variables.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        std::fs::write(self.path(name), lines.concat()).unwrap();
        self.path(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn section() -> Section {
    let programs = built_programs();
    let mut rows: Vec<Row> = PROGRAMS
        .iter()
        .map(|name| {
            let size = std::fs::metadata(programs.join(name)).unwrap().len() as usize / 1000;
            Row::count(&format!("`{name}`: size, kB"), size, Limit::at(LARGEST), "-")
        })
        .collect();
    let server = Server::start();
    let (url, folder) = (server.url(false), Folder::new());
    let call = |name: &str, library: &str, library_call: &[&str], call: &[&str]| {
        let (library_program, program) = (built(library), programs.join(name));
        let rounds =
            in_turns(ROUNDS, || used(&library_program, library_call), || used(&program, call));
        let figure = format!("`{name}`: one call, start to exit");
        row(&figure, &rounds, wall, library, Limit::at(SLOWEST))
    };
    let variables =
        [("TINYPASS_AID", AID), ("TINYPASS_PRIVATE_KEY", KEY), ("TINYPASS_BASE_URL", &url)];
    let file = folder.variables("tinypass.env", &variables);
    let get = ["--env-file", &file, "access", "get", "premium-content", "user_42"];
    rows.push(call("tinypass", OURS, &[&url], &get));
    // Both have stored their token when they are measured.
    let (ca, tokens) = (programs::ca_file(&server), folder.path("tokens"));
    let cache = folder.path("cache");
    let variables = [
        ("TPAY_CLIENT_ID", CLIENT_ID),
        ("TPAY_CLIENT_SECRET", "secret"),
        ("TPAY_BASE_URL", &url),
        ("TPAY_TOKEN_CACHE", &cache),
    ];
    let file = folder.variables("tpay.env", &variables);
    let library_call = [&url, ca.to_str().unwrap(), &tokens];
    let get = ["--env-file", &file, "transaction", "get", "ta_42"];
    rows.push(call("tpay", TPAY, &library_call, &get));
    let _ = std::fs::remove_file(ca);
    Section { title: "Command-line programs", name: "cli", rows, ..Section::default() }
}
