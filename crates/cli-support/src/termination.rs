//! Termination by a signal. Before the process ends, it removes the files that it is writing and
//! kills its child processes. It then ends itself with the same signal, so that a shell sees the
//! signal as the cause.
//!
//! A second thread handles the signals. It is started with the first [`Task`]. Signals that the
//! process ignores, as under `nohup`, stay ignored. The signal SIGXFSZ does not end the process, so
//! that a file that exceeds the limit of `ulimit -f` is an error like that of a full disk.
//!
//! A library removes its own files only when its function returns, and the results of a batch are
//! written only at its end. A [`Section`] gives them time to do so: requests that are sent with
//! [`send`] and waits of [`InterruptibleClock`] end, and the process ends after the section.
//!
//! A terminal whose echo is switched off by [`Silence`] is restored before the process ends.
//!
//! If a write request may have been carried out and its outcome was not shown, a message is printed
//! before the process ends. All requests of a client are sent with [`Sending`], whose `send_write` is
//! called for requests that may change data, and registers them. [`shown`] is called when the outcome
//! of the writes before was shown.

use std::fs;
use std::path::PathBuf;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use api_auth::{
    Clock, Interrupt, Request, Response, Sent, SystemClock, Transport, TransportError,
    TransportErrorKind,
};

/// The maximum time that the process waits for the end of a [`Section`] after a signal.
#[cfg(unix)]
const GRACE: Duration = Duration::from_secs(5);

/// The maximum time for printing the report after a signal.
#[cfg(unix)]
const LONGEST_REPORT: Duration = Duration::from_secs(1);

/// An action to carry out before a signal ends the process, or a section to wait for.
#[derive(Debug)]
#[cfg_attr(not(unix), expect(dead_code, reason = "signals are not handled there"))]
pub(crate) enum Task {
    /// Removes the file with this path.
    Remove(PathBuf),
    /// Kills a process, together with its group if it is the leader of one.
    #[cfg(unix)]
    Kill { pid: rustix::process::Pid, is_group: bool },
    /// Ends a request with an error.
    Interrupt(Sender<Result<Response, TransportError>>),
    /// Waits for the end of a section.
    Section,
    /// Restores the attributes of a terminal.
    #[cfg(unix)]
    Restore(Box<(fs::File, rustix::termios::Termios)>),
    /// Ends a wait.
    Wake(Interrupt),
}

/// The registered tasks, each under its number. The thread that ends the process keeps the lock, so
/// that no other thread can begin anything that needs a task.
#[derive(Debug)]
pub(crate) struct Tasks {
    next: u64,
    tasks: Vec<(u64, Task)>,
    /// Whether a signal was received.
    is_ended: bool,
    /// The number of writes that are being sent.
    writes: usize,
    /// Whether another write may have been carried out, and its outcome was not shown.
    is_unshown: bool,
    /// The id of the endpoint of the last write.
    #[cfg_attr(not(unix), expect(dead_code, reason = "signals are not handled there"))]
    endpoint: &'static str,
    /// Whether the command has ended. Later writes, such as one that closes a session, do not matter.
    is_done: bool,
}

static TASKS: Mutex<Tasks> = Mutex::new(Tasks::new());
/// Notified when a section ends after a signal.
static SECTIONS: Condvar = Condvar::new();
/// A function that returns the report for the id of an endpoint and the number of a signal.
type Report = dyn Fn(&str, u8) -> String + Send + Sync;

static REPORT: OnceLock<Box<Report>> = OnceLock::new();

