//! Cleans up if the program is killed with SIGKILL, which it cannot handle. A second process of the
//! same program waits for the end of the first one. It then removes the file with the root
//! certificate and ends the command of `run`.

#[cfg(unix)]
pub(crate) use self::unix::{CleanUp, OPTION, run};

#[cfg(unix)]
mod unix {
    use std::io::{self, Read, Write};
    use std::path::{Path, PathBuf};
    use std::process::{Child, Command, ExitCode, Stdio};

    use rustix::process::{
        Pid, Signal, kill_process, kill_process_group, test_kill_process, test_kill_process_group,
    };

    use crate::ending::{CHECK, GRACE};

    /// The option, without `--`, that starts this program as the second process, which cleans up.
    /// It is not for users.
    pub(crate) const OPTION: &str = "clean-up";

    /// The second process, which cleans up after this one. It is killed when this value is dropped,
    /// because there is then nothing left to clean up.
    #[derive(Debug)]
    pub(crate) struct CleanUp(Child);

    impl CleanUp {
        /// Starts the second process, which removes `file` after the end of this process.
        pub(crate) fn start(file: Option<&Path>) -> io::Result<Self> {
            use std::os::unix::process::CommandExt;

            let mut command = Command::new(std::env::current_exe()?);
            command.arg(format!("--{OPTION}")).args(file);
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
            // Signals to the group of the first process must not end it.
            command.process_group(0).spawn().map(Self)
        }

        /// Instructs the second process to end the command `pid` after the end of this process. If
        /// `is_group` is `true`, the command leads a process group, and the whole group is ended.
        ///
        /// The id of the command is known only after its start. If this process is killed before
        /// this call, the command is not ended.
        pub(crate) fn end(&mut self, pid: Pid, is_group: bool) {
            if let Some(pipe) = &mut self.0.stdin {
                let kind = if is_group { "group" } else { "process" };
                let line = format!("{kind} {}\n", pid.as_raw_nonzero());
                // A killed second process cannot clean up.
                let _ = pipe.write_all(line.as_bytes());
            }
        }
    }

    impl Drop for CleanUp {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    /// Runs the second process. Reads standard input, which ends when the first process ends, then
    /// removes `file` and ends the commands whose ids it has read.
    pub(crate) fn run(file: Option<PathBuf>) -> ExitCode {
        let mut text = String::new();
        let _ = io::stdin().read_to_string(&mut text);
        // The servers have ended, so the command needs it no longer.
        if let Some(file) = file.filter(|file| crate::files::is_certificate(file)) {
            let _ = std::fs::remove_file(file);
        }
        for (pid, is_group) in commands(&text) {
            end(pid, is_group);
        }
        ExitCode::SUCCESS
    }

    /// Parses the lines that [`CleanUp::end`] wrote. Returns the id of each command, and whether
    /// the command leads a process group. A line without a line break is ignored, because its
    /// number may be incomplete.
    fn commands(text: &str) -> impl Iterator<Item = (Pid, bool)> {
        text.split_inclusive('\n').filter_map(|line| {
            let (kind, pid) = line.strip_suffix('\n')?.split_once(' ')?;
            Some((Pid::from_raw(pid.parse().ok()?)?, kind == "group"))
        })
    }

    /// Sends SIGTERM to a command or, if `is_group` is `true`, to its process group. Sends SIGKILL
    /// if processes are still running after [`GRACE`].
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

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn incomplete_line_is_ignored() {
            let read = |text| commands(text).collect::<Vec<_>>();
            let pid = Pid::from_raw(1234).unwrap();
            assert_eq!(read("group 1234\nprocess 1234\n"), [(pid, true), (pid, false)]);
            assert_eq!(read("process 1234\ngroup 12"), [(pid, false)]);
            assert_eq!(read("group\ngroup x\ngroup 0\n"), []);
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
