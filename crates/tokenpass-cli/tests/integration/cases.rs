//! The cases of `tests/cmd`: what a user types, and the exit status and the outputs.

use std::path::Path;

use test_support::cases;

use crate::world;

#[test]
fn commands_have_the_statuses_and_outputs_of_their_cases() {
    // The signatures contain the time, so the sandbox has the clock of the program.
    let world = world();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd");
    cases::run(&world, &folder, 20);
}
