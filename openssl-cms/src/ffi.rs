//! The calls of libcrypto that rust-openssl does not bind. Whatever they hand out is copied or borrowed from the message that owns it.
#![allow(
    unsafe_code,
    reason = "the one place of the workspace where C is called"
)]

use std::ptr;

use foreign_types::ForeignType;
use libc::{c_char, c_int, c_long, c_uchar, c_void};
use openssl::error::ErrorStack;
use openssl::stack::Stack;
use openssl::x509::{X509, X509Crl};
use openssl_sys as sys;

use crate::{Algorithm, Attribute, Signer, Unreadable};

type SignerInfo = c_void;
type RawAttribute = c_void;

unsafe extern "C" {
    fn CMS_get0_eContentType(cms: *mut sys::CMS_ContentInfo) -> *const sys::ASN1_OBJECT;
    fn CMS_get0_type(cms: *const sys::CMS_ContentInfo) -> *const sys::ASN1_OBJECT;
    fn CMS_get0_content(cms: *mut sys::CMS_ContentInfo) -> *mut *mut sys::ASN1_OCTET_STRING;
    fn CMS_get0_SignerInfos(cms: *mut sys::CMS_ContentInfo) -> *mut sys::OPENSSL_STACK;
    fn CMS_get1_certs(cms: *mut sys::CMS_ContentInfo) -> *mut sys::stack_st_X509;
    fn CMS_get1_crls(cms: *mut sys::CMS_ContentInfo) -> *mut sys::stack_st_X509_CRL;
    fn CMS_SignerInfo_get0_algs(
        signer: *mut SignerInfo,
        key: *mut *mut sys::EVP_PKEY,
        certificate: *mut *mut sys::X509,
        digest: *mut *mut sys::X509_ALGOR,
        signature: *mut *mut sys::X509_ALGOR,
    );
    fn CMS_SignerInfo_get0_signature(signer: *mut SignerInfo) -> *mut sys::ASN1_OCTET_STRING;
    fn CMS_SignerInfo_cert_cmp(signer: *mut SignerInfo, certificate: *mut sys::X509) -> c_int;
    fn CMS_signed_get_attr_count(signer: *const SignerInfo) -> c_int;
    fn CMS_signed_get_attr(signer: *const SignerInfo, place: c_int) -> *mut RawAttribute;
    fn CMS_unsigned_get_attr_count(signer: *const SignerInfo) -> c_int;
    fn CMS_unsigned_get_attr(signer: *const SignerInfo, place: c_int) -> *mut RawAttribute;
    fn X509_ATTRIBUTE_count(attribute: *const RawAttribute) -> c_int;
    fn X509_ATTRIBUTE_get0_object(attribute: *mut RawAttribute) -> *mut sys::ASN1_OBJECT;
    fn X509_ATTRIBUTE_get0_type(attribute: *mut RawAttribute, place: c_int) -> *mut c_void;
    fn i2d_X509_ATTRIBUTE(attribute: *const c_void, out: *mut *mut c_uchar) -> c_int;
    fn i2d_ASN1_TYPE(value: *const c_void, out: *mut *mut c_uchar) -> c_int;
    fn i2d_X509_ALGOR(algorithm: *const c_void, out: *mut *mut c_uchar) -> c_int;
}

/// A message that OpenSSL has read; freed with this value. Nothing changes it after reading.
#[derive(Debug)]
pub(crate) struct Message(ptr::NonNull<sys::CMS_ContentInfo>);

// SAFETY: the message is read, and by shared references only read again; OpenSSL keeps no state of a thread in it.
unsafe impl Send for Message {}

impl Drop for Message {
    fn drop(&mut self) {
        // SAFETY: made by d2i_CMS_ContentInfo and freed once.
        unsafe { sys::CMS_ContentInfo_free(self.0.as_ptr()) }
    }
}

