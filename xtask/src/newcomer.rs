//! Tests of the READMEs and guides for new users: a new program with one dependency and the first
//! program of the README, and the commands of guides, one after the other. Part of `cargo xtask
//! check`.

use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;

use crate::demo::Folder;
use crate::providers::{PROVIDERS, Provider};
use crate::{Outcome, demo, shell};

pub(crate) fn run() -> Outcome {
    for provider in PROVIDERS {
        let package = provider.package();
        let printed = first_program(provider).map_err(|why| format!("{package}: {why}"))?;
        println!("{package}: the first program of its README, alone in a new crate: {printed}");
    }
    for page in PAGES {
        let commands = run_commands(page).map_err(|why| format!("{page}: {why}"))?;
        println!("{page}: {commands} commands succeeded");
    }
    Ok(())
}

/// Pages with commands that run examples.
const PAGES: &[&str] = &[
    "README.md",
    "docs/guides/gating-content.md",
    "docs/guides/payment.md",
    "docs/guides/private-pki.md",
];

/// A command that starts its own test servers and stops them.
const OWN_SERVERS: &str = "cargo run -p api-sandbox -- run ";

/// Runs the examples of a page in their order, against one sandbox. Returns their number.
fn run_commands(page: &str) -> Result<usize, String> {
    let text = shell::read(page)?.replace("\r\n", "\n");
    let commands = commands(&text);
    let sandbox = demo::start()?;
    let folder = Folder::new("guide")?;
    let manifest = shell::root().join("Cargo.toml").display().to_string();
    for command in &commands {
        let mut words: Vec<&str> = command.iter().map(String::as_str).collect();
        let has_own_servers = words.contains(&"api-sandbox");
        let mut command = if has_own_servers {
            shell::cargo(&words)
        } else {
            let end = words.iter().position(|word| *word == "--").unwrap_or(words.len());
            words.splice(end..end, ["--manifest-path", &manifest]);
            let mut command = shell::cargo(&words);
            command.current_dir(&folder.0);
            command
        };
        shell::set_sandbox(&mut command, &sandbox);
        let printed = shell::output_of(&mut command)?;
        let links = printed.lines().filter_map(|line| line.strip_prefix("pay at "));
        for link in links.filter(|_| !has_own_servers) {
            open(link).map_err(|error| format!("{link}: {error}"))?;
        }
    }
    match commands.len() {
        0 => Err("it shows no command".to_owned()),
        some => Ok(some),
    }
}

/// Pays at a link of the sandbox, as the button of the page does.
fn open(link: &str) -> io::Result<()> {
    let rest = link.strip_prefix("http://").ok_or(io::ErrorKind::InvalidInput)?;
    let (host, target) = rest.split_once('/').ok_or(io::ErrorKind::InvalidInput)?;
    let mut stream = TcpStream::connect(host)?;
    write!(
        stream,
        "GET /{target}&decision=pay HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    if response.starts_with("HTTP/1.1 200 ") { Ok(()) } else { Err(io::Error::other(response)) }
}

/// The arguments of each `cargo run` in the `sh` blocks of a page, except of those that only start the
/// test servers.
fn commands(page: &str) -> Vec<Vec<String>> {
    let blocks = page.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines: Vec<String> = blocks.map(|block| block.replace("\\\n", " ")).collect();
    let lines = lines.iter().flat_map(|block| block.lines());
    let is_example = |line: &&str| {
        line.starts_with("cargo run ")
            && (!line.starts_with("cargo run -p api-sandbox") || line.starts_with(OWN_SERVERS))
    };
    lines.filter(is_example).map(words).collect()
}

/// Returns the words of a command after the first one, split like in a shell, with quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quote) = (String::new(), None);
    for char in line.chars().chain([' ']) {
        match quote {
            Some(mark) if char == mark => quote = None,
            Some(_) => word.push(char),
            None if char == '\'' || char == '"' => quote = Some(char),
            None if char == ' ' => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            None => word.push(char),
        }
    }
    words.split_off(1)
}

