//! Token-controlled access: a stack of rules, how it is written into a query, and what a server
//! makes of it.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use api_auth::{InputError, Params, wire_enum};

use crate::{Balances, Satoshis};

wire_enum! {
    /// How a balance is compared with a rule's amount.
    ///
    /// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, TCA Rules; that less
    /// means more than 0, too, the provider's library `token-controlled-access`.
    pub enum Op {
        /// At least that much. The default.
        AtLeast = ">=",
        /// More than that.
        MoreThan = ">",
        /// Exactly that much; with an amount of 0 also if none is held.
        Exactly = "=",
        /// The same as [`Op::Exactly`].
        Equal = "==",
        /// Any other amount than that.
        OtherThan = "!=",
        /// The same as [`Op::OtherThan`].
        Not = "!",
        /// Less than that, but more than 0.
        LessThan = "<",
        /// At most that much, but more than 0.
        AtMost = "<=",
    }
}

impl Op {
    fn holds(&self, balance: Satoshis, amount: Satoshis) -> bool {
        let some = balance > Satoshis::new(0);
        match self {
            Self::AtLeast => balance >= amount,
            Self::MoreThan => balance > amount,
            Self::Exactly | Self::Equal => balance == amount,
            Self::OtherThan | Self::Not => balance != amount,
            Self::LessThan => some && balance < amount,
            Self::AtMost => some && balance <= amount,
            Self::Unknown(_) => false,
        }
    }
}

/// One rule: how much of an asset must be held.
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
    /// Compares the balance of `asset` with `amount`. The server takes names in upper case, so
    /// that is how the name is kept.
    pub fn new(asset: impl Into<String>, op: Op, amount: Satoshis) -> Self {
        Self { asset: asset.into().to_ascii_uppercase(), op, amount }
    }

    /// At least `amount` is held.
    pub fn at_least(asset: impl Into<String>, amount: Satoshis) -> Self {
        Self::new(asset, Op::AtLeast, amount)
    }

    /// Some of it is held, however little.
    pub fn some(asset: impl Into<String>) -> Self {
        Self::new(asset, Op::MoreThan, Satoshis::new(0))
    }

    /// The asset's name.
    pub fn asset(&self) -> &str {
        &self.asset
    }

    /// The comparison.
    pub fn op(&self) -> &Op {
        &self.op
    }

    /// The amount.
    pub fn amount(&self) -> Satoshis {
        self.amount
    }

    fn holds(&self, balances: &Balances) -> bool {
        self.op.holds(balances.get(&self.asset), self.amount)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.asset, self.op, self.amount)
    }
}

/// What somebody must hold: rules joined by "and", in groups of which one must hold ("or").
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
/// The same asset may be named twice, for a range.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, TCA Rules; how they are
/// read and judged, the server of 2017 and the provider's library `token-controlled-access`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    stack: Vec<Stacked>,
    without_promises: bool,
}

/// A rule, and whether it opens a new group (`OR`). That of the first one is read but means
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stacked {
    rule: Rule,
    or: bool,
}

impl Rules {
    /// One rule to begin with.
    pub fn new(rule: Rule) -> Self {
        Self { stack: vec![Stacked { rule, or: false }], without_promises: false }
    }

    /// And this one, too, in the same group.
    #[must_use]
    pub fn and(mut self, rule: Rule) -> Self {
        self.stack.push(Stacked { rule, or: false });
        self
    }

    /// Or, instead of all before it, a group that begins with this one.
    #[must_use]
    pub fn or(mut self, rule: Rule) -> Self {
        let or = !self.stack.is_empty();
        self.stack.push(Stacked { rule, or });
        self
    }

    /// Counts only what is really held, not what was promised. Only
    /// [`check_user`](crate::Client::check_user) looks at it.
    ///
    /// It is sent as `no_provisional=0`: the server's flag works the other way round, and
    /// `no_provisional=1` has no effect.
    #[must_use]
    pub fn without_promises(mut self) -> Self {
        self.without_promises = true;
        self
    }

    /// Whether promises count.
    pub fn counts_promises(&self) -> bool {
        !self.without_promises
    }

    /// The rules in order; `true` for one that opens a new group.
    pub fn iter(&self) -> impl Iterator<Item = (&Rule, bool)> {
        self.stack.iter().map(|stacked| (&stacked.rule, stacked.or))
    }

    /// Whether there is no rule. A server says no to that.
    pub fn is_empty(&self) -> bool {
        self.stack.is_empty()
    }

