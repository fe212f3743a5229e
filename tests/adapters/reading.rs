//! The readers of answers, against anything that might come.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use pontile::connectors::extract::shape::{Format, NodeId, Shape, Wrapping};
use pontile::connectors::extract::{json, xml};
use proptest::prelude::*;

fn shape(format: Format) -> (Shape, NodeId) {
    let mut shape = Shape::new(format);
    let leaf = shape.add(NodeId::DOCUMENT, "a/b", &[]).unwrap();
    shape.add(NodeId::DOCUMENT, "a/c/@d", &[]).ok();
    (shape, leaf)
}

fn texts(format: Format, answer: &str) -> Result<Vec<String>, String> {
    let (shape, leaf) = shape(format);
    let read = match format {
        Format::Xml => xml::read(answer, &shape),
        _ => json::read(answer, &shape),
    };
    let extract = read.map_err(|error| error.to_string())?;
    let cells = extract.document().all(leaf);
    Ok(cells
        .filter_map(|cell| cell.text().map(str::to_owned))
        .collect())
}

proptest! {
    #[test]
    fn no_text_breaks_the_readers(answer in "[<>&;/!?\\[\\]{}\":,ab \\-=x0-9\\PC]{0,80}") {
        let _either = texts(Format::Xml, &answer);
        let _either = texts(Format::Json, &answer);
        let _either = texts(Format::Xml, &format!("<a><b>{answer}</b></a>"));
        let _either = texts(Format::Json, &format!("{{\"a\":{{\"b\":{answer}}}}}"));
    }

    #[test]
    fn every_text_is_read_as_it_was_written(text in "\\PC{0,60}") {
        let written = quick_xml::escape::escape(text.as_str());
        let answer = format!("<x:a xmlns:x='urn:x'><z>no</z><x:b>{written}</x:b></x:a>");
        prop_assert_eq!(texts(Format::Xml, &answer), Ok(vec![text.clone()]));
        let answer = serde_json::json!({"z": [1, {}], "a": {"b": text}}).to_string();
        prop_assert_eq!(texts(Format::Json, &answer), Ok(vec![text]));
    }

    #[test]
    fn an_answer_that_breaks_off_is_never_taken_for_whole(cut in 1_usize..46) {
        let whole = "<a><b>uno</b><b>due</b><c d='x'><e/></c></a>";
        if let Some(part) = whole.get(..cut.min(whole.len() - 1)) {
            prop_assert!(texts(Format::Xml, part).is_err(), "{}", part);
        }
    }
}

#[test]
fn entities_declared_by_the_answer_and_deep_nesting_are_refused() {
    let bomb = "<!DOCTYPE a [<!ENTITY x \"xxxx\"><!ENTITY y \"&x;&x;\">]><a><b>&y;</b></a>";
    assert!(texts(Format::Xml, bomb).is_err());
    assert!(texts(Format::Xml, "<a><b>&nbsp;</b></a>").is_err());
    let deep = format!("{}{}", "<a>".repeat(1000), "</a>".repeat(1000));
    assert!(texts(Format::Xml, &deep).is_err());
    let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    assert!(texts(Format::Json, &deep).is_err());
    let deep_leaf = format!("{{\"a\":{{\"b\":{deep}}}}}");
    assert!(texts(Format::Json, &deep_leaf).is_err());
}

#[test]
fn cdata_references_and_nil_are_understood() {
    let answer = "<a xmlns:i='urn:i'><b>x&#x26;&lt;<![CDATA[<y>]]></b><b i:nil='true'/><b/></a>";
    assert_eq!(
        texts(Format::Xml, answer),
        Ok(vec!["x&<<y>".to_owned(), String::new()])
    );
}

#[test]
fn numbers_of_json_keep_every_digit() {
    let answer = r#"{"a": [{"b": 0.1000000000000000055511151231257827}, {"b": [1, "due", null]}]}"#;
    let expected = ["0.1000000000000000055511151231257827", "1", "due"].map(str::to_owned);
    assert_eq!(texts(Format::Json, answer), Ok(expected.to_vec()));
}

fn inner(answer: &str) -> Result<Vec<String>, String> {
    inside(answer, Wrapping::Plain)
}

fn inside(answer: &str, wrapping: Wrapping) -> Result<Vec<String>, String> {
    let mut shape = Shape::new(Format::Xml);
    let place = shape.add(NodeId::DOCUMENT, "r/doc", &[]).unwrap();
    let text = shape.add(place, "x/y", &[]).unwrap();
    shape.nest(place, wrapping);
    let extract = xml::read(answer, &shape).map_err(|unreadable| unreadable.to_string())?;
    let found = extract.document().all(text);
    Ok(found
        .filter_map(|cell| cell.text().map(str::to_owned))
        .collect())
}

#[test]
fn a_document_in_a_text_is_read_however_it_is_written() {
    for answer in [
        "<r><doc>&lt;?xml version=\"1.0\" encoding=\"ISO-8859-1\"?&gt;&lt;x&gt;&lt;y&gt;A&amp;amp;B&lt;/y&gt;&lt;/x&gt;</doc></r>",
        "<r><doc><![CDATA[<x><?xml version=\"1.0\" encoding=\"UTF-8\"?><y>A&amp;B</y></x>]]></doc></r>",
        "<r><doc><x><y>A&amp;B</y></x></doc></r>",
    ] {
        assert_eq!(inner(answer), Ok(vec!["A&B".to_owned()]), "{answer}");
    }
    for nothing in ["<r><doc/></r>", "<r><doc>  </doc></r>"] {
        assert_eq!(inner(nothing), Ok(Vec::new()), "{nothing}");
    }
}

