//! The base URL: the one address that everything is sent to.
//!
//! Owns which addresses are safe to send a token to. A refusal never repeats the text, which may
//! have a password in it. Does not know what is asked for below the base.

use std::{fmt, str::FromStr};

use url::{Host, Url};

/// Where the API is: HTTPS, or HTTP on this machine; no credentials, query or fragment, no slash
/// at the end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BaseUrl(Url);

/// Text that is not usable as a base URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// Not an absolute URL.
    #[error("expected an absolute URL such as `https://api.mavenlink.com/api/v1`: {reason}")]
    Syntax {
        /// What the parser says.
        reason: String,
    },
    /// HTTP to another machine, or another scheme altogether.
    #[error("expected `https`; `http` is for 127.0.0.0/8, ::1 and localhost only")]
    Insecure,
    /// `user:password@`.
    #[error("expected no user name or password in it; the token has places of its own")]
    Credentials,
    /// `?…` or `#…`.
    #[error("expected no `?` and no `#` in it")]
    Extra,
}

impl BaseUrl {
    /// The URL, without a slash at its end except where its path is empty.
    #[must_use]
    pub const fn as_url(&self) -> &Url {
        &self.0
    }

    /// Whether the server is this machine: plain HTTP may be used, and no proxy.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.0.host().is_some_and(|host| is_loopback(&host))
    }

    /// Host and port for the name of a folder: `api.mavenlink.com-443`.
    #[must_use]
    pub fn folder_name(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
        let host: String = host.chars().map(plain).collect();
        format!("{}-{}", host.trim_matches('-'), self.0.port_or_known_default().unwrap_or_default())
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

impl FromStr for BaseUrl {
    type Err = BaseUrlError;

    fn from_str(text: &str) -> Result<Self, BaseUrlError> {
        let syntax =
            |reason: &dyn fmt::Display| BaseUrlError::Syntax { reason: reason.to_string() };
        let mut url = Url::parse(text.trim()).map_err(|error| syntax(&error))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BaseUrlError::Credentials);
        }
        let host = url.host().ok_or_else(|| syntax(&"there is no host"))?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&host) => {}
            _ => return Err(BaseUrlError::Insecure),
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(BaseUrlError::Extra);
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }
}

/// This machine: nothing is sent anywhere before a layer has set an address.
impl Default for BaseUrl {
    fn default() -> Self {
        Self(Url::parse("http://localhost").expect("a URL"))
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_at_the_end_is_trimmed() {
        for (text, shown) in [
            ("https://api.mavenlink.com/api/v1", "https://api.mavenlink.com/api/v1"),
            (" https://API.mavenlink.com/api/v1// ", "https://api.mavenlink.com/api/v1"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
            ("http://127.8.9.1", "http://127.8.9.1"),
            ("http://[::1]:9/api", "http://[::1]:9/api"),
            ("http://localhost:9", "http://localhost:9"),
        ] {
            let url: BaseUrl = text.parse().expect(text);
            assert_eq!(url.to_string(), shown);
        }
    }

    #[test]
    fn a_token_is_sent_nowhere_unsafe() {
        use BaseUrlError::*;
        for (text, expected) in [
            ("http://api.mavenlink.com/api/v1", Insecure),
            ("http://127.0.0.1.example.org", Insecure),
            ("http://localhost.example.org", Insecure),
            ("http://[::2]", Insecure),
            ("http://10.0.0.1", Insecure),
            ("ftp://api.mavenlink.com", Insecure),
            ("https://user@api.mavenlink.com", Credentials),
            ("https://user:secret@api.mavenlink.com", Credentials),
            ("http://127.0.0.1@evil.example", Credentials),
            ("https://api.mavenlink.com?x=1", Extra),
            ("https://api.mavenlink.com/#x", Extra),
        ] {
            assert_eq!(text.parse::<BaseUrl>(), Err(expected), "{text}");
        }
        for text in ["", "api.mavenlink.com", "https://", "file:///etc/passwd"] {
            assert!(matches!(text.parse::<BaseUrl>(), Err(Syntax { .. })), "{text}");
        }
    }

    #[test]
    fn a_refusal_does_not_repeat_the_text() {
        let error = "https://user:secret@host".parse::<BaseUrl>().expect_err("refused");
        assert!(!error.to_string().contains("secret"));
    }

    #[test]
    fn hosts_name_folders() {
        let name = |text: &str| text.parse::<BaseUrl>().expect(text).folder_name();
        assert_eq!(name("https://api.mavenlink.com/api/v1"), "api.mavenlink.com-443");
        assert_eq!(name("http://[::1]:8080"), "1-8080");
        assert_eq!(name("http://127.0.0.1:81"), "127.0.0.1-81");
    }
}
