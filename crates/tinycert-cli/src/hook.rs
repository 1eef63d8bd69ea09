//! Deploy hooks: commands that make a server use a new certificate.

use std::ffi::OsString;
use std::io;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use cli_support::api_auth::{Clock, SystemClock};
use cli_support::args::duration;
use cli_support::{Exit, Failure};

use crate::provider::{KEY, PASSPHRASE};

/// A command that is run after files were replaced.
#[derive(Debug, Clone, Args)]
pub(crate) struct Hook {
    /// Shell command that makes servers load the new files; it is run again on later runs until it
    /// has succeeded
    #[arg(
        long = "deploy-hook",
        value_name = "COMMAND",
        value_parser = clap::builder::NonEmptyStringValueParser::new()
    )]
    pub(crate) command: Option<String>,
    /// Time after which the hook is killed
    // The id differs from that of `--timeout`, an option of all commands.
    #[arg(id = "hook_timeout", long = "hook-timeout", value_name = "TIME", default_value = "2m",
          value_parser = duration)]
    timeout: Duration,
}

/// The pause between two looks at a hook.
const PAUSE: Duration = Duration::from_millis(20);

impl Hook {
    /// Runs the command with these variables. Its output is written to the standard error.
    ///
    /// # Errors
    /// Returns an error if the command fails, or is killed after the timeout.
    pub(crate) fn run(&self, command: &str, variables: &[(&str, OsString)]) -> Result<(), Failure> {
        let failed = |problem: String| Failure::new(Exit::Local, format!("deploy hook {problem}"));
        let mut child = shell(command);
        child.env_remove(KEY).env_remove(PASSPHRASE);
        child.envs(variables.iter().map(|(name, value)| (name, value)));
        let started = stderr().and_then(|stderr| {
            child.stdin(Stdio::null()).stdout(stderr).stderr(Stdio::inherit()).spawn()
        });
        let mut child = started.map_err(|error| failed(format!("cannot be run: {error}")))?;
        match self.wait(&mut child).map_err(|error| failed(format!("was lost: {error}")))? {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(failed(format!("failed ({status})"))),
            None => Err(failed(format!("was killed after {} s", self.timeout.as_secs_f32()))),
        }
    }

    /// Waits for the command itself, not for processes that it leaves running. Returns `None` if it
    /// was killed.
    #[expect(clippy::disallowed_methods, reason = "the program measures the time of a hook")]
    fn wait(&self, child: &mut Child) -> io::Result<Option<ExitStatus>> {
        let started = Instant::now();
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(Some(status));
            }
            if started.elapsed() >= self.timeout {
                // The child was not waited for, so its id belongs to no other process.
                let killed = kill_group(child);
                child.kill()?;
                child.wait()?;
                return killed.map(|()| None);
            }
            SystemClock.sleep(PAUSE);
        }
    }
}

#[cfg(unix)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    // A group of its own can be killed with all children.
    std::os::unix::process::CommandExt::process_group(&mut shell, 0);
    shell.args(["-c", command]);
    shell
}

#[cfg(windows)]
fn shell(command: &str) -> Command {
    use std::os::windows::process::CommandExt;

    let mut shell = Command::new("cmd");
    // cmd removes the outer quotes and leaves the rest unchanged.
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

/// Kills a child and all of its children.
#[cfg(unix)]
fn kill_group(child: &Child) -> io::Result<()> {
    use rustix::process::{Pid, Signal, kill_process_group};

    match kill_process_group(Pid::from_child(child), Signal::KILL) {
        Err(rustix::io::Errno::SRCH) => Ok(()),
        result => Ok(result?),
    }
}

/// Kills a child and all of its children.
#[cfg(windows)]
fn kill_group(child: &Child) -> io::Result<()> {
    let mut kill = Command::new("taskkill");
    kill.args(["/T", "/F", "/PID", &child.id().to_string()]);
    kill.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().map(drop)
}
