//! Rules of token-controlled access, such as `TOKENLY >= 1 or LTBCOIN > 5000`: parsing, encoding in
//! a query, and evaluation with the semantics of the server. See [`Rules`].

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use api_auth::{InputError, Params, wire_enum};

use crate::balances::{Balances, Holding, Quantity, Satoshis, php_number};

wire_enum! {
    /// An operator that compares a balance with the amount of a rule.
    ///
    /// See the example on [`Rules`](crate::Rules).
    ///
    /// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, TCA Rules. The
    /// condition for `<` and `<=` that the balance is more than 0 is from the provider's library
    /// `token-controlled-access`.
    pub enum Op {
        /// The balance is at least the amount. In a query, this operator is the default.
        AtLeast = ">=",
        /// The balance is more than the amount.
        MoreThan = ">",
        /// The balance equals the amount. With an amount of 0, this is also true if the asset is
        /// not held.
        Exactly = "=",
        /// The same as [`Op::Exactly`].
        Equal = "==",
        /// The balance is not equal to the amount.
        OtherThan = "!=",
        /// The same as [`Op::OtherThan`].
        Not = "!",
        /// The balance is less than the amount, but more than 0.
        LessThan = "<",
        /// The balance is at most the amount, but more than 0.
        AtMost = "<=",
    }
}

impl Op {
    fn holds(&self, balance: Quantity, amount: Satoshis) -> bool {
        let ordering = balance.compare(amount);
        let some = balance.value > Satoshis::new(0);
        match self {
            Self::AtLeast => ordering.is_ge(),
            Self::MoreThan => ordering.is_gt(),
            Self::Exactly | Self::Equal => ordering.is_eq(),
            Self::OtherThan | Self::Not => ordering.is_ne(),
            Self::LessThan => some && ordering.is_lt(),
            Self::AtMost => some && ordering.is_le(),
            Self::Unknown(_) => false,
        }
    }
}

/// The largest amount that this crate sends in a rule: 10000000 tokens, or 10^15 satoshis. The
/// server computes the satoshis as a floating-point number and rounds it to an integer. Up to
/// 10^15, the result is exact. PHP does not round larger numbers.
pub(crate) const MAX_AMOUNT: Satoshis = Satoshis::new(1_000_000_000_000_000);

/// The valid operators, as error messages list them.
const KNOWN_OPS: &str = ">=, >, =, ==, !=, !, < or <=";

pub(crate) const TOO_LARGE: &str =
    "must be at most 10000000: the server reads larger amounts as inexact floating-point numbers";

/// A rule, which compares the balance of an asset with an amount.
///
/// ```
/// use tokenpass_client::{Op, Rule, Satoshis};
///
/// let rule = Rule::at_least("LTBCOIN", Satoshis::whole(5000));
/// assert_eq!(rule.to_string(), "LTBCOIN >= 5000");
/// ```
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, TCA Rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    asset: String,
    op: Op,
    amount: Satoshis,
}

impl Rule {
    /// Creates a rule that compares the balance of `asset` with `amount`. The name is converted to
    /// upper case, as on the server.
    pub fn new(asset: impl Into<String>, op: Op, amount: Satoshis) -> Self {
        Self { asset: asset.into().to_ascii_uppercase(), op, amount }
    }

    /// Creates a rule that requires a balance of at least `amount`.
    pub fn at_least(asset: impl Into<String>, amount: Satoshis) -> Self {
        Self::new(asset, Op::AtLeast, amount)
    }

    /// Creates a rule that requires a balance of more than 0.
    pub fn some(asset: impl Into<String>) -> Self {
        Self::new(asset, Op::MoreThan, Satoshis::new(0))
    }

    /// Returns the name of the asset in upper case, such as `TOKENLY`.
    pub fn asset(&self) -> &str {
        &self.asset
    }

    /// Returns the operator that compares the balance with the amount.
    pub fn op(&self) -> &Op {
        &self.op
    }

    /// Returns the amount with which the balance is compared, in satoshis.
    pub fn amount(&self) -> Satoshis {
        self.amount
    }

    fn holds(&self, balances: &Balances) -> bool {
        match balances.holding(&self.asset) {
            Holding::Known(balance) => self.op.holds(balance, self.amount),
            Holding::Unknown => false,
        }
    }
}

impl fmt::Display for Rule {
    /// Formats the rule as `ASSET operator amount`. A name or an operator that is invalid in a rule
    /// is quoted, so that the result cannot be parsed as a rule. [`Rules::from_query`] can return
    /// such rules.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match asset_problem(&self.asset) {
            None => f.write_str(&self.asset)?,
            Some(_) => write!(f, "{:?}", self.asset)?,
        }
        match self.op.is_known() {
            true => write!(f, " {} {}", self.op, self.amount),
            false => write!(f, " {:?} {}", self.op.as_str(), self.amount),
        }
    }
}

/// A condition on balances: rules are joined with "and" into groups, and groups are joined with
/// "or". The condition is satisfied if all rules of at least one group are satisfied.
///
/// ```
/// use tokenpass_client::{Balances, Op, Rule, Rules, Satoshis};
///
/// let rules = Rules::new(Rule::at_least("TOKENLY", Satoshis::whole(1)))
///     .and(Rule::new("LTBCOIN", Op::LessThan, "5000.5".parse()?))
///     .or(Rule::some("SOUP"));
/// assert_eq!(rules.to_string(), "TOKENLY >= 1 and LTBCOIN < 5000.5 or SOUP > 0");
/// assert_eq!("tokenly>=1 AND ltbcoin<5000.5 OR soup".parse::<Rules>()?, rules);
///
/// let balances = Balances::from([("TOKENLY", Satoshis::whole(3)), ("LTBCOIN", Satoshis::new(1))]);
/// assert!(rules.evaluate(&balances));
/// # Ok::<(), tokenpass_client::InputError>(())
/// ```
///
/// An asset can occur in several rules, for example to define a range. In the string form,
/// `without promises` at the end means that promises are not counted.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, TCA Rules. The parsing
/// and the evaluation are from the server's source code of 2017 and from the provider's library
/// `token-controlled-access`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    stack: Vec<Stacked>,
    without_promises: bool,
}

/// A rule, and whether it starts a new group (`OR`). For the first rule, the flag has no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stacked {
    rule: Rule,
    or: bool,
}

impl Rules {
    /// Creates rules that consist of a single rule. [`and`](Self::and) and [`or`](Self::or) add
    /// further rules.
    pub fn new(rule: Rule) -> Self {
        Self { stack: vec![Stacked { rule, or: false }], without_promises: false }
    }

    /// Adds a rule to the last group, all of whose rules must be satisfied.
    #[must_use]
    pub fn and(mut self, rule: Rule) -> Self {
        self.stack.push(Stacked { rule, or: false });
        self
    }

