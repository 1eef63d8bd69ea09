//! The terminal: colours, the progress of a command, and prompts for secrets.

use std::fmt::Write;
use std::io::{self, IsTerminal};

use api_auth::Env;
use clap::ColorChoice;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// Returns whether colours are written to a stream. For `auto`, the stream must be a terminal,
/// `NO_COLOR` must not be set, and `TERM` must not be `dumb`.
pub(crate) fn is_colored(choice: ColorChoice, stream: &impl IsTerminal) -> bool {
    let is_set = |name| matches!(Env::PROCESS.get(name), Ok(Some(value)) if !value.is_empty());
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            let is_dumb = matches!(Env::PROCESS.get("TERM"), Ok(Some(term)) if term == "dumb");
            stream.is_terminal() && !is_set("NO_COLOR") && !is_dumb
        }
    }
}

/// Wraps a text in the escape sequences that make a terminal show it in bold.
pub(crate) fn bold(text: &str) -> String {
    format!("\u{1b}[1m{text}\u{1b}[0m")
}

/// Emphasizes the name of the program and the word "hint" in the message of a failure.
pub(crate) fn failure(text: &str) -> String {
    let (first, hint) = text.split_once("\nhint: ").map_or((text, None), |(a, b)| (a, Some(b)));
    let (name, rest) = first.split_once(' ').unwrap_or((first, ""));
    let red = format!("\u{1b}[1;31m{name}\u{1b}[0m {rest}");
    match hint {
        Some(hint) => format!("{red}\n{} {hint}", bold("hint:")),
        None => red,
    }
}

/// Prompts for a secret on the terminal, and reads a line without echo. If a signal terminates the
/// process in the meantime, the echo is restored.
///
/// # Errors
/// Returns an error if there is no terminal, or if it is closed.
pub(crate) fn prompt_secret(prompt: &str) -> io::Result<String> {
    #[cfg(unix)]
    return prompt_secret_on(std::path::Path::new("/dev/tty"), prompt);
    #[cfg(not(unix))]
    rpassword::prompt_password(prompt)
}

#[cfg(unix)]
fn prompt_secret_on(path: &std::path::Path, prompt: &str) -> io::Result<String> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;

    use crate::termination::{Silence, wait_for_interrupt};

    let mut options = std::fs::OpenOptions::new();
    let mut terminal = options.read(true).write(true).custom_flags(libc::O_NOCTTY).open(path)?;
    let silence = Silence::begin(terminal.try_clone()?)?;
    terminal.write_all(prompt.as_bytes())?;
    let config = rpassword::ConfigBuilder::new().input_reader(terminal).output_discard();
    let read = rpassword::read_password_with_config(config.build());
    drop(silence);
    if read.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted) {
        // The user typed Ctrl-C, for which the process has just sent itself a signal.
        wait_for_interrupt();
    }
    read
}

/// The progress of a command that sends several requests: a bar with the rate and the remaining
/// time, on standard error if it is a terminal.
#[derive(Debug)]
pub struct Progress(Option<ProgressBar>);

impl Progress {
    /// Creates the progress display of a command. Nothing is shown if `is_wanted` is false, or if
    /// standard error is not a terminal.
    pub(crate) fn new(is_wanted: bool) -> Self {
        if !is_wanted || !io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(style("{pos} {per_sec} {elapsed}"));
        Self(Some(bar))
    }

    /// Sets the total number of steps, which turns the display into a bar. Later calls have no
    /// effect.
    pub fn total(&self, total: usize) {
        let Some(bar) = &self.0 else { return };
        if bar.length().is_none() {
            bar.set_style(style("{bar:30} {pos}/{len} {per_sec} {eta} left"));
            bar.set_length(u64::try_from(total).unwrap_or(u64::MAX));
        }
    }

