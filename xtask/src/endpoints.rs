//! `cargo xtask endpoints`: checks that each endpoint of `docs/endpoints/*.toml` has a struct, a
//! method of the client, a request test, a response test and rows in the docs, and is called by the
//! tour (the example `PROVIDER_tour`). A gap is a failure. `--write` writes the table of each
//! crate's README; without it, the table is compared. The test `every_route_is_as_listed` compares
//! `auth` with the credential of the route.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Output;

use api_sandbox::Sandbox;
use serde::Deserialize;

use crate::demo;
use crate::providers::{PROVIDERS, Provider};
use crate::{Outcome, shell};

#[derive(Deserialize)]
struct List {
    endpoint: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    method: String,
    path: String,
    source: String,
    summary: String,
}

/// The ids to which the server of the tour responded with success.
type Called = BTreeSet<String>;

pub(crate) fn run(write: bool) -> Outcome {
    let mut gaps = Vec::new();
    for provider in PROVIDERS {
        if write {
            write_table(provider)?;
        }
        gaps.extend(check(provider, tour(provider))?);
    }
    if gaps.is_empty() { Ok(()) } else { Err(format!("gaps:\n  {}", gaps.join("\n  "))) }
}

/// Returns the listed endpoints of a provider.
fn listed(provider: &Provider) -> Result<List, String> {
    let path = format!("docs/endpoints/{}.toml", provider.name);
    toml::from_str(&shell::read(&path)?).map_err(|error| format!("{path}: {error}"))
}

fn in_scope(provider: &Provider, listed: &Listed) -> bool {
    provider.scope.is_empty() || provider.scope.contains(&listed.source.as_str())
}

/// The markers around the table of a README.
const MARKS: [&str; 2] =
    ["<!-- endpoints: written by `cargo xtask endpoints --write` -->\n", "<!-- endpoints: end -->"];

/// Returns the README with the table that the source describes.
fn with_table(provider: &Provider, readme: &str) -> Result<String, String> {
    let source = Source::read(&shell::root().join(provider.folder()).join("src"))?;
    let mut table = String::from(
        "| id | request | method | response | what it does |\n|---|---|---|---|---|\n",
    );
    for Listed { id, method, path, summary, .. } in
        listed(provider)?.endpoint.iter().filter(|listed| in_scope(provider, listed))
    {
        let functions = source.functions_of(id);
        let names: Vec<String> =
            functions.iter().map(|function| format!("`{}`", function.name)).collect();
        let mut responses: Vec<String> = Vec::new();
        for response in functions.iter().map(|function| function.response()) {
            if !responses.contains(&response) {
                responses.push(response);
            }
        }
        let experimental = functions.iter().any(|function| function.is_experimental);
        let note = if experimental { " (experimental)" } else { "" };
        let (names, responses) = (names.join(", "), responses.join(", "));
        let summary = with_code(summary);
        let row =
            format!("| `{id}` | `{method} {path}` | {names} | {responses} | {summary}{note} |\n");
        table.push_str(&row);
    }
    let [begin, end] = MARKS;
    let no_mark = |mark: &str| {
        let mark = mark.trim_end();
        format!("{}'s README has no line {mark}, where its table is", provider.package())
    };
    let (before, rest) = readme.split_once(begin).ok_or_else(|| no_mark(begin))?;
    let (_, after) = rest.split_once(end).ok_or_else(|| no_mark(end))?;
    Ok([before, begin, "\n", &table, "\n", end, after].concat())
}

/// Puts names of parameters and endpoints in backticks.
fn with_code(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let name = word.trim_matches(|char: char| !char.is_alphanumeric());
        let code = format!("`{name}`");
        if name.contains('_') { word.replace(name, &code) } else { word.to_owned() }
    });
    words.collect::<Vec<_>>().join(" ")
}

fn write_table(provider: &Provider) -> Outcome {
    let path = format!("{}/README.md", provider.folder());
    let text = with_table(provider, &shell::read(&path)?.replace("\r\n", "\n"))?;
    fs::write(shell::root().join(&path), text).map_err(|error| format!("{path}: {error}"))
}