    /// Adds a rule that starts a new group, as an alternative to all groups before it.
    #[must_use]
    pub fn or(mut self, rule: Rule) -> Self {
        let or = !self.stack.is_empty();
        self.stack.push(Stacked { rule, or });
        self
    }

    /// Excludes promises, so that only actual balances are counted. This only affects
    /// [`check_user`](crate::Client::check_user).
    ///
    /// The request then contains `no_provisional=0`, because the server's flag is inverted:
    /// `no_provisional=1` has no effect.
    #[must_use]
    pub fn without_promises(mut self) -> Self {
        self.without_promises = true;
        self
    }

    /// Returns whether promises are counted. They are, unless
    /// [`without_promises`](Self::without_promises) was called.
    pub fn counts_promises(&self) -> bool {
        !self.without_promises
    }

    /// Returns an iterator over the rules in order. The flag beside a rule is `true` if the rule
    /// starts a new group.
    pub fn iter(&self) -> impl Iterator<Item = (&Rule, bool)> {
        self.stack.iter().map(|stacked| (&stacked.rule, stacked.or))
    }

    /// Returns `true` if there are no rules, in which case the server denies access.
    pub fn is_empty(&self) -> bool {
        self.stack.is_empty()
    }

    /// Returns whether `balances` satisfy the rules, with the semantics of the server: an asset
    /// that is not held has the amount 0, `<` and `<=` require more than 0, a rule with an unknown
    /// operator is false, and an empty list of rules is not satisfied.
    ///
    /// A rule about an asset whose amount is unknown is false; see [`Balances`].
    ///
    /// When the server checks a user, it counts promises to the user's addresses, but does not
    /// subtract promises that were made through the API from the balance of their source. The
    /// balance endpoints do subtract these. Whether promises are counted here depends on `balances`
    /// only: [`without_promises`](Self::without_promises) has no effect.
    pub fn evaluate(&self, balances: &Balances) -> bool {
        let mut group: Option<bool> = None;
        for Stacked { rule, or } in &self.stack {
            let holds = rule.holds(balances);
            group = match group {
                Some(true) if *or => return true,
                Some(before) if !*or => Some(before && holds),
                _ => Some(holds),
            };
        }
        group.unwrap_or(false)
    }

    /// Parses a query as the server does, including the server's quirks. Use this to find out why
    /// the server denies access. `oauth_token` and `no_provisional` are not rules. Every other name
    /// except `op_N` and `stackop_N` becomes a rule, including `client_id` and `stackOp_1`.
    ///
    /// # Errors
    /// Returns an error for a query that is not UTF-8, for a name with brackets, and for an amount
    /// that is larger than any balance or that the server does not interpret as whole satoshis.
    /// (PHP does not round amounts of 10000000 tokens or more.)
    ///
    /// ```
    /// use tokenpass_client::Rules;
    ///
    /// // The example of the documentation lacks an `&`, so it contains no operator.
    /// let rules = Rules::from_query("LTBCOIN=10000&LTBSTAFF=1&op_0=>stackop_1=OR")?;
    /// assert_eq!(rules.to_string(), "LTBCOIN \">stackop_1=OR\" 10000 and LTBSTAFF >= 1");
    /// # Ok::<(), tokenpass_client::InputError>(())
    /// ```
    pub fn from_query(query: &str) -> Result<Self, InputError> {
        let mut members: Vec<(String, String)> = Vec::new();
        for (name, value) in Params::decode(query)?.iter() {
            if name.contains('[') {
                return Err(InputError::new(
                    "query",
                    "contains a name with brackets, which the server reads as an array",
                ));
            }
            // PHP truncates a name at a zero byte.
            let name = name.split('\0').next().unwrap_or_default();
            let name = name.trim_start_matches(' ').replace(['.', ' '], "_");
            match members.iter_mut().find(|(known, _)| *known == name) {
                _ if name.is_empty() => {}
                Some((_, last)) => value.clone_into(last),
                None => members.push((name, value.to_owned())),
            }
        }
        let (mut ops, mut groups) = (HashMap::new(), HashMap::new());
        let mut rules = Self::default();
        for (name, value) in &members {
            match (name.as_str(), member_of(name)) {
                ("oauth_token", _) => {}
                ("no_provisional", _) => {
                    rules.without_promises = matches!(value.as_str(), "" | "0");
                }
                (_, Some((_, None))) => {}
                (_, Some((Member::Op, Some(index)))) => {
                    ops.insert(index, Op::from(value.as_str()));
                }
                (_, Some((Member::Group, Some(index)))) => {
                    groups.insert(index, value.eq_ignore_ascii_case("or"));
                }
                (name, None) => {
                    let Some(amount) = Satoshis::from_php(value) else {
                        let problem = "contains an amount that is larger than any balance, or that \
                                       the server does not read as whole satoshis";
                        return Err(InputError::new("query", problem));
                    };
                    let rule = Rule::at_least(name, amount);
                    rules.stack.push(Stacked { rule, or: false });
                }
            }
        }
        for (index, stacked) in rules.stack.iter_mut().enumerate() {
            if let Some(op) = ops.remove(&index) {
                stacked.rule.op = op;
            }
            stacked.or = groups.remove(&index).unwrap_or(false);
        }
        Ok(rules)
    }

    /// Validates the rules, as is done before each request that contains them. Rejects invalid
    /// rules, and rules that the server could interpret differently from
    /// [`evaluate`](Self::evaluate).
    ///
    /// # Errors
    /// Returns an error if
    ///
    /// - there are no rules,
    /// - the name of an asset is empty, is `and` or `or`, does not begin with a letter, or contains
    ///   characters other than ASCII letters, digits and `:` (subassets can never match),
    /// - an asset occurs more often than the query can express,
    /// - an operator is unknown,
    /// - an amount is below 0 or above 10000000 tokens (10^15 satoshis). The server can interpret a
    ///   larger amount as a different number, because it calculates with floating-point numbers,
    ///   which PHP does not round at that size.
    pub fn validate(&self) -> Result<(), InputError> {
        if self.stack.is_empty() {
            return Err(InputError::new(
                "rules",
                "must not be empty: the server would deny access",
            ));
        }
        for Stacked { rule, .. } in &self.stack {
            if let Some((position, problem)) = asset_problem(&rule.asset) {
                return Err(InputError::new("asset", problem).at_byte(position));
            }
            if !rule.op.is_known() {
                let problem = format!("unknown operator {:?} (use {KNOWN_OPS})", rule.op.as_str());
                return Err(InputError::new("op", problem));
            }
            if rule.amount < Satoshis::new(0) {
                return Err(InputError::new("amount", "must not be below 0"));
            }
            if rule.amount > MAX_AMOUNT {
                return Err(InputError::new("amount", TOO_LARGE));
            }
        }
        self.names().map(|_| ()).map_err(|index| {
            let rule = index.saturating_add(1);
            InputError::new("asset", format!("{NAMED_TOO_OFTEN} (rule {rule})"))
        })
    }