    /// Whether `balances` satisfy the rules, by the semantics of the server: an asset that is not
    /// held counts as 0, `<` and `<=` ask for more than 0, an unknown comparison is never true,
    /// and no rules are not satisfied.
    ///
    /// A server's check of a user counts promises to the user's addresses, and leaves promises
    /// that were made through the API on their source; the balance calls subtract them.
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

    /// The stack as a server reads it from a query, quirks and all: for finding out why a server
    /// says no. `oauth_token` and `no_provisional` are left out; every other name that is no
    /// `op_N` or `stackop_N` becomes a rule, `client_id` and `stackOp_1` included.
    ///
    /// # Errors
    /// A query that is not UTF-8, and names with brackets.
    ///
    /// ```
    /// use tokenpass_client::Rules;
    ///
    /// // The documentation's example lacks an `&`: it asks for an operator that does not exist.
    /// let rules = Rules::from_query("LTBCOIN=10000&LTBSTAFF=1&op_0=>stackop_1=OR")?;
    /// assert_eq!(rules.to_string(), "LTBCOIN >stackop_1=OR 10000 and LTBSTAFF >= 1");
    /// # Ok::<(), tokenpass_client::InputError>(())
    /// ```
    pub fn from_query(query: &str) -> Result<Self, InputError> {
        let mut members: Vec<(String, String)> = Vec::new();
        for (name, value) in Params::decode(query)?.iter() {
            if name.contains('[') {
                return Err(InputError::new("query", "holds a name with brackets"));
            }
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
                (_, Some((Member::Op, index))) => {
                    ops.insert(index, Op::from(value.as_str()));
                }
                (_, Some((Member::Group, index))) => {
                    groups.insert(index, value.eq_ignore_ascii_case("or"));
                }
                (name, None) => {
                    let rule = Rule::at_least(name, Satoshis::from_php(value));
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

    /// Refuses what a server would read as something else.
    ///
    /// # Errors
    /// No rules; an asset whose name is empty or holds a dot, a space or a bracket (subassets can
    /// never match); one that is named more often than the query can express; an operator that
    /// is not known; an amount below 0.
    pub fn check(&self) -> Result<(), InputError> {
        if self.stack.is_empty() {
            return Err(InputError::new("rules", "must not be empty: a server says no to that"));
        }
        for Stacked { rule, .. } in &self.stack {
            let asset = rule.asset.as_str();
            let strange =
                |c: char| matches!(c, '.' | ' ' | '[' | ']' | '=' | '&') || c.is_control();
            if asset.is_empty() || asset.contains(strange) {
                return Err(InputError::new(
                    "asset",
                    "must not be empty nor hold a dot, space, bracket, = or &: the server would see another name",
                ));
            }
            if !rule.op.is_known() {
                return Err(InputError::new("op", "is unknown to the server, which would say no"));
            }
            if rule.amount < Satoshis::new(0) {
                return Err(InputError::new("amount", "must not be below 0"));
            }
        }
        self.names().map(|_| ())
    }

    /// Adds the rules to a query: assets first, then operators and groupings by index.
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

    /// The name of each rule in the query. PHP keeps one value of a name, so that the second rule
    /// on an asset gets a name that differs in case.
    fn names(&self) -> Result<Vec<String>, InputError> {
        let mut used: HashMap<&str, u32> = HashMap::new();
        let mut names = Vec::with_capacity(self.stack.len());
        for Stacked { rule, .. } in &self.stack {
            let next = used.entry(&rule.asset).or_default();
            let name = loop {
                let name = spelling(&rule.asset, *next).ok_or_else(|| {
                    InputError::new("asset", "is named more often than a query can express")
                })?;
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

/// The spelling of an upper-case name with that number: its bits say which letters are lower
/// case.
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

/// Reads `op`, `op_N`, `stackop_N`; what follows a second `_` does not count.
fn member_of(name: &str) -> Option<(Member, usize)> {
    let mut parts = name.split('_');
    let member = match parts.next() {
        Some("op") => Member::Op,
        Some("stackop") => Member::Group,
        _ => return None,
    };
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let number = parts.next().and_then(|text| text.get(..digits(text))?.parse().ok());
    Some((member, number.unwrap_or(0)))
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
        Ok(())
    }
}

impl FromStr for Rules {
    type Err = InputError;

    /// Reads `ASSET [op amount]`, joined by `and` and `or`. `or` begins a new group, as in
    /// "A and B or C and D". An asset alone asks for more than 0.
    fn from_str(text: &str) -> Result<Self, InputError> {
        const OPS: [&str; 8] = [">=", "<=", "==", "!=", ">", "<", "=", "!"];
        let mut rules = Self::default();
        let mut or = false;
        let mut term = String::new();
        let words = text.split_whitespace().map(Some).chain([None]);
        for word in words {
            let joint = word.map(str::to_ascii_lowercase);
            match joint.as_deref() {
                Some("and" | "or") | None => {}
                Some(_) => {
                    term.push_str(word.unwrap_or_default());
                    term.push(' ');
                    continue;
                }
            }
            let found = OPS
                .iter()
                .filter_map(|op| Some((term.find(op)?, *op)))
                .min_by_key(|(place, op)| (*place, std::cmp::Reverse(op.len())));
            let rule = match found.and_then(|(place, op)| {
                Some((term.get(..place)?, op, term.get(place + op.len()..)?))
            }) {
                Some((asset, op, amount)) => Rule::new(asset.trim(), Op::from(op), amount.parse()?),
                None => Rule::some(term.trim()),
            };
            if rule.asset.is_empty() {
                return Err(InputError::new("rules", "want an asset before and after and, or"));
            }
            rules.stack.push(Stacked { rule, or });
            or = joint.as_deref() == Some("or");
            term.clear();
        }
        rules.check()?;
        Ok(rules)
    }
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
    fn two_rules_on_one_asset_get_two_names() {
        let range = rules("ltbcoin >= 4000 and LTBCOIN <= 5000");
        assert_eq!(query(&range), "LTBCOIN=4000&lTBCOIN=5000&op_1=%3C%3D");
        assert_eq!(Rules::from_query(&query(&range)).unwrap(), range);
        // One letter has two spellings; a third rule cannot be told apart.
        let asset = "A11135283252627285275";
        let twice = Rules::new(Rule::some(asset)).and(Rule::some(asset));
        assert!(twice.check().is_ok());
        assert_eq!(twice.and(Rule::some(asset)).check().unwrap_err().argument(), "asset");
    }

    #[test]
    fn no_spelling_of_an_asset_is_read_as_an_operator() {
        let mut stack = Rules::new(Rule::some("OP_1"));
        for _ in 0..2 {
            stack = stack.and(Rule::some("OP_1"));
        }
        assert_eq!(Rules::from_query(&query(&stack)).unwrap(), stack);
        assert_eq!(stack.and(Rule::some("OP_1")).check().unwrap_err().argument(), "asset");
    }

    #[test]
    fn what_a_server_reads_as_something_else_is_refused() {
        for bad in ["", "PARENT.child", "A B", "A[0]", "A]", "A=1", "A&B", "A\n"] {
            let error = Rules::new(Rule::some(bad)).check().unwrap_err();
            assert_eq!(error.argument(), "asset", "{bad:?}");
        }
        let op = Rules::new(Rule::new("A", Op::from("=>"), Satoshis::whole(1)));
        assert_eq!(op.check().unwrap_err().argument(), "op");
        let below = Rules::new(Rule::at_least("A", Satoshis::new(-1)));
        assert_eq!(below.check().unwrap_err().argument(), "amount");
        assert_eq!(Rules::default().check().unwrap_err().argument(), "rules");
    }

    #[test]
    fn the_documented_example_can_never_be_true() {
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
    fn rule_texts_that_are_none_are_refused() {
        for bad in [
            "",
            "and",
            "A and",
            "or A",
            "A and or B",
            "> 5",
            "A > x",
            "A > 0.000000001",
            "A > 1 2",
            "A B > 1",
        ] {
            let parsed = bad.parse::<Rules>();
            assert!(parsed.is_err(), "{bad:?}: {parsed:?}");
        }
        assert_eq!(rules("A").to_string(), "A > 0");
        assert_eq!(rules("A!=1").to_string(), "A != 1");
    }

    #[test]
    fn promises_count_unless_the_inverted_flag_is_0_or_empty() {
        let counts = |query: &str| Rules::from_query(query).unwrap().counts_promises();
        assert!(counts("A=1") && counts("A=1&no_provisional=1"));
        assert!(!counts("A=1&no_provisional=0") && !counts("A=1&no_provisional="));
    }

    fn any_rules() -> impl Strategy<Value = Rules> {
        let known = proptest::sample::select(Op::KNOWN);
        let rule = ("[A-D]{4}", known, 0i64..=i64::MAX)
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
        fn a_server_reads_the_stack_that_was_built(rules in any_rules()) {
            prop_assert!(rules.check().is_ok());
            prop_assert_eq!(Rules::from_query(&query(&rules)).unwrap(), rules);
        }

        #[test]
        fn rules_come_back_from_their_text(rules in any_rules()) {
            let read: Rules = rules.to_string().parse().unwrap();
            prop_assert_eq!(read.stack, rules.stack);
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = text.parse::<Rules>();
            let _ = Rules::from_query(&text).map(|rules| rules.evaluate(&Balances::new()));
        }
    }
}