/// Returns what is missing. `called` is the result of the tour.
fn check(provider: &Provider, called: Result<Called, String>) -> Result<Vec<String>, String> {
    let list = listed(provider)?;
    let folder = provider.folder();
    let source = Source::read(&shell::root().join(&folder).join("src"))?;
    let mut gaps = Vec::new();
    // All gaps are listed, not only the first one.
    let mut read = |path: &str| shell::read(path).unwrap_or_else(|why| note(&mut gaps, why));
    let requests = read(&format!("{folder}/tests/integration/requests.rs"));
    let responses = read(&format!("{folder}/tests/integration/responses.rs"));
    let readme = read(&format!("{folder}/README.md")).replace("\r\n", "\n");
    let page = read(&format!("docs/providers/{}.md", provider.name));
    let called = called.unwrap_or_else(|why| note(&mut gaps, why));
    let mut complete = 0;
    let scope: Vec<&Listed> =
        list.endpoint.iter().filter(|listed| in_scope(provider, listed)).collect();
    println!("\n{} ({} endpoints)", provider.package(), scope.len());
    println!("{:32} {:7} {:44} {:28} method of the client", "id", "method", "path", "struct");
    for Listed { id, method, path, .. } in &scope {
        let structure = source.structs.get(id.as_str()).and_then(|names| names.first());
        let function = source.functions_of(id).first().map(|function| function.name.as_str());
        let test = id.replace('.', "_");
        let quoted = format!("`{id}`");
        let row = format!("\n| `{id}` | `{method} {path}` |");
        let checks = [
            ("no struct has its ID", structure.is_some()),
            ("no method of the client sends it", function.is_some()),
            ("no test ..._request", requests.contains(&format!("fn {test}_request"))),
            ("no test ..._response", responses.contains(&format!("fn {test}_response"))),
            ("no row in the crate's README", readme.contains(&quoted)),
            ("no row with its method and path in the provider's page", page.contains(&row)),
            ("the tour did not call it", called.contains(id.as_str())),
        ];
        let missing: Vec<&str> =
            checks.iter().filter(|(_, there)| !there).map(|(gap, _)| *gap).collect();
        let (structure, function) =
            (structure.map_or("-", String::as_str), function.unwrap_or("-"));
        println!("{id:32} {method:7} {path:44} {structure:28} {function}");
        complete += usize::from(missing.is_empty());
        gaps.extend(missing.iter().map(|gap| format!("{} {id}: {gap}", provider.name)));
    }
    println!("{complete} of {}", scope.len());
    match with_table(provider, &readme) {
        Ok(table) if table == readme => {}
        Ok(_) => gaps.push(format!(
            "the table in {}'s README: run `cargo xtask endpoints --write`",
            provider.package()
        )),
        Err(why) => gaps.push(why),
    }
    for id in rows_of_requests(&page) {
        if !list.endpoint.iter().any(|listed| listed.id == id) {
            gaps.push(format!("{} {id}: in the provider's page, not in the list", provider.name));
        }
    }
    for id in source.structs.keys() {
        if !list.endpoint.iter().any(|listed| listed.id == *id) {
            gaps.push(format!("{} {id}: not in the list of endpoints", provider.name));
        }
    }
    Ok(gaps)
}

/// Returns the ids of the rows of a page whose second cell is a request, such as `GET /moon`.
fn rows_of_requests(page: &str) -> impl Iterator<Item = &str> {
    page.lines().filter_map(|line| {
        let (id, rest) = line.strip_prefix("| `")?.split_once("` | `")?;
        let (method, path) = rest.split_once(' ')?;
        let is_request = method.chars().all(|char| char.is_ascii_uppercase());
        (is_request && path.starts_with('/')).then_some(id)
    })
}

/// Records a gap, and returns a placeholder.
fn note<T: Default>(gaps: &mut Vec<String>, why: String) -> T {
    gaps.push(why);
    T::default()
}

/// Runs the provider's tour against a sandbox.
fn tour(provider: &Provider) -> Result<Called, String> {
    demo::build()?;
    let _folder = demo::Folder::new(demo::DEMO)?;
    let sandbox = demo::start()?;
    let tour = provider.tour().ok_or("it has no tour")?;
    let output = demo::execute(tour, &sandbox, "")?;
    called(provider, &output, &sandbox)
}

/// Returns the endpoints that a tour called, if it succeeded.
fn called(provider: &Provider, output: &Output, sandbox: &Sandbox) -> Result<Called, String> {
    if !output.status.success() {
        let lines = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("the tour of {} failed:\n{lines}{errors}", provider.package()));
    }
    Ok(accepted(sandbox))
}

