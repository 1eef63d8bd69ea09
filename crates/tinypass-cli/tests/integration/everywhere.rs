//! What holds for all programs: the page of commands, completions, terminals, closed streams.

use crate::world;

test_support::program_rules! {
    name: "tinypass", read: &["access", "list"], write: &["access", "revoke", "r", "u"],
    heading: "RESOURCE", endpoints: tinypass_client::ENDPOINTS,
    world: world(), server: |world| world.sandbox.tinypass(),
}
