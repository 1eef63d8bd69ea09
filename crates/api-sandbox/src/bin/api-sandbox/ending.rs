//! Handles signals, runs the command of `api-sandbox run`, and ends the program with an exit status
//! or by a signal.

use std::process::ExitCode;

pub(crate) use self::signals::Signals;
#[cfg(unix)]
pub(crate) use self::signals::{CHECK, GRACE, handle_file_limit};
use crate::messages;

/// The exit status or the signal with which the program ends.
#[derive(Debug)]
pub(crate) enum End {
    /// The program ends with this exit status.
    Status(ExitCode),
    /// The program sends this signal to itself, so that a shell reports the signal.
    #[cfg(unix)]
    Signal(std::os::raw::c_int),
}

impl End {
    /// Ends the process with the signal of `Signal`. For `Status`, returns the exit status.
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

impl Signals {
    /// Unless `end` is a signal, waits until all messages are written. If a signal arrives first,
    /// returns it instead of `end`.
    pub(crate) fn flush(&self, end: End) -> End {
        if let End::Status(_) = end
            && let Ok(Err(signal)) = self.interruptible(messages::flush)
        {
            return signal;
        }
        end
    }
}

/// Returns the exit status with which shells report a signal: 128 plus its number.
#[cfg(unix)]
fn status_of_signal(signal: std::os::raw::c_int) -> ExitCode {
    ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX))
}

#[cfg(unix)]
mod signals {
    use std::io::{self, IsTerminal};
    use std::os::raw::c_int;
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::process::{Child, Command, ExitCode, ExitStatus};
    use std::sync::Arc;
    use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
    use std::thread;
    use std::time::Duration;

    use rustix::process::{
        Pid, Signal, WaitOptions, kill_process, kill_process_group, test_kill_process_group,
        waitpgid,
    };
    use signal_hook::consts::{
        SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXFSZ,
    };

    use super::{End, status_of_signal};
    use crate::cleanup::CleanUp;

