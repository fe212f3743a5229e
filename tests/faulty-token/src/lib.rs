//! A PKCS#11 module that passes everything on to SoftHSM, but for the faults that a file names: one a word.
//!
//! The file stands in `FAULTY_TOKEN`: `away`, `refuse-pin`, `pin-low`, `pin-final`, `pin-locked`, `fail`, `wrong`, and `slow=MS`.
//! Every try of a PIN adds a byte to the file beside it that ends in `.pins`.
#![allow(non_snake_case, reason = "functions are called as PKCS#11 calls them")]

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use cryptoki_sys::{
    CK_FUNCTION_LIST, CK_FUNCTION_LIST_PTR, CK_FUNCTION_LIST_PTR_PTR, CK_MECHANISM_PTR, CK_NOTIFY,
    CK_OBJECT_HANDLE, CK_RV, CK_SESSION_HANDLE, CK_SESSION_HANDLE_PTR, CK_SLOT_ID,
    CK_TOKEN_INFO_PTR, CK_ULONG, CK_ULONG_PTR, CK_USER_TYPE, CK_UTF8CHAR_PTR, CK_VOID_PTR,
    CKF_USER_PIN_COUNT_LOW, CKF_USER_PIN_FINAL_TRY, CKF_USER_PIN_LOCKED, CKR_DEVICE_ERROR,
    CKR_DEVICE_REMOVED, CKR_FUNCTION_FAILED, CKR_GENERAL_ERROR, CKR_OK, CKR_PIN_INCORRECT,
    CKR_TOKEN_NOT_PRESENT,
};

type Bytes = *mut u8;

const BEHIND: &str = "/usr/lib/softhsm/libsofthsm2.so";

struct Behind {
    list: CK_FUNCTION_LIST,
    ours: CK_FUNCTION_LIST,
    _library: libloading::Library,
}

// Functions and a version: nothing of them changes.
unsafe impl Send for Behind {}
unsafe impl Sync for Behind {}

static MODULE: OnceLock<Option<Behind>> = OnceLock::new();
static TOKEN_IN: AtomicBool = AtomicBool::new(true);
/// SoftHSM's sessions end once when the token goes.
static SLOTS: Mutex<Vec<CK_SLOT_ID>> = Mutex::new(Vec::new());

fn load() -> Option<Behind> {
    // SAFETY: SoftHSM is a PKCS#11 module, whose list of functions lives as long as the library.
    unsafe {
        let library = libloading::Library::new(BEHIND).ok()?;
        let get: libloading::Symbol<unsafe extern "C" fn(CK_FUNCTION_LIST_PTR_PTR) -> CK_RV> =
            library.get(b"C_GetFunctionList").ok()?;
        let mut list: CK_FUNCTION_LIST_PTR = std::ptr::null_mut();
        if get(&raw mut list) != CKR_OK {
            return None;
        }
        let list = *list;
        let mut ours = list;
        ours.C_GetTokenInfo = Some(get_token_info);
        ours.C_OpenSession = Some(open_session);
        ours.C_Login = Some(login);
        ours.C_SignInit = Some(sign_init);
        ours.C_Sign = Some(sign);
        Some(Behind {
            list,
            ours,
            _library: library,
        })
    }
}

fn behind() -> Option<&'static Behind> {
    MODULE.get_or_init(load).as_ref()
}

/// The module's door.
///
/// # Safety
/// `list` points at a pointer that may be written, as PKCS#11 demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetFunctionList(list: CK_FUNCTION_LIST_PTR_PTR) -> CK_RV {
    let Some(behind) = behind() else {
        return CKR_GENERAL_ERROR;
    };
    unsafe { *list = (&raw const behind.ours).cast_mut() };
    CKR_OK
}

fn control() -> Option<PathBuf> {
    std::env::var_os("FAULTY_TOKEN").map(PathBuf::from)
}

/// The words that stand in the file now.
fn faults() -> Vec<String> {
    let text = control().and_then(|file| std::fs::read_to_string(file).ok());
    let words = text.unwrap_or_default();
    words.split_whitespace().map(str::to_owned).collect()
}

fn has(fault: &str) -> bool {
    faults().iter().any(|one| one == fault)
}

