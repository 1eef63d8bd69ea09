//! Failures of servers, networks and settings: the result of a request, and retries.

mod error_tables;
mod fault_matrix;
mod faults;
#[cfg(target_os = "linux")]
mod mistakes;
mod mutations;
mod nothing_lost;
mod options;
mod proxies;
mod tls;
mod transports;
#[cfg(unix)]
mod variables;