/// Returns the ids of the endpoints to which the servers of a sandbox responded with success.
fn accepted(sandbox: &Sandbox) -> Called {
    let well = |status: Option<u16>| status.is_some_and(|status| status < 400);
    sandbox
        .take_seen()
        .into_iter()
        .filter(|seen| well(seen.status) && seen.verdict.signed != Some(false))
        .filter_map(|seen| seen.verdict.endpoint.map(str::to_owned))
        .collect()
}

/// The declarations of a crate's source.
struct Source {
    /// The structs of each endpoint id.
    structs: BTreeMap<String, Vec<String>>,
    /// The functions of each `impl Client` and `impl Session`.
    functions: Vec<Function>,
}

/// A function, as it is written.
struct Function {
    name: String,
    is_public: bool,
    /// Signature and body, without comments.
    code: String,
    /// Whether the comment of the function says "Experimental".
    is_experimental: bool,
}

impl Function {
    /// Returns the type of the result, for the table.
    fn response(&self) -> String {
        let signature = self.code.split('{').next().unwrap_or_default();
        let returned = signature.split_once("-> ").map_or("()", |(_, returned)| returned.trim());
        let inner = returned.strip_prefix("Result<").and_then(|text| text.strip_suffix('>'));
        // An error type of its own is not part of the response.
        let value = inner.map(|inner| match inner.rsplit_once(", ") {
            Some((value, error)) if error.ends_with("Error") => value,
            _ => inner,
        });
        match value.unwrap_or(returned) {
            "()" => "nothing".to_owned(),
            items if items.starts_with("Items<") => "an iterator".to_owned(),
            other => format!("`{other}`"),
        }
    }

    /// Returns the signature and the body.
    fn parts(&self) -> (&str, &str) {
        self.code.split_once('{').unwrap_or((&self.code, ""))
    }

    /// Returns whether the body calls `send`.
    fn is_sender(&self) -> bool {
        self.code.contains(".send(")
    }

    /// Returns whether the body calls the function `name` of the client.
    fn calls(&self, name: &str) -> bool {
        self.code.contains(&format!("self.{name}("))
    }
}

/// Returns the words of a piece of code.
fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
}

impl Source {
    fn read(folder: &Path) -> Result<Self, String> {
        let mut source = Self { structs: BTreeMap::new(), functions: Vec::new() };
        source.read_folder(folder)?;
        Ok(source)
    }

    fn read_folder(&mut self, folder: &Path) -> Outcome {
        let entries = fs::read_dir(folder).map_err(|error| format!("{folder:?}: {error}"))?;
        let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                self.read_folder(&path)?;
                continue;
            }
            let text = fs::read_to_string(&path).map_err(|error| format!("{path:?}: {error}"))?;
            self.read_structs(&text);
            let clients = ["\nimpl Client {", "\nimpl Session {"];
            for (start, _) in clients.iter().flat_map(|start| text.match_indices(start)) {
                let block = text.get(start..).unwrap_or_default();
                self.read_functions(block.split("\n}").next().unwrap_or_default());
            }
        }
        Ok(())
    }

    /// Reads `impl Endpoint for NAME ... const ID: &'static str = "ID"`.
    fn read_structs(&mut self, text: &str) {
        for block in text.split("Endpoint for ").skip(1) {
            let name = block.split([' ', '<', '{']).next().unwrap_or_default();
            let id = block
                .split_once("const ID: &'static str = \"")
                .and_then(|(_, rest)| rest.split('"').next());
            if let Some(id) = id {
                self.structs.entry(id.to_owned()).or_default().push(name.to_owned());
            }
        }
    }

    fn read_functions(&mut self, block: &str) {
        let is_code = |line: &&str| !line.trim_start().starts_with("//");
        let mut comment = "";
        for (number, part) in block.split("fn ").enumerate() {
            // The text before the first function is not a function.
            if number > 0 {
                let text = part.split_inclusive("\n    }\n").next().unwrap_or_default();
                let code: String =
                    text.lines().filter(is_code).flat_map(|line| [line, "\n"]).collect();
                let name = code.split(['(', '<']).next().unwrap_or_default().to_owned();
                let is_public = comment.ends_with("pub ");
                let is_experimental = comment.contains("Experimental");
                self.functions.push(Function { name, code, is_public, is_experimental });
            }
            comment = part.rsplit("\n    }\n").next().unwrap_or_default();
        }
    }

    /// Returns whether a call of `function` sends one of `structs`, of `all` structs of endpoints.
    /// `callers` are the functions that call it, which are not followed again.
    ///
    /// If the body creates a request, only the body counts. Otherwise, the request is an argument,
    /// which the function sends itself or passes to a function that does.
    fn sends(
        &self,
        function: &Function,
        structs: &[String],
        all: &BTreeSet<&str>,
        callers: &[&str],
    ) -> bool {
        let is_one = |word: &str| structs.iter().any(|name| name == word);
        let callers = [callers, &[function.name.as_str()]].concat();
        let mut called = self.functions.iter().filter(|other| function.calls(&other.name));
        let private = called.clone().filter(|other| !other.is_public);
        let bodies = private.chain([function]).map(|part| part.parts().1);
        if bodies.clone().flat_map(words).any(|word| all.contains(word)) {
            return bodies.flat_map(words).any(is_one);
        }
        words(function.parts().0).any(is_one)
            && (function.is_sender()
                || called.clone().next().is_none()
                || called.any(|other| {
                    !callers.contains(&other.name.as_str())
                        && self.sends(other, structs, all, &callers)
                }))
    }

    /// Returns the functions that send a struct of the endpoint, with those that call `send`
    /// themselves first.
    fn functions_of(&self, id: &str) -> Vec<&Function> {
        let structs = self.structs.get(id).map(Vec::as_slice).unwrap_or_default();
        let all: BTreeSet<&str> = self.structs.values().flatten().map(String::as_str).collect();
        let is_of =
            |function: &&Function| function.is_public && self.sends(function, structs, &all, &[]);
        let mut functions: Vec<&Function> = self.functions.iter().filter(is_of).collect();
        functions.sort_by_key(|function| !function.is_sender());
        functions
    }
}

