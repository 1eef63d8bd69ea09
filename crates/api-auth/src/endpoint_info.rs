//! Type-erased descriptions of endpoints, for tables and tools.

use http::Method;

use crate::endpoint::Endpoint;
use crate::route::{Credential, InQuery, Server};

/// A description of an endpoint, such as its id, method and path template, for tables and tools.
///
/// Each client crate lists all its endpoints in a constant `ENDPOINTS`.
///
/// ```
/// use api_auth::{Credential, EndpointInfo, RawEndpoint};
///
/// const RAW: EndpointInfo = EndpointInfo::of::<RawEndpoint>();
/// assert_eq!(RAW.id(), "raw");
/// assert_eq!(RAW.credential(), Credential::MAIN);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct EndpointInfo {
    id: &'static str,
    method: &'static Method,
    template: &'static str,
    credential: Credential,
    server: Server,
    idempotent: Option<bool>,
    read_only: Option<bool>,
    in_query: InQuery,
}

impl EndpointInfo {
    /// Returns the description of the endpoint `E`, as given by its [`ROUTE`](Endpoint::ROUTE).
    pub const fn of<E: Endpoint>() -> Self {
        let route = const { &E::ROUTE };
        Self {
            id: E::ID,
            method: route.method(),
            template: route.template(),
            credential: route.credential_name(),
            server: route.server_name(),
            idempotent: route.is_idempotent(),
            read_only: route.is_read_only(),
            in_query: route.query_parameters(),
        }
    }

    /// Returns the name of the endpoint, such as `refunds.get`.
    pub const fn id(&self) -> &'static str {
        self.id
    }

    /// Returns the HTTP method of the endpoint.
    pub const fn method(&self) -> &'static Method {
        self.method
    }

    /// Returns the path with its placeholders, such as `/refunds/{refundId}`.
    pub const fn template(&self) -> &'static str {
        self.template
    }

    /// Returns the credential that requests are signed with.
    pub const fn credential(&self) -> Credential {
        self.credential
    }

    /// Returns the server that requests are sent to.
    pub const fn server(&self) -> Server {
        self.server
    }

    /// Returns whether the request is idempotent, or `None` if that depends on its arguments.
    pub const fn is_idempotent(&self) -> Option<bool> {
        self.idempotent
    }

    /// Returns whether the request changes nothing on the server, or `None` if that depends on its
    /// arguments.
    pub const fn is_read_only(&self) -> Option<bool> {
        self.read_only
    }

    /// Returns whether the parameter `name`, which is not a placeholder of the path, is in the
    /// query. If not, it is in the body.
    pub fn is_in_query(&self, name: &str) -> bool {
        self.in_query.contains(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::response::ResponseError;
    use crate::message::Response;
    use crate::route::Route;

    struct Upload;

    impl Endpoint for Upload {
        type Output = ();
        const ID: &'static str = "files.upload";
        const ROUTE: Route<Self> = Route::<Self>::post("/files")
            .credential(Credential::NONE)
            .server(Server::named("files"))
            .in_query(&["draft"])
            .idempotent();

        fn parse(&self, _: &Response) -> Result<(), ResponseError> {
            Ok(())
        }
    }

    #[test]
    fn facts_are_those_of_the_route() {
        let info = EndpointInfo::of::<Upload>();
        assert_eq!((info.id(), info.template()), ("files.upload", "/files"));
        assert_eq!((info.method(), info.credential()), (&Method::POST, Credential::NONE));
        assert_eq!(info.server(), Server::named("files"));
        assert_eq!((info.is_idempotent(), info.is_read_only()), (Some(true), Some(false)));
        assert!(info.is_in_query("draft") && !info.is_in_query("name"));
    }
}
