//! The binary `grantor`.

fn main() {}
