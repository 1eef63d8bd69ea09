//! What holds for all programs: the page of commands, completions, terminals, closed streams.

use crate::world;

test_support::program_rules! {
    name: "tinypass", read: &["access", "list"], write: &["access", "revoke", "r", "u"],
    heading: "RESOURCE", endpoints: tinypass_client::ENDPOINTS,
    world: world(), server: |world| world.sandbox.tinypass(),
}

#[cfg(unix)]
#[test]
fn secret_of_a_prompt_is_stored_unchanged() {
    let world = world();
    check(&world, |program| {
        // An empty line for each optional setting, and one that is lost with the silent prompt.
        let input = "AID\n se cret \n\n\n\n\n";
        let Some(login) = program.on_terminal(&["auth", "login"], input) else { return };
        assert_eq!(login.status, 0, "{login:?}");
        let profiles = world.home.join(".config/tinypass/profiles.toml");
        let profiles = std::fs::read_to_string(profiles).unwrap();
        assert!(profiles.contains("private_key = \" se cret \"\n"), "{profiles}");
    });
}
