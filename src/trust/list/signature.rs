//! The one form of XML signature that trusted lists have (TS 119 612, annex B): enveloped, over the whole document, exclusive canonicalization.
//!
//! Nothing else is understood: no other transform, no key from the document, no address is followed. What was signed is given back, so that
//! nobody reads anything else.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bergshamra_c14n::{C14nMode, canonicalize_doc};
use bergshamra_xml::NodeSet;
use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::hash::{MessageDigest, hash};
use openssl::memcmp;
use openssl::pkey::{Id, PKey, Public};
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Verifier};
use openssl::x509::X509;
use uppsala::{Document, NodeId, Parser};

use super::ListFault;

const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// The list and XAdES's properties of the signature; nothing has more.
const MOST_REFERENCES: usize = 2;

/// Bits of a signer's RSA key at least.
const RSA_BITS: u32 = 2048;

/// How a signature was made.
struct Method {
    kind: Id,
    digest: MessageDigest,
    padding: Padding,
}

/// Verifies the signature; gives back the document as it was signed, canonical and without the signature, and whose key it was.
pub(super) fn verify<'a>(text: &str, signers: &'a [X509]) -> Result<(String, &'a X509), ListFault> {
    let document = Parser::new().with_forbid_dtd(true).parse(text);
    let document = document.map_err(|error| ListFault::Unreadable(error.to_string()))?;
    let root = document.document_element();
    let root = root.ok_or_else(|| ListFault::Unreadable("è vuoto".to_owned()))?;
    let one = "serve una sola firma, nell'elemento più esterno";
    let signature = only(&document, root, "Signature", one)?;
    if document
        .get_elements_by_tag_name_ns(DSIG, "Signature")
        .len()
        != 1
    {
        return Err(ListFault::Form(one));
    }
    let info = only(&document, signature, "SignedInfo", "SignedInfo")?;
    let method = algorithm(&document, info, "CanonicalizationMethod")?;
    if method != EXCLUSIVE || has_prefixes(&document, info, "CanonicalizationMethod") {
        return Err(ListFault::Form("serve la canonicalizzazione esclusiva"));
    }
    let method = method_of(algorithm(&document, info, "SignatureMethod")?)?;
    let value = only(&document, signature, "SignatureValue", "SignatureValue")?;
    let value = decoded(&document, value)?;
    let info_bytes = canonical(&document, &NodeSet::tree_without_comments(info, &document))?;
    let by = signers
        .iter()
        .find(|signer| is_signed(&method, signer, &info_bytes, &value).unwrap_or(false))
        .ok_or(ListFault::Unsound)?;
    let signed = signed_content(&document, signature, info)?;
    let signed = String::from_utf8(signed);
    let signed = signed.map_err(|error| ListFault::Unreadable(error.to_string()))?;
    Ok((signed, by))
}

/// Holds every reference against its digest; gives back what the one to the document means.
fn signed_content(
    document: &Document<'_>,
    signature: NodeId,
    info: NodeId,
) -> Result<Vec<u8>, ListFault> {
    let references = document.child_elements_by_name_ns(info, DSIG, "Reference");
    if references.len() > MOST_REFERENCES {
        return Err(ListFault::Form("troppi riferimenti"));
    }
    let mut whole = None;
    for reference in references {
        let address = document.get_attribute(reference, "URI");
        let transforms = transforms(document, reference)?;
        let content = match (address, transforms.as_slice()) {
            (Some(""), [ENVELOPED, EXCLUSIVE]) if whole.is_none() => {
                let all = NodeSet::all_without_comments(document);
                let own = NodeSet::tree_with_comments(signature, document);
                canonical(document, &all.subtract(&own))?
            }
            (Some(address), [EXCLUSIVE]) => {
                let part = part_of_signature(document, signature, address)?;
                canonical(document, &NodeSet::tree_without_comments(part, document))?
            }
            _ => return Err(ListFault::Form("un riferimento non è fra quelli previsti")),
        };
        let digest = digest_of(algorithm(document, reference, "DigestMethod")?)?;
        let said = only(document, reference, "DigestValue", "DigestValue")?;
        let said = decoded(document, said)?;
        let found =
            hash(digest, &content).map_err(|error| ListFault::Unreadable(error.to_string()))?;
        if said.len() != found.len() || !memcmp::eq(&said, &found) {
            return Err(ListFault::Unsound);
        }
        if address == Some("") {
            whole = Some(content);
        }
    }
    whole.ok_or(ListFault::Form("la firma non copre l'intero documento"))
}

/// What `#identity` means, which must lie in the signature itself and be the only one of that identity.
fn part_of_signature(
    document: &Document<'_>,
    signature: NodeId,
    address: &str,
) -> Result<NodeId, ListFault> {
    let fault = ListFault::Form("un riferimento è a una parte fuori dalla firma, o ambiguo");
    let Some(identity) = address.strip_prefix('#').filter(|one| !one.is_empty()) else {
        return Err(fault);
    };
    let mut found = document
        .descendants(document.root())
        .into_iter()
        .filter(|node| {
            let names = ["Id", "ID", "id"];
            let mut values = names.iter().map(|name| document.get_attribute(*node, name));
            values.any(|value| value == Some(identity))
        });
    match (found.next(), found.next()) {
        (Some(node), None) if document.ancestors(node).contains(&signature) => Ok(node),
        _ => Err(fault),
    }
}