#[cfg(test)]
mod tests {
    use std::process::ExitStatus;

    use super::*;
    use crate::copy::{self, Copy};

    #[test]
    fn function_belongs_to_its_endpoint() {
        let mut source = Source { structs: BTreeMap::new(), functions: Vec::new() };
        source.read_structs(
            "impl Endpoint for Authorize {\n    const ID: &'static str = \"authorize\";\n}\n\
             impl Endpoint for ExchangeCode {\n    const ID: &'static str = \"exchange\";\n}\n\
             impl Endpoint for Sessions {\n    const ID: &'static str = \"sessions\";\n}\n",
        );
        source.read_functions(
            "impl Client {\n    fn private(&self, login: &Authorize) {\n\
             self.send(login)\n    }\n    pub fn authorize_url(&self, login: &Authorize) -> Result<String> {\n\
             self.request(login)\n    }\n    \
             pub fn finish_login(&self, login: &Authorize) -> Result<UserToken> {\n\
             self.send(&ExchangeCode::new(&login.redirect_uri))\n    }\n    \
             pub fn has_login(&self, login: &Authorize) -> Result<bool> {\n\
             self.sessions()\n    }\n    \
             pub fn sessions(&self) -> Result<bool> {\n\
             self.of_all()\n    }\n    \
             fn of_all(&self) -> Result<bool> {\n\
             self.send(&Sessions)\n    }\n    \
             pub fn open_login(&self, login: &Authorize) -> Result<String> {\n\
             self.authorize_url(login)\n    }\n    \
             pub fn first(&self, login: &Authorize) -> Result<String> {\n\
             self.second(login)\n    }\n    \
             pub fn second(&self, login: &Authorize) -> Result<String> {\n\
             self.first(login)\n    }\n",
        );
        let names = |id| -> Vec<&str> {
            source.functions_of(id).iter().map(|function| function.name.as_str()).collect()
        };
        // The argument of `has_login` is not sent, and neither are those of functions that only
        // call each other.
        assert_eq!(names("authorize"), ["authorize_url", "open_login"]);
        assert_eq!(names("exchange"), ["finish_login"]);
        assert_eq!(names("sessions"), ["sessions"]);
    }

    const LIST: &str = "docs/endpoints/tinycert.toml";

