//! Deploy hooks: commands that make a server use a new certificate.

use std::ffi::OsString;
use std::io;
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::Args;
use cli_support::args::positive_duration;
use cli_support::process::Process;
use cli_support::{Exit, Failure};

use crate::provider::{KEY, PASSPHRASE};

/// The options of the deploy hook, a command that is run after the files of a pair have been
/// replaced.
#[derive(Debug, Clone, Args)]
pub(crate) struct Hook {
    /// Shell command that makes servers load the new files; if it fails, the next run repeats it
    #[arg(long = "deploy-hook", value_name = "COMMAND")]
    pub(crate) command: Option<String>,
    /// Time after which the hook is killed
    // The id must differ from that of the global option `--timeout`.
    #[arg(id = "hook_timeout", long = "hook-timeout", value_name = "TIME", default_value = "2m",
          value_parser = positive_duration)]
    timeout: Duration,
}

impl Hook {
    /// Runs the command with these additional environment variables. The output of the command is
    /// written to standard error.
    ///
    /// # Errors
    /// Returns an error if the command fails, or is killed after the timeout.
    pub(crate) fn run(&self, command: &str, variables: &[(&str, OsString)]) -> Result<(), Failure> {
        let failed = |problem: String| Failure::new(Exit::Local, format!("deploy hook {problem}"));
        let mut child = shell(command);
        child.env_remove(KEY).env_remove(PASSPHRASE);
        child.envs(variables.iter().map(|(name, value)| (name, value)));
        let started = stderr().and_then(|stderr| {
            child.stdin(Stdio::null()).stdout(stderr).stderr(Stdio::inherit());
            Process::start(child)
        });
        let mut hook = started.map_err(|error| failed(format!("cannot be run: {error}")))?;
        let ended = hook.wait(self.timeout);
        match ended.map_err(|error| failed(format!("was lost: {error}")))? {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(failed(format!("failed ({status})"))),
            None => Err(failed(format!("was killed after {} s", self.timeout.as_secs_f32()))),
        }
    }
}

#[cfg(unix)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]);
    shell
}

#[cfg(windows)]
fn shell(command: &str) -> Command {
    use std::os::windows::process::CommandExt;

    let mut shell = Command::new("cmd");
    // cmd removes the outer quotes, and leaves the rest unchanged.
    shell.raw_arg("/S").raw_arg("/C").raw_arg(format!("\"{command}\""));
    shell
}

#[cfg(unix)]
fn stderr() -> io::Result<Stdio> {
    use std::os::fd::AsFd;

    Ok(io::stderr().as_fd().try_clone_to_owned()?.into())
}

#[cfg(windows)]
fn stderr() -> io::Result<Stdio> {
    use std::os::windows::io::AsHandle;

    Ok(io::stderr().as_handle().try_clone_to_owned()?.into())
}
