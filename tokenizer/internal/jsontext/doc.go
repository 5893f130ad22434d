// Package jsontext reads tokenizer.json where encoding/json is too slow or too
// lenient: vocabularies of many megabytes, and fields that nobody knows, which must
// be refused because they could change the ids.
package jsontext
