//! What holds for all programs: the page of commands, completions, terminals, closed streams.

use crate::world;

test_support::program_rules! {
    name: "tokenpass", read: &["balance", "list"], write: &["promise", "cancel", "1"],
    heading: "BALANCE", endpoints: tokenpass_client::ENDPOINTS,
    world: world(), server: |world| world.sandbox.tokenpass(),
}
