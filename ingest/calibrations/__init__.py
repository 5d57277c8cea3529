"""Published methods that turn raw readings into engineering values, one file each."""