    /// Adds the rules to a query: first the assets with their amounts, then the operators (`op_N`)
    /// and groupings (`stackop_N`) that differ from the defaults, and `no_provisional` if promises
    /// are not counted.
    pub(crate) fn write<'a>(&'a self, params: &mut Params<'a>) {
        let names = self.names().unwrap_or_default();
        for (name, Stacked { rule, .. }) in names.into_iter().zip(&self.stack) {
            params.push(name, rule.amount.to_string());
        }
        for (index, Stacked { rule, or }) in self.stack.iter().enumerate() {
            if rule.op != Op::AtLeast {
                params.push(format!("op_{index}"), rule.op.as_str());
            }
            if *or && index > 0 {
                params.push(format!("stackop_{index}"), "OR");
            }
        }
        if self.without_promises {
            params.push("no_provisional", "0");
        }
    }

    /// Returns the name of each rule in the query. PHP keeps only one value per name, so each
    /// further rule about the same asset gets the name in a different mix of upper and lower case.
    /// The error is the index of the first rule for which no name is left.
    fn names(&self) -> Result<Vec<String>, usize> {
        let mut used: HashMap<&str, u32> = HashMap::new();
        let mut names = Vec::with_capacity(self.stack.len());
        for (index, Stacked { rule, .. }) in self.stack.iter().enumerate() {
            let next = used.entry(&rule.asset).or_default();
            let name = loop {
                let name = spelling(&rule.asset, *next).ok_or(index)?;
                *next += 1;
                if member_of(&name).is_none() && !matches!(&*name, "oauth_token" | "no_provisional")
                {
                    break name;
                }
            };
            names.push(name);
        }
        Ok(names)
    }
}

const NAMED_TOO_OFTEN: &str =
    "the asset appears in too many rules for one query; remove some of them";

/// Returns `name`, which is in upper case, after converting some of its letters to lower case. The
/// bits of `number` select these letters. Returns `None` if the name has too few letters for this
/// number.
fn spelling(name: &str, number: u32) -> Option<String> {
    let mut rest = number;
    let spelt = name.chars().map(|char| {
        if !char.is_ascii_uppercase() {
            return char;
        }
        let lower = rest & 1 == 1;
        rest >>= 1;
        if lower { char.to_ascii_lowercase() } else { char }
    });
    let spelt: String = spelt.collect();
    (rest == 0).then_some(spelt)
}

#[derive(Debug, PartialEq)]
enum Member {
    Op,
    Group,
}

/// Parses the names `op`, `op_N` and `stackop_N` as the server does. Returns `None` for any other
/// name. Characters after a second `_` are ignored, and a suffix that is not a number is 0. The
/// index is `None` if it is negative or too large.
fn member_of(name: &str) -> Option<(Member, Option<usize>)> {
    let mut parts = name.split('_');
    let member = match parts.next() {
        Some("op") => Member::Op,
        Some("stackop") => Member::Group,
        _ => return None,
    };
    Some((member, intval(parts.next().unwrap_or_default())))
}

/// Parses a string like PHP's `intval`: a string that does not begin with a number is 0. Returns
/// `None` if the number is negative or too large for an index.
fn intval(text: &str) -> Option<usize> {
    let number = php_number(text);
    let digits = number.trim_start_matches(['-', '+']);
    if digits.is_empty() {
        return Some(0);
    }
    let negative = number.starts_with('-');
    let index = if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        digits.parse::<usize>().ok()?
    } else {
        // `1e3` is a floating-point number, which is truncated.
        format!("{:.0}", digits.parse::<f64>().ok()?.trunc()).parse().ok()?
    };
    (!negative || index == 0).then_some(index)
}

impl From<Rule> for Rules {
    fn from(rule: Rule) -> Self {
        Self::new(rule)
    }
}

impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Stacked { rule, or }) in self.stack.iter().enumerate() {
            match (index, or) {
                (0, _) => {}
                (_, true) => f.write_str(" or ")?,
                (_, false) => f.write_str(" and ")?,
            }
            write!(f, "{rule}")?;
        }
        match (self.without_promises, self.stack.is_empty()) {
            (false, _) => Ok(()),
            (true, false) => f.write_str(" without promises"),
            (true, true) => f.write_str("without promises"),
        }
    }
}

impl FromStr for Rules {
    type Err = InputError;

    /// Parses `ASSET [operator amount]`, joined with `and` and `or`. `and` has precedence: "A and B
    /// or C and D" is "(A and B) or (C and D)". An asset without an operator requires a balance of
    /// more than 0.
    ///
    /// Parentheses are accepted wherever the server's notation can express them, which is
    /// everywhere except around an `or` that is joined with `and`: "A and (B or C)" must be written
    /// "A and B or A and C".
    ///
    /// The string can end with `without promises`; see
    /// [`without_promises`](Rules::without_promises).
    ///
    /// # Errors
    /// Returns an error that contains the [`position`](InputError::position) of the invalid part,
    /// or an error of [`validate`](Rules::validate).
    fn from_str(text: &str) -> Result<Self, InputError> {
        let mut parser = Parser { text, position: 0, depth: 0, allows_operator: false };
        let groups = parser.alternatives()?;
        let without_promises = parser.keyword("without")?;
        if without_promises && !parser.keyword("promises")? {
            let (position, token) = parser.next()?;
            return Err(error(position, format!("expected \"promises\", found {token}")));
        }
        match parser.next()? {
            (_, Token::End) => {}
            (position, token) if without_promises => {
                return Err(error(
                    position,
                    format!("expected the end of the rules, found {token}"),
                ));
            }
            (position, Token::Close) => return Err(error(position, "unmatched \")\"")),
            (position, token) => return Err(parser.unexpected(position, token)),
        }
        let mut rules = Self { stack: Vec::new(), without_promises };
        let mut positions = Vec::new();
        for group in groups {
            for (index, (position, rule)) in group.into_iter().enumerate() {
                rules = if index == 0 { rules.or(rule) } else { rules.and(rule) };
                positions.push(position);
            }
        }
        if let Err(index) = rules.names() {
            return Err(error(positions.get(index).copied().unwrap_or_default(), NAMED_TOO_OFTEN));
        }
        rules.validate()?;
        Ok(rules)
    }
}

/// Rules that must all be satisfied, with their positions in the string.
type Group = Vec<(usize, Rule)>;

