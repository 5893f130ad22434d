// Package npy reads and writes NumPy's .npy files: one array of numbers with
// its element type and shape. It reads versions 1 to 3 of the format, either
// byte order and either memory order, and writes version 1. The format is
// described in NumPy's numpy.lib.format. A file is made of a magic string, a
// version, the length of a header, the header as a Python dictionary, and the
// elements without gaps. Arrays of Python objects, which are pickles, are not
// read.
package npy
