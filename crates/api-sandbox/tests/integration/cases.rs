//! The cases of `tests/cmd`: what a user types, and the exit status and the outputs.

use std::path::Path;

use test_support::cases;
use test_support::cli::Program;

const PROGRAM: Program =
    Program { path: env!("CARGO_BIN_EXE_api-sandbox"), prefix: "", secrets: &[] };

#[test]
fn commands_have_the_statuses_and_outputs_of_their_cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd");
    cases::run_alone(&PROGRAM, &folder, 10);
}
