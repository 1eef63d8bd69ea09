//! Agents with ureq's stable interface only, as a replacement if the module that `tuned.rs` uses
//! changes. Names are looked up for every request, in a thread that ureq starts.

use std::sync::Arc;

use ureq::Agent;
use ureq::config::Config;

use crate::clock::Clock;
use crate::error::input::InputError;

/// A placeholder for the DNS cache, which does not exist here.
#[derive(Debug)]
pub(super) struct Names;

impl Names {
    pub(super) fn forget(&self) {}
}

/// Creates an agent and a placeholder for the DNS cache.
pub(super) fn agent(
    config: Config,
    _clock: Arc<dyn Clock>,
    extra_roots: &[Vec<u8>],
) -> Result<(Agent, Names), InputError> {
    if extra_roots.is_empty() {
        return Ok((config.new_agent(), Names));
    }
    Err(InputError::new("extra_root_certificates", "needs the feature `tuned`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[test]
    fn further_roots_are_refused_with_the_name_of_the_feature() {
        let result = agent(Config::default(), Arc::new(SystemClock), &[b"PEM".to_vec()]);
        let error = result.unwrap_err();
        assert_eq!(error.argument(), "extra_root_certificates");
        assert!(error.to_string().contains("`tuned`"), "{error}");
    }
}