impl Message {
    /// The message and how many bytes stood behind it.
    pub(crate) fn read(bytes: &[u8]) -> Result<(Message, usize), Unreadable> {
        sys::init();
        let length = c_long::try_from(bytes.len()).map_err(|_| Unreadable::NoMessage)?;
        let mut at = bytes.as_ptr();
        // SAFETY: `at` points at `length` readable bytes and is moved by OpenSSL within them.
        let read = unsafe { sys::d2i_CMS_ContentInfo(ptr::null_mut(), &raw mut at, length) };
        forget_errors();
        let message = Message(ptr::NonNull::new(read).ok_or(Unreadable::NoMessage)?);
        let consumed = at as usize - bytes.as_ptr() as usize;
        // SAFETY: the message lives; the type belongs to it.
        let kind = unsafe { oid(CMS_get0_type(message.0.as_ptr())) };
        if kind.as_deref() != Some("1.2.840.113549.1.7.2") {
            return Err(Unreadable::NotSigned);
        }
        Ok((message, bytes.len() - consumed))
    }

    pub(crate) fn content_type(&self) -> Result<String, Unreadable> {
        // SAFETY: the message lives; the type belongs to it.
        let found = unsafe { oid(CMS_get0_eContentType(self.0.as_ptr())) };
        forget_errors();
        found.ok_or(Unreadable::Broken)
    }

    /// The content, borrowed.
    pub(crate) fn content(&self) -> Option<&[u8]> {
        // SAFETY: the place belongs to the message, which is not changed while this borrow lives.
        let found = unsafe {
            let place = CMS_get0_content(self.0.as_ptr());
            (!place.is_null()).then(|| octets((*place).cast()))?
        };
        forget_errors();
        found
    }

    pub(crate) fn certificates(&self) -> Vec<X509> {
        // SAFETY: a new stack that is ours, with references of its own; NULL without certificates.
        let stack = unsafe {
            let raw = CMS_get1_certs(self.0.as_ptr());
            (!raw.is_null()).then(|| Stack::<X509>::from_ptr(raw))
        };
        forget_errors();
        stack.into_iter().flatten().collect()
    }

    pub(crate) fn revocation_lists(&self) -> Vec<X509Crl> {
        let mut lists = Vec::new();
        // SAFETY: as with the certificates; every list is taken out, then the empty stack freed.
        unsafe {
            let stack: *mut sys::OPENSSL_STACK = CMS_get1_crls(self.0.as_ptr()).cast();
            while !stack.is_null() && sys::OPENSSL_sk_num(stack) > 0 {
                lists.push(X509Crl::from_ptr(sys::OPENSSL_sk_pop(stack).cast()));
            }
            sys::OPENSSL_sk_free(stack);
        }
        forget_errors();
        lists.reverse();
        lists
    }

    pub(crate) fn signers(&self, certificates: &[X509]) -> Result<Vec<Signer>, Unreadable> {
        // SAFETY: the stack and its signers belong to the message, which outlives this call.
        let signers = unsafe {
            let stack = CMS_get0_SignerInfos(self.0.as_ptr());
            let count = if stack.is_null() {
                0
            } else {
                sys::OPENSSL_sk_num(stack)
            };
            let all =
                (0..count).map(|place| signer(sys::OPENSSL_sk_value(stack, place), certificates));
            all.collect::<Option<Vec<Signer>>>()
        };
        forget_errors();
        signers.ok_or(Unreadable::Broken)
    }
}

/// SAFETY: `raw` is a SignerInfo of a message that lives.
unsafe fn signer(raw: *mut SignerInfo, certificates: &[X509]) -> Option<Signer> {
    let (mut digest, mut algorithm) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: what is handed out belongs to the signer; null places are allowed where nothing is wanted.
    unsafe {
        CMS_SignerInfo_get0_algs(
            raw,
            ptr::null_mut(),
            ptr::null_mut(),
            &raw mut digest,
            &raw mut algorithm,
        );
        let signed = CMS_signed_get_attr_count(raw);
        let unsigned = CMS_unsigned_get_attr_count(raw);
        let named = certificates.iter().enumerate();
        let named = named.filter(|(_, one)| CMS_SignerInfo_cert_cmp(raw, one.as_ptr()) == 0);
        Some(Signer {
            digest: algorithm_of(digest)?,
            signature_algorithm: algorithm_of(algorithm)?,
            signature: octets(CMS_SignerInfo_get0_signature(raw).cast())?.to_vec(),
            named: named.map(|(place, _)| place).collect(),
            signed: (0..signed)
                .map(|place| attribute(CMS_signed_get_attr(raw, place)))
                .collect::<Option<_>>()?,
            unsigned: (0..unsigned)
                .map(|place| attribute(CMS_unsigned_get_attr(raw, place)))
                .collect::<Option<_>>()?,
        })
    }
}