/// Locks the tasks and returns them. While they are locked, a signal does not end the process.
pub(crate) fn tasks() -> MutexGuard<'static, Tasks> {
    #[cfg(unix)]
    signals::start();
    TASKS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tasks {
    const fn new() -> Self {
        Self {
            next: 0,
            tasks: Vec::new(),
            is_ended: false,
            writes: 0,
            is_unshown: false,
            endpoint: "",
            is_done: false,
        }
    }

    pub(crate) fn add(&mut self, task: Task) -> u64 {
        self.next += 1;
        self.tasks.push((self.next, task));
        self.next
    }

    pub(crate) fn remove(&mut self, number: u64) -> Option<Task> {
        let index = self.tasks.iter().position(|(task, _)| *task == number)?;
        Some(self.tasks.remove(index).1)
    }

    #[cfg(unix)]
    fn all(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().map(|(_, task)| task)
    }

    /// Returns whether a signal was received. If so, the process ends as soon as its sections have
    /// ended.
    pub(crate) fn is_ended(&self) -> bool {
        self.is_ended
    }

    #[cfg(unix)]
    fn has_section(&self) -> bool {
        self.all().any(|task| matches!(task, Task::Section))
    }

    /// Kills the registered child processes, ends the registered waits, and ends the registered
    /// requests with an error.
    #[cfg(unix)]
    fn interrupt(&mut self) {
        for task in self.all() {
            match task {
                Task::Kill { pid, is_group } => drop(kill(*pid, *is_group)),
                Task::Interrupt(sender) => drop(sender.send(Err(terminated(Sent::Maybe)))),
                Task::Wake(interrupt) => interrupt.set(),
                Task::Remove(_) | Task::Section | Task::Restore(_) => {}
            }
        }
    }

    /// Restores the terminals that are registered with [`Task::Restore`], and returns them.
    #[cfg(unix)]
    fn restore_terminals(&self) -> Vec<fs::File> {
        use rustix::{process::getpgrp, termios::tcgetpgrp};

        let mut terminals = Vec::new();
        for task in self.all() {
            // A background process would be stopped when it changes the terminal.
            if let Task::Restore(restored) = task
                && tcgetpgrp(&restored.0).map_or(true, |group| group == getpgrp())
            {
                restore(restored);
                terminals.extend(restored.0.try_clone());
            }
        }
        terminals
    }

    /// Ends the line of the prompt on these terminals, and prints a message if the outcome of a write
    /// was not shown. Gives up if nothing can be written, for example because the reader of a pipe
    /// has stopped.
    #[cfg(unix)]
    fn report(&self, terminals: Vec<fs::File>, signal: i32) {
        use std::io::Write;

        let report = REPORT.get().filter(|_| self.writes > 0 || self.is_unshown);
        let text =
            report.map(|report| report(self.endpoint, signal.try_into().unwrap_or_default()));
        let text = text.unwrap_or_default();
        if text.is_empty() && terminals.is_empty() {
            return;
        }
        let (sender, receiver) = mpsc::channel();
        let printing = thread::Builder::new().spawn(move || {
            terminals.iter().for_each(end_line);
            let _ = std::io::stderr().write_all(text.as_bytes());
            let _ = sender.send(());
        });
        if printing.is_ok() {
            let _ = receiver.recv_timeout(LONGEST_REPORT);
        }
    }

    /// Removes the files that are registered with [`Task::Remove`].
    #[cfg(unix)]
    fn remove_files(&self) {
        for task in self.all() {
            if let Task::Remove(path) = task {
                let _ = fs::remove_file(path);
            }
        }
    }
}

fn terminated(sent: Sent) -> TransportError {
    // An error of this kind is not retried.
    TransportError::new(TransportErrorKind::Canceled, sent, "terminated by a signal")
}

/// A section of a command that may run to its end after a signal, for up to 5 s, so that a library
/// can remove its own files, or so that results can be written. The process then ends when the
/// section is dropped.
#[derive(Debug)]
pub struct Section(u64);

impl Section {
    /// Begins a section, which ends when the returned value is dropped.
    #[must_use]
    pub fn begin() -> Self {
        Self(tasks().add(Task::Section))
    }
}

impl Drop for Section {
    fn drop(&mut self) {
        let mut tasks = tasks();
        tasks.remove(self.0);
        let is_ended = tasks.is_ended();
        drop(tasks);
        if is_ended {
            SECTIONS.notify_all();
            loop {
                thread::park();
            }
        }
    }
}

/// Returns whether a signal was received, so that no further request may be sent.
pub(crate) fn is_ended() -> bool {
    tasks().is_ended()
}

/// Sets the function that returns the text, with its line end, that is printed if a signal with a
/// number terminates the process and the outcome of a write to an endpoint was not shown.
pub(crate) fn set_report(report: Box<Report>) {
    let _ = REPORT.set(report);
}

/// Declares that the outcome of the writes before was shown.
pub(crate) fn shown() {
    TASKS.lock().unwrap_or_else(PoisonError::into_inner).is_unshown = false;
}

/// Declares that the command has ended. If it `is_failed`, its failure is not shown yet.
pub(crate) fn done(is_failed: bool) {
    let mut tasks = TASKS.lock().unwrap_or_else(PoisonError::into_inner);
    tasks.is_done = true;
    tasks.is_unshown &= is_failed;
}