    fn tinycert() -> &'static Provider {
        PROVIDERS.iter().find(|provider| provider.name == "tinycert").unwrap()
    }

    /// A copy of the project whose READMEs have the tables of the source.
    fn copy() -> Copy {
        let copy = Copy::new();
        for provider in PROVIDERS {
            write_table(provider).unwrap();
        }
        copy
    }

    /// Returns the gaps if the tour calls every listed endpoint.
    fn gaps() -> Vec<String> {
        let ids = listed(tinycert()).unwrap().endpoint.into_iter().map(|listed| listed.id);
        check(tinycert(), Ok(ids.collect())).unwrap()
    }

    #[test]
    fn new_endpoint_lacks_everything() {
        let copy = copy();
        assert!(gaps().is_empty(), "{:?}", gaps());
        copy.append(
            LIST,
            "[[endpoint]]\nid = \"moon.get\"\nmethod = \"GET\"\npath = \"/moon\"\nauth = \"hmac\"\n\
             source = \"seed\"\nsummary = \"its phase\"\n",
        );
        assert_eq!(
            gaps(),
            [
                "tinycert moon.get: no struct has its ID",
                "tinycert moon.get: no method of the client sends it",
                "tinycert moon.get: no test ..._request",
                "tinycert moon.get: no test ..._response",
                "tinycert moon.get: no row in the crate's README",
                "tinycert moon.get: no row with its method and path in the provider's page",
                "the table in tinycert-client's README: run `cargo xtask endpoints --write`",
            ]
        );
    }

    #[test]
    fn complete_endpoints_are_counted() {
        let print = || {
            let _copy = copy();
            assert_eq!(gaps(), [""; 0]);
        };
        let Some(text) = copy::printed("endpoints::tests::complete_endpoints_are_counted", print)
        else {
            return;
        };
        let list = listed(tinycert()).unwrap().endpoint;
        let all = list.iter().filter(|listed| in_scope(tinycert(), listed)).count();
        assert!(text.contains(&format!("\n{all} of {all}\n")), "{text}");
    }

    #[test]
    fn endpoint_that_the_tour_does_not_call_is_named() {
        let _copy = copy();
        let gaps = check(tinycert(), Ok(Called::new())).unwrap();
        assert_eq!(gaps.len(), listed(tinycert()).unwrap().endpoint.len());
        for gap in &gaps {
            assert!(gap.ends_with(": the tour did not call it"), "{gap}");
        }
        let failed = check(tinycert(), Err("the tour failed".to_owned())).unwrap();
        assert!(failed.contains(&"the tour failed".to_owned()), "{failed:?}");
    }

    #[test]
    fn tour_of_each_provider_is_run() {
        let _copy = copy();
        copy::replace_cargo(|_| Ok(String::new()));
        // There are no examples beside this test program.
        let error = run(false).unwrap_err();
        for provider in PROVIDERS {
            let tour = provider.tour().unwrap().name;
            assert!(error.contains(&format!("{tour}: ")), "{error}");
        }
    }

    #[test]
    fn rejected_requests_do_not_count_as_calls_of_the_tour() {
        let sandbox = demo::start().unwrap();
        let url = sandbox.tokenpass().base_url();
        let host = url.strip_prefix("http://").unwrap();
        // Balances need a token, a missing perk is not found, an address is invalid.
        for target in [
            "/api/v1/tca/addresses",
            "/api/v1/perks/NO.SUCH.PERK",
            "/api/v1/tca/check-address/1no?A=1",
            "/",
        ] {
            copy::get(host, target);
        }
        assert_eq!(accepted(&sandbox), Called::new());
        copy::get(host, "/api/v1/tca/check-address/1KFHE7w8BhaENAswwryaoccDb6qcT6DbYY?TOKENLY=1");
        assert_eq!(accepted(&sandbox), Called::from(["tca.check_address".to_owned()]));
    }

    #[test]
    fn tour_must_succeed() {
        let sandbox = demo::start().unwrap();
        let failed = copy::failure();
        assert_eq!(
            called(tinycert(), &failed, &sandbox),
            Err("the tour of tinycert-client failed:\n".to_owned())
        );
        let succeeded = Output { status: ExitStatus::default(), ..failed };
        assert_eq!(called(tinycert(), &succeeded, &sandbox), Ok(Called::new()));
    }

    #[test]
    fn method_and_path_of_the_list_are_those_of_the_page_and_the_readme() {
        let copy = copy();
        let page = "tinycert cert.list: no row with its method and path in the provider's page";
        let table = "the table in tinycert-client's README: run `cargo xtask endpoints --write`";
        for (old, new) in [("/api/v1/cert/list", "/api/v2/cert/list"), ("\"POST\"", "\"GET\"")] {
            copy.edit(LIST, |list| {
                let (before, entry) = list.split_once("\"cert.list\"").unwrap();
                format!("{before}\"cert.list\"{}", entry.replacen(old, new, 1))
            });
            assert_eq!(gaps(), [page, table]);
            copy.restore(LIST);
        }
    }

    #[test]
    fn row_of_a_page_without_an_entry_in_the_list_is_named() {
        let copy = copy();
        copy.append("docs/providers/tinycert.md", "| `moon.get` | `GET /moon` | its phase |\n");
        assert_eq!(gaps(), ["tinycert moon.get: in the provider's page, not in the list"]);
    }

    #[test]
    fn struct_without_an_entry_in_the_list_is_named() {
        let copy = copy();
        copy.append(
            "crates/tinycert-client/src/lib.rs",
            "impl Endpoint for GetMoon {\n    const ID: &'static str = \"moon.get\";\n}\n",
        );
        assert_eq!(gaps(), ["tinycert moon.get: not in the list of endpoints"]);
    }

    #[test]
    fn files_and_marks_that_are_missing_are_named() {
        let copy = copy();
        copy.edit("crates/tinycert-client/README.md", |text| text.replace(MARKS[1], ""));
        copy.remove("docs/providers/tinycert.md");
        let gaps = gaps().join("\n");
        assert!(gaps.contains("docs/providers/tinycert.md: "), "{gaps}");
        assert!(gaps.contains("README has no line <!-- endpoints: end -->"), "{gaps}");
    }

    #[test]
    fn table_has_the_methods_of_each_endpoint_in_scope() {
        let project = Copy::empty();
        let moon = Provider {
            name: "moon",
            ceiling: 1,
            scope: &["seed"],
            features: "",
            listener: None,
            examples: &[],
        };
        let entry = |id: &str, source: &str, summary: &str| {
            format!(
                "[[endpoint]]\nid = {id:?}\nmethod = \"GET\"\npath = \"/{id}\"\n\
                 source = {source:?}\nsummary = {summary:?}\n"
            )
        };
        let list = [
            entry("get", "seed", "its phase, by moon_id."),
            entry("list", "seed", "all moons"),
            entry("delete", "seed", "a moon"),
            entry("sun", "sky", "the sun"),
        ];
        project.write("docs/endpoints/moon.toml", &list.concat());
        let endpoint = |name: &str, id: &str| {
            format!("impl Endpoint for {name} {{\n    const ID: &'static str = \"{id}\";\n}}\n")
        };
        let structs = [("GetMoon", "get"), ("ListMoons", "list"), ("DeleteMoon", "delete")];
        let structs: String = structs.iter().map(|(name, id)| endpoint(name, id)).collect();
        let methods = "
impl Client {
    /// A moon. Experimental.
    pub fn get_moon(&self, id: &str) -> Result<BTreeMap<String, Moon>> {
        // Unlike ListMoons.
        self.send(&GetMoon::new(id))
    }

    /// All moons.
    pub fn moons(&self, list: ListMoons) -> Items<'_, Moon> {
        self.items(list)
    }

    /// A page of moons.
    pub fn list_moons(&self, list: &ListMoons) -> Result<Page<Moon>, MoonError> {
        self.send(list)
    }

    /// Deletes the moons of a list.
    pub fn delete_moons(&self, list: &ListMoons) -> Result<()> {
        self.send(&DeleteMoon::new(list))
    }

    /// Sends nothing.
    pub fn name(&self) -> &str {
        &self.name
    }
}
";
        project.write("crates/moon-client/src/lib.rs", &format!("{structs}{methods}"));
        let [begin, end] = MARKS;
        let table = with_table(&moon, &format!("before\n{begin}old\n{end}\nafter\n")).unwrap();
        let rows = "\
| id | request | method | response | what it does |
|---|---|---|---|---|
| `get` | `GET /get` | `get_moon` | `BTreeMap<String, Moon>` | its phase, by `moon_id`. (experimental) |
| `list` | `GET /list` | `list_moons`, `moons` | `Page<Moon>`, an iterator | all moons |
| `delete` | `GET /delete` | `delete_moons` | nothing | a moon |
";
        assert_eq!(table, format!("before\n{begin}\n{rows}\n{end}\nafter\n"));
    }

    #[test]
    fn rows_of_requests_have_a_method_and_a_path() {
        let page =
            "| `a` | `GET /a` | x |\n| `b` | `GET b` |\n| `c` | `get /c` |\n| d | `GET /d` |\n";
        assert_eq!(rows_of_requests(page).collect::<Vec<_>>(), ["a"]);
    }
}
