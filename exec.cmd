@rem "npm start" begins with exec: a POSIX shell then steps aside, and Ctrl-C ends with code 0. cmd.exe has no such word, so here it is.
@%*
