//! Runs child processes with a time limit. A process that exceeds the limit is killed, usually
//! together with its own children.

use std::io::{self, IsTerminal, Read};
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use api_auth::{Clock, SystemClock};

#[cfg(unix)]
use crate::termination::Task;
use crate::termination::tasks;

/// The interval between two checks of whether a process has ended.
const PAUSE: Duration = Duration::from_millis(20);
/// The maximum time to wait for output after a process has ended. Its children may keep the output
/// open for longer.
const REST: Duration = Duration::from_secs(1);
/// The maximum number of bytes of output that are kept. The rest is read and discarded.
pub(crate) const MOST: usize = 64 * 1024;

/// A running child process. If a signal terminates this program, the child is killed first.
#[derive(Debug)]
pub struct Process {
    child: Child,
    #[cfg(unix)]
    is_group: bool,
    number: u64,
}

impl Process {
    /// Starts a command in a new process group, so that it can be killed together with its
    /// children.
    ///
    /// # Errors
    /// Returns an error if the program cannot be started.
    pub fn start(command: Command) -> io::Result<Self> {
        Self::start_in(command, true)
    }

    #[cfg_attr(not(unix), expect(unused, reason = "signals are not handled there"))]
    fn start_in(mut command: Command, is_group: bool) -> io::Result<Self> {
        let mut tasks = tasks();
        if tasks.is_ended() {
            return Err(io::Error::other("this process was terminated by a signal"));
        }
        #[cfg(unix)]
        if is_group {
            std::os::unix::process::CommandExt::process_group(&mut command, 0);
        }
        let child = command.spawn()?;
        #[cfg(unix)]
        let number =
            tasks.add(Task::Kill { pid: rustix::process::Pid::from_child(&child), is_group });
        #[cfg(not(unix))]
        let number = 0;
        Ok(Self {
            child,
            #[cfg(unix)]
            is_group,
            number,
        })
    }

    /// Waits for the process to end, but not for processes that it leaves running. After `limit`,
    /// kills the process and returns `None`.
    ///
    /// # Errors
    /// Returns an error if the process cannot be waited for or killed.
    #[expect(clippy::disallowed_methods, reason = "the time of a process is measured")]
    pub fn wait(&mut self, limit: Duration) -> io::Result<Option<ExitStatus>> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.ended()? {
                return Ok(Some(status));
            }
            let elapsed = started.elapsed();
            if elapsed >= limit {
                // The child was not reaped yet, so its id cannot belong to another process.
                let killed = self.kill();
                self.child.kill()?;
                self.child.wait()?;
                return killed.map(|()| None);
            }
            SystemClock.sleep(PAUSE.min(limit - elapsed));
        }
    }

    /// Returns the exit status if the process has ended. In that case, the process is no longer
    /// killed after a signal, because its id may now belong to another process.
    fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        let mut tasks = tasks();
        let status = self.child.try_wait()?;
        if status.is_some() {
            tasks.remove(self.number);
        }
        Ok(status)
    }

    #[cfg(unix)]
    fn kill(&self) -> io::Result<()> {
        let mut tasks = tasks();
        tasks.remove(self.number);
        crate::termination::kill(rustix::process::Pid::from_child(&self.child), self.is_group)
    }

    #[cfg(not(unix))]
    fn kill(&self) -> io::Result<()> {
        use std::process::Stdio;

        let mut kill = Command::new("taskkill");
        kill.args(["/T", "/F", "/PID", &self.child.id().to_string()]);
        kill.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().map(drop)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        tasks().remove(self.number);
    }
}

/// Returns whether a child process can prompt on the terminal. On Unix, a child can open `/dev/tty`
/// even if standard input is not the terminal.
pub(crate) fn is_on_terminal() -> bool {
    #[cfg(unix)]
    {
        let terminal = std::fs::File::open("/dev/tty");
        let group = terminal.and_then(|terminal| Ok(rustix::termios::tcgetpgrp(terminal)?));
        if group.is_ok_and(|group| group == rustix::process::getpgrp()) {
            return true;
        }
    }
    io::stdin().is_terminal()
}

/// Runs a command. Returns its exit status and the beginning of its output (see [`joined`]), or
/// `None` if the command was killed after `limit`. On a terminal, the command stays in the process
/// group of this program, so that it can prompt for input. In this case, it is killed without its
/// children.
///
/// # Errors
/// Returns an error if the program cannot be started, or if its output cannot be read.
pub(crate) fn output(
    mut command: Command,
    limit: Duration,
) -> io::Result<Option<(ExitStatus, Option<Vec<u8>>)>> {
    command.stdout(std::process::Stdio::piped());
    let mut process = Process::start_in(command, !is_on_terminal())?;
    let (sender, receiver) = mpsc::channel();
    if let Some(stdout) = process.child.stdout.take() {
        thread::Builder::new().spawn(move || read_all(stdout, sender))?;
    }
    let Some(status) = process.wait(limit)? else { return Ok(None) };
    Ok(Some((status, joined(&receiver, REST))))
}

/// Reads all output of a process, and sends the first [`MOST`] bytes in parts.
fn read_all(mut stdout: impl Read, sender: Sender<Vec<u8>>) {
    let (mut part, mut beginning) = ([0; 4096], stdout.by_ref().take(MOST as u64));
    while let Ok(length @ 1..) = beginning.read(&mut part) {
        let _ = sender.send(part.get(..length).unwrap_or_default().to_vec());
    }
    drop(sender);
    // The rest is read, too, because the process must not block while it writes.
    let _ = io::copy(&mut stdout, &mut io::sink());
}

/// Joins the parts of an output until they contain a line. Waits for at most `limit` in total,
/// because a child of the process that has ended may still write. Returns `None` if there is neither
/// a line nor the end of the output by then.
#[expect(clippy::disallowed_methods, reason = "the time of a process is measured")]
fn joined(receiver: &Receiver<Vec<u8>>, limit: Duration) -> Option<Vec<u8>> {
    let (started, mut output) = (Instant::now(), Vec::new());
    while !output.contains(&b'\n') {
        match receiver.recv_timeout(limit.checked_sub(started.elapsed())?) {
            Ok(part) => output.extend(part),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => return None,
        }
    }
    Some(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_beginning_of_an_output_is_kept() {
        let (sender, receiver) = mpsc::channel();
        read_all(io::repeat(b'x').take(1 << 20), sender);
        let lengths: Vec<_> = receiver.iter().map(|part| part.len()).collect();
        assert_eq!(lengths.iter().sum::<usize>(), MOST);
        // Empty parts would fill the queue, too.
        assert!(!lengths.contains(&0), "{lengths:?}");
    }

    #[test]
    fn output_that_never_ends_is_not_waited_for() {
        let (sender, receiver) = mpsc::sync_channel(1);
        let writing = thread::spawn(move || while sender.send(b"x".to_vec()).is_ok() {});
        assert_eq!(joined(&receiver, Duration::from_millis(20)), None);
        drop(receiver);
        writing.join().unwrap();
    }

    #[test]
    fn output_of_an_ended_process_is_complete() {
        let (sender, receiver) = mpsc::channel();
        read_all(&b"a\nb\n"[..], sender);
        assert_eq!(joined(&receiver, REST).as_deref(), Some(&b"a\nb\n"[..]));
    }
}
