//! The envelopes of D4: every input comes back, the answer is XML in CDATA, and values may be elsewhere in the body.

use quick_xml::escape::escape;

use crate::delivery::Reply;
use crate::soap::{ENVELOPE, Element};

const ENCODING: &str = "http://schemas.xmlsoap.org/soap/encoding/";
const MESSAGE: &str = "http://tempuri.org/ws_server/message/";

/// Attributes of a value in place, and of one that is referred to.
const TEXT: &str = "SOAPSDK2:type=\"SOAPSDK1:string\"";
const REFERRED: &str = "SOAPSDK3:root=\"0\" SOAPSDK2:type=\"SOAPSDK1:string\" \
                        SOAP-ENV:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"";

/// What the call carried, in this order; the password too.
const ECHOED: [&str; 6] = [
    "APPLICATIVO",
    "ENTE",
    "COD_UTENTE",
    "PASSWORD",
    "METODO",
    "XML_PARAM",
];

/// The answer to a call. With `multiref`, values stand after the answer and are referred to by their ids.
pub fn answer(call: &Element, outcome: Result<String, &'static str>, multiref: bool) -> Reply {
    let result = if outcome.is_ok() { "true" } else { "false" };
    let method = call.get("METODO").unwrap_or_default();
    let (document, message) = match outcome {
        Ok(document) => (document, format!("OK: {method}")),
        Err(reason) => (String::new(), reason.to_owned()),
    };
    let echo = ECHOED.map(|name| (name, text_of(name, call.get(name).unwrap_or_default())));
    let returned = [
        ("XML_RETURN", cdata(&document)),
        ("MSG_RETURN", escape(message.as_str()).into_owned()),
    ];
    let mut fields = String::new();
    let mut elsewhere = String::new();
    for (number, (name, value)) in echo.into_iter().chain(returned).enumerate() {
        if multiref {
            let id = format!("id{number}");
            fields.extend(["<", name, " href=\"#", &id, "\"/>"]);
            elsewhere.extend([
                "<multiRef id=\"",
                &id,
                "\" ",
                REFERRED,
                ">",
                &value,
                "</multiRef>",
            ]);
        } else {
            fields.extend(["<", name, " ", TEXT, ">", &value, "</", name, ">"]);
        }
    }
    envelope(
        200,
        &format!(
            "<SOAPSDK4:SICI_WEB_SERVICEResponse xmlns:SOAPSDK4=\"{MESSAGE}\"><Result>{result}</Result>{fields}\
             </SOAPSDK4:SICI_WEB_SERVICEResponse>{elsewhere}"
        ),
    )
}

fn text_of(name: &str, value: &str) -> String {
    if name == "XML_PARAM" {
        cdata(value)
    } else {
        escape(value).into_owned()
    }
}

/// CDATA cannot hold its own end; two pieces can.
fn cdata(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"))
}

/// A failure of the component itself.
pub fn fault(text: &str) -> Reply {
    envelope(
        500,
        &format!(
            "<SOAP-ENV:Fault><faultcode>SOAP-ENV:Server</faultcode><faultstring>{}</faultstring></SOAP-ENV:Fault>",
            escape(text)
        ),
    )
}

fn envelope(status: u16, body: &str) -> Reply {
    Reply::new(
        status,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?><SOAP-ENV:Envelope \
             xmlns:SOAPSDK1=\"http://www.w3.org/2001/XMLSchema\" xmlns:SOAPSDK2=\"http://www.w3.org/2001/XMLSchema-instance\" \
             xmlns:SOAPSDK3=\"{ENCODING}\" xmlns:SOAP-ENV=\"{ENVELOPE}\"><SOAP-ENV:Body SOAP-ENV:encodingStyle=\"{ENCODING}\">\
             {body}</SOAP-ENV:Body></SOAP-ENV:Envelope>"
        ),
    )
}