/// SAFETY: `raw` is null or an attribute of a message that lives.
unsafe fn attribute(raw: *mut RawAttribute) -> Option<Attribute> {
    if raw.is_null() {
        return None;
    }
    // SAFETY: by the promise above; the values belong to the attribute.
    unsafe {
        let values = (0..X509_ATTRIBUTE_count(raw))
            .map(|place| encoded(X509_ATTRIBUTE_get0_type(raw, place), i2d_ASN1_TYPE));
        Some(Attribute {
            oid: oid(X509_ATTRIBUTE_get0_object(raw))?,
            values: values.collect::<Option<_>>()?,
            der: encoded(raw, i2d_X509_ATTRIBUTE)?,
        })
    }
}

/// SAFETY: `raw` is null or an algorithm of a message that lives.
unsafe fn algorithm_of(raw: *mut sys::X509_ALGOR) -> Option<Algorithm> {
    // SAFETY: by the promise above.
    let der = unsafe { encoded(raw.cast(), i2d_X509_ALGOR)? };
    let mut whole = &der[..];
    let mut parts = crate::der::take(&mut whole, crate::der::SEQUENCE)?;
    let oid = crate::der::dotted(crate::der::take(&mut parts, crate::der::OID)?)?;
    Some(Algorithm {
        oid,
        parameters: parts.to_vec(),
    })
}

/// SAFETY: `raw` is null or a value that `encode` knows.
unsafe fn encoded(
    raw: *const c_void,
    encode: unsafe extern "C" fn(*const c_void, *mut *mut c_uchar) -> c_int,
) -> Option<Vec<u8>> {
    if raw.is_null() {
        return None;
    }
    // SAFETY: first the length alone, then into a buffer of exactly that length.
    unsafe {
        let length = usize::try_from(encode(raw, ptr::null_mut())).ok()?;
        let mut buffer = vec![0; length];
        let mut at = buffer.as_mut_ptr();
        let written = encode(raw, &raw mut at);
        (usize::try_from(written) == Ok(length)).then_some(buffer)
    }
}

/// SAFETY: `raw` is null or an object that lives.
unsafe fn oid(raw: *const sys::ASN1_OBJECT) -> Option<String> {
    if raw.is_null() {
        return None;
    }
    // SAFETY: by the promise above; the reference does not outlive this function. OpenSSL writes at most 128 bytes.
    unsafe {
        let mut buffer = [0u8; 128];
        let at = buffer.as_mut_ptr().cast::<c_char>();
        let length = usize::try_from(sys::OBJ_obj2txt(at, 128, raw, 1)).ok()?;
        let text = buffer.get(..length)?;
        String::from_utf8(text.to_vec()).ok()
    }
}

/// SAFETY: `raw` is null or a string that lives as long as what is returned.
unsafe fn octets<'a>(raw: *const sys::ASN1_STRING) -> Option<&'a [u8]> {
    if raw.is_null() {
        return None;
    }
    // SAFETY: by the promise above; OpenSSL tells data and length of the same string.
    unsafe {
        let length = usize::try_from(sys::ASN1_STRING_length(raw)).ok()?;
        let data = sys::ASN1_STRING_get0_data(raw);
        match length {
            0 => Some(&[]),
            _ if data.is_null() => None,
            _ => Some(std::slice::from_raw_parts(data, length)),
        }
    }
}

/// What OpenSSL left in its queue would be told as the reason of another failure.
fn forget_errors() {
    drop(ErrorStack::get());
}