#[test]
fn a_broken_document_in_a_text_breaks_the_answer_and_cannot_reach_outside() {
    for answer in [
        "<r><doc>&lt;x&gt;&lt;y&gt;</doc></r>",
        "<r><doc>x</doc></r>",
        "<r><doc>&lt;x/&gt;&lt;x/&gt;</doc></r>",
        "<r><doc>&lt;/doc&gt;&lt;x/&gt;</doc></r>",
        "<r><doc>&lt;!DOCTYPE x&gt;&lt;x/&gt;</doc></r>",
    ] {
        assert!(inner(answer).is_err(), "{answer}");
    }
}

#[test]
fn a_document_in_base64_is_read_in_its_own_charset_or_breaks_the_answer() {
    let read = |bytes: &[u8]| {
        let text = BASE64_STANDARD.encode(bytes);
        let (begin, end) = text.split_at(text.len() / 2);
        inside(
            &format!("<r><doc> {begin}\n  {end}\n</doc></r>"),
            Wrapping::Base64,
        )
    };
    assert_eq!(
        read("<x><y>NICCOLÒ</y></x>".as_bytes()),
        Ok(vec!["NICCOLÒ".to_owned()])
    );
    let latin = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><x><y>NICCOL\xD2</y></x>";
    assert_eq!(read(latin), Ok(vec!["NICCOLÒ".to_owned()]));
    assert_eq!(read(b""), Ok(Vec::new()));
    for broken in [&b"<x><y>NICCOL\xD2</y></x>"[..], b"<x><y>", b"%PDF-1.7"] {
        assert!(read(broken).is_err(), "{broken:?}");
    }
    for no_base64 in ["PHg+PHk*", "PHg+PHk", "&lt;x/&gt;"] {
        assert!(inside(&format!("<r><doc>{no_base64}</doc></r>"), Wrapping::Base64).is_err());
    }
}

/// What is read at `r/p/n` and at `r/t` of a SOAP body with these elements after the answer.
fn referred(answer: &str, others: &str) -> Result<Vec<String>, String> {
    let mut shape = Shape::new(Format::Xml);
    shape.follow_references();
    let mut add = |path| shape.add(NodeId::DOCUMENT, path, &[]).unwrap();
    let places = ["Envelope/Body/r/p/n", "Envelope/Body/r/t"].map(&mut add);
    let text = format!("<s:Envelope xmlns:s='s'><s:Body>{answer}{others}</s:Body></s:Envelope>");
    let extract = xml::read(&text, &shape).map_err(|error| error.to_string())?;
    let document = extract.document();
    let cells = places.into_iter().flat_map(|place| document.all(place));
    Ok(cells
        .map(|cell| cell.text().unwrap_or("nothing").to_owned())
        .collect())
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with results")]
fn owned<const N: usize>(texts: [&str; N]) -> Result<Vec<String>, String> {
    Ok(texts.map(str::to_owned).to_vec())
}

#[test]
fn values_that_stand_elsewhere_are_read_as_if_they_stood_in_place() {
    let answer = "<r><p href='#id0'/><p href='#id1'/><t href=\"#id2\"/><t>in place</t></r>";
    let others = "<multiRef id='id0' soapenc:root='0' xmlns:soapenc='e'><n href='#id2'/></multiRef>\
                  <multiRef id='id2'>ROSSI &amp; C</multiRef><multiRef id='id1'><x/><n xsi:nil='true' xmlns:xsi='i'/></multiRef>";
    let expected = ["ROSSI & C", "nothing", "ROSSI & C", "in place"];
    assert_eq!(referred(answer, others), owned(expected));
    assert_eq!(
        referred(
            "<r><t href='#id0'/></r>",
            "<multiRef id='id0' xsi:nil='1' xmlns:xsi='i'/>"
        ),
        owned(["nothing"])
    );
}

#[test]
fn what_refers_to_nothing_to_itself_or_too_much_is_refused() {
    for (answer, others) in [
        ("<r><t href='#id0'/></r>", ""),
        (
            "<r><t href='#id0'/></r>",
            "<m id='id0'>a</m><m id='id0'>b</m>",
        ),
        ("<r><t href='#id0'/></r>", "<m id='id0' href='#id0'/>"),
        (
            "<r><p href='#id0'/></r>",
            "<m id='id0'><n href='#id1'/></m>",
        ),
    ] {
        assert!(referred(answer, others).is_err(), "{answer} {others}");
    }
    let many = format!("<r>{}</r>", "<t href='#id0'/>".repeat(20_000));
    let refused = referred(&many, "<m id='id0'>a</m>").unwrap_err();
    assert!(refused.contains("refers too much"), "{refused}");
    let large = format!("<m id='id0'>{}</m>", "a".repeat(100_000));
    let few = format!("<r>{}</r>", "<t href='#id0'/>".repeat(50));
    let refused = referred(&few, &large).unwrap_err();
    assert!(refused.contains("refers too much"), "{refused}");
    // What refers to itself by way of its children ends where nothing more is read.
    let turning = "<m id='id0'><n>a</n><p href='#id0'/></m>";
    assert_eq!(referred("<r><p href='#id0'/></r>", turning), owned(["a"]));
}

#[test]
fn references_mean_nothing_where_the_protocol_has_none() {
    let answer = "<a><b href='#x'>text</b><m id='x'>other</m></a>";
    assert_eq!(texts(Format::Xml, answer), owned(["text"]));
}
