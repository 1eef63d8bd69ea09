//! Builds requests for tokens.

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Method, Uri};
use serde_json::{Map, Value};

use crate::encode::{Encoding, Params};
use crate::error::input::InputError;
use crate::hmac::HmacKey;
use crate::message::Request;
use crate::oauth::basic::{ClientNames, basic, validate_client};
use crate::oauth::grant::{ClientAuthentication, Grant};
use crate::secret::Secret;
use crate::store::TokenKey;
use crate::validate::{self, has_outer_space};

/// A token server, and the credentials of a client that requests tokens from it.
///
/// See the example in the module [`oauth`](crate::oauth).
#[derive(Debug, Clone)]
pub struct TokenServer {
    url: Uri,
    client_id: String,
    pub(super) client_secret: Secret,
    names: ClientNames,
    scope: Option<String>,
    authentication: ClientAuthentication,
    grant_type: Option<&'static str>,
}

impl TokenServer {
    /// Creates a token server from the URL of its token endpoint and the credentials of a client.
    ///
    /// # Errors
    /// Returns an error if `url` is not a URL or contains a user name or password, or if the id or
    /// secret is empty or contains control characters.
    #[inline]
    pub fn new(
        url: &str,
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
    ) -> Result<Self, InputError> {
        let url = Uri::try_from(url)
            .ok()
            .filter(|url| url.scheme().is_some() && url.host().is_some())
            .ok_or_else(|| {
                InputError::new("token URL", "must be a URL such as https://api.example.com")
            })?;
        validate::authority("token URL", &url)?;
        let (client_id, client_secret) = (client_id.into(), client_secret.into());
        validate_client(&client_id, &client_secret)?;
        Ok(Self {
            url,
            client_id,
            client_secret,
            names: ClientNames::default(),
            scope: None,
            authentication: ClientAuthentication::Form,
            grant_type: Some("client_credentials"),
        })
    }

    /// Sets the names by which [`spaced_credential`](crate::Auth::spaced_credential) refers to the
    /// client's id and secret, such as those of environment variables. Defaults to `client_id` and
    /// `client_secret`. Requests do not contain these names.
    #[must_use]
    #[inline]
    pub fn with_names(mut self, client_id: &'static str, client_secret: &'static str) -> Self {
        self.names = ClientNames { client_id, client_secret };
        self
    }