    /// The signals that are handled: those that end a process by default and that a user, a
    /// supervisor or a timer sends. Signals that report an error of the process itself, such as
    /// SIGSEGV, are not handled.
    const ENDING: [c_int; 7] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGUSR1, SIGUSR2];

    /// The time that the command and its children have to end after a signal, before they are
    /// killed.
    pub(crate) const GRACE: Duration = Duration::from_secs(10);

    /// The interval at which this process checks whether children of the command are still running,
    /// because it receives no signal when they end.
    pub(crate) const CHECK: Duration = Duration::from_millis(20);

    /// Handles SIGXFSZ, so that a file that exceeds the limit of `ulimit -f` is an error like that
    /// of a full disk.
    pub(crate) fn handle_file_limit() {
        // The flag is not read: with any handler, only the write fails.
        let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
    }

    /// A queue of the signals that this process has received.
    #[derive(Debug)]
    pub(crate) struct Signals(Receiver<c_int>);

    impl Signals {
        /// Starts handling SIGCHLD, and the signals in [`ENDING`] that this process does not
        /// ignore.
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

        /// Waits for a signal other than SIGCHLD. Returns it as the signal with which the program
        /// must end.
        pub(crate) fn wait(&self) -> End {
            let mut received = self.0.iter();
            let signal = received.find(|signal| *signal != SIGCHLD);
            signal.map_or(End::Status(ExitCode::FAILURE), End::Signal)
        }

        /// Returns the result of `work`, which may wait for another program. If a signal other than
        /// SIGCHLD arrives first, returns it as the signal with which the program must end.
        pub(crate) fn interruptible<T: Send + 'static>(
            &self,
            work: impl FnOnce() -> T + Send + 'static,
        ) -> io::Result<Result<T, End>> {
            let (sender, receiver) = mpsc::channel();
            thread::Builder::new().spawn(move || sender.send(work()))?;
            loop {
                match receiver.recv_timeout(CHECK) {
                    Ok(result) => return Ok(Ok(result)),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => {
                        return Err(io::Error::other("the thread has ended"));
                    }
                }
                match self.0.try_recv() {
                    Ok(signal) if signal != SIGCHLD => return Ok(Err(End::Signal(signal))),
                    _ => {}
                }
            }
        }

        /// Runs a command. A signal is passed on to the command and its children. Processes that
        /// are still running after [`GRACE`], or when a second signal arrives, are killed.
        ///
        /// If standard input is a terminal, the command stays in the process group of this program,
        /// because it could not read from the terminal otherwise. The terminal itself sends SIGINT
        /// (Ctrl-C) and SIGQUIT (Ctrl-\) to the command, so these signals are not passed on. Other
        /// signals are passed on to the command only, not to its children.
        pub(crate) fn run(
            &self,
            mut command: Command,
            clean_up: Option<&mut CleanUp>,
        ) -> io::Result<End> {
            let is_group = !io::stdin().is_terminal();
            if is_group {
                command.process_group(0);
            }
            let mut child = command.spawn()?;
            let pid = Pid::from_child(&child);
            if let Some(clean_up) = clean_up {
                clean_up.end(pid, is_group);
            }
            // The signals of the terminal.
            let mut interrupts = Vec::new();
            for signal in &self.0 {
                match signal {
                    SIGCHLD => {
                        if let Some(status) = child.try_wait()? {
                            return Ok(end(status, &interrupts));
                        }
                    }
                    // The terminal sends it to the command, too, which may continue.
                    SIGINT | SIGQUIT if !is_group => interrupts.push(signal),
                    signal => {
                        if let Some(signal) = Signal::from_named_raw(signal) {
                            self.end(&mut child, pid, signal, is_group)?;
                        }
                        return Ok(End::Signal(signal));
                    }
                }
            }
            Ok(end(child.wait()?, &interrupts))
        }

        /// Sends `signal` to the command or, if `is_group` is true, to its process group, and waits
        /// until the processes have ended. Kills them after [`GRACE`] or when a second signal
        /// arrives.
        fn end(
            &self,
            child: &mut Child,
            pid: Pid,
            signal: Signal,
            is_group: bool,
        ) -> io::Result<()> {
            let send = |signal| match is_group {
                true => kill_process_group(pid, signal),
                false => kill_process(pid, signal),
            };
            // The child has not been waited for, so its id belongs to no other process.
            let _ = send(signal);
            // A stopped process would not receive the signal.
            let _ = send(Signal::CONT);
            let mut left = GRACE;
            let mut has_ended = false;
            while !left.is_zero() {
                if !has_ended && child.try_wait()?.is_some() {
                    has_ended = true;
                    // Shells let their background processes ignore SIGINT and SIGQUIT.
                    if is_group && signal != Signal::TERM {
                        let _ = send(Signal::TERM);
                    }
                }
                // The id of a group belongs to no other process while the group has members.
                if has_ended && (!is_group || is_empty(pid)) {
                    return Ok(());
                }
                match self.0.recv_timeout(CHECK) {
                    Ok(SIGCHLD) => {}
                    Err(RecvTimeoutError::Timeout) => left = left.saturating_sub(CHECK),
                    _ => break,
                }
            }
            let _ = send(Signal::KILL);
            if !has_ended {
                child.wait()?;
            }
            Ok(())
        }
    }

    /// Returns whether a process group has no members left. Before that, reaps the members that
    /// have ended and are children of this process.
    fn is_empty(group: Pid) -> bool {
        // The first process of a container is the parent of all whose parent has ended.
        while let Ok(Some(_)) = waitpgid(group, WaitOptions::NOHANG) {}
        test_kill_process_group(group).is_err()
    }

    fn end(status: ExitStatus, interrupts: &[c_int]) -> End {
        match status.signal() {
            Some(signal) if interrupts.contains(&signal) => End::Signal(signal),
            Some(signal) => End::Status(status_of_signal(signal)),
            None => End::Status(super::status(status)),
        }
    }

    /// Returns the signals in [`ENDING`] that this process does not ignore. If `/proc/self/status`
    /// cannot be read, leaves out SIGHUP, because `nohup` causes processes to ignore it.
    fn handled() -> Vec<c_int> {
        let status = std::fs::read_to_string("/proc/self/status").ok();
        let ignored = status.as_deref().and_then(ignored).unwrap_or(1 << (SIGHUP - 1));
        ENDING.into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0).collect()
    }

    /// Returns the bit mask of the ignored signals from the text of `/proc/self/status` on Linux.
    /// The lowest bit belongs to signal 1.
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

/// Converts the exit status of a command to that of this program. Returns 255 if the status does
/// not fit in 8 bits, or if there is none.
fn status(status: std::process::ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    ExitCode::from(code.unwrap_or(u8::MAX))
}

#[cfg(not(unix))]
mod signals {
    use std::io;
    use std::process::Command;

    use super::{End, status};
    use crate::cleanup::CleanUp;

    /// A placeholder on systems other than Unix, where no signals are handled.
    #[derive(Debug)]
    pub(crate) struct Signals;

    impl Signals {
        pub(crate) fn handle() -> io::Result<Self> {
            Ok(Self)
        }

        /// Blocks forever. The process runs until it is stopped.
        pub(crate) fn wait(&self) -> End {
            loop {
                std::thread::park();
            }
        }

        /// Returns the result of `work`.
        pub(crate) fn interruptible<T>(
            &self,
            work: impl FnOnce() -> T,
        ) -> io::Result<Result<T, End>> {
            Ok(Ok(work()))
        }

        /// Runs a command, and returns its exit status as that of this program.
        pub(crate) fn run(&self, mut command: Command, _: Option<&mut CleanUp>) -> io::Result<End> {
            command.status().map(|found| End::Status(status(found)))
        }
    }
}