    /// Counts one more completed step.
    pub fn step(&self) {
        if let Some(bar) = &self.0 {
            bar.inc(1);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template);
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    style.with_key("per_sec", |state: &ProgressState, text: &mut dyn Write| {
        let _ = text.write_str(&rate(state.per_sec()));
    })
}

/// Returns the text of a number of steps per second.
fn rate(per_second: f64) -> String {
    format!("{per_second:.1}/s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_emphasized() {
        assert_eq!(
            failure("tpay: no such file\nhint: look"),
            "\u{1b}[1;31mtpay:\u{1b}[0m no such file\n\u{1b}[1mhint:\u{1b}[0m look"
        );
    }

    /// Prompts on the terminal of the next test, in its folder.
    #[cfg(unix)]
    #[test]
    #[ignore = "part of another test"]
    fn secret_is_read_from_a_terminal() {
        let secret = prompt_secret_on(std::path::Path::new("terminal"), "secret: ").unwrap();
        std::fs::write("secret", secret).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn echo_is_restored_after_a_secret_and_by_signals() {
        use std::fs::File;
        use std::io::{Read, Write};
        use std::os::unix::ffi::OsStrExt;
        use std::os::unix::process::ExitStatusExt;
        use std::process::{Command, Stdio};

        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
        use rustix::termios::{LocalModes, tcgetattr};

        use crate::test_folder::TestFolder;

        let Ok(pty) = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY) else {
            eprintln!("skipped: this user cannot open a terminal");
            return;
        };
        grantpt(&pty).unwrap();
        unlockpt(&pty).unwrap();
        let name = ptsname(&pty, Vec::new()).unwrap();
        let path = std::path::Path::new(std::ffi::OsStr::from_bytes(name.to_bytes()));
        let folder = TestFolder::new();
        std::os::unix::fs::symlink(path, folder.join("terminal")).unwrap();
        let mut options = std::fs::OpenOptions::new();
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NOCTTY);
        let terminal = options.read(true).write(true).open(path).unwrap();
        let modes = || tcgetattr(&terminal).unwrap().local_modes;
        let before = modes();
        assert!(before.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG));
        let mut user = File::from(pty);
        for (signal, typed, number) in [
            ("", "s3cret\n", 0),
            ("", "\u{3}", 2),
            ("-INT", "", 2),
            ("-TERM", "", 15),
            ("-HUP", "", 1),
            ("-QUIT", "", 3),
        ] {
            // A program that is started in the background of a script ignores SIGINT, for example.
            if number > 0 && !crate::termination::is_handled(number) {
                eprintln!("skipped: this process ignores signal {number}");
                continue;
            }
            let mut child = Command::new(std::env::current_exe().unwrap());
            let test = "terminal::tests::secret_is_read_from_a_terminal";
            child.args(["--exact", test, "--ignored"]).current_dir(folder.path());
            child.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = child.spawn().unwrap();
            let mut shown = [0; "secret: ".len()];
            user.read_exact(&mut shown).unwrap();
            assert_eq!(&shown, b"secret: ");
            assert!(!modes().contains(LocalModes::ECHO), "{signal} {typed:?}");
            user.write_all(typed.as_bytes()).unwrap();
            if !signal.is_empty() {
                let kill = Command::new("kill").args([signal, &child.id().to_string()]).status();
                assert!(kill.unwrap().success());
            }
            let status = child.wait().unwrap();
            assert_eq!(status.signal(), (number > 0).then_some(number), "{signal} {typed:?}");
            assert_eq!(modes(), before, "{signal} {typed:?}");
            let mut end = [0; 2];
            user.read_exact(&mut end).unwrap();
            assert_eq!(&end, b"\r\n", "{signal} {typed:?}");
        }
        assert_eq!(std::fs::read_to_string(folder.join("secret")).unwrap(), "s3cret");
    }

    #[test]
    fn rates_have_one_decimal() {
        assert_eq!(rate(20.5721), "20.6/s");
        let bar = ProgressBar::hidden().with_style(style("{per_sec}"));
        assert_eq!(rate(bar.per_sec()), "0.0/s");
    }

    #[test]
    fn templates_of_the_bar_are_valid() {
        for template in ["{pos} {per_sec} {elapsed}", "{bar:30} {pos}/{len} {per_sec} {eta} left"] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
