//! The routes of a server, and the lookup of the route for a request.

/// The method and the path of an endpoint. `T` is the type of the data that a server attaches to
/// each route.
#[derive(Debug)]
pub(crate) struct Route<T> {
    pub(crate) id: &'static str,
    pub(crate) method: &'static str,
    /// The path, in which `{}` stands for one segment, such as an id.
    path: &'static str,
    pub(crate) wants: T,
}

/// The result of looking up the route of a request.
#[derive(Debug)]
pub(crate) enum Found<'a, T> {
    /// The route of the request, and the decoded path segments at its placeholders `{}`.
    Here(&'a Route<T>, Vec<String>),
    /// The path exists, but not with the method of the request. Contains the first route with this
    /// path.
    OtherMethod(&'a Route<T>),
    /// No route has this path.
    Nothing,
}

impl<T> Route<T> {
    pub(crate) const fn new(
        id: &'static str,
        method: &'static str,
        path: &'static str,
        wants: T,
    ) -> Self {
        Self { id, method, path, wants }
    }

    /// Returns whether `path`, which contains `{}` for each placeholder, is the path of this route.
    pub(crate) fn is_at(&self, path: &str) -> bool {
        self.path == path
    }

    /// Returns the decoded segments of `path` at the placeholders `{}` of the route. Returns `None`
    /// if `path` does not match the route, or if a segment cannot be decoded.
    fn values(&self, path: &str, decode: fn(&str) -> Option<String>) -> Option<Vec<String>> {
        let (mut ours, mut theirs) = (self.path.split('/'), path.split('/'));
        let mut values = Vec::new();
        loop {
            match (ours.next(), theirs.next()) {
                (None, None) => return Some(values),
                (Some("{}"), Some(value)) if !value.is_empty() => values.push(decode(value)?),
                (Some(ours), Some(theirs)) if ours == theirs => {}
                _ => return None,
            }
        }
    }
}

/// Returns the path of the first route at this path, with `{}` for each placeholder.
pub(crate) fn template_of<T>(routes: &[Route<T>], path: &str) -> Option<&'static str> {
    let is_at = |route: &&Route<T>| route.values(path, |_| Some(String::new())).is_some();
    routes.iter().find(is_at).map(|route| route.path)
}

/// Finds the route for a method and a path. If several routes match, the first one is used.
pub(crate) fn find<'a, T>(
    routes: impl IntoIterator<Item = &'a Route<T>>,
    method: &str,
    path: &str,
    decode: fn(&str) -> Option<String>,
) -> Found<'a, T> {
    let mut found = Found::Nothing;
    for route in routes {
        let Some(values) = route.values(path, decode) else { continue };
        if route.method == method {
            return Found::Here(route, values);
        }
        if let Found::Nothing = found {
            found = Found::OtherMethod(route);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn template_has_placeholders() {
        let routes = [Route::new("a", "GET", "/a", ()), Route::new("b", "GET", "/b/{}/c", ())];
        let template = |path: &str| template_of(&routes, path);
        assert_eq!((template("/a"), template("/b/%ff/c")), (Some("/a"), Some("/b/{}/c")));
        assert_eq!((template("/b//c"), template("/b/c")), (None, None));
    }

    #[test]
    fn first_matching_route_is_used() {
        let routes = [
            Route::new("list", "GET", "/things", ()),
            Route::new("make", "POST", "/things", ()),
            Route::new("best", "GET", "/things/best", ()),
            Route::new("get", "GET", "/things/{}", ()),
            Route::new("part", "GET", "/things/{}/parts/{}", ()),
        ];
        let decode = |text: &str| (text != "bad").then(|| text.to_uppercase());
        let look = |method: &str, path: &str| match find(&routes, method, path, decode) {
            Found::Here(route, values) => format!("{} {}", route.id, values.join(",")),
            Found::OtherMethod(route) => format!("not {}", route.id),
            Found::Nothing => "nothing".to_owned(),
        };
        for (method, path, expected) in [
            ("POST", "/things", "make "),
            ("PUT", "/things", "not list"),
            ("GET", "/things/best", "best "),
            ("POST", "/things/best", "not best"),
            ("GET", "/things/a", "get A"),
            ("GET", "/things/a/parts/b", "part A,B"),
            ("GET", "/things/bad", "nothing"),
            ("GET", "/things/", "nothing"),
            ("GET", "/things/a/b", "nothing"),
        ] {
            assert_eq!(look(method, path), expected, "{method} {path}");
        }
    }
}
