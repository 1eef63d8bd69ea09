//! Cleans up if the program is killed with SIGKILL, which it cannot handle. A second process of the
//! same program waits for the end of the first one. It then ends the command of `run` and removes
//! the file with the root certificate.

#[cfg(unix)]
pub(crate) use self::unix::{CleanUp, OPTION, run};

#[cfg(unix)]
mod unix {
    use std::io::{self, BufRead, Write};
    use std::path::{Path, PathBuf};
    use std::process::{Child, Command, ExitCode, Stdio};

    use rustix::process::{
        Pid, Signal, kill_process, kill_process_group, test_kill_process, test_kill_process_group,
    };

    use crate::ending::{CHECK, GRACE};

    /// The option with which the second process is started. It is not for users.
    pub(crate) const OPTION: &str = "clean-up";

    /// The second process. It is killed when this value is dropped, because there is then nothing
    /// left to clean up.
    #[derive(Debug)]
    pub(crate) struct CleanUp(Child);

    impl CleanUp {
        /// Starts the process, which removes `file`.
        pub(crate) fn start(file: Option<&Path>) -> io::Result<Self> {
            use std::os::unix::process::CommandExt;

            let mut command = Command::new(std::env::current_exe()?);
            command.arg(format!("--{OPTION}")).args(file);
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
            // Signals to the group of the first process must not end it.
            command.process_group(0).spawn().map(Self)
        }

        /// Makes the process end a command, together with its group if it is the leader of one.
        pub(crate) fn end(&mut self, pid: Pid, is_group: bool) {
            if let Some(pipe) = &mut self.0.stdin {
                let kind = if is_group { "group" } else { "process" };
                // A killed second process cannot clean up.
                let _ = writeln!(pipe, "{kind} {}", pid.as_raw_nonzero());
            }
        }
    }

    impl Drop for CleanUp {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    /// Runs the second process. The standard input ends with the first one.
    pub(crate) fn run(file: Option<PathBuf>) -> ExitCode {
        let commands = io::stdin().lock().lines().map_while(Result::ok).filter_map(|line| {
            let (kind, pid) = line.split_once(' ')?;
            Some((Pid::from_raw(pid.parse().ok()?)?, kind == "group"))
        });
        let commands: Vec<_> = commands.collect();
        // The servers have ended, so the command needs it no longer.
        if let Some(file) = file {
            let _ = std::fs::remove_file(file);
        }
        for (pid, is_group) in commands {
            end(pid, is_group);
        }
        ExitCode::SUCCESS
    }

    /// Sends SIGTERM to a command or its group, and SIGKILL if it has not ended after [`GRACE`].
    #[expect(clippy::disallowed_methods, reason = "waits for processes")]
    fn end(pid: Pid, is_group: bool) {
        let send = |signal| match is_group {
            true => kill_process_group(pid, signal),
            false => kill_process(pid, signal),
        };
        let is_ended = || match is_group {
            true => test_kill_process_group(pid).is_err(),
            false => test_kill_process(pid).is_err(),
        };
        let _ = send(Signal::TERM);
        // A stopped process would not receive the signal.
        let _ = send(Signal::CONT);
        let mut left = GRACE;
        while !is_ended() {
            if left.is_zero() {
                let _ = send(Signal::KILL);
                return;
            }
            std::thread::sleep(CHECK);
            left = left.saturating_sub(CHECK);
        }
    }
}

/// The second process: there is none on this system.
#[cfg(not(unix))]
#[derive(Debug)]
pub(crate) struct CleanUp;

#[cfg(not(unix))]
impl CleanUp {
    pub(crate) fn start(_: Option<&std::path::Path>) -> std::io::Result<Self> {
        Ok(Self)
    }
}
