//! Measurements on one core.

use std::process::{Command, Stdio};

use crate::server::Server;

/// The text of a row that has not been measured.
pub const NO_TASKSET: &str = "not measured: taskset does not run here";

/// Starts a server, and calls `measure`, with this process and the server on one core. Returns
/// `None` if the program `taskset` does not run here.
pub fn on_one_core<T>(measure: impl FnOnce(&Server) -> T) -> Option<T> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let all = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?.trim();
    // The first core often handles the interrupts.
    let last = all.rsplit(['-', ',']).next()?;
    use_cores(last)?;
    let measured = measure(&Server::start());
    use_cores(all).expect("taskset has run before");
    Some(measured)
}

/// Moves all threads of this process to these cores, such as `0-3`.
fn use_cores(cores: &str) -> Option<()> {
    let process = std::process::id().to_string();
    let mut command = Command::new("taskset");
    let status = command.args(["-a", "-c", "-p", cores, &process]).stdout(Stdio::null()).status();
    status.ok()?.success().then_some(())
}
