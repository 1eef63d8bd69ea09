//! The cases of `tests/cmd`: what a user types, and the exit status and the outputs.

use std::path::Path;

use api_sandbox::SandboxClock;
use test_support::cases;
use test_support::cli::World;

use crate::PROGRAM;
use crate::pairs::NOW;

#[test]
fn commands_have_the_statuses_and_outputs_of_their_cases() {
    let world = World::at(PROGRAM, SandboxClock::at_unix(NOW));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd");
    cases::run(&world, &folder, 20);
}
