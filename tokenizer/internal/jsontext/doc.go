// Package jsontext reads tokenizer.json where encoding/json is too slow or too
// lenient: vocabularies of many megabytes, and fields that nobody knows, which must
// be refused because they could change the ids.
//
// What JSON leaves open is as in Python, which wrote the files:
//
//   - A key may be there twice. Both are given, in order, and who reads them says
//     which counts.
//   - Half of a surrogate pair is read. It is no character of a text, so that it is
//     U+FFFD here, like bytes that are not UTF-8.
//   - Numbers are whole and fit 64 bits: ids and counts. What follows one, such as the
//     fraction of 1.5, is then no comma, and an error.
//
// What is nested deeper than any tokenizer is refused, so that no file exhausts the stack.
package jsontext