    /// Returns the name of a credential whose value begins or ends with whitespace, or `None` if
    /// there is no such credential.
    #[inline]
    pub(super) fn spaced_credential(&self, grant: &Grant) -> Option<&'static str> {
        let is_spaced = |secret: &Secret, name| secret.has_outer_space().then_some(name);
        let id_and_secret = self
            .names
            .spaced(has_outer_space(&self.client_id), self.client_secret.has_outer_space());
        id_and_secret.or_else(|| match grant {
            Grant::ClientCredentials => None,
            Grant::AuthorizationCode { code, .. } => is_spaced(code, "code"),
            Grant::Password { username, password } => {
                let name = has_outer_space(username).then_some("username");
                name.or_else(|| is_spaced(password, "password"))
            }
            Grant::Refresh(token) => is_spaced(token, "refresh_token"),
        })
    }

    /// Sets the scope of the requested tokens. By default, requests contain no scope.
    #[must_use]
    #[inline]
    pub fn with_scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Sets how the client authenticates. Defaults to [`ClientAuthentication::Form`].
    #[must_use]
    #[inline]
    pub fn with_authentication(mut self, authentication: ClientAuthentication) -> Self {
        self.authentication = authentication;
        self
    }

    /// Sets the `grant_type` of requests with [`Grant::ClientCredentials`]. `None` omits the
    /// parameter, for servers that support no other grant. Defaults to `client_credentials`.
    #[must_use]
    #[inline]
    pub fn with_grant_type(mut self, grant_type: Option<&'static str>) -> Self {
        self.grant_type = grant_type;
        self
    }

    /// Returns the request for a token, complete except for headers such as `user-agent`.
    ///
    /// # Errors
    /// Returns an error for [`ClientAuthentication::Basic`] if the client id contains a colon.
    #[inline]
    pub fn request(&self, grant: &Grant) -> Result<Request, InputError> {
        let mut params = Params::new();
        self.parameters(grant, &mut params);
        let mut request = Request::default();
        *request.method_mut() = Method::POST;
        request.uri_mut().clone_from(&self.url);
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let (content_type, body) = match self.authentication {
            ClientAuthentication::Basic => {
                let value = basic(&self.client_id, &self.client_secret)?;
                request.headers_mut().insert(AUTHORIZATION, value);
                let form = (!params.is_empty()).then_some(form);
                (form, Encoding::Form.text(&params))
            }
            ClientAuthentication::Form => (Some(form), Encoding::Form.text(&params)),
            ClientAuthentication::Json => {
                let mut object = Map::<String, Value>::new();
                for (name, value) in params.iter() {
                    object.insert(name.to_owned(), value.into());
                }
                let json = HeaderValue::from_static("application/json");
                (Some(json), Value::from(object).to_string())
            }
        };
        if let Some(value) = content_type {
            request.headers_mut().insert(CONTENT_TYPE, value);
        }
        *request.body_mut() = body.into_bytes();
        Ok(request)
    }

    /// Adds the parameters of a token request, for callers that send the request themselves. The
    /// client's id and secret are among the parameters, unless
    /// [`ClientAuthentication::Basic`] sends them in a header.
    #[inline]
    pub fn parameters<'a>(&'a self, grant: &'a Grant, params: &mut Params<'a>) {
        match grant {
            Grant::ClientCredentials => {
                params.push_some("grant_type", self.grant_type);
            }
            Grant::AuthorizationCode { code, redirect_uri, verifier } => {
                params
                    .push("grant_type", "authorization_code")
                    .push("code", code.expose())
                    .push("redirect_uri", redirect_uri)
                    .push_some("code_verifier", verifier.as_ref().map(Secret::expose));
            }
            Grant::Password { username, password } => {
                params
                    .push("grant_type", "password")
                    .push("username", username)
                    .push("password", password.expose());
            }
            Grant::Refresh(token) => {
                params.push("grant_type", "refresh_token").push("refresh_token", token.expose());
            }
        }
        if self.authentication != ClientAuthentication::Basic {
            params
                .push("client_id", &self.client_id)
                .push("client_secret", self.client_secret.expose());
        }
        params.push_some("scope", self.scope.as_deref());
    }

    /// Returns the key under which tokens of this server, client, scope and grant are stored. The
    /// key contains the kind of the grant, the user's name for a password grant, and a hash of a
    /// refresh token or code. That hash is keyed with the client secret, so it cannot be compared
    /// with hashes made elsewhere.
    ///
    /// For client credentials and passwords, the key depends on neither the client secret nor the
    /// password. While two secrets of one client id are valid (secret rotation), clients with the
    /// old and the new secret therefore use the same key. Each ignores the other's token and
    /// replaces it. This costs additional token requests, but no request fails. To avoid these
    /// requests, use a separate store for each secret.
    #[inline]
    pub fn key(&self, grant: &Grant) -> TokenKey {
        let scope = self.scope.as_deref().unwrap_or_default();
        let hash = |secret: &Secret| {
            let key = HmacKey::new("client_secret", &self.client_secret).ok();
            key.map(|key| key.sign(&[secret.expose().as_bytes()]).hex().to_string())
        };
        let (kind, owner) = match grant {
            Grant::ClientCredentials => ("client_credentials", None),
            Grant::AuthorizationCode { code, .. } => ("authorization_code", hash(code)),
            Grant::Password { username, .. } => ("password", Some(username.clone())),
            Grant::Refresh(token) => ("refresh_token", hash(token)),
        };
        let owner = owner.unwrap_or_default();
        TokenKey::new(&[&self.url.to_string(), &self.client_id, scope, kind, &owner])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> TokenServer {
        TokenServer::new("https://h.example/token", "id", "s&cret").unwrap()
    }

    fn body(server: &TokenServer, grant: &Grant) -> String {
        String::from_utf8(server.request(grant).unwrap().into_body()).unwrap()
    }

    #[test]
    fn client_credentials_with_each_authentication_method() {
        let form = server().with_grant_type(None);
        assert_eq!(body(&form, &Grant::ClientCredentials), "client_id=id&client_secret=s%26cret");
        let other = server().with_grant_type(Some("client-credentials"));
        assert!(body(&other, &Grant::ClientCredentials).starts_with("grant_type=client-cred"));
        let scoped = server().with_scope("a b");
        assert_eq!(
            body(&scoped, &Grant::ClientCredentials),
            "grant_type=client_credentials&client_id=id&client_secret=s%26cret&scope=a+b"
        );
        let json = form.clone().with_authentication(ClientAuthentication::Json).with_scope("read");
        assert_eq!(
            body(&json, &Grant::ClientCredentials),
            r#"{"client_id":"id","client_secret":"s&cret","scope":"read"}"#
        );
        let basic = form.with_authentication(ClientAuthentication::Basic);
        let request = basic.request(&Grant::ClientCredentials).unwrap();
        assert_eq!(request.headers()[AUTHORIZATION], "Basic aWQ6cyZjcmV0");
        assert!(request.headers()[AUTHORIZATION].is_sensitive());
        assert!(request.body().is_empty() && request.headers().len() == 1);
    }

    #[test]
    fn other_grants_are_form_bodies() {
        let code = Grant::AuthorizationCode {
            code: "c/1".into(),
            redirect_uri: "https://shop/back".to_owned(),
            verifier: Some("v".into()),
        };
        assert_eq!(
            body(&server(), &code),
            "grant_type=authorization_code&code=c%2F1&redirect_uri=https%3A%2F%2Fshop%2Fback\
             &code_verifier=v&client_id=id&client_secret=s%26cret"
        );
        let password = Grant::Password { username: "ann".to_owned(), password: "p w".into() };
        let basic = server().with_authentication(ClientAuthentication::Basic);
        assert_eq!(body(&basic, &password), "grant_type=password&username=ann&password=p+w");
        assert_eq!(
            body(&basic, &Grant::Refresh("r".into())),
            "grant_type=refresh_token&refresh_token=r"
        );
    }

    #[test]
    fn token_url_with_a_password_is_rejected_and_not_shown() {
        let error = TokenServer::new("https://u:CANARY@h/token", "id", "s").unwrap_err();
        assert_eq!(error.argument(), "token URL");
        assert!(!format!("{error:?} {error}").contains("CANARY"));
    }

    #[test]
    fn credential_with_outer_space_is_named() {
        let with = |id: &str, secret: &str, grant: &Grant| {
            let server = TokenServer::new("https://h.example/token", id, secret).unwrap();
            server.with_names("ID", "SECRET").spaced_credential(grant)
        };
        assert_eq!(with("i", "s", &Grant::ClientCredentials), None);
        assert_eq!(with("i", "s ", &Grant::ClientCredentials), Some("SECRET"));
        assert_eq!(with(" i", "s ", &Grant::ClientCredentials), Some("ID"));
        let password = |username: &str, password: &str| Grant::Password {
            username: username.to_owned(),
            password: password.into(),
        };
        assert_eq!(with("i", "s", &password("u", "p")), None);
        assert_eq!(with("i", "s", &password("u", " p")), Some("password"));
        assert_eq!(with("i", "s", &password("u ", "p")), Some("username"));
        assert_eq!(with("i", "s", &Grant::Refresh("r ".into())), Some("refresh_token"));
        let code = Grant::AuthorizationCode {
            code: "c ".into(),
            redirect_uri: String::new(),
            verifier: None,
        };
        assert_eq!(with("i", "s", &code), Some("code"));
        let unnamed = TokenServer::new("https://h.example/token", "i", "s ").unwrap();
        assert_eq!(unnamed.spaced_credential(&Grant::ClientCredentials), Some("client_secret"));
    }

    #[test]
    fn errors_name_the_invalid_setting() {
        let argument =
            |url, id, secret| TokenServer::new(url, id, secret).unwrap_err().argument().to_owned();
        assert_eq!(argument("/token", "i", "s"), "token URL");
        assert_eq!(argument("https://h/t", "", "s"), "client_id");
        assert_eq!(argument("https://h/t", "i", ""), "client_secret");
        assert_eq!(basic("a:b", &"s".into()).unwrap_err().argument(), "client_id");
    }
}