/// Runs the first program of a README against a sandbox. Returns the last line of its output.
fn first_program(provider: &Provider) -> Result<String, String> {
    let readme = shell::read(&format!("{}/README.md", provider.folder()))?.replace("\r\n", "\n");
    let (_, rest) = readme.split_once("```rust").ok_or("the README contains no program")?;
    let (_, rest) = rest.split_once('\n').ok_or("the README contains no program")?;
    let (program, _) = rest.split_once("```").ok_or("the program does not end")?;

    let package = provider.package();
    let all = shell::root().join("target/newcomer");
    let folder = all.join(&package);
    let crate_folder = shell::root().join(provider.folder());
    let manifest = format!(
        "[package]\nname = \"newcomer\"\nedition = \"2024\"\n\n[dependencies]\n\
         {package} = {{ path = {:?} }}\n\n[workspace]\n",
        crate_folder.display().to_string()
    );
    let write = |name: &str, text: &str| {
        fs::write(folder.join(name), text).map_err(|error| format!("{name}: {error}"))
    };
    fs::create_dir_all(folder.join("src")).map_err(|error| error.to_string())?;
    write("Cargo.toml", &manifest)?;
    // The versions with which the workspace is tested.
    write("Cargo.lock", &shell::read("Cargo.lock")?)?;
    write("src/main.rs", program)?;

    let sandbox = demo::start()?;
    let manifest = folder.join("Cargo.toml").display().to_string();
    let mut command = shell::cargo(&["run", "--quiet", "--manifest-path", &manifest]);
    let folder = Folder::new("newcomer")?;
    command.current_dir(&folder.0).env("CARGO_TARGET_DIR", all.join("target"));
    shell::set_sandbox(&mut command, &sandbox);
    let printed = shell::output_of(&mut command)?;
    Ok(printed.lines().last().unwrap_or("it succeeded without output").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::copy::{self, Copy};

    #[test]
    fn commands_are_split_like_in_a_shell() {
        let page = "```sh\ncargo run -p api-sandbox\n```\n\n```sh\ncargo run -p a --example b -- \\\n    \
            --ca \"ACME, Inc.\" 'x >= 1'\n```\n\n```rust\ncargo run c\n```\n";
        let expected = ["run", "-p", "a", "--example", "b", "--", "--ca", "ACME, Inc.", "x >= 1"];
        assert_eq!(commands(page), [expected]);
    }

    /// Runs the commands of a page with one `sh` block. Each one prints `printed`.
    fn run_block(block: &str, printed: &'static str) -> Result<usize, String> {
        let project = Copy::empty();
        project.write("page.md", &format!("A page.\n\n```sh\n{block}```\n"));
        copy::replace_cargo(move |_| Ok(printed.to_owned()));
        run_commands("page.md")
    }

    #[test]
    fn links_that_commands_print_are_opened() {
        let command = "cargo run -p a --example b\n";
        assert_eq!(run_block(&command.repeat(2), "it is paid\n"), Ok(2));
        let error = run_block(command, "pay at ftp://127.0.0.1/c\n").unwrap_err();
        assert!(error.starts_with("ftp://127.0.0.1/c: "), "{error}");
        // The servers of the command have ended.
        let own = "cargo run -p api-sandbox -- run a\n";
        assert_eq!(run_block(own, "pay at ftp://127.0.0.1/c\n"), Ok(1));
        assert_eq!(run_block("cargo build\n", ""), Err("it shows no command".to_owned()));
    }

    #[test]
    fn page_of_a_link_must_exist() {
        let sandbox = demo::start().unwrap();
        let error = open(&format!("{}/no-page?a=b", sandbox.tpay().base_url())).unwrap_err();
        assert!(error.to_string().starts_with("HTTP/1.1 404 "), "{error}");
    }
}
