//! The cases of `tests/cmd`: what a user types, and the exit status and the outputs.

use std::path::Path;

use api_sandbox::SandboxClock;
use test_support::cases;
use test_support::cli::World;

use crate::{CREATE, PROGRAM};

/// 2026-11-29 12:00 UTC.
const NOW: u64 = 1_795_953_600;

#[test]
fn commands_have_the_statuses_and_outputs_of_their_cases() {
    let world = World::at(PROGRAM, SandboxClock::at_unix(NOW));
    for hidden in ["order-7", "order-8"] {
        world.text(&[&CREATE[..], &["--hidden-description", hidden]].concat());
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd");
    cases::run(&world, &folder, 20);
}
