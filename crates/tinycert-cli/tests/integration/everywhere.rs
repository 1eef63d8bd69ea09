//! What holds for all programs: the page of commands, completions, terminals, closed streams.

use crate::world;

test_support::program_rules! {
    name: "tinycert", read: &["ca", "list"], write: &["cert", "revoke", "1"],
    heading: "NAME", endpoints: tinycert_client::ENDPOINTS,
    world: world(), server: |world| world.sandbox.tinycert(),
}
