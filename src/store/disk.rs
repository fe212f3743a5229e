//! The file system under the record: free space, and folders that remember their files after a crash.

use std::fs::File;
use std::path::Path;

use super::error::StoreError;

/// Bytes that we may still write on the file system of that folder.
pub fn free_bytes(folder: &Path) -> Result<u64, StoreError> {
    let figures = rustix::fs::statvfs(folder)
        .map_err(|error| StoreError::file("misurare il disco di", folder)(error.into()))?;
    Ok(figures.f_bavail.saturating_mul(figures.f_frsize))
}

/// Makes a created or renamed file's name durable.
pub fn sync_folder_of(file: &Path) -> Result<(), StoreError> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)
        .and_then(|handle| handle.sync_all())
        .map_err(StoreError::file("sincronizzare", folder))
}
