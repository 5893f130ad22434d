// Package npy reads and writes NumPy's .npy files: one array of numbers with its
// element type and shape. It reads versions 1 to 3 of the format, either byte
// order and either memory order, and writes version 1.
package npy
