//! Runs the programs of READMEs and guides, unchanged, with the variables of a sandbox in the
//! environment. The programs of a page run one after the other.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::process::{Command, Output};

use api_sandbox::Sandbox;
use workspace_tests::Folder;
use workspace_tests::programs::command;

fn program() -> Command {
    command(env!("CARGO_BIN_EXE_shown_program"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Returns the output of the programs of each page.
fn run_all() -> BTreeMap<String, String> {
    let list = text(&program().arg("--list").output().unwrap().stdout);
    let mut printed = BTreeMap::<String, String>::new();
    let mut sandbox = None;
    for line in list.lines() {
        let (page, number) = line.split_once(' ').unwrap();
        if number == "1" || sandbox.is_none() {
            sandbox = Some(Sandbox::start().unwrap());
        }
        let folder = Folder::new("shown");
        std::fs::create_dir_all(&folder.0).unwrap();
        let environment = sandbox.as_ref().unwrap().environment();
        let mut command = program();
        let Output { status, stdout, stderr } =
            command.args([page, number]).envs(environment).current_dir(&folder.0).output().unwrap();
        assert!(status.success(), "program {number} of {page}: {}", text(&stderr));
        printed.entry(page.to_owned()).or_default().push_str(&text(&stdout));
    }
    printed
}

#[test]
fn shown_programs_print_the_expected_output() {
    let printed = run_all();
    for (page, expected) in [
        ("README.md", "pay at http://127.0.0.1:"),
        (
            "README.md",
            "\naccess granted\n\
             certificate 14238 is in example.com.chain.pem, its key in example.com.key.pem\n\
             access granted\n",
        ),
        ("README.md", "/?title=TR-SBX-0000004&uid="),
        ("crates/tinypass-client/README.md", "access granted\n"),
        ("crates/tinypass-client/README.md", "true\n"),
        ("crates/tinycert-client/README.md", "soon.example.org: "),
        ("crates/tinycert-client/README.md", "certificate 14241\n"),
        ("crates/tokenpass-client/README.md", "access granted\n"),
        ("crates/tokenpass-client/README.md", "cryptonaut: true\nbob: "),
        ("crates/tpay-client/README.md", "pay at http://"),
        ("docs/guides/gating-content.md", "the article\nTOKENLY >= 15: true\nSECRETCOIN: true\n"),
        ("docs/guides/migrating.md", "true\n"),
        ("docs/guides/recording.md", "paid at the same URL\n"),
        ("docs/guides/payment.md", "send the payer to http://"),
        ("docs/guides/private-pki.md", "soon.example.org: "),
    ] {
        let shown = printed.get(page).unwrap_or_else(|| panic!("no program in {page}"));
        assert!(shown.contains(expected), "{page} printed {shown}");
    }
}

#[test]
fn default_program_lists_the_commands_of_the_workspace() {
    let Output { status, stdout, stderr } = program().output().unwrap();
    assert_eq!((status.code(), text(&stdout).as_str()), (Some(2), ""));
    for command in ["cargo xtask", "cargo run -p api-sandbox", "--example check_access -- --help"] {
        assert!(text(&stderr).contains(command), "{}", text(&stderr));
    }
}
