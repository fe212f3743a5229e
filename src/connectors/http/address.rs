//! The address of an HTTP back end, taken apart once.

use http::{HeaderValue, Uri};

/// Where a back end listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Whether it speaks TLS.
    pub secure: bool,
    /// Host name or IP address, an IPv6 address without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// The `Host` header.
    pub host_header: HeaderValue,
    /// The address' path without a final slash.
    pub base_path: String,
}

impl Address {
    /// Takes `http(s)://host[:port][/path]` apart; the error says what is wrong without repeating the address.
    pub fn parse(text: &str) -> Result<Address, String> {
        let uri: Uri = text
            .parse()
            .map_err(|error| format!("the address is no URL: {error}"))?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err("the address begins with neither http:// nor https://".to_owned()),
        };
        let authority = uri.authority().ok_or("the address names no host")?;
        if uri.query().is_some() {
            return Err("the address has a query; parameters belong to the adapter".to_owned());
        }
        let host = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let host_header = match authority.port_u16() {
            Some(port) => format!("{}:{port}", authority.host()),
            None => authority.host().to_owned(),
        };
        Ok(Address {
            secure,
            host,
            port: authority
                .port_u16()
                .unwrap_or(if secure { 443 } else { 80 }),
            host_header: HeaderValue::from_str(&host_header)
                .map_err(|_| "the host name is out of form")?,
            base_path: uri.path().trim_end_matches('/').to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let address = Address::parse("https://sistema.example:8443/servizi/").expect("an address");
        assert_eq!(
            (address.secure, address.host.as_str(), address.port),
            (true, "sistema.example", 8443)
        );
        assert_eq!(
            (address.base_path.as_str(), address.host_header.as_bytes()),
            ("/servizi", b"sistema.example:8443".as_slice())
        );
        let plain = Address::parse("http://[::1]").expect("an address");
        assert_eq!(
            (plain.host.as_str(), plain.port, plain.base_path.as_str()),
            ("::1", 80, "")
        );
    }

    #[test]
    fn an_address_out_of_form_is_refused() {
        for text in ["ftp://host/", "host", "http://", "http://host/?a=b"] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
    }
}