/// A transport that sends requests with another one, and registers the writes among them.
#[expect(missing_debug_implementations, reason = "a transport has no description")]
pub struct Sending {
    pub(crate) inner: Arc<dyn Transport>,
    /// Whether a signal ends a request with an error.
    pub(crate) is_interruptible: bool,
}

impl Sending {
    /// Sends a request with the inner transport. `write` is the id of its endpoint if the request may
    /// change data.
    fn send_inner(
        &self,
        request: Request,
        write: Option<&'static str>,
    ) -> Result<Response, TransportError> {
        match self.is_interruptible {
            true => send(&self.inner, request, write),
            false => send_with(&*self.inner, request, write),
        }
    }
}

impl Transport for Sending {
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.send_inner(request, None)
    }

    fn send_write(
        &self,
        request: Request,
        endpoint: &'static str,
    ) -> Result<Response, TransportError> {
        let mut tasks = self::tasks();
        if tasks.is_done {
            drop(tasks);
            return self.send_inner(request, Some(endpoint));
        }
        tasks.writes += 1;
        tasks.endpoint = endpoint;
        drop(tasks);
        let result = self.send_inner(request, Some(endpoint));
        let mut tasks = self::tasks();
        tasks.writes -= 1;
        tasks.is_unshown |= match &result {
            Ok(response) => !response.status().is_client_error(),
            Err(error) => error.sent() != Sent::No,
        };
        result
    }
}

/// The system clock, except that its sleep ends if a signal terminates the process.
#[derive(Debug, Clone, Copy)]
pub struct InterruptibleClock;

impl Clock for InterruptibleClock {
    fn now(&self) -> SystemTime {
        SystemClock.now()
    }

    fn sleep(&self, duration: Duration) {
        self.sleep_or_interrupt(duration, &Interrupt::default());
    }

    fn sleep_or_interrupt(&self, duration: Duration, interrupt: &Interrupt) {
        wait(tasks, duration, interrupt);
    }
}

/// Waits for the interrupt, but no longer than `duration`, and not after a signal. `lock` locks the
/// tasks.
fn wait(lock: impl Fn() -> MutexGuard<'static, Tasks>, duration: Duration, interrupt: &Interrupt) {
    let mut tasks = lock();
    if tasks.is_ended() {
        return;
    }
    // A signal also sets the interrupt, because no further request can be sent.
    let number = tasks.add(Task::Wake(interrupt.clone()));
    drop(tasks);
    interrupt.wait(duration);
    lock().remove(number);
}

/// Restores the attributes of a terminal.
#[cfg(unix)]
fn restore((terminal, attributes): &(fs::File, rustix::termios::Termios)) {
    let _ = rustix::termios::tcsetattr(terminal, rustix::termios::OptionalActions::Now, attributes);
}

/// Ends the line of the prompt, whose line end was not echoed.
#[cfg(unix)]
fn end_line(mut terminal: &fs::File) {
    use std::io::Write;

    let _ = terminal.write_all(b"\n");
}

/// A terminal without echo, whose characters are read one by one. Ctrl-C is a character, too. The
/// previous attributes are restored when this value is dropped, or when a signal terminates the
/// process.
#[cfg(unix)]
#[derive(Debug)]
pub(crate) struct Silence(u64);

#[cfg(unix)]
impl Silence {
    /// Switches the echo of a terminal off.
    ///
    /// # Errors
    /// Returns an error if the file is not a terminal, or if a signal was received.
    pub(crate) fn begin(terminal: fs::File) -> std::io::Result<Self> {
        use rustix::termios::{
            LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr,
        };

        // Because of the lock, a signal cannot restore the terminal before the echo is off.
        let mut tasks = tasks();
        if tasks.is_ended() {
            return Err(std::io::Error::other("this process was terminated by a signal"));
        }
        let previous = tcgetattr(&terminal)?;
        let mut silent = previous.clone();
        silent.local_modes -=
            LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG;
        silent.special_codes[SpecialCodeIndex::VMIN] = 1;
        silent.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&terminal, OptionalActions::Now, &silent)?;
        Ok(Self(tasks.add(Task::Restore(Box::new((terminal, previous))))))
    }
}

#[cfg(unix)]
impl Drop for Silence {
    fn drop(&mut self) {
        let task = tasks().remove(self.0);
        if let Some(Task::Restore(restored)) = task {
            restore(&restored);
            end_line(&restored.0);
        }
    }
}

