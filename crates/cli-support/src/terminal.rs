//! Terminal output: colours, and the progress of a command.

use std::io::{self, IsTerminal};

use api_auth::Env;
use clap::ColorChoice;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

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
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
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

    #[test]
    fn templates_of_the_bar_are_valid() {
        for template in ["{pos} {per_sec} {elapsed}", "{bar:30} {pos}/{len} {per_sec} {eta} left"] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