/// The maximum nesting depth of parentheses, which limits the recursion of the parser.
const MAX_DEPTH: u32 = 64;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token<'a> {
    /// A name, an amount, or a keyword such as `and`.
    Word(&'a str),
    /// A run of operator characters, such as `>=`.
    Op(&'a str),
    Open,
    Close,
    End,
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(text) | Self::Op(text) => write!(f, "{text:?}"),
            Self::Open => f.write_str("\"(\""),
            Self::Close => f.write_str("\")\""),
            Self::End => f.write_str("the end of the rules"),
        }
    }
}

fn error(position: usize, problem: impl Into<std::borrow::Cow<'static, str>>) -> InputError {
    InputError::new("rules", problem).at_byte(position)
}

/// A recursive descent parser for rules such as `TOKENLY >= 1 or LTBCOIN > 5000`.
struct Parser<'a> {
    text: &'a str,
    position: usize,
    depth: u32,
    /// Whether the last term is an asset without an operator.
    allows_operator: bool,
}

impl<'a> Parser<'a> {
    /// Returns the error for a token after a complete term.
    fn unexpected(&self, position: usize, token: Token<'_>) -> InputError {
        let expected = match (self.allows_operator, self.depth > 0) {
            (false, false) => "\"and\" or \"or\"",
            (false, true) => "\"and\", \"or\" or \")\"",
            (true, false) => "\"and\", \"or\" or an operator such as \">=\"",
            (true, true) => "\"and\", \"or\", \")\" or an operator such as \">=\"",
        };
        error(position, format!("expected {expected}, found {token}"))
    }

    /// Consumes the next token, and returns it with its position in bytes.
    fn next(&mut self) -> Result<(usize, Token<'a>), InputError> {
        let rest = self.text.get(self.position..).unwrap_or_default();
        let trimmed = rest.trim_ascii_start();
        let position = self.position + (rest.len() - trimmed.len());
        let run = |belongs: fn(u8) -> bool| {
            let length = trimmed.bytes().take_while(|byte| belongs(*byte)).count();
            trimmed.get(..length).unwrap_or_default()
        };
        let (token, length) = match trimmed.bytes().next() {
            None => (Token::End, 0),
            Some(b'(') => (Token::Open, 1),
            Some(b')') => (Token::Close, 1),
            Some(byte) if is_operator(byte) => {
                let text = run(is_operator);
                (Token::Op(text), text.len())
            }
            Some(byte) if is_word(byte) => {
                let text = run(is_word);
                (Token::Word(text), text.len())
            }
            Some(_) => {
                // The `Debug` output of a string, unlike that of a character, escapes no `'`.
                let char: String = trimmed.chars().take(1).collect();
                return Err(error(position, format!("unexpected character {char:?}")));
            }
        };
        self.position = position + length;
        Ok((position, token))
    }

    /// Consumes the next token if it is `keyword`, in upper or lower case. Returns whether the
    /// token was consumed.
    fn keyword(&mut self, keyword: &str) -> Result<bool, InputError> {
        let before = self.position;
        if let (_, Token::Word(word)) = self.next()?
            && word.eq_ignore_ascii_case(keyword)
        {
            return Ok(true);
        }
        self.position = before;
        Ok(false)
    }

    /// Parses `conjunction (or conjunction)*`, and returns the groups of all conjunctions.
    fn alternatives(&mut self) -> Result<Vec<Group>, InputError> {
        let mut groups = self.conjunction()?;
        while self.keyword("or")? {
            groups.extend(self.conjunction()?);
        }
        Ok(groups)
    }

    /// Parses `term (and term)*`. A term that contains an "or" cannot be joined with "and", because
    /// rules have only one level of groups.
    fn conjunction(&mut self) -> Result<Vec<Group>, InputError> {
        let (mut position, mut groups) = self.term()?;
        while self.keyword("and")? {
            let (next_position, mut next) = self.term()?;
            for (position, groups) in [(position, &groups), (next_position, &next)] {
                if groups.len() > 1 {
                    return Err(error(
                        position,
                        "an \"or\" in parentheses cannot be joined with \"and\" (write \"A and (B or C)\" as \"A and B or A and C\")",
                    ));
                }
            }
            if let (Some(group), Some(more)) = (groups.first_mut(), next.first_mut()) {
                group.append(more);
            }
            position = next_position;
        }
        Ok(groups)
    }

    /// Parses `( alternatives )` or `asset [operator amount]`. Returns the position of the term,
    /// and its groups.
    fn term(&mut self) -> Result<(usize, Vec<Group>), InputError> {
        let (position, token) = self.next()?;
        match token {
            Token::Open => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err(error(position, "too many nested parentheses"));
                }
                let groups = self.alternatives()?;
                match self.next()? {
                    (_, Token::Close) => {
                        self.depth -= 1;
                        self.allows_operator = false;
                        Ok((position, groups))
                    }
                    (_, Token::End) => Err(error(position, "unmatched \"(\"")),
                    (position, token) => Err(self.unexpected(position, token)),
                }
            }
            Token::Word(asset) if !is_keyword(asset) => {
                if let Some((offset, problem)) = asset_problem(asset) {
                    return Err(error(position + offset, problem));
                }
                let rule = self.comparison(asset)?;
                Ok((position, vec![vec![(position, rule)]]))
            }
            token => Err(error(position, format!("expected an asset name, found {token}"))),
        }
    }

    /// Parses `[operator amount]` after an asset. If there is no operator, the rule requires a
    /// balance of more than 0.
    fn comparison(&mut self, asset: &str) -> Result<Rule, InputError> {
        let before = self.position;
        let (position, Token::Op(text)) = self.next()? else {
            self.position = before;
            self.allows_operator = true;
            return Ok(Rule::some(asset));
        };
        let op = Op::from(text);
        if !op.is_known() {
            return Err(error(position, format!("unknown operator {text:?} (use {KNOWN_OPS})")));
        }
        let (position, token) = self.next()?;
        let amount = match token {
            Token::Word(word) if word.starts_with(|c: char| c.is_ascii_digit()) => {
                word.parse::<Satoshis>().map_err(|_| match is_too_large(word) {
                    true => error(position, TOO_LARGE),
                    false => {
                        let expected = "expected an amount with at most 8 decimal places";
                        error(position, format!("{expected}, found {word:?}"))
                    }
                })?
            }
            token => return Err(error(position, format!("expected an amount, found {token}"))),
        };
        if amount > MAX_AMOUNT {
            return Err(error(position, TOO_LARGE));
        }
        self.allows_operator = false;
        Ok(Rule::new(asset, op, amount))
    }
}

/// Returns whether a word is a decimal number, possibly with an exponent, of 10000000 or more.
fn is_too_large(word: &str) -> bool {
    let (mantissa, exponent) = word.split_once(['e', 'E']).unwrap_or((word, "0"));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, part].concat();
    let zeros = digits.bytes().take_while(|byte| *byte == b'0').count();
    let is_number = zeros < digits.len() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let magnitude = i64::try_from(whole.len()).ok().zip(i64::try_from(zeros).ok());
    let exponent = exponent.parse::<i64>().ok();
    let magnitude = magnitude
        .zip(exponent)
        .map(|((whole, zeros), exponent)| whole.saturating_sub(zeros).saturating_add(exponent));
    is_number && magnitude.is_some_and(|magnitude| magnitude > 7)
}

