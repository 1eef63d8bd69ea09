//! Pages that show commands of a shell: the commands are run one after the other in one shell, and
//! their output is compared.

use std::path::Path;
use std::process::Command;

/// A command of the README: its text, its exit status, and its output.
struct Step {
    command: String,
    status: i32,
    output: Vec<String>,
}

/// Returns the commands of all `console` blocks. A line `? 2` is the exit status. A command that ends
/// with a backslash continues in the next line, which begins with `> `.
fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for block in page.split("```console\n").skip(1) {
        for line in block.split("```").next().unwrap().lines() {
            if let Some(command) = line.strip_prefix("$ ") {
                let command = command.to_owned();
                steps.push(Step { command, status: 0, output: Vec::new() });
            } else if let Some(step) = steps.last_mut()
                && step.command.ends_with('\\')
                && let Some(more) = line.strip_prefix("> ")
            {
                step.command.push('\n');
                step.command.push_str(more);
            } else if let Some(status) = line.strip_prefix("? ") {
                steps.last_mut().unwrap().status = status.parse().unwrap();
            } else {
                steps.last_mut().unwrap().output.push(line.to_owned());
            }
        }
    }
    steps
}

/// Returns whether a line is as expected, in which `[..]` stands for any text.
fn fits(expected: &str, line: &str) -> bool {
    let parts: Vec<&str> = expected.split("[..]").collect();
    let mut rest = line;
    for (index, part) in parts.iter().enumerate() {
        let found = if index == 0 {
            rest.strip_prefix(part)
        } else if index + 1 == parts.len() {
            return rest.ends_with(part);
        } else {
            rest.split_once(part).map(|(_, after)| after)
        };
        match found {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.is_empty()
}

/// Runs the commands of the `console` blocks of a page in `shell`, which is a command for `sh` with
/// the environment of the program. Its folder is on the path.
///
/// # Panics
/// Panics if a status or an output differs.
pub fn check(page: &str, program: &str, mut shell: Command, least: usize) -> String {
    let steps = steps(page);
    assert!(steps.len() >= least, "{}", steps.len());
    let mut script = String::from("exec 2>&1\n");
    for (number, step) in steps.iter().enumerate() {
        script.push_str(&format!("echo '### {number}'\n{}\necho \"=== $?\"\n", step.command));
    }
    let folder = Path::new(program).parent().unwrap();
    shell.args(["-c", &script]).env("PATH", format!("{}:/usr/bin:/bin", folder.display()));
    let output = shell.output().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let mut outputs = output.split("### ").skip(1);
    for step in &steps {
        let part = outputs.next().unwrap();
        let mut lines: Vec<&str> = part.lines().skip(1).collect();
        let status = lines.pop().unwrap();
        assert_eq!(status, format!("=== {}", step.status), "{}\n{part}", step.command);
        let is_whole = step.output.last().is_none_or(|line| line != "...");
        let expected: Vec<&String> = step.output.iter().filter(|line| *line != "...").collect();
        let is_same = expected.iter().zip(&lines).all(|(expected, line)| fits(expected, line));
        let is_long_enough = lines.len() >= expected.len();
        let has_all = is_same && is_long_enough && (!is_whole || lines.len() == expected.len());
        assert!(has_all, "{}\nexpected {:#?}\n{part}", step.command, step.output);
    }
    output
}
