//! What a call of D7 says: names with screen numbers and their values, from the query, a form or its multipart variety.

/// Names and values, in the order of the call.
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads the query and, by its type, the body; the query comes first.
    pub fn read(query: &str, content_type: &str, body: &[u8]) -> Self {
        let mut all = urlencoded(query.as_bytes());
        if let Some((_, boundary)) = content_type.split_once("boundary=") {
            all.extend(multipart(boundary.trim_matches('"'), body));
        } else {
            all.extend(urlencoded(body));
        }
        Parameters(all)
    }

    /// The first value of this name that is not blank.
    pub fn get(&self, name: &str) -> Option<&str> {
        let of_name = self.0.iter().filter(|(of, _)| of == name);
        of_name
            .map(|(_, value)| value.trim())
            .find(|value| !value.is_empty())
    }

    /// The field of a screen: `PRCORE03_99991006` and `CodiceFiscale`.
    pub fn field(&self, screen: &str, name: &str) -> Option<&str> {
        self.get(&format!("{screen}_{name}"))
    }
}

fn urlencoded(bytes: &[u8]) -> Vec<(String, String)> {
    let pairs = bytes.split(|byte| *byte == b'&').filter_map(|pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        Some((decode(&pair[..equals]), decode(&pair[equals + 1..])))
    });
    pairs.collect()
}

fn decode(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter().copied();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits: String = rest.by_ref().take(2).map(char::from).collect();
                u8::from_str_radix(&digits, 16).unwrap_or(b'?')
            }
            other => other,
        });
    }
    as_text(&bytes)
}

/// Clients send either charset and never say which.
fn as_text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

fn multipart(boundary: &str, body: &[u8]) -> Vec<(String, String)> {
    let text = as_text(body);
    let boundary = format!("--{boundary}");
    let parts = text.split(boundary.as_str()).filter_map(|part| {
        let (head, value) = part.split_once("\r\n\r\n")?;
        let (_, name) = head.split_once(" name=\"")?;
        let (name, _) = name.split_once('"')?;
        Some((name.to_owned(), value.trim_end_matches("\r\n").to_owned()))
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_forms_and_multipart_bodies_are_read() {
        let read = Parameters::read("A=1&B=a+b%20c%C3%99&C=%D9&D=", "", b"E=5");
        assert_eq!((read.get("A"), read.get("B")), (Some("1"), Some("a b cÙ")));
        assert_eq!((read.get("C"), read.get("D")), (Some("Ù"), None));
        assert_eq!(read.get("E"), Some("5"));
        let body = b"--x\r\nContent-Disposition: form-data; name=\"S_1_F\"\r\n\r\nv\r\n--x--\r\n";
        let read = Parameters::read("", "multipart/form-data;boundary=x", body);
        assert_eq!(read.field("S_1", "F"), Some("v"));
    }
}
