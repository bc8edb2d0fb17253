"""Programs for working on this repository; none of them is shipped."""