/// Waits for the end of the process after it sent itself a SIGINT. Returns if it ignores SIGINT.
#[cfg(unix)]
pub(crate) fn wait_for_interrupt() {
    while is_handled(signal_hook::consts::SIGINT) {
        thread::park();
    }
}

/// Returns whether a signal ends the process after its [`Task`]s, which is not the case if the
/// process ignores it.
#[cfg(unix)]
pub(crate) fn is_handled(signal: i32) -> bool {
    signals::start();
    signals::is_handled(signal)
}

/// Sends a request. `write` is the id of its endpoint if the request may change data.
fn send_with(
    transport: &dyn Transport,
    request: Request,
    write: Option<&'static str>,
) -> Result<Response, TransportError> {
    match write {
        Some(endpoint) => transport.send_write(request, endpoint),
        None => transport.send(request),
    }
}

/// Sends a request in a separate thread. If the process is terminated by a signal, this function
/// returns an error immediately.
fn send(
    transport: &Arc<dyn Transport>,
    request: Request,
    write: Option<&'static str>,
) -> Result<Response, TransportError> {
    let (sender, receiver) = mpsc::channel();
    let mut tasks = tasks();
    if tasks.is_ended() {
        return Err(terminated(Sent::No));
    }
    let number = tasks.add(Task::Interrupt(sender.clone()));
    drop(tasks);
    let transport = Arc::clone(transport);
    let sending = thread::Builder::new().spawn(move || {
        let _ = sender.send(send_with(&*transport, request, write));
    });
    let result = match sending {
        Ok(_) => receiver.recv().unwrap_or_else(|_| Err(terminated(Sent::Maybe))),
        Err(error) => {
            let kind = TransportErrorKind::Connect;
            Err(TransportError::new(kind, Sent::No, format!("no thread: {error}")))
        }
    };
    self::tasks().remove(number);
    result
}

/// Kills a process that has not been reaped yet, together with its group if it is the leader of
/// one.
#[cfg(unix)]
pub(crate) fn kill(pid: rustix::process::Pid, is_group: bool) -> std::io::Result<()> {
    use rustix::process::{Signal, kill_process, kill_process_group};

    let killed = match is_group {
        true => kill_process_group(pid, Signal::KILL),
        false => kill_process(pid, Signal::KILL),
    };
    match killed {
        Err(rustix::io::Errno::SRCH) => Ok(()),
        result => Ok(result?),
    }
}

/// A file that is removed when this value is dropped, or when a signal terminates the process.
///
/// ```
/// use cli_support::TemporaryFile;
///
/// let path = std::env::temp_dir().join(format!("temporary-{}", std::process::id()));
/// let file = TemporaryFile::new(path.clone());
/// std::fs::write(&path, "draft")?;
/// drop(file);
/// assert!(!path.exists());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct TemporaryFile {
    path: PathBuf,
    number: u64,
    is_kept: bool,
}

impl TemporaryFile {
    /// Registers the path of a file that is about to be created, so that a signal also removes the
    /// file.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        let number = tasks().add(Task::Remove(path.clone()));
        Self { path, number, is_kept: false }
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// Cancels the removal of the file, for example because the file was moved or could not be
    /// created.
    pub fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let mut tasks = tasks();
        tasks.remove(self.number);
        if !self.is_kept {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(unix)]
mod signals {
    use std::os::raw::c_int;
    use std::sync::atomic::AtomicBool;
    use std::sync::{Arc, Once, OnceLock, PoisonError, mpsc};
    use std::thread;

    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXFSZ};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;

    use crate::termination::{GRACE, SECTIONS, TASKS};

    /// The signals that the thread of [`start`] handles.
    static HANDLED: OnceLock<Vec<c_int>> = OnceLock::new();

    /// Returns whether the thread of [`start`] handles a signal.
    pub(super) fn is_handled(signal: c_int) -> bool {
        HANDLED.get().is_some_and(|handled| handled.contains(&signal))
    }

    /// Starts the thread that waits for signals. If it cannot be started, a signal ends the process
    /// immediately.
    pub(super) fn start() {
        static STARTED: Once = Once::new();
        STARTED.call_once(|| {
            // The flag is not read: with any handler, only the write fails.
            let _ = signal_hook::flag::register(SIGXFSZ, Arc::<AtomicBool>::default());
            let (sender, receiver) = mpsc::channel();
            let waiting = thread::Builder::new().spawn(move || {
                let handled = handled();
                let signals = Signals::new(&handled);
                if signals.is_ok() {
                    let _ = HANDLED.set(handled);
                }
                let _ = sender.send(());
                if let Ok(mut signals) = signals
                    && let Some(signal) = signals.forever().next()
                {
                    end(signal);
                }
            });
            if waiting.is_ok() {
                let _ = receiver.recv();
            }
        });
    }

