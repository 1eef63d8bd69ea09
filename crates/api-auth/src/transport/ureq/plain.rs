//! Agents that use only ureq's stable interface, without the feature `dns-cache`. Names are
//! resolved for every request, in a thread that ureq starts.

use std::sync::Arc;

use ureq::Agent;
use ureq::config::Config;

use crate::clock::Clock;

/// The size of the input buffer, which has room for the largest head of a response (64 KiB).
pub(super) const INPUT_BUFFER: usize = 80 * 1024;

/// A placeholder for the DNS cache, which exists only with the feature `dns-cache`.
#[derive(Debug)]
pub(super) struct Names;

impl Names {
    pub(super) fn forget(&self) {}
}

/// Creates an agent and a placeholder for the DNS cache.
pub(super) fn agent(config: Config, _clock: Arc<dyn Clock>) -> (Agent, Names) {
    (config.new_agent(), Names)
}
