//! Signed documents, in the forms that the usual validators know (ETSI's AdES).

pub mod creating;
pub mod sealed;
pub mod verifying;
