//! The commands of the README.

use std::process::Command;

use test_support::console;

use crate::{SECRETS, World};

#[test]
fn readme_is_a_walk_that_works() {
    let world = World::new();
    let mut shell = Command::new("sh");
    shell.current_dir(&world.home).env_clear().env("HOME", &world.home);
    let variables = world.sandbox.environment();
    shell.envs(variables.into_iter().filter(|(name, _)| name.starts_with("TPAY_")));
    let page = include_str!("../../README.md");
    let output = console::check(page, env!("CARGO_BIN_EXE_tpay"), shell, 15);
    assert!(SECRETS.iter().all(|secret| !output.contains(secret)));
}
