//! What portals meet: the door, the routes, the problems, the documents. HTTP begins and ends here.

pub mod body;
pub mod problem;