    fn end(signal: c_int) -> ! {
        let mut tasks = TASKS.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.is_ended = true;
        tasks.interrupt();
        // From here on, the lock is never released.
        let waited = SECTIONS.wait_timeout_while(tasks, GRACE, |tasks| tasks.has_section());
        let (tasks, _) = waited.unwrap_or_else(PoisonError::into_inner);
        tasks.remove_files();
        let terminals = tasks.restore_terminals();
        tasks.report(terminals, signal);
        let _ = emulate_default_handler(signal);
        std::process::exit(128 + signal)
    }

    /// Returns the signals to handle: those that end the process and are not ignored. On systems
    /// where the ignored signals cannot be read, SIGHUP is not handled, because `nohup` may have
    /// made the process ignore it.
    fn handled() -> Vec<c_int> {
        let status = std::fs::read_to_string("/proc/self/status").ok();
        let ignored = status.as_deref().and_then(ignored).unwrap_or(1 << (SIGHUP - 1));
        let all = [SIGHUP, SIGINT, SIGQUIT, SIGTERM].into_iter();
        all.filter(|signal| ignored >> (signal - 1) & 1 == 0).collect()
    }

    /// Returns the mask of ignored signals in the content of `/proc/self/status` on Linux. Signal 1
    /// is the lowest bit.
    fn ignored(status: &str) -> Option<u64> {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
        u64::from_str_radix(mask.trim(), 16).ok()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn ignored_signals_are_read() {
            assert_eq!(ignored("Name:\ttpay\nSigIgn:\t0000000000001001\n"), Some(0x1001));
            assert_eq!(ignored("Name:\ttpay\n"), None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn wait_ends_when_its_interrupt_is_set() {
        static LOCAL: Mutex<Tasks> = Mutex::new(Tasks::new());

        let interrupt = Interrupt::default();
        let (sender, locked) = mpsc::channel();
        let waiting = interrupt.clone();
        let thread = thread::spawn(move || {
            let lock = || {
                let tasks = LOCAL.lock().unwrap();
                sender.send(()).unwrap();
                tasks
            };
            wait(lock, HOUR, &waiting);
        });
        locked.recv().unwrap();
        // The other thread holds the lock until the wait is registered.
        let count = LOCAL.lock().unwrap().tasks.len();
        assert_eq!(count, 1);
        assert!(locked.try_recv().is_err(), "the wait ended without its interrupt");
        interrupt.set();
        locked.recv_timeout(Duration::from_secs(60)).unwrap();
        thread.join().unwrap();
        assert!(LOCAL.lock().unwrap().tasks.is_empty());
    }

    #[test]
    fn writes_are_sent_with_send_write_of_the_inner_transport() {
        struct Inner(Mutex<Vec<Option<&'static str>>>);

        impl Inner {
            fn respond(&self, write: Option<&'static str>) -> Result<Response, TransportError> {
                self.0.lock().unwrap().push(write);
                let mut response = Response::default();
                // The outcome of a rejected write does not have to be shown.
                *response.status_mut() = api_auth::StatusCode::NOT_FOUND;
                Ok(response)
            }
        }

        impl Transport for Inner {
            fn send(&self, _: Request) -> Result<Response, TransportError> {
                self.respond(None)
            }

            fn send_write(
                &self,
                _: Request,
                endpoint: &'static str,
            ) -> Result<Response, TransportError> {
                self.respond(Some(endpoint))
            }
        }

        for is_interruptible in [false, true] {
            let inner = Arc::new(Inner(Mutex::default()));
            let sending = Sending { inner: inner.clone(), is_interruptible };
            sending.send(Request::default()).unwrap();
            sending.send_write(Request::default(), "a.b").unwrap();
            assert_eq!(*inner.0.lock().unwrap(), [None, Some("a.b")]);
        }
    }

    #[cfg(unix)]
    #[test]
    fn signal_ends_a_wait() {
        let interrupt = Interrupt::default();
        let mut tasks = Tasks::new();
        tasks.add(Task::Wake(interrupt.clone()));
        tasks.interrupt();
        assert!(interrupt.is_set());
    }
}
