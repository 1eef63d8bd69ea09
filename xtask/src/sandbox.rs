//! `cargo xtask sandbox`: the servers, until stopped.

use api_sandbox::Sandbox;

use crate::{Outcome, shell};

pub(crate) fn run() -> Outcome {
    let sandbox = Sandbox::start().map_err(|error| error.to_string())?;
    for (name, value) in sandbox.environment() {
        println!("export {name}={}", shell::quoted(&value));
    }
    eprintln!("The servers run until this program is stopped (Ctrl-C).");
    loop {
        std::thread::park();
    }
}
