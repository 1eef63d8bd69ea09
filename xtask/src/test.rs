//! `cargo xtask test`: everything that a change needs to be trusted.

use crate::{Outcome, shell};

pub(crate) fn run() -> Outcome {
    shell::run(&["fmt", "--all", "--check"])?;
    shell::run(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])?;
    shell::run(&["test", "--workspace", "--locked"])?;
    let docs = ["doc", "--workspace", "--no-deps", "--locked"];
    shell::run_with(&[("RUSTDOCFLAGS", "-D warnings")], &docs)
}