fn transforms<'d>(
    document: &'d Document<'_>,
    reference: NodeId,
) -> Result<Vec<&'d str>, ListFault> {
    let list = only(document, reference, "Transforms", "Transforms")?;
    let each = document.child_elements_by_name_ns(list, DSIG, "Transform");
    if each.iter().any(|one| !document.children(*one).is_empty()) {
        return Err(ListFault::Form("una trasformazione ha parametri"));
    }
    let names = each
        .into_iter()
        .map(|one| document.get_attribute(one, "Algorithm"));
    Ok(names.map(Option::unwrap_or_default).collect())
}

/// The only child of that name.
fn only(
    document: &Document<'_>,
    parent: NodeId,
    name: &str,
    fault: &'static str,
) -> Result<NodeId, ListFault> {
    match document
        .child_elements_by_name_ns(parent, DSIG, name)
        .as_slice()
    {
        [one] => Ok(*one),
        _ => Err(ListFault::Form(fault)),
    }
}

fn algorithm<'d>(
    document: &'d Document<'_>,
    parent: NodeId,
    name: &'static str,
) -> Result<&'d str, ListFault> {
    let element = only(document, parent, name, name)?;
    Ok(document
        .get_attribute(element, "Algorithm")
        .unwrap_or_default())
}

fn has_prefixes(document: &Document<'_>, parent: NodeId, name: &'static str) -> bool {
    let elements = document.child_elements_by_name_ns(parent, DSIG, name);
    elements
        .iter()
        .any(|one| !document.children(*one).is_empty())
}

fn decoded(document: &Document<'_>, element: NodeId) -> Result<Vec<u8>, ListFault> {
    let text: String = document
        .text_content_deep(element)
        .chars()
        .filter(|one| !one.is_ascii_whitespace())
        .collect();
    BASE64_STANDARD
        .decode(text)
        .map_err(|_| ListFault::Form("un valore non è in Base64"))
}

fn canonical(document: &Document<'_>, nodes: &NodeSet) -> Result<Vec<u8>, ListFault> {
    canonicalize_doc(document, C14nMode::Exclusive, Some(nodes), &[] as &[&str])
        .map_err(|error| ListFault::Unreadable(error.to_string()))
}

fn digest_of(algorithm: &str) -> Result<MessageDigest, ListFault> {
    match algorithm {
        "http://www.w3.org/2001/04/xmlenc#sha256" => Ok(MessageDigest::sha256()),
        "http://www.w3.org/2001/04/xmldsig-more#sha384" => Ok(MessageDigest::sha384()),
        "http://www.w3.org/2001/04/xmlenc#sha512" => Ok(MessageDigest::sha512()),
        _ => Err(ListFault::Form(
            "l'impronta non è SHA-256, SHA-384 o SHA-512",
        )),
    }
}

fn method_of(algorithm: &str) -> Result<Method, ListFault> {
    let of = |kind, digest, padding| Method {
        kind,
        digest,
        padding,
    };
    let more = algorithm
        .strip_prefix("http://www.w3.org/2001/04/xmldsig-more#")
        .or_else(|| algorithm.strip_prefix("http://www.w3.org/2007/05/xmldsig-more#"));
    Ok(match more {
        Some("rsa-sha256") => of(Id::RSA, MessageDigest::sha256(), Padding::PKCS1),
        Some("rsa-sha384") => of(Id::RSA, MessageDigest::sha384(), Padding::PKCS1),
        Some("rsa-sha512") => of(Id::RSA, MessageDigest::sha512(), Padding::PKCS1),
        Some("sha256-rsa-MGF1") => of(Id::RSA, MessageDigest::sha256(), Padding::PKCS1_PSS),
        Some("sha512-rsa-MGF1") => of(Id::RSA, MessageDigest::sha512(), Padding::PKCS1_PSS),
        Some("ecdsa-sha256") => of(Id::EC, MessageDigest::sha256(), Padding::NONE),
        Some("ecdsa-sha384") => of(Id::EC, MessageDigest::sha384(), Padding::NONE),
        Some("ecdsa-sha512") => of(Id::EC, MessageDigest::sha512(), Padding::NONE),
        _ => {
            return Err(ListFault::Form(
                "l'algoritmo di firma non è fra quelli ammessi",
            ));
        }
    })
}

fn is_signed(
    method: &Method,
    signer: &X509,
    content: &[u8],
    value: &[u8],
) -> Result<bool, ErrorStack> {
    let key: PKey<Public> = signer.public_key()?;
    if key.id() != method.kind || (key.id() == Id::RSA && key.bits() < RSA_BITS) {
        return Ok(false);
    }
    let mut verifier = Verifier::new(method.digest, &key)?;
    if method.kind == Id::EC {
        // XML has both numbers side by side, OpenSSL wants them in ASN.1.
        let (r, s) = value.split_at(value.len() / 2);
        let pair =
            EcdsaSig::from_private_components(BigNum::from_slice(r)?, BigNum::from_slice(s)?)?;
        return verifier.verify_oneshot(&pair.to_der()?, content);
    }
    verifier.set_rsa_padding(method.padding)?;
    if method.padding == Padding::PKCS1_PSS {
        verifier.set_rsa_mgf1_md(method.digest)?;
        verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
    }
    verifier.verify_oneshot(value, content)
}
