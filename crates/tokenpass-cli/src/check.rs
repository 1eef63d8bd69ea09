//! The commands `tokenpass check` and `tokenpass rule`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use cli_support::api_auth::Endpoint;
use cli_support::api_auth::validate::no_control;
use cli_support::args::{read, value};
use cli_support::{Context, Exit, Failure, Json, Run, WithJson};
use tokenpass_client::Rules;
use tokenpass_client::tca::{CheckAddress, CheckEmail, CheckUser};

use crate::provider::Tokenpass;

#[derive(Debug, Args)]
#[command(allow_missing_positional = true)]
pub(crate) struct Check {
    /// User name; with --address or --email, an address; omit it with --file
    #[arg(id = "username", value_name = "WHO")]
    who: Option<String>,
    /// Rules, such as "TOKENLY >= 1 and LTBCOIN > 4000 or SOUP"; quote them, because the shell
    /// reads `>` as a redirection
    rules: String,
    /// Check a Bitcoin address
    #[arg(long, conflicts_with = "email")]
    address: bool,
    /// Check a user by e-mail address
    #[arg(long)]
    email: bool,
    /// Check each user in this file, one per line (`-` is standard input); exit status 1 if any
    /// does not satisfy the rules, 11 if any cannot be checked
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Rule {
    /// Show how rules are parsed: their parts, and the order in which they are evaluated
    Explain {
        /// Rules, such as "TOKENLY >= 1 and LTBCOIN > 4000 or SOUP"
        #[arg(value_parser = value::<Rules>)]
        rules: Rules,
    },
}

impl Run<Tokenpass> for Check {
    fn run(self, context: &Context<Tokenpass>) -> Result<Exit, Failure> {
        let usage = |problem: &str| Failure::new(Exit::Usage, problem);
        let who = match (self.who, &self.file) {
            (Some(who), None) => vec![(String::new(), who)],
            (None, Some(file)) => users(file)?,
            (None, None) => return Err(usage("a user and rules are required")),
            (Some(_), Some(_)) => {
                return Err(usage("with --file, give only the rules and no user"));
            }
        };
        let rules: Rules = self.rules.parse()?;
        let is_file = self.file.is_some();
        if self.address {
            let of = |who: String| CheckAddress::new(who, rules.clone());
            check_all(context, who, is_file, of)
        } else if self.email {
            check_all(context, who, is_file, |who| CheckEmail::new(who, rules.clone()))
        } else {
            check_all(context, who, is_file, |who| CheckUser::new(who, rules.clone()))
        }
    }
}

/// Reads a file with one user per line. Returns the users, each preceded by its position, such as
/// `users: line 2`. Empty lines and comments are skipped.
fn users(file: &Path) -> Result<Vec<(String, String)>, Failure> {
    let text = read("--file", file)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut users = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let place = format!("{}: line {}", file.display(), number + 1);
        no_control(place.clone(), line)?;
        users.push((place, line.to_owned()));
    }
    match users.is_empty() {
        true => Err(Failure::new(Exit::Usage, format!("{}: contains no users", file.display()))),
        false => Ok(users),
    }
}

/// Sends the checks that `of` creates for the users in `who`. If `is_file` is set, writes a list
/// with one result per user. Otherwise, there is only one user, and only yes or no is printed.
fn check_all<E>(
    context: &Context<Tokenpass>,
    who: Vec<(String, String)>,
    is_file: bool,
    of: impl Fn(String) -> E,
) -> Result<Exit, Failure>
where
    E: Endpoint<Output = bool> + Send + 'static,
{
    if is_file {
        let line = |(place, who): (String, String)| (place, vec![("who", who.clone())], of(who));
        return context.batch(who.into_iter().map(line).collect(), |reply| {
            Ok((Json::Text(if reply.value { "yes" } else { "no" }.to_owned()), reply.value))
        });
    }
    match who.into_iter().next() {
        Some((_, who)) => check_one(context, of(who)),
        None => Ok(Exit::Done),
    }
}

/// Sends a check and prints its result, yes or no. The exit status is 1 if the result is no.
pub(crate) fn check_one<E: Endpoint<Output = bool> + Send + 'static>(
    context: &Context<Tokenpass>,
    request: E,
) -> Result<Exit, Failure> {
    let Some(reply) = context.send(WithJson::new(request))? else { return Ok(Exit::Done) };
    match context.output.is_plain() {
        true => context.output.text(if reply.value { "yes" } else { "no" })?,
        false => context.output.value(&reply.body)?,
    }
    Ok(if reply.value { Exit::Done } else { Exit::No })
}

impl Run<Tokenpass> for Rule {
    fn run(self, context: &Context<Tokenpass>) -> Result<Exit, Failure> {
        let Self::Explain { rules } = self;
        let columns = ["link", "asset", "op", "amount"].map(|name| (name, name));
        context.output.check_fields(&columns, &[])?;
        let mut list = context.output.list(&columns)?;
        for (index, (rule, is_or)) in rules.iter().enumerate() {
            let link = match (index, is_or) {
                (0, _) => "",
                (_, true) => "or",
                (_, false) => "and",
            };
            let text = |text: String| Json::Text(text);
            let members = [
                ("link", text(link.to_owned())),
                ("asset", text(rule.asset().to_owned())),
                ("op", text(rule.op().as_str().to_owned())),
                ("amount", text(rule.amount().to_string())),
            ];
            list.push(&Json::Object(members.map(|(name, value)| (name.to_owned(), value)).into()))?;
        }
        list.end()?;
        context.note(&format!("read as: {}", grouped(&rules)));
        Ok(Exit::Done)
    }
}

/// Returns the text of rules with parentheses around the rules that are joined with `and`, if there
/// are alternatives to them.
fn grouped(rules: &Rules) -> String {
    let mut groups: Vec<Vec<String>> = Vec::new();
    for (rule, is_or) in rules.iter() {
        match groups.last_mut().filter(|_| !is_or) {
            Some(group) => group.push(rule.to_string()),
            None => groups.push(vec![rule.to_string()]),
        }
    }
    let is_single = groups.len() == 1;
    let group = |group: Vec<String>| match is_single || group.len() == 1 {
        true => group.join(" and "),
        false => format!("({})", group.join(" and ")),
    };
    let text = groups.into_iter().map(group).collect::<Vec<_>>().join(" or ");
    if rules.counts_promises() { text } else { text + " without promises" }
}
