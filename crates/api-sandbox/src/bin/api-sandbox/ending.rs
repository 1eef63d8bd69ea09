//! The end of the program: by a signal, or with the status of the command of `run`.

use std::process::ExitCode;

pub(crate) use self::signals::Signals;

/// How the program ends.
#[derive(Debug)]
pub(crate) enum End {
    /// With an exit status.
    Status(ExitCode),
    /// By a signal, so that shells see it.
    #[cfg(unix)]
    Signal(std::os::raw::c_int),
}

impl End {
    /// Ends the process, or returns its exit status.
    pub(crate) fn exit(self) -> ExitCode {
        match self {
            Self::Status(status) => status,
            #[cfg(unix)]
            Self::Signal(signal) => {
                let _ = signal_hook::low_level::emulate_default_handler(signal);
                status_of_signal(signal)
            }
        }
    }
}

/// Returns the exit status by which shells report a signal.
#[cfg(unix)]
fn status_of_signal(signal: std::os::raw::c_int) -> ExitCode {
    ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX))
}

#[cfg(unix)]
mod signals {
    use std::io::{self, IsTerminal};
    use std::os::raw::c_int;
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::process::{Command, ExitCode, ExitStatus};
    use std::sync::mpsc::{self, Receiver};
    use std::thread;
    use std::time::Duration;

    use rustix::process::{Pid, Signal, kill_process, kill_process_group};
    use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};

    use super::{End, status_of_signal};

    /// The maximum time from a signal to the end of the command.
    const GRACE: Duration = Duration::from_secs(10);

    /// The signals that this process receives.
    #[derive(Debug)]
    pub(crate) struct Signals(Receiver<c_int>);

    impl Signals {
        /// Handles SIGHUP, SIGINT and SIGTERM from now on, except those that are ignored.
        pub(crate) fn handle() -> io::Result<Self> {
            let signals = handled().into_iter().chain([SIGCHLD]);
            let mut signals = signal_hook::iterator::Signals::new(signals)?;
            let (sender, receiver) = mpsc::channel();
            thread::Builder::new().spawn(move || {
                for signal in signals.forever() {
                    let _ = sender.send(signal);
                }
            })?;
            Ok(Self(receiver))
        }

        /// Waits for a signal.
        pub(crate) fn wait(&self) -> End {
            let mut received = self.0.iter();
            let signal = received.find(|signal| *signal != SIGCHLD);
            signal.map_or(End::Status(ExitCode::FAILURE), End::Signal)
        }

        /// Runs a command. A signal is passed on to the command and its children. Those that have
        /// not ended after a second signal or after [`GRACE`] are killed.
        ///
        /// If the standard input is a terminal, the command is in the group of this process, because
        /// it could not read from the terminal otherwise. Its children are then not killed.
        pub(crate) fn run(&self, mut command: Command) -> io::Result<End> {
            let is_group = !io::stdin().is_terminal();
            if is_group {
                command.process_group(0);
            }
            let mut child = command.spawn()?;
            let pid = Pid::from_child(&child);
            // The child has not been waited for, so its id belongs to no other process.
            let send = |signal| match is_group {
                true => kill_process_group(pid, signal),
                false => kill_process(pid, signal),
            };
            let mut is_interrupted = false;
            for signal in &self.0 {
                match signal {
                    SIGCHLD => {
                        if let Some(status) = child.try_wait()? {
                            return Ok(end(status, is_interrupted));
                        }
                    }
                    // The terminal sends it to the command, too, which may continue.
                    SIGINT if !is_group => is_interrupted = true,
                    signal => {
                        let _ = Signal::from_named_raw(signal).map(send);
                        let _ = self.0.recv_timeout(GRACE);
                        let _ = send(Signal::KILL);
                        child.wait()?;
                        return Ok(End::Signal(signal));
                    }
                }
            }
            Ok(end(child.wait()?, is_interrupted))
        }
    }

    fn end(status: ExitStatus, is_interrupted: bool) -> End {
        match status.signal() {
            Some(SIGINT) if is_interrupted => End::Signal(SIGINT),
            Some(signal) => End::Status(status_of_signal(signal)),
            None => End::Status(super::status(status)),
        }
    }

    /// Returns the signals that end the process and are not ignored. Where the ignored ones are
    /// unknown, SIGHUP may be one of them: `nohup` sets that.
    fn handled() -> Vec<c_int> {
        let status = std::fs::read_to_string("/proc/self/status").ok();
        let ignored = status.as_deref().and_then(ignored).unwrap_or(1 << (SIGHUP - 1));
        let all = [SIGHUP, SIGINT, SIGTERM].into_iter();
        all.filter(|signal| ignored >> (signal - 1) & 1 == 0).collect()
    }

    /// Returns the mask of the ignored signals of a status of Linux.
    fn ignored(status: &str) -> Option<u64> {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
        u64::from_str_radix(mask.trim(), 16).ok()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn ignored_signals_are_read() {
            assert_eq!(ignored("Name:\tx\nSigIgn:\t0000000000001001\n"), Some(0x1001));
            assert_eq!(ignored("Name:\tx\n"), None);
        }
    }
}

/// Returns the exit status of a command.
fn status(status: std::process::ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    ExitCode::from(code.unwrap_or(u8::MAX))
}

#[cfg(not(unix))]
mod signals {
    use std::io;
    use std::process::Command;

    use super::{End, status};

    /// The signals that this process receives: none on this system.
    #[derive(Debug)]
    pub(crate) struct Signals;

    impl Signals {
        pub(crate) fn handle() -> io::Result<Self> {
            Ok(Self)
        }

        /// Waits until the process is stopped.
        pub(crate) fn wait(&self) -> End {
            loop {
                std::thread::park();
            }
        }

        /// Runs a command.
        pub(crate) fn run(&self, mut command: Command) -> io::Result<End> {
            command.status().map(|found| End::Status(status(found)))
        }
    }
}
