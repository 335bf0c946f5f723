"""Parts of networks that two or more families use, one idea a file."""