fn is_operator(byte: u8) -> bool {
    matches!(byte, b'<' | b'>' | b'=' | b'!')
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b':')
}

fn is_keyword(word: &str) -> bool {
    word.eq_ignore_ascii_case("and") || word.eq_ignore_ascii_case("or")
}

/// Returns the position and description of the problem if a name is not valid as an asset in a
/// rule.
///
/// Names consist of letters and digits and, on newer servers (`CONTRACT:INDEX`), a colon. PHP
/// replaces the `.` of a subasset with `_`, so the server would never find the subasset.
fn asset_problem(name: &str) -> Option<(usize, &'static str)> {
    match name.bytes().next() {
        None => return Some((0, "an asset name must not be empty")),
        Some(first) if !first.is_ascii_alphabetic() => {
            return Some((0, "an asset name must begin with a letter"));
        }
        Some(_) if is_keyword(name) => {
            return Some((0, "\"and\" and \"or\" cannot be asset names"));
        }
        Some(_) => {}
    }
    let offset = name.bytes().position(|byte| !byte.is_ascii_alphanumeric() && byte != b':')?;
    Some((offset, "an asset name may contain only letters, digits and \":\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use api_auth::Encoding;
    use proptest::prelude::*;

    fn query(rules: &Rules) -> String {
        let mut params = Params::new();
        rules.write(&mut params);
        Encoding::Php.text(&params)
    }

    fn rules(text: &str) -> Rules {
        text.parse().unwrap()
    }

    #[test]
    fn operators_are_encoded_and_indices_count_rules() {
        let stack = rules("LTBCOIN > 10000 or LTBSTAFF >= 1 and SOUP <= 0.5").without_promises();
        assert_eq!(
            query(&stack),
            "LTBCOIN=10000&LTBSTAFF=1&SOUP=0.5&op_0=%3E&stackop_1=OR&op_2=%3C%3D&no_provisional=0"
        );
        assert_eq!(Rules::from_query(&query(&stack)).unwrap(), stack);
    }

    #[test]
    fn grouping_of_the_first_rule_is_not_written() {
        let read = Rules::from_query("A=1&B=2&stackop_0=OR&stackop_1=OR").unwrap();
        assert_eq!(query(&read), "A=1&B=2&stackop_1=OR");
    }

    #[test]
    fn two_rules_on_one_asset_get_two_names() {
        let range = rules("ltbcoin >= 4000 and LTBCOIN <= 5000");
        assert_eq!(query(&range), "LTBCOIN=4000&lTBCOIN=5000&op_1=%3C%3D");
        assert_eq!(Rules::from_query(&query(&range)).unwrap(), range);
        // One letter has two spellings, so there is no name for a third rule.
        let asset = "A11135283252627285275";
        let twice = Rules::new(Rule::some(asset)).and(Rule::some(asset));
        assert!(twice.validate().is_ok());
        assert_eq!(twice.and(Rule::some(asset)).validate().unwrap_err().argument(), "asset");
    }

    #[test]
    fn no_spelling_of_an_asset_is_parsed_as_an_operator() {
        let mut stack = Rules::new(Rule::some("OP"));
        for _ in 0..2 {
            stack = stack.and(Rule::some("OP"));
        }
        assert_eq!(Rules::from_query(&query(&stack)).unwrap(), stack);
        assert_eq!(stack.and(Rule::some("OP")).validate().unwrap_err().argument(), "asset");
    }

    #[test]
    fn rules_that_a_server_reads_differently_are_rejected() {
        for (bad, position) in [
            ("", 0),
            ("PARENT.child", 6),
            ("A B", 1),
            ("A[0]", 1),
            ("A]", 1),
            ("A=1", 1),
            ("A&B", 1),
            ("A\n", 1),
            ("(TOKENLY", 0),
            ("TOKENLY)", 7),
            ("TOKEN_LY", 5),
            ("TOKEN-LY", 5),
            ("1TOKEN", 0),
            ("ZÓŁW", 1),
            ("and", 0),
            ("Or", 0),
        ] {
            let error = Rules::new(Rule::some(bad)).validate().unwrap_err();
            assert_eq!((error.argument(), error.position()), ("asset", Some(position)), "{bad:?}");
        }
        let op = Rules::new(Rule::new("A", Op::from("=>"), Satoshis::whole(1)));
        assert_eq!(op.validate().unwrap_err().argument(), "op");
        for amount in [Satoshis::new(-1), Satoshis::new(1_000_000_000_000_001)] {
            let rules = Rules::new(Rule::at_least("A", amount));
            assert_eq!(rules.validate().unwrap_err().argument(), "amount");
        }
        assert!(Rules::new(Rule::at_least("CONTRACT:7", MAX_AMOUNT)).validate().is_ok());
        assert_eq!(Rules::default().validate().unwrap_err().argument(), "rules");
        assert!(Rules::default().is_empty() && !rules("A").is_empty());
    }

    #[test]
    fn documented_example_is_never_satisfied() {
        let documented = "LTBCOIN=10000&LTBSTAFF=1&op_0=>stackop_1=OR";
        let rich = Balances::from([
            ("LTBCOIN", Satoshis::whole(1 << 30)),
            ("LTBSTAFF", Satoshis::whole(9)),
        ]);
        assert!(!Rules::from_query(documented).unwrap().evaluate(&rich));
        let meant = rules("LTBCOIN > 10000 or LTBSTAFF >= 1");
        assert!(meant.evaluate(&rich));
        assert_eq!(query(&meant), "LTBCOIN=10000&LTBSTAFF=1&op_0=%3E&stackop_1=OR");
    }

    #[test]
    fn parse_errors_have_the_position_of_the_problem() {
        let nested = "(".repeat(65);
        for (bad, position, problem) in [
            ("", 0, "expected an asset name, found the end"),
            ("and", 0, "expected an asset name, found \"and\""),
            ("A and", 5, "expected an asset name, found the end"),
            ("or A", 0, "expected an asset name, found \"or\""),
            ("A and or B", 6, "expected an asset name, found \"or\""),
            ("> 5", 0, "expected an asset name, found \">\""),
            ("5 > 1", 0, "an asset name must begin with a letter"),
            ("A > x", 4, "expected an amount, found \"x\""),
            ("A >", 3, "expected an amount, found the end"),
            ("A > and B", 4, "expected an amount, found \"and\""),
            ("A > 0.000000001", 4, "expected an amount with at most 8 decimal places"),
            ("A > 5e", 4, "expected an amount with at most 8 decimal places"),
            ("A > 123456789x", 4, "expected an amount with at most 8 decimal places"),
            ("A > 1234567.000000001", 4, "expected an amount with at most 8 decimal places"),
            ("A > 0e99", 4, "expected an amount with at most 8 decimal places"),
            ("A > 1 2", 6, "expected \"and\" or \"or\", found \"2\""),
            ("A B > 1", 2, "expected \"and\", \"or\" or an operator such as \">=\", found \"B\""),
            (
                "A xor SOUP",
                2,
                "expected \"and\", \"or\" or an operator such as \">=\", found \"xor\"",
            ),
            ("TOKENLY => 1", 8, "unknown operator \"=>\" (use >=, >"),
            ("TOKENLY >>= 1", 8, "unknown operator \">>=\" (use"),
            ("TOKENLY > -1", 10, "unexpected character \"-\""),
            ("TOKENLY > 1,000", 11, "unexpected character \",\""),
            ("A > '1'", 4, "unexpected character \"'\""),
            ("A && B", 2, "unexpected character \"&\""),
            ("A\u{a0}> 1", 1, "unexpected character"),
            ("ŻÓŁW > 1", 0, "unexpected character \"Ż\""),
            ("TOKENLY.SUB > 1", 7, "may contain only letters, digits"),
            ("A > 10000000.00000001", 4, "must be at most 10000000"),
            ("A > 99999999999999", 4, "must be at most 10000000"),
            ("A > 0.001e400", 4, "must be at most 10000000"),
            ("A > 1e-400", 4, "expected an amount with at most 8 decimal places"),
            (
                "A > 0.000000000000000000000000",
                4,
                "expected an amount with at most 8 decimal places",
            ),
            ("A or a or A", 10, "appears in too many rules for one query"),
            ("A without", 9, "expected \"promises\", found the end"),
            ("A without B", 10, "expected \"promises\", found \"B\""),
            ("A without promises and B", 19, "expected the end of the rules, found \"and\""),
            (
                "without promises",
                8,
                "expected \"and\", \"or\" or an operator such as \">=\", found \"promises\"",
            ),
            ("\"A\" > 1", 0, "unexpected character \"\\\"\""),
            ("(A", 0, "unmatched \"(\""),
            ("A)", 1, "unmatched \")\""),
            ("()", 1, "expected an asset name, found \")\""),
            (
                "(A B)",
                3,
                "expected \"and\", \"or\", \")\" or an operator such as \">=\", found \"B\"",
            ),
            ("(A > 1 B)", 7, "expected \"and\", \"or\" or \")\", found \"B\""),
            ("(A) > 1", 4, "expected \"and\" or \"or\", found \">\""),
            ("A (B)", 2, "expected \"and\", \"or\" or an operator such as \">=\", found \"(\""),
            ("A > (1)", 4, "expected an amount, found \"(\""),
            ("TOKENLY and (LTBCOIN = 0 or VIP)", 12, "cannot be joined with \"and\""),
            ("(A or B) and C", 0, "cannot be joined with \"and\""),
            ("A and B and ((C or D))", 12, "cannot be joined with \"and\""),
            (&*nested, 64, "too many nested parentheses"),
        ] {
            let error = bad.parse::<Rules>().unwrap_err();
            assert_eq!((error.argument(), error.position()), ("rules", Some(position)), "{bad:?}");
            let shown = error.to_string();
            assert!(shown.contains(problem), "{bad:?}: {shown}");
            assert!(shown.starts_with(&format!("rules, at byte {position}: ")), "{bad:?}: {shown}");
        }
        assert_eq!(rules("A").to_string(), "A > 0");
        assert_eq!(rules("A!=1").to_string(), "A != 1");
        assert_eq!(rules("A >= 10000000"), Rules::new(Rule::at_least("A", MAX_AMOUNT)));
    }

    #[test]
    fn depth_of_parentheses_is_limited_and_their_number_is_not() {
        let group = |number: u32| format!("({}A{number}{})", "(".repeat(63), ")".repeat(63));
        let many = rules(&(0..100).map(group).collect::<Vec<_>>().join(" or "));
        assert_eq!(many.iter().count(), 100);
    }

    #[test]
    fn parentheses_are_accepted_where_a_stack_can_express_them() {
        for (text, same) in [
            ("(A)", "A"),
            ("((A > 1))", "A > 1"),
            ("(A and B) or C", "A and B or C"),
            ("A and (B and C)", "A and B and C"),
            ("A or (B or C and D)", "A or B or C and D"),
            ("(A or B)", "A or B"),
            ("(A or B) or (C)", "A or B or C"),
            ("(A)and(B)or(C)", "A and B or C"),
        ] {
            assert_eq!(rules(text), rules(same), "{text}");
        }
    }

    #[test]
    fn rules_with_parentheses_exclude_the_excluded_holders() {
        let holder =
            Balances::from([("TOKENLY", Satoshis::whole(1)), ("LTBCOIN", Satoshis::whole(1))]);
        // The meaning of "TOKENLY and (LTBCOIN = 0 or VIP)", as expressed by a stack.
        let gate = rules("TOKENLY and LTBCOIN = 0 or TOKENLY and VIP");
        assert!(!gate.evaluate(&holder));
        let vip = Balances::from([("TOKENLY", Satoshis::whole(1)), ("VIP", Satoshis::whole(1))]);
        assert!(gate.evaluate(&vip));
    }

    /// Unusual queries and the results of the server's own code, for a user with 10 TOKENLY and
    /// 5000 LTBCOIN.
    #[test]
    fn unusual_queries_are_parsed_as_by_the_server() {
        let balances =
            Balances::from([("TOKENLY", Satoshis::whole(10)), ("LTBCOIN", Satoshis::whole(5000))]);
        for (query, granted) in [
            ("op_1e-3=%3E&TOKENLY=10", false),
            ("op_-1e-3=%3E&TOKENLY=10", false),
            ("op_0e30=%3E&TOKENLY=10", false),
            ("op_0e99999999999=%3E&TOKENLY=10", false),
            ("op_1e00000000000=%3E&TOKENLY=10&LTBCOIN=5000", false),
            ("op_12e-1=%3E&TOKENLY=10&LTBCOIN=5000", false),
            ("op_-12e-1=%3E&TOKENLY=10", true),
            ("op_%091=%3E&TOKENLY=10&LTBCOIN=5000", false),
            ("op_%09=%3E&TOKENLY=10", false),
            ("op_1e99999999999=%3E&TOKENLY=10", true),
            ("op_-1e99999999999=%3E&TOKENLY=10", true),
            ("op_+-1=%3E&TOKENLY=10", false),
            ("op_-1=%3E&TOKENLY=10", true),
            ("op_-0=%3E&TOKENLY=10", false),
            ("op_%2B0=%3E&TOKENLY=10", false),
            ("op_00=%3E&TOKENLY=10", false),
            ("op_=%3E&TOKENLY=10", false),
            ("op=%3E&TOKENLY=10", false),
            ("op_abc=%3E&TOKENLY=10", false),
            ("op_0x1=%3E&TOKENLY=10", false),
            ("op_0_1=%3E&TOKENLY=10", false),
            ("op__1=%3E&TOKENLY=10", false),
            ("op.0=%3E&TOKENLY=10", false),
            ("op%200=%3E&TOKENLY=10", false),
            ("op_1.9=%3E&TOKENLY=10&LTBCOIN=5000", false),
            ("op_1e0=%3E&TOKENLY=10&LTBCOIN=5000", false),
            ("op_1e3=%3E&TOKENLY=10&LTBCOIN=5000", true),
            ("op_99999999999999999999=%3E&TOKENLY=10", true),
            ("op_5=%3E&TOKENLY=10", true),
            ("op_TOKENLY=5", false),
            ("OP_0=%3E&TOKENLY=10", true),
            ("opx=1", false),
            ("op_0=%3E&op_0=%3D&TOKENLY=10", true),
            ("op_0=%3E&op=%3D&TOKENLY=10", true),
            ("op=%3E&op_0=%3D&op=%3E&TOKENLY=10", true),
            ("op_0=&TOKENLY=10", false),
            ("op_0=%20%3E%3D&TOKENLY=10", false),
            ("op_0=%3D%3E&TOKENLY=10", false),
            ("op_0=%3C%3E&TOKENLY=10", false),
            ("TOKENLY=11&LTBCOIN=1&stackop_1=or", true),
            ("TOKENLY=11&LTBCOIN=1&stackop_1=%20OR", false),
            ("TOKENLY=11&LTBCOIN=1&stackop_1=(OR", false),
            ("TOKENLY=11&LTBCOIN=1&stackop_1=%7C%7C", false),
            ("TOKENLY=11&LTBCOIN=1&stackop_1=XOR", false),
            ("TOKENLY=11&LTBCOIN=1&stackop_0=OR", false),
            ("TOKENLY=11&LTBCOIN=1&stackop=OR", false),
            ("TOKENLY=11&LTBCOIN=1&stackop_-1=OR", false),
            ("(TOKENLY=10", false),
            ("TOKENLY)=10", false),
            ("(TOKENLY)=10", false),
            ("TOKENLY=(10)", true),
            ("TOKENLY=10&TOKENLY=11", false),
            ("TOKENLY=11&TOKENLY=10", true),
            ("LTBCOIN=1&TOKENLY=11&LTBCOIN=6000&op_0=%3C&op_1=%3C", true),
            ("TOKENLY=11&tokenly=10", false),
            ("TOKENLY", true),
            ("TOKENLY=", true),
            ("=10", false),
            ("=11&TOKENLY=10", true),
            ("%20TOKENLY=10", true),
            ("TOKENLY%20=10", false),
            ("TOKEN.LY=10", false),
            ("TOKENLY%00X=10", true),
            // PHP 8. Older versions ignore the name `0`.
            ("0=99&TOKENLY=10", false),
            ("client_id=abc", true),
            ("refresh=1", false),
            ("%E2%82%BF=1", false),
            ("z%C3%B3=1", false),
        ] {
            let read = Rules::from_query(query).unwrap();
            assert_eq!(read.evaluate(&balances), granted, "{query}: {read}");
        }
        for rejected in
            ["op_0[]=%3E", "op[0]=%3E", "stackop_1[]=OR", "TOKENLY[]=5", "TOKENLY[a]=99"]
        {
            assert_eq!(Rules::from_query(rejected).unwrap_err().argument(), "query", "{rejected}");
        }
    }

    #[test]
    fn unusual_amounts_are_parsed_as_by_the_server() {
        let amount = |text: &str| {
            let rules = Rules::from_query(&format!("TOKENLY={text}")).unwrap();
            rules.iter().next().unwrap().0.amount().get()
        };
        let ten = 1_000_000_000;
        for (text, satoshis) in [
            (".5", 50_000_000),
            ("10.", ten),
            ("1e1", ten),
            ("1E1", ten),
            ("%2B10", ten),
            ("%2010", ten),
            ("10%20", ten),
            ("+10", ten),
            ("10abc", ten),
            ("10,5", ten),
            ("1e", 100_000_000),
            ("1_0", 100_000_000),
            ("abc", 0),
            ("true", 0),
            ("INF", 0),
            ("NAN", 0),
            ("0x10", 0),
            ("--10", 0),
            ("%EF%BC%91%EF%BC%90", 0),
            ("(10)", 0),
            ("-1", -100_000_000),
            ("10.000000004", ten),
            ("10.000000005", ten + 1),
            ("0.000000005", 1),
            ("0.0000000049", 0),
            ("1.005", 100_500_000),
            ("0.285", 28_500_000),
            ("1.15", 115_000_000),
            ("4.35", 435_000_000),
            ("8.5e-9", 1),
            ("10.0000000049999999", ten + 1),
            ("50e-00001", 500_000_000),
            ("1e00001", ten),
            ("90071992.54740992", 9_007_199_254_740_992),
            ("69716963.65032048", 6_971_696_365_032_049),
            ("90071992.54740993", 9_007_199_254_740_994),
            ("90071992.54740994", 9_007_199_254_740_994),
        ] {
            assert_eq!(amount(text), satoshis, "{text}");
        }
        for rejected in ["1e400", "-1e400", "92233720369", "10000000.000000011"] {
            let error = Rules::from_query(&format!("TOKENLY={rejected}")).unwrap_err();
            assert_eq!(error.argument(), "query", "{rejected}");
        }
    }

    #[test]
    fn notation_of_a_query_is_never_parsed_as_other_rules() {
        for query in [
            "A=1&op_0=%3E+1+or+B+%3E%3D",
            "A%09OR%09B=1",
            "A%0Aor%0AB=1",
            "A%3E1%09or%09B=1",
            "and=1",
            "or=1&A=1",
            "A=1&op_0=",
            "A=1&op_0=%20",
            "%C5%BB=1",
            "(A=1",
            "A=-1",
            "5=1",
            "%22A%22=1",
            "A.B=1",
        ] {
            let text = Rules::from_query(query).unwrap().to_string();
            assert!(text.parse::<Rules>().is_err(), "{query} prints as {text}");
        }
        // The grouping of the first rule has no effect.
        let grouped = Rules::from_query("A=1&B=1&stackop_0=OR&stackop_1=OR").unwrap();
        assert_eq!(grouped.to_string(), "A >= 1 or B >= 1");
    }

    #[test]
    fn notation_keeps_whether_promises_are_counted() {
        let real = rules("A or B > 1").without_promises();
        assert_eq!(real.to_string(), "A > 0 or B > 1 without promises");
        assert_eq!(rules("A or B>1 WITHOUT Promises"), real);
        assert_ne!(rules("A or B > 1"), real);
        assert_eq!(rules("WITHOUT and PROMISES"), rules("WITHOUT > 0 and PROMISES > 0"));
        assert!(Rules::default().without_promises().to_string().parse::<Rules>().is_err());
    }

    #[test]
    fn rule_on_an_unknown_amount_is_false() {
        let held: Balances =
            serde_json::from_str(r#"{"A":{"precision":8},"B":100000000}"#).unwrap();
        for op in Op::KNOWN {
            for amount in [0, 1] {
                let rule = Rule::new("A", op.clone(), Satoshis::new(amount));
                assert!(!Rules::new(rule).evaluate(&held), "{op} {amount}");
            }
        }
        assert!(rules("A = 0 or B").evaluate(&held) && !rules("A = 0 and B").evaluate(&held));
    }

    #[test]
    fn precision_of_a_balance_is_part_of_the_amount() {
        let held = r#"{"A":{"value":5,"precision":0},"B":{"value":15,"precision":9}}"#;
        let held: Balances = serde_json::from_str(held).unwrap();
        for (text, holds) in [
            ("A = 5", true),
            ("A > 5", false),
            ("A <= 5", true),
            ("A < 5", false),
            ("B > 0.00000001", true),
            ("B < 0.00000002", true),
            ("B = 0.00000001", false),
            ("B <= 0.00000001", false),
        ] {
            assert_eq!(rules(text).evaluate(&held), holds, "{text}");
        }
    }

    #[test]
    fn large_balances_are_compared_as_the_server_compares_them() {
        let balances = Balances::from([("A", Satoshis::new(9_007_199_254_740_993))]);
        for (query, granted) in [
            ("A=90071992.54740993", false),
            ("A=90071992.54740993&op_0=%3D", false),
            ("A=90071992.54740994", false),
            ("A=90071992.54740992", true),
            ("A=90071992.54740992&op_0=%3E", false),
        ] {
            assert_eq!(Rules::from_query(query).unwrap().evaluate(&balances), granted, "{query}");
        }
    }

    #[test]
    fn promises_are_counted_unless_the_inverted_flag_is_0_or_empty() {
        let counts = |query: &str| Rules::from_query(query).unwrap().counts_promises();
        assert!(counts("A=1") && counts("A=1&no_provisional=1"));
        assert!(!counts("A=1&no_provisional=0") && !counts("A=1&no_provisional="));
    }

    fn expression() -> impl Strategy<Value = String> {
        let asset = proptest::sample::select(vec!["A", "B", "C", "D"]).prop_map(str::to_owned);
        asset.prop_recursive(4, 16, 2, |inner| {
            let joint = proptest::sample::select(vec!["and", "or"]);
            (inner.clone(), joint, inner, any::<bool>()).prop_map(
                |(left, joint, right, grouped)| {
                    if grouped {
                        format!("({left} {joint} {right})")
                    } else {
                        format!("{left} {joint} {right}")
                    }
                },
            )
        })
    }

    /// Evaluates a string by rewriting it: assets become 0 or 1, then the innermost parentheses,
    /// `and` and `or` are replaced by their values.
    fn naive(text: &str, held: &[bool]) -> bool {
        let mut text = text.to_owned();
        for (asset, held) in ["A", "B", "C", "D"].into_iter().zip(held) {
            text = text.replace(asset, if *held { "1" } else { "0" });
        }
        loop {
            let next = [
                ("(0)", "0"),
                ("(1)", "1"),
                ("1 and 1", "1"),
                ("1 and 0", "0"),
                ("0 and 1", "0"),
                ("0 and 0", "0"),
            ]
            .into_iter()
            .fold(text.clone(), |text, (from, to)| text.replace(from, to));
            if next == text {
                let ors = [("1 or 1", "1"), ("1 or 0", "1"), ("0 or 1", "1"), ("0 or 0", "0")];
                // An `or` is replaced only if it is not next to an `and`.
                let alone = |at: usize, length: usize| {
                    let (before, rest) = text.split_at(at);
                    let (_, after) = rest.split_at(length);
                    !before.ends_with("and ") && !after.starts_with(" and")
                };
                let found = ors.into_iter().find_map(|(from, to)| {
                    let mut places = text.match_indices(from).map(|(at, _)| at);
                    places.find(|at| alone(*at, from.len())).map(|at| (at, from, to))
                });
                let Some((at, from, to)) = found else {
                    return text == "1";
                };
                text.replace_range(at..at + from.len(), to);
            } else {
                text = next;
            }
        }
    }

    fn any_rules() -> impl Strategy<Value = Rules> {
        let known = proptest::sample::select(Op::KNOWN);
        let rule = ("[A-D]{4}", known, 0i64..=MAX_AMOUNT.get())
            .prop_map(|(asset, op, amount)| Rule::new(asset, op, Satoshis::new(amount)));
        let stack = proptest::collection::vec((rule, any::<bool>()), 1..6);
        (stack, any::<bool>()).prop_map(|(stack, without_promises)| {
            let mut rules = Rules { stack: Vec::new(), without_promises };
            for (rule, or) in stack {
                rules = if or { rules.or(rule) } else { rules.and(rule) };
            }
            rules
        })
    }

    proptest! {
        #[test]
        fn query_round_trips_through_the_parser_of_the_server(rules in any_rules()) {
            prop_assert!(rules.validate().is_ok());
            prop_assert_eq!(Rules::from_query(&query(&rules)).unwrap(), rules);
        }

        #[test]
        fn notation_of_rules_round_trips(rules in any_rules()) {
            let read: Rules = rules.to_string().parse().unwrap();
            prop_assert_eq!(read, rules);
        }

        /// Compares with an independent evaluator, which shares no code with the parser.
        #[test]
        fn rules_with_parentheses_match_an_independent_evaluator(
            text in expression(), held in proptest::collection::vec(any::<bool>(), 4)
        ) {
            let assets = ["A", "B", "C", "D"];
            let balances: Balances = assets
                .into_iter()
                .zip(&held)
                .map(|(asset, held)| (asset, Satoshis::new(i64::from(*held))))
                .collect();
            if let Ok(rules) = text.parse::<Rules>() {
                prop_assert_eq!(rules.evaluate(&balances), naive(&text, &held), "{}", text);
                prop_assert_eq!(rules.to_string().parse::<Rules>().unwrap(), rules);
            }
        }

        #[test]
        fn parsers_never_panic(text in ".*") {
            let _ = text.parse::<Rules>();
            let _ = Rules::from_query(&text).map(|rules| rules.evaluate(&Balances::new()));
        }
    }
}
