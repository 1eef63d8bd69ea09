//! A macro that declares the setters of optional arguments.

/// Declares chainable setters of optional fields. Each line contains the name of a field and the
/// type of the setter's argument. Used inside an `impl` block.
///
/// ```
/// #[derive(Default)]
/// pub struct Search {
///     email: Option<String>,
///     limit: Option<u32>,
/// }
///
/// impl Search {
///     api_auth::setters! {
///         /// Sets the e-mail address of the user.
///         email: impl Into<String>,
///         /// Sets the number of entries of a page.
///         limit: u32,
///     }
/// }
///
/// let search = Search::default().email("ann@example.org").limit(10);
/// assert_eq!((search.email.as_deref(), search.limit), (Some("ann@example.org"), Some(10)));
/// ```
#[macro_export]
macro_rules! setters {
    ($( $(#[$meta:meta])* $name:ident: $argument:ty, )+) => {
        $(
            $(#[$meta])*
            #[must_use]
            pub fn $name(mut self, $name: $argument) -> Self {
                self.$name = ::std::option::Option::Some($name.into());
                self
            }
        )+
    };
}
