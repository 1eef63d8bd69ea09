//! The commands of the README, run one after the other in one shell.

use std::process::Command;

use crate::{World, finish};

/// A command of the README: its text, its exit status, and its output.
struct Step {
    command: String,
    status: i32,
    output: Vec<String>,
}

/// Returns the commands of all `console` blocks. A line `? 2` is the exit status.
fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for block in page.split("```console\n").skip(1) {
        for line in block.split("```").next().unwrap().lines() {
            if let Some(command) = line.strip_prefix("$ ") {
                let command = command.to_owned();
                steps.push(Step { command, status: 0, output: Vec::new() });
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

#[test]
fn readme_is_a_walk_that_works() {
    let world = World::new();
    let page = include_str!("../../README.md");
    let steps = steps(page);
    assert!(steps.len() > 12, "{}", steps.len());
    let mut script = String::new();
    for (number, step) in steps.iter().enumerate() {
        script.push_str(&format!("echo '### {number}'\n{}\necho \"=== $?\"\n", step.command));
    }
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_tpay")).parent().unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", &format!("exec 2>&1\n{script}")]).current_dir(&world.home).env_clear();
    command.env("PATH", format!("{}:/usr/bin:/bin", program.display()));
    command.env("HOME", &world.home);
    let variables = world.sandbox.environment();
    command.envs(variables.into_iter().filter(|(name, _)| name.starts_with("TPAY_")));
    let output = finish(command, "").stdout;
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
}
