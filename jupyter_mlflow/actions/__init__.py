"""What a user can do, one function each; every face (command line, magics, papermill, Python) calls these and nothing below."""
