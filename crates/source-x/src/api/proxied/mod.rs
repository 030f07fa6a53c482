//! Way through a proxy. TLS goes through it from end to end, so it sees neither token nor posts.

mod refusal;
mod tunnel;

use std::error::Error;
use std::fmt;
use std::path::Path;

use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_socks::IntoTargetAddr;
use tokio_socks::tcp::Socks5Stream;

pub(super) use self::refusal::ProxyRefusal;
use crate::base_url::BaseUrl;
use crate::dial::{self, Family, Socket};
use crate::proxy::{ProxyUrl, Scheme};
use crate::settings::{Http, SettingsError};
use crate::tls;

/// A proxy that can be connected to.
#[derive(Clone)]
pub(super) struct Proxy {
    url: ProxyUrl,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Proxy {
    /// The proxy at `url`; one that wants TLS itself is trusted by the same authorities as X.
    pub(super) fn new(url: &ProxyUrl, ca_file: Option<&Path>) -> Result<Self, SettingsError> {
        let tls = if url.scheme() == Scheme::Https {
            let name = ServerName::try_from(url.host().to_owned());
            let name = name.map_err(|_| SettingsError::Proxy("its host is no name"))?;
            Some((tls::connector(ca_file, Http::One)?, name))
        } else {
            None
        };
        Ok(Self {
            url: url.clone(),
            tls,
        })
    }

    /// A connection to `server` through the proxy. The caller sets the deadline.
    pub(super) async fn open(
        &self,
        server: &BaseUrl,
        family: Family,
    ) -> Result<Box<dyn Socket>, Box<dyn Error + Send + Sync>> {
        let url = &self.url;
        let socket = dial::open(url.host(), url.port(), |address| family.allows(address)).await?;
        let (target, auth) = (server.address(), url.basic_auth());
        match (url.scheme(), &self.tls) {
            (Scheme::Http | Scheme::Https, None) => {
                tunnel::through(TokioIo::new(socket), &target, auth).await
            }
            (_, Some((connector, name))) => {
                let stream = connector.connect(name.clone(), socket).await?;
                tunnel::through(TokioIo::new(stream), &target, auth).await
            }
            (Scheme::Socks5, None) => {
                let may = |address| family.allows(address) && server.may_go_to(address);
                let found = dial::resolve(server.host(), server.port(), may).await?;
                self.socks(socket, found[0]).await
            }
            (Scheme::Socks5h, None) => self.socks(socket, (server.host(), server.port())).await,
        }
    }

    async fn socks<'t>(
        &self,
        socket: TcpStream,
        target: impl IntoTargetAddr<'t>,
    ) -> Result<Box<dyn Socket>, Box<dyn Error + Send + Sync>> {
        let opened = match self.url.credentials() {
            None => Socks5Stream::connect_with_socket(socket, target).await,
            Some((user, password)) => {
                Socks5Stream::connect_with_password_and_socket(socket, target, user, password).await
            }
        };
        match opened {
            Ok(stream) => Ok(Box::new(stream.into_inner())),
            Err(tokio_socks::Error::Io(error)) => Err(error.into()),
            Err(
                error @ (tokio_socks::Error::PasswordAuthFailure(_)
                | tokio_socks::Error::NoAcceptableAuthMethods
                | tokio_socks::Error::ConnectionNotAllowedByRuleset),
            ) => Err(ProxyRefusal(error.to_string()).into()),
            Err(error) => Err(error.into()),
        }
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}
