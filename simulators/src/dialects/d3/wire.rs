//! The two envelopes of D3: document/literal (PHP) and rpc/encoded (Delphi), alike but for their names.

use quick_xml::escape::escape;

use super::errors::Refusal;
use crate::delivery::Reply;
use crate::soap::ENVELOPE;

const LITERAL: &str = "http://tempuri.org/";
const ENCODED: &str = "urn:DOCAREAProtoserviceIntf-IDOCAREAProtoservice";
const ENCODING: &str = "http://schemas.xmlsoap.org/soap/encoding/";

#[derive(Clone, Copy, PartialEq)]
pub enum Variant {
    Literal,
    Encoded,
}

impl Variant {
    /// Municipality, user and password of a login.
    pub fn login_parameters(self) -> [&'static str; 3] {
        match self {
            Variant::Literal => ["strCodEnte", "strUserName", "strPassword"],
            Variant::Encoded => ["CodiceEnte", "Username", "UserPassword"],
        }
    }

    /// An answer with its text in `field`, or with an error number; the status is 200 in both cases.
    pub fn answer(self, operation: &str, field: &str, outcome: Result<String, Refusal>) -> Reply {
        let (text, refusal) = match outcome {
            Ok(text) => (text, None),
            Err(refusal) => (String::new(), Some(refusal)),
        };
        let number = refusal.map_or(0, |refusal| refusal.number);
        let words = refusal.map_or("", |refusal| refusal.text);
        let (text, words) = (escape(&text), escape(words));
        match self {
            Variant::Literal => envelope(&format!(
                "<{operation}Response xmlns=\"{LITERAL}\"><{operation}Result><{field}>{text}</{field}>\
                 <lngErrNumber>{number}</lngErrNumber><strErrString>{words}</strErrString>\
                 </{operation}Result></{operation}Response>"
            )),
            // A capital I where a small L should be, as in the contract.
            Variant::Encoded => envelope(&format!(
                "<NS1:{operation}Response xmlns:NS1=\"{ENCODED}\" SOAP-ENV:encodingStyle=\"{ENCODING}\">\
                 <return xmlns:NS2=\"urn:DOCAREAProtoserviceIntf\" xsi:type=\"NS2:T{operation}Result\">\
                 <{field} xsi:type=\"xsd:string\">{text}</{field}><IngErrNumber xsi:type=\"xsd:int\">{number}</IngErrNumber>\
                 <strErrString xsi:type=\"xsd:string\">{words}</strErrString></return></NS1:{operation}Response>"
            )),
        }
    }
}

/// The same answer with an empty number, as some services write a zero.
pub fn without_number(reply: Reply) -> Reply {
    let body = reply
        .body
        .replace("<lngErrNumber>0</lngErrNumber>", "<lngErrNumber/>");
    Reply { body, ..reply }
}

/// For what is no known call.
pub fn fault() -> Reply {
    envelope(
        "<SOAP-ENV:Fault><faultcode>SOAP-ENV:Client</faultcode><faultstring>Bad Request</faultstring></SOAP-ENV:Fault>",
    )
}

fn envelope(body: &str) -> Reply {
    Reply::new(
        200,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><SOAP-ENV:Envelope xmlns:SOAP-ENV=\"{ENVELOPE}\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">\
             <SOAP-ENV:Body>{body}</SOAP-ENV:Body></SOAP-ENV:Envelope>"
        ),
    )
}