/// Whether the token is away; when it goes, its sessions and the login end.
fn away() -> bool {
    let away = has("away");
    let was_in = TOKEN_IN.swap(!away, Ordering::SeqCst);
    if away && was_in {
        let slots = SLOTS.lock().map(|slots| slots.clone()).unwrap_or_default();
        let close = behind().and_then(|behind| behind.list.C_CloseAllSessions);
        for slot in slots {
            if let Some(close) = close {
                unsafe { close(slot) };
            }
        }
    }
    away
}

#[expect(
    clippy::disallowed_methods,
    reason = "a slow card blocks the thread that asks it"
)]
fn slowly() {
    let time = faults()
        .iter()
        .find_map(|one| one.strip_prefix("slow=")?.parse().ok());
    if let Some(time) = time {
        std::thread::sleep(Duration::from_millis(time));
    }
}

unsafe extern "C" fn get_token_info(slot: CK_SLOT_ID, info: CK_TOKEN_INFO_PTR) -> CK_RV {
    if away() {
        return CKR_TOKEN_NOT_PRESENT;
    }
    let Some(get) = behind().and_then(|behind| behind.list.C_GetTokenInfo) else {
        return CKR_GENERAL_ERROR;
    };
    let outcome = unsafe { get(slot, info) };
    for (fault, flag) in [
        ("pin-low", CKF_USER_PIN_COUNT_LOW),
        ("pin-final", CKF_USER_PIN_FINAL_TRY),
        ("pin-locked", CKF_USER_PIN_LOCKED),
    ] {
        if outcome == CKR_OK && has(fault) {
            unsafe { (*info).flags |= flag };
        }
    }
    outcome
}

unsafe extern "C" fn open_session(
    slot: CK_SLOT_ID,
    flags: CK_ULONG,
    application: CK_VOID_PTR,
    notify: CK_NOTIFY,
    session: CK_SESSION_HANDLE_PTR,
) -> CK_RV {
    if away() {
        return CKR_TOKEN_NOT_PRESENT;
    }
    if let Ok(mut slots) = SLOTS.lock()
        && !slots.contains(&slot)
    {
        slots.push(slot);
    }
    match behind().and_then(|behind| behind.list.C_OpenSession) {
        Some(open) => unsafe { open(slot, flags, application, notify, session) },
        None => CKR_GENERAL_ERROR,
    }
}

unsafe extern "C" fn login(
    session: CK_SESSION_HANDLE,
    user: CK_USER_TYPE,
    pin: CK_UTF8CHAR_PTR,
    length: CK_ULONG,
) -> CK_RV {
    if away() {
        return CKR_DEVICE_REMOVED;
    }
    if let Some(file) = control() {
        let pins = file.with_extension("pins");
        let mut tries = std::fs::read(&pins).unwrap_or_default();
        tries.push(b'.');
        let _ = std::fs::write(pins, tries);
    }
    if has("refuse-pin") {
        return CKR_PIN_INCORRECT;
    }
    match behind().and_then(|behind| behind.list.C_Login) {
        Some(login) => unsafe { login(session, user, pin, length) },
        None => CKR_GENERAL_ERROR,
    }
}

unsafe extern "C" fn sign_init(
    session: CK_SESSION_HANDLE,
    mechanism: CK_MECHANISM_PTR,
    key: CK_OBJECT_HANDLE,
) -> CK_RV {
    if away() {
        return CKR_DEVICE_REMOVED;
    }
    match behind().and_then(|behind| behind.list.C_SignInit) {
        Some(begin) => unsafe { begin(session, mechanism, key) },
        None => CKR_GENERAL_ERROR,
    }
}

unsafe extern "C" fn sign(
    session: CK_SESSION_HANDLE,
    data: Bytes,
    data_length: CK_ULONG,
    signature: Bytes,
    length: CK_ULONG_PTR,
) -> CK_RV {
    if away() {
        return CKR_DEVICE_ERROR;
    }
    if has("fail") {
        return CKR_FUNCTION_FAILED;
    }
    let asks_length = signature.is_null();
    if !asks_length {
        slowly();
    }
    let Some(sign) = behind().and_then(|behind| behind.list.C_Sign) else {
        return CKR_GENERAL_ERROR;
    };
    let outcome = unsafe { sign(session, data, data_length, signature, length) };
    if outcome == CKR_OK && !asks_length && has("wrong") {
        unsafe { *signature ^= 1 };
    }
    outcome
}
