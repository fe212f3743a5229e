//! What is sealed of a root: the manifest of an ASiC-E container with CAdES (ETSI EN 319 162-1, A.4) whose one document is the root. So
//! a root and its seal are such a container as soon as they are put into a ZIP file.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The root's document in the container.
pub const ROOT: &str = "radice.json";

/// The manifest in the container.
pub const MANIFEST: &str = "META-INF/ASiCManifest.xml";

/// The seal in the container.
pub const SEAL: &str = "META-INF/signature.p7s";

/// The bytes that are sealed for a root's document: they depend on its digest alone.
pub fn manifest(root: &[u8]) -> Vec<u8> {
    let digest = STANDARD.encode(digest(&SHA256, root));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <asic:ASiCManifest xmlns:asic=\"http://uri.etsi.org/02918/v1.2.1#\" xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\
         <asic:SigReference URI=\"{SEAL}\" MimeType=\"application/pkcs7-signature\"/>\
         <asic:DataObjectReference URI=\"{ROOT}\" MimeType=\"application/json\">\
         <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/>\
         <ds:DigestValue>{digest}</ds:DigestValue>\
         </asic:DataObjectReference></asic:ASiCManifest>\n"
    )
    .into_bytes()
}
